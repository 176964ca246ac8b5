#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the kernel's self-test of IPVS asks (tools/testing/selftests/netfilter/ipvs.sh): a client, a director and a server,
# and a file that arrives whole by NAT, DR and TUN. Here it goes both ways, by IPv4 and IPv6. The server of TUN is a guest.

load lib/load

TUN_VIP=$WAN.40 TUN_VIP6=$WAN6:40

setup_file() {
	lab_up
	segments_up
	client_up client 8
	server_up server1 11
	director_up director1
	start_ipvsd director1
	director_addresses director1 2
	director_vips director1
	address_add director1 wan0 $TUN_VIP/32 $TUN_VIP6/128
	guest_up $TUN_VIP/32 $TUN_VIP6/128
	web_up server1
}

teardown_file() {
	guest_down
	lab_down
}

# The one server of a service. The counters say that the file came by here, and whether it went back by here.
file_passes_both_ways() { # METHOD VIP REAL back|"not back"
	local vip sent returned
	vip=$(in_url "$2"):80
	ipvsadm_at director1 -C
	ipvsadm_at director1 -A -t "$vip" -s rr
	run page client "$2"
	[ "$status" -eq 7 ] # curl's "could not connect"
	ipvsadm_at director1 -a -t "$vip" -r "$(in_url "$3"):80" "$1"
	upload_is_whole client "$2"
	download_is_whole client "$2"
	read -r sent returned < <(ipvsadm_at director1 -Ln --stats --exact -t "$vip" | awk '$1 == "TCP" { print $6, $7 }')
	echo "$2: $sent bytes to the server, $returned back"
	[ "$sent" -gt 10485760 ]
	if [ "$4" = back ]; then
		[ "$returned" -gt 10485760 ]
	else
		[ "$returned" -eq 0 ]
	fi
}

@test "NAT: a file passes both ways, IPv4 and IPv6" {
	file_passes_both_ways -m $NAT_VIP $LAN.11 back
	file_passes_both_ways -m $NAT_VIP6 $LAN6:11 back
}

@test "DR: a file passes both ways, IPv4 and IPv6" {
	file_passes_both_ways -g $DR_VIP $LAN.11 "not back"
	file_passes_both_ways -g $DR_VIP6 $LAN6:11 "not back"
}

@test "TUN: a file passes both ways, IPv4 and IPv6" {
	file_passes_both_ways -i $TUN_VIP $LAN.14 "not back"
	file_passes_both_ways -i $TUN_VIP6 $LAN6:14 "not back"
}

@test "every packet is accounted for" {
	await accounts_close_at director1
}
