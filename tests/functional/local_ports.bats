#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Full NAT with few local ports, which are used again while the server still remembers their last connection.

load lib/load

setup_file() {
	lab_up
	one_director_up laddrs='{ name = "lan"; port = "lan"; addresses = ( "192.0.2.100", "2001:db8:2::100" );
		ports = "10000-10099"; }'
	address_add client eth0 $WAN.9/24 $WAN6:9/64
	start_on server1 close-first python3 "$LAB_TOOLS/close_first.py" 90
	await says "$(log_of close-first)" ready
	for vip in $FNAT_VIP "[$FNAT_VIP6]"; do
		ipvsadm_at director1 -A -t "$vip:90" -s rr
	done
	fullnat_dest_add director1 t $FNAT_VIP:90 $LAN.11:90
	fullnat_dest_add director1 t "[$FNAT_VIP6]:90" "[$LAN6:11]:90"
}

teardown_file() {
	lab_down
}

# 500 connections over 100 ports, from two clients whose clocks for timestamps and sequence numbers differ. Asked once more if
# not: the machine may stand still for so long.
no_connect_is_slow() { # VIP CLIENT CLIENT
	run on client python3 "$LAB_TOOLS/connects.py" "$1" 90 500 "$2" "$3"
	echo "connects and the slowest in ms: $output"
	[ "$status" -eq 0 ] && [ "${output#500 }" -lt 500 ]
}

@test "two clients share 100 ports of one local address, and no connect takes 0.5 s, IPv4" {
	no_connect_is_slow $FNAT_VIP $CLIENT $WAN.9 || no_connect_is_slow $FNAT_VIP $CLIENT $WAN.9
}

@test "two clients share 100 ports of one local address, and no connect takes 0.5 s, IPv6" {
	no_connect_is_slow $FNAT_VIP6 $CLIENT6 $WAN6:9 || no_connect_is_slow $FNAT_VIP6 $CLIENT6 $WAN6:9
}

@test "ports were used again" {
	[ "$(counter_at director1 laddr_recycled)" -gt 0 ]
}

@test "the server saw no port outside of the range" {
	run on server1 ss -Htan state time-wait sport = :90
	echo "$output"
	[ -n "$output" ]
	# The last column is the client, as "192.0.2.100:10003".
	[ "$(awk '{ n = split($NF, part, ":"); if (part[n] < 10000 || part[n] > 10099) print }' <<<"$output")" = "" ]
}
