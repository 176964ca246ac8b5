#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The main job: NAT, direct routing and full NAT, IPv4 and IPv6, TCP and UDP, from a real client to real servers.

load lib/load

setup_file() {
	lab_up
	one_director_up
	web_up server1 server2 server3
	echo_up server1 server2 server3
	services_up director1 t 80
	services_up director1 u 7
}

teardown_file() {
	lab_down
}

@test "NAT, IPv4, TCP: all servers answer at the VIP" {
	pages_come_from_all_servers $NAT_VIP
}

@test "NAT, IPv6, TCP: all servers answer at the VIP" {
	pages_come_from_all_servers $NAT_VIP6
}

@test "DR, IPv4, TCP: all servers answer at the VIP" {
	pages_come_from_all_servers $DR_VIP
}

@test "DR, IPv6, TCP: all servers answer at the VIP" {
	pages_come_from_all_servers $DR_VIP6
}

@test "full NAT, IPv4, TCP: all servers answer at the VIP" {
	pages_come_from_all_servers $FNAT_VIP
}

@test "full NAT, IPv6, TCP: all servers answer at the VIP" {
	pages_come_from_all_servers $FNAT_VIP6
}

# cells: NAT IPv4 TCP, NAT IPv6 TCP
@test "NAT: downloads and uploads of 10 MB keep their bytes, IPv4 and IPv6" {
	download_is_whole client $NAT_VIP
	upload_is_whole client $NAT_VIP
	download_is_whole client $NAT_VIP6
	upload_is_whole client $NAT_VIP6
}

# cells: DR IPv4 TCP, DR IPv6 TCP
@test "DR: downloads and uploads of 10 MB keep their bytes, IPv4 and IPv6" {
	download_is_whole client $DR_VIP
	upload_is_whole client $DR_VIP
	download_is_whole client $DR_VIP6
	upload_is_whole client $DR_VIP6
}

# cells: FULLNAT IPv4 TCP, FULLNAT IPv6 TCP
@test "full NAT: downloads and uploads of 10 MB keep their bytes, IPv4 and IPv6" {
	download_is_whole client $FNAT_VIP
	upload_is_whole client $FNAT_VIP
	download_is_whole client $FNAT_VIP6
	upload_is_whole client $FNAT_VIP6
}

# cells: NAT IPv4 UDP, NAT IPv6 UDP
@test "NAT, UDP: datagrams of all sizes come back unchanged, IPv4 and IPv6" {
	datagrams_come_back $NAT_VIP
	datagrams_come_back $NAT_VIP6
}

# cells: DR IPv4 UDP, DR IPv6 UDP
@test "DR, UDP: datagrams of all sizes come back unchanged, IPv4 and IPv6" {
	datagrams_come_back $DR_VIP
	datagrams_come_back $DR_VIP6
}

# cells: FULLNAT IPv4 UDP, FULLNAT IPv6 UDP
@test "full NAT, UDP: datagrams of all sizes come back unchanged, IPv4 and IPv6" {
	datagrams_come_back $FNAT_VIP
	datagrams_come_back $FNAT_VIP6
}

@test "with full NAT a server sees a local address as its client" {
	# The server's default route is of no use to it, so NAT's way back would fail.
	ip -n "$LAB-server1" route del default
	ip -n "$LAB-server1" -6 route del default
	pages_come_from_all_servers $FNAT_VIP
	pages_come_from_all_servers $FNAT_VIP6
	ip -n "$LAB-server1" route add default via $GATEWAY
	ip -n "$LAB-server1" -6 route add default via $GATEWAY6
}

@test "ipvsadm --stats counts connections, packets and bytes in both directions" {
	ipvsadm_at director1 --zero
	udp_ask client $NAT_VIP 100 100 100
	udp_ask client $FNAT_VIP 100 100 100
	udp_ask client $DR_VIP 100 100 100
	run ipvsadm_at director1 -Ln --stats --exact
	echo "$output"
	# 3 questions of 20 + 8 + 100 bytes; an answer is longer by "serverN ". The kernel counts them so, too.
	grep -Eq "^UDP +$NAT_VIP:7 +3 +3 +3 +384 +408$" <<<"$output"
	grep -Eq "^UDP +$FNAT_VIP:7 +3 +3 +3 +384 +408$" <<<"$output"
	# Answers don't come by here.
	grep -Eq "^UDP +$DR_VIP:7 +3 +3 +0 +384 +0$" <<<"$output"
	[ "$(grep -cE "^  -> $LAN.1[123]:7 +1 +1 +1 +128 +136$" <<<"$output")" -eq 6 ]
}

@test "a client that closes and a server that closes leave no active connection" {
	page client $NAT_VIP
	page client $FNAT_VIP
	no_active() {
		[ "$(ipvsadm_at director1 -Ln -t "$1:80" | awk '/->.*:80/ { n += $5 } END { print n + 0 }')" -eq 0 ]
	}
	await no_active $NAT_VIP
	await no_active $FNAT_VIP
}

@test "every packet is accounted for" {
	await accounts_close_at director1
}
