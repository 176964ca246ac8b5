#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# SCTP: real associations through NAT, direct routing and full NAT, IPv4 and IPv6. This kernel may have no SCTP, so both
# ends are in a user-mode Linux guest, whose cards are taps on the lab's switches.

load lib/load

setup_file() {
	local tap
	lab_up
	segments_up
	director_up director1
	start_ipvsd director1 workers=2 marks='
		{ mark = 7; protocol = "sctp"; destination = "198.51.100.10"; ports = 9001; port = "wan"; }'
	director_addresses director1 2
	director_vips director1
	for tap in client-wan server-lan server-wan; do
		ip -n "$LAB-switch" tuntap add "$tap" mode tap
		on switch sysctl -qw "net.ipv6.conf.$tap.disable_ipv6=1"
		ip -n "$LAB-switch" link set "$tap" master "${tap#*-}" up
	done
	mkdir "$LAB_DIR/guest"
	: >"$LAB_DIR/guest/words"
	start_on switch guest "$LAB_TOP/tests/oracle/uml-run" -m sctp -m veth -n client-wan -n server-lan -n server-wan \
		-s "$LAB_DIR/guest" -s "$LAB_TOOLS" -t 560 "$LAB_TOOLS/sctp_guest" "$LAB_DIR/guest" $WAN $WAN6 $LAN $LAN6 $DR_VIP $DR_VIP6
	AWAIT=300 await says "$LAB_DIR/guest/answers" ready || { cat "$(log_of guest)"; false; }
	service $NAT_VIP 9000 $LAN.14 -m
	service $NAT_VIP6 9000 $LAN6:14 -m
	service $DR_VIP 9000 $LAN.14 -g
	service $DR_VIP6 9000 $LAN6:14 -g
	full_nat_service $FNAT_VIP 9000 $LAN.14
	full_nat_service $FNAT_VIP6 9000 $LAN6:14
}

teardown_file() {
	echo end >>"$LAB_DIR/guest/words"
	await gone "$(pid_of guest)" || true
	lab_down
}

service() { # VIP PORT REAL METHOD
	local vip
	vip=$(in_url "$1"):$2
	ipvsadm_at director1 -A --sctp-service "$vip" -s rr
	ipvsadm_at director1 -a --sctp-service "$vip" -r "$(in_url "$3"):9000" "$4"
}

full_nat_service() { # VIP PORT REAL
	local vip
	vip=$(in_url "$1"):$2
	ipvsadm_at director1 -A --sctp-service "$vip" -s rr
	python3 "$LAB_TOOLS/fullnat.py" "$(socket_of director1)" dest sctp "$vip" "$(in_url "$3"):9000" 1
}

# The client in the guest asks, and its answer is printed.
ask() { # ADDRESS PORT N
	local n
	echo "ask $*" >>"$LAB_DIR/guest/words"
	n=$(wc -l <"$LAB_DIR/guest/words")
	AWAIT=90 await grep -q "^status $n " "$LAB_DIR/guest/answers"
	grep -B 5 "^status $n " "$LAB_DIR/guest/answers"
	grep -q "^status $n 0$" "$LAB_DIR/guest/answers"
}

states() { # STATE
	ipvsdctl_at director1 conns -p sctp | awk -v state="$1" '$2 == state { n++ } END { print n + 0 }'
}

# cells: NAT IPv4 SCTP, NAT IPv6 SCTP
@test "NAT: all messages of three associations come back, IPv4 and IPv6" {
	ask $NAT_VIP 9000 3
	ask $NAT_VIP6 9000 3
}

# cells: DR IPv4 SCTP, DR IPv6 SCTP
@test "DR: all messages of three associations come back, IPv4 and IPv6" {
	ask $DR_VIP 9000 3
	ask $DR_VIP6 9000 3
}

# cells: FULLNAT IPv4 SCTP, FULLNAT IPv6 SCTP
@test "full NAT: all messages of three associations come back, IPv4 and IPv6" {
	ask $FNAT_VIP 9000 3
	ask $FNAT_VIP6 9000 3
}

# An association that is closed is kept for 61 seconds.
@test "they are listed with their states; a shutdown and an abort leave none established" {
	local vip
	for vip in $NAT_VIP "$FNAT_VIP6"; do
		ask "$vip" 9000 3
		run ipvsdctl_at director1 conns -p sctp -v "$(in_url "$vip"):9000"
		echo "$output"
		grep -q "^SCTP *CLOSED " <<<"$output"
		refute grep ESTABLISHED <<<"$output"
	done
	ask $NAT_VIP 9000 1
	run ipvsadm_at director1 -Lnc
	echo "$output"
	grep -Eq "^SCTP [0-9:]+ +CLOSED +$WAN.9:[0-9]+ +$NAT_VIP:9000 +$LAN.14:9000" <<<"$output"
}

@test "a mark takes SCTP" {
	ipvsadm_at director1 -A -f 7 -s rr
	ipvsadm_at director1 -a -f 7 -r $LAN.14:9001 -m
	ask $NAT_VIP 9001 2
	ipvsadm_at director1 -Ln --stats
	[ "$(ipvsadm_at director1 -Ln --stats -f 7 | awk '$1 == "FWM" { print $3 }')" -eq 2 ]
}

@test "a service of all ports takes SCTP, and keeps a client at its server" {
	ipvsadm_at director1 -A --sctp-service $FNAT_VIP:0 -s rr -p 100
	ipvsadm_at director1 -a --sctp-service $FNAT_VIP:0 -r $LAN.14:0 -m
	ask $FNAT_VIP 9001 2
	ipvsadm_at director1 -D --sctp-service $FNAT_VIP:0
}

@test "every packet is accounted for" {
	await accounts_close_at director1
}
