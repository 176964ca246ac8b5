#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Single packets, compared as a whole with what a model makes of them (packets/): every mode, with all that headers can
# have. The hosts are two sockets. The ports are net_pcap's, which takes frames of 9000 bytes, and leaves fragments and
# tags as they are: af_packet puts the ones together and takes the others off, and af_xdp has no room for jumbo frames. For
# the size of the packet buffers there is a third port, of an MTU that can be set before the start.

load lib/load

PACKETS=$LAB_TOP/tests/functional/packets
PATCHED=$BUILD/ipvsadm/sbin/ipvsadm

setup_file() {
	[ -x "$PATCHED" ] || skip "$PATCHED is not there; make ipvsadm builds it"
	lab_up
	director_on_veths
	/usr/bin/python3 "$PACKETS" services | on director1 "$PATCHED" --socket "$(socket_of director1)" -R
	while read -ra words; do
		/usr/bin/python3 "$LAB_TOOLS/fullnat.py" "$(socket_of director1)" "${words[@]}"
	done < <(/usr/bin/python3 "$PACKETS" echo-services)
}

teardown_file() {
	lab_down
}

director_on_veths() {
	host_add director1
	write_ipvsd_conf director1 driver=net_pcap laddrs='
		{ name = "lan"; port = "lan"; addresses = ( "192.0.2.100", "2001:db8:2::100" ); },
		{ name = "wan"; port = "wan"; addresses = ( "198.51.100.100", "2001:db8:1::100" ); }' marks='
		{ mark = 7; source = "192.0.2.12"; port = "lan"; out_port = "wan"; },
		{ mark = 7; source = "2001:db8:2::12"; port = "lan"; out_port = "wan"; }'
	sed -i -e 's/limits = {/& icmp_errors = 1000000;/' \
		-e 's/ports = (/&\n{ name = "wide"; devices = ( "net_null_director1,no-rx=1" ); mtu = 9000; },/' \
		"$LAB_DIR/director1/ipvsd.conf"
	cable_up 0
	cable_up 1
	run_ipvsd director1
	director_addresses director1 2
	address_add director1 wan0 "$WAN".{10,21,22,23}/32 "$WAN6":{10,21,22,23}/128
	neighbours wan0 02:00:00:00:01:08 8 9 99
	neighbours lan0 02:00:00:00:02:11 11 12 99
}

# The other end of a port's cable is in the same namespace.
cable_up() { # NUMBER
	local dev
	ip -n "$LAB-director1" link add "port$1" type veth peer name "end$1"
	for dev in "port$1" "end$1"; do
		no_offloads director1 "$dev"
		on director1 sysctl -qw "net.ipv6.conf.$dev.disable_ipv6=1"
		ip -n "$LAB-director1" link set "$dev" mtu 9000 up
	done
}

# Hosts of a segment, all at one MAC address.
neighbours() { # DEV MAC NUMBER...
	local dev=$1 mac=$2 net=$WAN net6=$WAN6 number
	[ "$dev" = wan0 ] || net=$LAN net6=$LAN6
	shift 2
	for number in "$@"; do
		ip -n "$LAB-director1" neigh replace "$net.$number" lladdr "$mac" dev "$dev" nud permanent
		ip -n "$LAB-director1" neigh replace "$net6:$number" lladdr "$mac" dev "$dev" nud permanent
	done
}

# The cases of a group.
pass() { # GROUP
	run on director1 /usr/bin/python3 "$PACKETS" run "$1" "$LAB_DIR/$1.records" \
		"$BUILD/ipvsdctl" -s "$(socket_of director1)" counters
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "packets of all lengths, flags and priorities" {
	pass plain
}

@test "jumbo frames up to the MTU" {
	pass jumbo
}

@test "IPv4 options and IPv6 extension headers" {
	pass options
}

@test "fragments in any order, twice, overlapping and incomplete" {
	pass fragments
}

@test "ICMP errors of every type and code, both ways" {
	pass errors
}

@test "what the director says itself: hop limits, lengths, pings, neighbours" {
	pass own
}

@test "TOA, PROXY and UOA, and the sequence numbers that they move" {
	pass telling
}

@test "what no host should send is dropped and counted" {
	pass drops
}

@test "each field that is broken in what came out is noticed by a case" {
	run /usr/bin/python3 "$PACKETS" mutations "$BUILD/packets-mutations" "$LAB_DIR"/*.records
	echo "$output"
	[ "$status" -eq 0 ]
	echo "# $output" >&3
}

@test "every packet is accounted for" {
	await accounts_close_at director1
}
