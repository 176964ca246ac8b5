#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# 100,000 packets a second that nobody asked for must not look like the death of a director or of a server.

load lib/load

setup_file() {
	lab_up
	segments_up
	client_up client 8
	local n
	for n in 1 2 3; do server_up server$n 1$n; done
	web_up server1 server2 server3
	director 1 2 150
	director 2 3 100
	AWAIT=20 await holds_vip director1
	AWAIT=20 await has_n_dests director1 $FNAT_VIP:80 3
	AWAIT=20 await page client $FNAT_VIP
}

teardown_file() {
	lab_down
}

director() { # NUMBER HOST_NUMBER PRIORITY
	local host=director$1
	director_up "$host"
	start_ipvsd "$host" laddrs="{ name = \"lan\"; port = \"lan\"; addresses = ( \"$LAN.100\" ); active = \"with-vip $FNAT_VIP\"; }"
	director_addresses "$host" "$2"
	{
		keepalived_head "$host" "$3" "lvs_control_socket $(socket_of "$host")"
		keepalived_vrrp "$3"
		keepalived_service $FNAT_VIP FNAT
	} >"$(keepalived_conf "$host")"
	start_keepalived "$host"
}

holds_vip() { # DIRECTOR
	ip -n "$LAB-$1" -4 address show dev wan0 | grep -qF " $FNAT_VIP/"
}

# To a port of the VIP that no service has: all of it is for the kernel, which is slower than this.
flood() { # SECONDS
	on client "$BUILD/tests/bench/packet_blast" send $FNAT_VIP 9 "$1" 256 100000
}

# Lines of both directors: changes of roles, and servers that were taken out.
failures() {
	cat "$(log_of director1-keepalived)" "$(log_of director2-keepalived)" |
		grep -cE "Entering (MASTER|BACKUP|FAULT) STATE|$LAN\\.1.*(Removing service|failed)|(Removing service|failed).*$LAN\\.1"
}

# Sets $still: how many ms the machine stood still at most, at once, while that ran.
witnessed() { # COMMAND...
	local status=0
	rm -f "$(log_of witness)"
	start_on switch witness python3 -u "$LAB_TOOLS/witness.py"
	"$@" || status=$?
	end witness TERM
	still=$(tail -n 1 "$(log_of witness)")
	return $status
}

goes_through_a_flood() {
	local before sent
	before=$(failures)

	flood 15 >"$LAB_DIR/sent" &
	local flooding=$!
	local answers=0 tries=0
	while kill -0 $flooding 2>/dev/null; do
		tries=$((tries + 1))
		! page client $FNAT_VIP >/dev/null || answers=$((answers + 1))
	done
	wait $flooding || return
	sent=$(cat "$LAB_DIR/sent")
	echo "$sent packets sent, $answers of $tries pages came"
	[ "$sent" -gt 750000 ] && [ $answers -eq $tries ] &&
		holds_vip director1 && refute holds_vip director2 && [ "$(failures)" -eq "$before" ]
}

@test "junk at 100 kpps to the VIP: no failover, no server taken out, and the page still comes" {
	local still again=0
	# Of a machine that stood still nobody knows what the flood did.
	until witnessed goes_through_a_flood; do
		echo "the machine stood still for $still ms"
		[ "$still" -ge 500 ]
		[ $((again += 1)) -le 3 ]
		AWAIT=20 await holds_vip director1
		AWAIT=20 await has_n_dests director1 $FNAT_VIP:80 3
	done
	has_n_dests director1 $FNAT_VIP:80 3
	ipvsdctl_at director1 counters
}

@test "what the kernel could not take is dropped in the class of the rest, not among VRRP and checks" {
	[ "$(counter_at director1 drop_kernel_control_full)" -eq 0 ]
	AWAIT=5 await accounts_close_at director1
}
