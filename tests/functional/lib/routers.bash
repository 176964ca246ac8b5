# SPDX-License-Identifier: GPL-2.0-or-later
#
# Networks behind routers whose links into them are narrow, and what finds the way through:
#
#   remote ==far== router1 ==wan== director1 ==lan== router2 ==deep== server4

FAR=203.0.113 FAR6=2001:db8:3:
DEEP=192.168.77 DEEP6=2001:db8:77:
NARROW=1400

# A router between a segment of the lab (its address there ends in NUMBER) and a network with a narrow link.
router_up() { # HOST BRIDGE NET/NET6 NUMBER INNER-BRIDGE INNER-NET/INNER-NET6
	host_add "$1"
	plug "$1" eth0 "$2"
	switch_add "$5"
	plug "$1" eth1 "$5"
	address_add "$1" eth0 "${3%/*}.$4/24" "${3#*/}:$4/64"
	address_add "$1" eth1 "${6%/*}.1/24" "${6#*/}:1/64"
	ip -n "$LAB-$1" link set eth1 mtu $NARROW
	on "$1" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}

# A host behind a router.
inner_up() { # HOST BRIDGE NET/NET6 NUMBER
	host_add "$1"
	plug "$1" eth0 "$2"
	address_add "$1" eth0 "${3%/*}.$4/24" "${3#*/}:$4/64"
	ip -n "$LAB-$1" route add default via "${3%/*}.1"
	ip -n "$LAB-$1" -6 route add default via "${3#*/}:1"
}

# server4 behind router2, and the ways to it and back.
deep_server_up() {
	router_up router2 lan $LAN/$LAN6 77 deep $DEEP/$DEEP6
	inner_up server4 deep $DEEP/$DEEP6 14
	ip -n "$LAB-router2" route add default via $GATEWAY
	ip -n "$LAB-router2" -6 route add default via $GATEWAY6
	ip -n "$LAB-director1" route add $DEEP.0/24 via $LAN.77
	ip -n "$LAB-director1" -6 route add ${DEEP6}:/64 via ${LAN6}:77
}

# Takes what it gets on port 9000; upload_is_whole sends it.
sink_up() { # HOST
	head -c 1M /dev/urandom >"$LAB_DIR/upload"
	start_on "$1" sink socat -u TCP6-LISTEN:9000,ipv6only=0,fork,reuseaddr "SYSTEM:cat >>$LAB_DIR/uploaded"
	await on "$1" socat -u OPEN:/dev/null TCP6:[::1]:9000
}

# The narrow links are forgotten, so that each test finds them itself.
forget_paths() {
	local host
	while read -r host; do
		ip -n "$LAB-$host" route flush cache
		ip -n "$LAB-$host" -6 route flush cache
	done <"$LAB_DIR/hosts"
}

upload_arrived() {
	cmp -s "$LAB_DIR/uploaded" "$LAB_DIR/upload"
}

upload_is_whole() { # HOST VIP
	local address=TCP4:$2
	[[ "$2" != *:* ]] || address=TCP6:[$2]
	rm -f "$LAB_DIR/uploaded"
	on "$1" timeout 30 socat -u "OPEN:$LAB_DIR/upload" "$address:9000"
	await upload_arrived
}

# The kernel interface and the device below it have the same.
port_has_mtu() { # KERNEL-INTERFACE MTU
	local device=port0
	[ "$1" = wan0 ] || device=port1
	[[ "$(ip -n "$LAB-director1" link show "$device")" == *" mtu $2 "* ]]
}

# The addresses of the hops, on one line.
hops() { # VIP
	on client traceroute -n -T -p 9000 -q 1 -w 3 -N 1 "$1" | awk 'NR > 1 { printf "%s ", $2 }'
}
