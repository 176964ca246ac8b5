# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # side and others are of the script that reads this
#
# For scenarios called traffic-*: a client and three servers with the director between them. On the kernel's side the
# director is the scenario's own network; on ipvsd's side it is ipvsd, with two cables of that network as its ports.
#
#    client 198.51.100.8 ---- wan0 .2, VIPs .10-.19   director   lan0 .1 ---- servers 192.0.2.11 .12 .13
#    2001:db8:1::8            ::2, ::10-::19                     ::1           2001:db8:2::11 ::12 ::13
#        |                                                                        |
#        +----------- what servers answer from the VIP of direct routing, .19 ----+
#
# The client has .9 and .130 besides, for those who tell clients and their networks apart.

# shellcheck disable=SC2034 # for side
ORACLE_PORTS='
	{ name = "wan"; devices = ( "net_af_packet0,iface=port0" ); kernel = "wan0"; },
	{ name = "lan"; devices = ( "net_af_packet1,iface=port1" ); kernel = "lan0"; }'
# traffic_marks is the kernel's way to the same.
# shellcheck disable=SC2034 # for side
ORACLE_MARKS='
	{ mark = 5; destination = "198.51.100.17"; port = "wan"; },
	{ mark = 5; destination = "198.51.100.18"; port = "wan"; },
	{ mark = 6; destination = "2001:db8:1::17"; port = "wan"; },
	{ mark = 7; destination = "192.0.2.13"; port = "wan"; },
	{ mark = 7; destination = "192.0.2.255"; port = "wan"; },
	{ mark = 7; destination = "2001:db8:2::13"; port = "wan"; }'

# The cables and who is at their ends.
traffic_hosts() {
	local host dev wan=wan0 lan=lan0
	[ "$side" = kernel ] || wan=port0 lan=port1
	mkdir -p /run/netns
	ip netns add client
	ip netns add servers
	ip -batch - <<-END
		link set lo up
		link add $wan up type veth peer name eth0 netns client
		link add $lan up type veth peer name eth0 netns servers
		link add eth1 address 02:00:00:00:01:08 netns client type veth peer name eth1 netns servers
	END
	for host in client servers; do
		# shellcheck disable=SC2016 # for the other shell
		ip netns exec $host bash -c '
			cd /proc/sys/net
			echo 0 >ipv6/conf/all/accept_dad
			echo 0 >ipv6/conf/default/accept_dad
			for dev in all eth0 eth1; do
				echo 0 >ipv4/conf/$dev/rp_filter
			done
			# The servers have the VIP, too, and must not tell anybody.
			if [ "$1" = servers ]; then
				echo 1 >ipv4/conf/all/arp_ignore
				echo 2 >ipv4/conf/all/arp_announce
			fi' host $host
		# A packet that ipvsd takes from a cable has to have its checksum.
		[ "$side" = kernel ] || { ip netns exec $host ethtool -K eth0 tx off && ip netns exec $host ethtool -K eth1 tx off; } >/dev/null
	done
	for dev in "$wan" "$lan"; do
		[ "$side" = kernel ] || port_is_ipvsds "$dev"
	done
	ip -n client -batch - <<-END
		link set lo up
		link set eth0 up
		link set eth1 up
		addr add 198.51.100.8/24 dev eth0
		addr add 198.51.100.9/24 dev eth0
		addr add 198.51.100.130/24 dev eth0
		addr add 2001:db8:1::8/64 dev eth0 nodad
	END
	ip -n servers -batch - <<-END
		link set lo up
		link set eth0 up
		addr add 192.0.2.11/24 dev eth0
		addr add 192.0.2.12/24 dev eth0
		addr add 192.0.2.13/24 dev eth0
		addr add 2001:db8:2::11/64 dev eth0 nodad
		addr add 2001:db8:2::12/64 dev eth0 nodad
		addr add 2001:db8:2::13/64 dev eth0 nodad
		route add default via 192.0.2.1
		route add ::/0 via 2001:db8:2::1
		link set eth1 up
		addr add 198.51.100.19/32 dev lo
		addr add 2001:db8:1::19/128 dev lo nodad
		rule add from 198.51.100.19 lookup 100
		route add 198.51.100.8/32 dev eth1 table 100
		neigh add 198.51.100.8 lladdr 02:00:00:00:01:08 dev eth1
		rule add from 2001:db8:1::19 lookup 100
		route add 2001:db8:1::8/128 dev eth1 table 100
		neigh add 2001:db8:1::8 lladdr 02:00:00:00:01:08 dev eth1
	END
}

