#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Services of ICMP and ICMPv6: a ping to the VIP is answered by real servers. ping itself compares what comes back.

load lib/load

setup_file() {
	lab_up
	one_director_up workers=2 marks='
		{ mark = 8; protocol = "icmp"; destination = "198.51.100.10"; port = "wan"; },
		{ mark = 9; destination = "198.51.100.30"; }'
}

teardown_file() {
	lab_down
}

adm() {
	python3 "$LAB_TOOLS/fullnat.py" "$(socket_of director1)" "$@"
}

# All three servers at a VIP.
echo_service() { # VIP nat|dr|fullnat
	local protocol=icmp net=$LAN. n
	[[ $1 != *:* ]] || protocol=icmpv6 net=$LAN6:
	adm service $protocol "$(in_url "$1"):0" rr
	for n in 11 12 13; do
		adm dest $protocol "$(in_url "$1"):0" "$(in_url "$net$n"):0" 1 "$2"
	done
}

# Each ping has an identifier of its own: one that an earlier test drew, too, would be of its connection.
pings() { # VIP TIMES
	local i
	for ((i = 0; i < $2; i++)); do
		on client ping -n -e $((BATS_TEST_NUMBER * 1000 + ++identifier)) -c 3 -i 0.05 -W 5 \
			-s $((56 + 333 * i)) "$1" >"$LAB_DIR/ping" || {
			cat "$LAB_DIR/ping"
			return 1
		}
	done
}

servers_of() { # VIP
	local protocol=icmp
	[[ $1 != *:* ]] || protocol=icmpv6
	ipvsdctl_at director1 conns -p $protocol -v "$(in_url "$1"):0"
	[ "$(ipvsdctl_at director1 conns -p $protocol -v "$(in_url "$1"):0" | awk 'NR > 1 { print $NF }' | sort -u | wc -l)" -ge 2 ]
}

@test "without a service of it the kernel answers a ping to the VIP" {
	pings $NAT_VIP 2
	pings $NAT_VIP6 2
	[ "$(ipvsdctl_at director1 conns -p icmp | wc -l)" -eq 1 ]
}

# cells: NAT IPv4 ICMP, NAT IPv6 ICMP
@test "NAT: servers answer, IPv4 and IPv6" {
	echo_service $NAT_VIP nat
	echo_service $NAT_VIP6 nat
	pings $NAT_VIP 4
	pings $NAT_VIP6 4
	servers_of $NAT_VIP
	servers_of $NAT_VIP6
}

# cells: DR IPv4 ICMP, DR IPv6 ICMP
@test "DR: servers answer, IPv4 and IPv6" {
	echo_service $DR_VIP dr
	echo_service $DR_VIP6 dr
	pings $DR_VIP 4
	pings $DR_VIP6 4
	servers_of $DR_VIP
	servers_of $DR_VIP6
}

# cells: FULLNAT IPv4 ICMP, FULLNAT IPv6 ICMP
@test "full NAT: servers answer, IPv4 and IPv6, and see a local address" {
	echo_service $FNAT_VIP fullnat
	echo_service $FNAT_VIP6 fullnat
	ip -n "$LAB-server1" route del default
	pings $FNAT_VIP 4
	pings $FNAT_VIP6 4
	ip -n "$LAB-server1" route add default via $GATEWAY
	servers_of $FNAT_VIP
	servers_of $FNAT_VIP6
	ipvsdctl_at director1 conns -p icmp -v $FNAT_VIP | awk 'NR > 1 { print $8 }' | grep -q "^$LAN.10[01]:"
}

@test "a server that answers no ping loses those that it gets: nobody answers for it" {
	on server1 sysctl -qw net.ipv4.icmp_echo_ignore_all=1
	on server2 sysctl -qw net.ipv4.icmp_echo_ignore_all=1
	on server3 sysctl -qw net.ipv4.icmp_echo_ignore_all=1
	run on client ping -n -c 1 -W 1 $NAT_VIP
	[ "$status" -eq 1 ]
	on server1 sysctl -qw net.ipv4.icmp_echo_ignore_all=0
	on server2 sysctl -qw net.ipv4.icmp_echo_ignore_all=0
	on server3 sysctl -qw net.ipv4.icmp_echo_ignore_all=0
	pings $NAT_VIP 1
}

@test "a mark takes ping where a rule names it, and not where it names no protocol" {
	ipvsadm_at director1 -C
	ipvsadm_at director1 -A -f 8 -s rr
	ipvsadm_at director1 -a -f 8 -r $LAN.12 -m
	ipvsadm_at director1 -A -f 9 -s rr
	ipvsadm_at director1 -a -f 9 -r $LAN.12 -m
	pings $NAT_VIP 2
	pings $FNAT_VIP 2
	ipvsadm_at director1 -Ln --stats
	[ "$(ipvsadm_at director1 -Ln --stats -f 8 | awk '$1 == "FWM" { print $3 }')" -eq 2 ]
	[ "$(ipvsadm_at director1 -Ln --stats -f 9 | awk '$1 == "FWM" { print $3 }')" -eq 0 ]
}

@test "every packet is accounted for" {
	await accounts_close_at director1
}
