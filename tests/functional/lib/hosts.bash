# SPDX-License-Identifier: GPL-2.0-or-later
#
# The topology that most tests use, on the words of lab.bash. Two segments, both with IPv4 and IPv6:
#
#    client .8          director1 .2  director2 .3                  server1 .11  server2 .12  server3 .13
#       |                   |   |        |   |                        |    |       |    |       |    |
#   ====+===================+===|========+===|========================|====+=======|====+=======|====+===  wan
#                               |            |                        |            |            |
#   ============================+============+========================+============+============+========  lan
#
# The servers' default route leads through the gateway .1 of the lan, an address of the active director, as NAT needs
# it. Their interface on the wan serves direct routing alone: what they send from the VIP of that goes out there.

WAN=198.51.100 WAN6=2001:db8:1:
LAN=192.0.2 LAN6=2001:db8:2:
NAT_VIP=$WAN.10 NAT_VIP6=$WAN6:10
DR_VIP=$WAN.20 DR_VIP6=$WAN6:20
FNAT_VIP=$WAN.30 FNAT_VIP6=$WAN6:30
# shellcheck disable=SC2034 # for the tests
CLIENT=$WAN.8 CLIENT6=$WAN6:8
GATEWAY=$LAN.1 GATEWAY6=$LAN6:1

segments_up() {
	host_add switch
	switch_add wan
	switch_add lan
}

# A client on the wan. NUMBER is the last part of its addresses.
client_up() { # HOST NUMBER
	host_add "$1"
	plug "$1" eth0 wan
	address_add "$1" eth0 "$WAN.$2/24" "$WAN6:$2/64"
}

# A real server, and what direct routing asks of it.
server_up() { # HOST NUMBER
	local host=$1 number=$2
	host_add "$host"
	plug "$host" eth0 lan
	plug "$host" eth1 wan
	on "$host" sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
	address_add "$host" eth0 "$LAN.$number/24" "$LAN6:$number/64"
	address_add "$host" eth1 "$WAN.$number/32" "$WAN6:$number/128"
	address_add "$host" lo "$DR_VIP/32" "$DR_VIP6/128"
	ip -n "$LAB-$host" route add default via $GATEWAY
	ip -n "$LAB-$host" -6 route add default via $GATEWAY6
	ip -n "$LAB-$host" route add $WAN.0/24 dev eth1 table 100
	ip -n "$LAB-$host" -6 route add $WAN6:/64 dev eth1 table 100
	ip -n "$LAB-$host" rule add from $DR_VIP lookup 100
	ip -n "$LAB-$host" -6 rule add from $DR_VIP6 lookup 100
}

# A director with its two cables, which ipvsd takes as a whole: the kernel below must not handle their frames as well.
director_up() { # HOST
	local host=$1 dev
	host_add "$host"
	for dev in port0 port1; do
		plug "$host" "$dev" "$([ "$dev" = port0 ] && echo wan || echo lan)"
		on "$host" sysctl -qw "net.ipv6.conf.$dev.disable_ipv6=1"
		on "$host" nft "add table netdev ipvsd; add chain netdev ipvsd $dev { type filter hook ingress device $dev \
			priority 0; policy drop; }"
	done
}

# Addresses of a director on the kernel interfaces that ipvsd made. NUMBER is the last part.
director_addresses() { # HOST NUMBER
	address_add "$1" wan0 "$WAN.$2/24" "$WAN6:$2/64"
	address_add "$1" lan0 "$LAN.$2/24" "$LAN6:$2/64"
}

# What the active director of a pair has besides: VIPs and the servers' gateway.
director_vips() { # HOST
	address_add "$1" wan0 $NAT_VIP/32 $DR_VIP/32 $FNAT_VIP/32 $NAT_VIP6/128 $DR_VIP6/128 $FNAT_VIP6/128
	address_add "$1" lan0 $GATEWAY/24 $GATEWAY6/64
}

# One director with ipvsd, one client, three servers.
one_director_up() { # [key=value of start_ipvsd]...
	segments_up
	client_up client 8
	server_up server1 11
	server_up server2 12
	server_up server3 13
	director_up director1
	start_ipvsd director1 "$@"
	director_addresses director1 2
	director_vips director1
}