# The host's kernel must not handle what ipvsd takes from the cable.
port_is_ipvsds() { # DEVICE
	sysctl -qw "net.ipv6.conf.$1.disable_ipv6=1"
	nft "add table netdev oracle; add chain netdev oracle $1 { type filter hook ingress device $1 priority 0; policy drop; }"
}

# What the director has of its own; then the servers begin to serve, and the client finds everybody.
traffic_begins() {
	local n
	echo 1 >/proc/sys/net/ipv4/ip_forward
	echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
	echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter
	{
		printf '%s\n' 'link set wan0 up' 'link set lan0 up' 'addr add 198.51.100.2/24 dev wan0' \
			'addr add 2001:db8:1::2/64 dev wan0 nodad' 'addr add 192.0.2.1/24 dev lan0' \
			'addr add 2001:db8:2::1/64 dev lan0 nodad'
		for n in 0 1 2 3 4 5 6 7 8 9; do
			printf '%s\n' "addr add 198.51.100.1$n/32 dev wan0" "addr add 2001:db8:1::1$n/128 dev wan0 nodad"
		done
	} | ip -batch -
	ip netns exec servers python3 -S "$here/traffic_server.py" >servers.log 2>&1 &
	await grep -q ready servers.log
	coproc CLIENT { exec ip netns exec client python3 -S "$here/traffic_client.py" 2>&1; }
	for n in 11 12 13; do
		await ping -c 1 -W 1 192.0.2.$n
		await ping -c 1 -W 1 "2001:db8:2::$n"
	done
	await ping -c 1 -W 1 198.51.100.8
	await ping -c 1 -W 1 2001:db8:1::8
}

# Marks as ORACLE_MARKS has them; ipvsd's are there from the start. What is sent to other hosts, mark 7, reaches the kernel's
# IPVS as what is for the director itself.
traffic_marks() {
	[ "$side" = kernel ] || return 0
	tc qdisc add dev wan0 clsact
	tc filter add dev wan0 ingress protocol ip pref 1 flower dst_ip 198.51.100.17 action skbedit mark 5
	tc filter add dev wan0 ingress protocol ip pref 1 flower dst_ip 198.51.100.18 action skbedit mark 5
	tc filter add dev wan0 ingress protocol ipv6 pref 2 flower dst_ip 2001:db8:1::17 action skbedit mark 6
	tc filter add dev wan0 ingress protocol ip pref 1 flower dst_ip 192.0.2.13 action skbedit mark 7
	tc filter add dev wan0 ingress protocol ip pref 1 flower dst_ip 192.0.2.255 action skbedit mark 7
	tc filter add dev wan0 ingress protocol ipv6 pref 2 flower dst_ip 2001:db8:2::13 action skbedit mark 7
	ip rule add fwmark 7 lookup 100
	ip -6 rule add fwmark 7 lookup 100
	ip route add local default dev lo table 100
	ip -6 route add local default dev lo table 100
}

# Has the client do something, and prints what came of it; traffic_client.py has the words.
client() { # WORD...
	local answer="no answer"
	say "client: $*"
	printf '%s\n' "$*" >&"${CLIENT[1]}"
	IFS= read -rt 20 answer <&"${CLIENT[0]}"
	printf '  %s\n' "$answer"
}

# Waits until as many connections are in a state, and shows the list.
connections() { # NUMBER STATE
	await connections_are "$@"
	ipvsadm -Lnc
}

# Waits until no connection is left, and says so.
no_connections() {
	await connections_are 0 '[A-Z][A-Z_]*'
	ipvsadm -Lnc
}

# The kernel adds counts up every two seconds, so they are awaited: packets that came in for services of this kind.
counted() { # TCP|UDP|FWM NUMBER OF PACKETS
	await all_counted "$1" "$2"
	ipvsadm -Ln --stats
}

all_counted() { # TCP|UDP|FWM NUMBER OF PACKETS
	local sum
	sum=$(quietly ipvsadm -Ln --stats | awk -v kind="$1" '$1 == kind { sum += $4 } END { print sum + 0 }')
	[ "$sum" -eq "$2" ]
}

connections_are() { # NUMBER STATE
	[ "$(quietly ipvsadm -Lnc | grep -c " $2 ")" -eq "$1" ]
}
