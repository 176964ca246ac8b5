#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Next hops whose MAC address ipvsd does not know yet: the kernel resolves them, and packets wait for it.

load lib/load

setup_file() {
	lab_up
	one_director_up
	echo_up server1 server2 server3
	services_up director1 u 7
}

teardown_file() {
	lab_down
}

forget_neighbours() {
	ip -n "$LAB-director1" neighbour flush dev lan0
	ip -n "$LAB-director1" -6 neighbour flush dev lan0
	ip -n "$LAB-director1" neighbour flush dev wan0
	ip -n "$LAB-director1" -6 neighbour flush dev wan0
}

# One datagram, sent once: it is answered although nothing is known of the server.
first_datagram_is_answered() { # VIP
	forget_neighbours
	run udp_ask client "$1" 100
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "the first datagram to an unknown server is not lost, IPv4" {
	first_datagram_is_answered $NAT_VIP
	first_datagram_is_answered $DR_VIP
	first_datagram_is_answered $FNAT_VIP
}

@test "the first datagram to an unknown server is not lost, IPv6" {
	first_datagram_is_answered $NAT_VIP6
	first_datagram_is_answered $DR_VIP6
	first_datagram_is_answered $FNAT_VIP6
}

@test "a burst to an unknown server waits as a whole" {
	forget_neighbours
	run udp_ask client $NAT_VIP --burst 16 100
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(wc -l <<<"$output")" -eq 16 ]
}

@test "a server with a new MAC address is reached once it says so" {
	udp_ask client $NAT_VIP 10 10 10
	ip -n "$LAB-server1" link set eth0 down
	ip -n "$LAB-server1" link set eth0 address 02:00:00:00:77:01
	ip -n "$LAB-server1" link set eth0 up
	ip -n "$LAB-server1" route replace default via $GATEWAY
	on server1 ping -q -c 1 -W 2 $LAN.2
	run udp_ask client $NAT_VIP 10 10 10
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(sort -u <<<"$output" | wc -l)" -eq 3 ]
}

@test "a server that does not exist is a counted drop" {
	local before
	ipvsadm_at director1 -A -u $NAT_VIP:9 -s rr
	ipvsadm_at director1 -a -u $NAT_VIP:9 -r $LAN.77:9 -m
	before=$(counter_at director1 drop_neigh_failed)
	on client python3 -c "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('$NAT_VIP', 9))"
	more_failed() {
		[ "$(counter_at director1 drop_neigh_failed)" -gt "$before" ]
	}
	await more_failed
	[ "$(counter_at director1 held)" -eq 0 ]
}

@test "every packet is accounted for" {
	await accounts_close_at director1
}
