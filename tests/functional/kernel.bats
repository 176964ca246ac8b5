#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kernel interface: what is not load-balanced goes to the kernel, and what the kernel sends goes out.

load lib/load

setup_file() {
	lab_up
	# Not af_packet: its fan-out joins IPv4 fragments to packets that are larger than the port's.
	one_director_up driver=net_af_xdp
	web_up server1 server2 server3
	echo_up director1
	services_up director1 t 80
}

teardown_file() {
	lab_down
}

pings() { # HOST ADDRESS [OPTION...]
	run on "$1" ping -q -c 5 -i 0.2 -W 2 "${@:3}" "$2"
	echo "$output"
	[[ "$output" == *"5 packets transmitted, 5 received, 0% packet loss"* ]]
}

@test "the director's own addresses answer ping, each request once" {
	for address in $WAN.2 $WAN6:2; do
		pings client "$address"
		[[ "$output" != *duplicates* ]]
	done
	for address in $LAN.2 $LAN6:2; do
		pings server1 "$address"
		[[ "$output" != *duplicates* ]]
	done
}

@test "VIPs answer ping" {
	for address in $ALL_VIPS; do
		pings client "$address"
		[[ "$output" != *duplicates* ]]
	done
}

@test "large pings are fragmented and put together again by the kernel" {
	pings client $WAN.2 -s 4000
	pings client $WAN6:2 -s 4000
}

@test "the director reaches others by its own address" {
	pings director1 $CLIENT
	pings director1 $CLIENT6
	pings director1 $LAN.11
	[ "$(page director1 $LAN.12)" = server2 ]
	[ "$(page director1 "$LAN6:13")" = server3 ]
}

@test "a TCP server of the director, as sshd is one, is reached at its own address" {
	start_on director1 shell socat TCP6-LISTEN:22,fork,reuseaddr,ipv6only=0 EXEC:'head -c 200000'
	director_listens() {
		on director1 socat -u OPEN:/dev/null TCP:127.0.0.1:22
	}
	await director_listens
	head -c 200000 /dev/urandom >"$BATS_TEST_TMPDIR/sent"
	for address in $WAN.2 "[$WAN6:2]"; do
		on client timeout 10 socat -t 5 - "TCP:$address:22" <"$BATS_TEST_TMPDIR/sent" >"$BATS_TEST_TMPDIR/back"
		cmp "$BATS_TEST_TMPDIR/sent" "$BATS_TEST_TMPDIR/back"
	done
	end shell KILL
}

@test "UDP to the director's own address is the kernel's" {
	run udp_ask client $WAN.2 1 1000 1400
	[ "$output" = $'director1\ndirector1\ndirector1' ]
}

@test "a port of the VIP without a service is refused by the kernel" {
	run on client curl --silent --noproxy '*' --max-time 2 http://$NAT_VIP:81/
	[ "$status" -eq 7 ]
}

# The MAC address that a host found for a neighbour.
mac_of_neighbour() { # HOST ADDRESS
	ip -n "$LAB-$1" neighbour show "$2" | sed -n 's/.*lladdr \([^ ]*\).*/\1/p'
}

@test "local addresses are answered for by the dataplane, and are not the kernel's" {
	local mac
	mac=$(on director1 cat /sys/class/net/lan0/address)
	pings server1 $LAN.100
	pings server1 $LAN6:100
	[ "$(mac_of_neighbour server1 $LAN.100)" = "$mac" ]
	[ "$(mac_of_neighbour server1 $LAN6:100)" = "$mac" ]
	run ip -n "$LAB-director1" address show
	[[ "$output" != *"$LAN.100"* ]]
	[[ "$output" != *"$LAN6:100"* ]]
}

@test "the kernel interface has the port's MAC address" {
	[ "$(on director1 cat /sys/class/net/wan0/address)" = "$(on director1 cat /sys/class/net/port0/address)" ]
	[ "$(on director1 cat /sys/class/net/lan0/address)" = "$(on director1 cat /sys/class/net/port1/address)" ]
}

@test "a cable that is pulled out takes the kernel interface's carrier, and gives it back" {
	carrier_is() {
		[ "$(on director1 cat /sys/class/net/wan0/carrier)" = "$1" ]
	}
	carrier_is 1
	ip -n "$LAB-switch" link set director1-port0 down
	await carrier_is 0
	ip -n "$LAB-switch" link set director1-port0 up
	await carrier_is 1
	await page client $NAT_VIP
}

@test "an interface that is set down forwards nothing until it is up again" {
	ip -n "$LAB-director1" link set wan0 down
	no_page() {
		! on client curl --silent --fail --noproxy '*' --max-time 0.5 --output /dev/null "http://$NAT_VIP/"
	}
	await no_page
	ip -n "$LAB-director1" link set wan0 up
	# IPv6 addresses go when an interface goes down.
	for address in $WAN6:2/64 $NAT_VIP6/128 $DR_VIP6/128 $FNAT_VIP6/128; do
		address_add director1 wan0 "$address" 2>/dev/null || true
	done
	await page client $NAT_VIP
	await page client $NAT_VIP6
}

@test "an MTU set on the kernel interface reaches the port" {
	mtu_is() {
		[ "$(on director1 cat /sys/class/net/port1/mtu)" = "$1" ]
	}
	ip -n "$LAB-director1" link set lan0 mtu 1400
	await mtu_is 1400
	ip -n "$LAB-director1" link set lan0 mtu 1500
	await mtu_is 1500
}

@test "routes put on the kernel interface are used" {
	# A net behind the client, from which a request comes and to which the answer goes.
	address_add client lo 203.0.113.1/32 2001:db8:77::1/128
	ip -n "$LAB-director1" route add 203.0.113.0/24 via $CLIENT
	ip -n "$LAB-director1" route add 2001:db8:77::/64 via $CLIENT6
	on client curl --silent --fail --noproxy '*' --max-time 3 --interface 203.0.113.1 http://$NAT_VIP/
	on client curl --silent --fail --noproxy '*' --max-time 3 --interface 2001:db8:77::1 "http://[$NAT_VIP6]/"
	ip -n "$LAB-director1" route del 203.0.113.0/24
	gone_now() {
		! on client curl --silent --fail --noproxy '*' --max-time 0.5 --interface 203.0.113.1 http://$NAT_VIP/
	}
	await gone_now
}

@test "every packet is accounted for" {
	await accounts_close_at director1
}
