#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A VRRP pair: two directors, each an ipvsd and a patched keepalived. Whoever is master holds the VIPs, the servers'
# gateway and the local addresses.

load lib/load

laddrs() { # both directors have the same, active with the VIP
	echo "{ name = \"lan\"; port = \"lan\"; addresses = ( \"$LAN.100\", \"$LAN6:100\" ); active = \"with-vip $FNAT_VIP\"; }"
}

setup_file() {
	lab_up
	[ -x "$KEEPALIVED" ] || return 0
	segments_up
	client_up client 8
	for n in 1 2 3; do server_up server$n 1$n; done
	web_up server1 server2 server3
	pair_up director1 2 150
	pair_up director2 3 100
	all_well director1
	AWAIT=20 await has_n_dests director2 $FNAT_VIP:80 3
	await holds_no_vip director2
}

teardown_file() {
	lab_down
}

setup() {
	[ -x "$KEEPALIVED" ] || skip "$KEEPALIVED is not there; make keepalived builds it"
}

pair_up() { # DIRECTOR NUMBER PRIORITY
	local director=$1
	director_up "$director"
	start_ipvsd "$director" laddrs="$(laddrs)"
	director_addresses "$director" "$2"
	{
		keepalived_head "$director" "$3" "lvs_control_socket $(socket_of "$director")"
		keepalived_vrrp "$3"
		keepalived_service $NAT_VIP NAT
		keepalived_service $NAT_VIP6 NAT
		keepalived_service $DR_VIP DR
		keepalived_service $DR_VIP6 DR
		keepalived_service $FNAT_VIP FNAT
		keepalived_service $FNAT_VIP6 FNAT
	} >"$(keepalived_conf "$director")"
	start_keepalived "$director"
}

holds_vip() { # DIRECTOR
	ip -n "$LAB-$1" -4 address show dev wan0 | grep -qF " $FNAT_VIP/"
}

holds_no_vip() { # DIRECTOR
	! holds_vip "$1"
}

# This director is master, knows all servers, and every service answers.
all_well() { # DIRECTOR
	local vip
	AWAIT=20 await holds_vip "$1"
	for vip in $ALL_VIPS; do
		AWAIT=20 await has_n_dests "$1" "$(in_url "$vip"):80" 3
		AWAIT=20 await page client "$vip"
	done
}

# Milliseconds until the client gets a page of the VIP again.
gap() { # VIP
	local start
	start=$(now_ms)
	until on client curl --silent --fail --noproxy '*' --max-time 0.2 --output /dev/null "http://$(in_url "$1")/"; do
		[ $(($(now_ms) - start)) -lt 15000 ] || { echo "nobody answers for $1 after 15 s" >&2; return 1; }
	done
	echo $(($(now_ms) - start))
}

taken_over_within() { # MS
	local ms
	ms=$(gap $FNAT_VIP)
	echo "the gap was $ms ms"
	[ "$ms" -lt "$1" ]
}

@test "both directors know all servers, one of them has the VIPs and the local addresses" {
	holds_vip director1
	holds_no_vip director2
	has_n_dests director2 $FNAT_VIP:80 3
	ipvsdctl_at director1 laddrs | grep -q ', active'
	ipvsdctl_at director2 laddrs | grep -q ', waiting'
	for vip in $ALL_VIPS; do
		AWAIT=20 await pages_come_from_all_servers "$vip"
	done
}

@test "the master and its ipvsd are killed: the standby answers, for all methods and families" {
	# At once, as when the machine dies. The VRRP process first, which would clean up when its parent has gone.
	# shellcheck disable=SC2046 # a list
	kill -KILL $(keepalived_pids director1 | tac) $(pid_of director1-ipvsd)
	# Three advertisements of 1 s and the skew of a priority of 100, and what it takes to be seen.
	taken_over_within 4000
	all_well director2
	for vip in $ALL_VIPS; do
		AWAIT=20 await pages_come_from_all_servers "$vip"
	done
	ipvsdctl_at director2 laddrs | grep -q ', active'
}

@test "the old master comes back with its higher priority, and takes the VIPs again" {
	# A machine that comes up has no VIPs yet.
	for address in $NAT_VIP $DR_VIP $FNAT_VIP $NAT_VIP6 $DR_VIP6 $FNAT_VIP6 $GATEWAY $GATEWAY6; do
		ip -n "$LAB-director1" address flush to "$address"
	done
	holds_no_vip director1
	run_ipvsd director1
	start_keepalived director1
	all_well director1
	await holds_no_vip director2
	taken_over_within 1000
}

@test "keepalived of the master ends cleanly: the standby takes over at once, and nothing hangs" {
	end director1-keepalived TERM
	taken_over_within 3000
	all_well director2
	start_keepalived director1
	all_well director1
	await holds_no_vip director2
}

@test "ipvsd of the master is killed alone: the standby takes over, since the master's interfaces are dead" {
	kill_ipvsd director1
	taken_over_within 4000
	await holds_vip director2
	run_ipvsd director1
	all_well director1
	await holds_no_vip director2
}

@test "after all that the accounts of both close" {
	AWAIT=3 await accounts_close_at director1
	AWAIT=3 await accounts_close_at director2
}
