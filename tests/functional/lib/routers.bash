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
	# By the routes: an interface with this MTU would lose what it gets that is longer.
	ip -n "$LAB-$1" route replace "${6%/*}.0/24" dev eth1 mtu lock $NARROW
	ip -n "$LAB-$1" -6 route replace "${6#*/}:/64" dev eth1 metric 256 mtu lock $NARROW
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

# A host behind router2, and the ways to it and back, which is narrow, too.
deep_up() { # HOST
	router_up router2 lan $LAN/$LAN6 77 deep $DEEP/$DEEP6
	inner_up "$1" deep $DEEP/$DEEP6 14
	ip -n "$LAB-router2" route replace $LAN.0/24 dev eth0 mtu lock $NARROW
	ip -n "$LAB-router2" -6 route replace ${LAN6}:/64 dev eth0 metric 256 mtu lock $NARROW
	ip -n "$LAB-router2" route add default via $GATEWAY mtu lock $NARROW
	ip -n "$LAB-router2" -6 route add default via $GATEWAY6 mtu lock $NARROW
	ip -n "$LAB-director1" route add $DEEP.0/24 via $LAN.77
	ip -n "$LAB-director1" -6 route add ${DEEP6}:/64 via ${LAN6}:77
}

# The host remote behind router1, and the director's way to it.
remote_up() {
	router_up router1 wan $WAN/$WAN6 9 far $FAR/$FAR6
	inner_up remote far $FAR/$FAR6 8
	ip -n "$LAB-director1" route add $FAR.0/24 via $WAN.9
	ip -n "$LAB-director1" -6 route add ${FAR6}:/64 via ${WAN6}:9
}

# The narrow links are forgotten, so that each test finds them itself.
forget_paths() {
	local host
	while read -r host; do
		ip -n "$LAB-$host" route flush cache
		ip -n "$LAB-$host" -6 route flush cache
	done <"$LAB_DIR/hosts"
}

# How often a router has told that a packet is too big for its narrow link.
too_big_told_by() { # HOST
	on "$1" nstat -asz IcmpOutDestUnreachs Icmp6OutPktTooBigs | awk '/^Icmp/ { n += $2 } END { print n + 0 }'
}

# A transfer that meets a narrow link which it did not know: the router tells, and nothing is lost.
narrow_link_is_found() { # ROUTER COMMAND...
	local before
	echo "$*"
	forget_paths
	before=$(too_big_told_by "$1")
	"${@:2}"
	[ "$(too_big_told_by "$1")" -gt "$before" ]
}

# The same where the narrow link is a port of the director.
narrow_port_is_found() { # COMMAND...
	local before
	echo "$*"
	forget_paths
	before=$(counter_at director1 icmp_made)
	"$@"
	[ "$(counter_at director1 icmp_made)" -gt "$before" ]
}

# A ping that may not be fragmented: who has the narrow link answers what is a byte too long, the host what fits.
ping_finds_mtu() { # HOST ADDRESS TELLER MTU
	local most=$(($4 - 28)) told="Frag needed and DF set (mtu = $4)"
	[[ "$2" != *:* ]] || most=$(($4 - 48)) told="Packet too big: mtu=$4"
	forget_paths
	run on "$1" ping -n -M "do" -c 1 -W 5 -s $((most + 1)) "$2"
	echo "$output"
	[ "$status" -eq 1 ]
	grep -qF "From $3 icmp_seq=1 $told" <<<"$output"
	on "$1" ping -n -M "do" -q -c 1 -W 5 -s $most "$2"
}

# The kernel interface and the device below it have the same.
port_has_mtu() { # KERNEL-INTERFACE MTU
	local device=port0
	[ "$1" = wan0 ] || device=port1
	[[ "$(ip -n "$LAB-director1" link show "$device")" == *" mtu $2 "* ]]
}

# The addresses of the hops, on one line.
hops() { # HOST ADDRESS OPTION...
	local seen
	# traceroute overlooks an answer of TCP now and then that has come, as captures show.
	for _ in 1 2 3; do
		seen=$(on "$1" traceroute -n -q 1 -w 2 -m 6 -N 1 "${@:3}" "$2" | awk 'NR > 1 { printf "%s ", $2 }')
		[[ "$seen" = *"*"* ]] || break
	done
	printf '%s' "$seen"
}
