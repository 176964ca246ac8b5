#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ICMP errors and what they are for: path MTU discovery through narrow links on both sides of the director, traceroute
# through VIPs, refusals. Two networks more than usual, each behind a router, whose link into it is narrow:
#
#   remote ==far== router1 ==wan== director1 ==lan== router2 ==deep== server4

load lib/load

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

# A TCP service at a VIP with server4, which takes what it gets.
sink_service_add() { # VIP METHOD
	local vip real
	vip=$(in_url "$1"):9000
	real=$DEEP.14:9000
	[[ "$1" != *:* ]] || real=[${DEEP6}:14]:9000
	ipvsadm_at director1 -A -t "$vip" -s rr
	if [ "$2" = fnat ]; then
		fullnat_dest_add director1 t "$vip" "$real"
	else
		ipvsadm_at director1 -a -t "$vip" -r "$real" "$2"
	fi
}

setup_file() {
	local host net vip
	lab_up
	one_director_up
	router_up router1 wan $WAN/$WAN6 9 far $FAR/$FAR6
	router_up router2 lan $LAN/$LAN6 77 deep $DEEP/$DEEP6
	inner_up remote far $FAR/$FAR6 8
	inner_up server4 deep $DEEP/$DEEP6 14
	ip -n "$LAB-router2" route add default via $GATEWAY
	ip -n "$LAB-router2" -6 route add default via $GATEWAY6
	ip -n "$LAB-director1" route add $FAR.0/24 via $WAN.9
	ip -n "$LAB-director1" -6 route add ${FAR6}:/64 via ${WAN6}:9
	ip -n "$LAB-director1" route add $DEEP.0/24 via $LAN.77
	ip -n "$LAB-director1" -6 route add ${DEEP6}:/64 via ${LAN6}:77
	for host in server1 server2 server3; do # what direct routing answers
		ip -n "$LAB-$host" route add default via $WAN.9 dev eth1 onlink table 100
		ip -n "$LAB-$host" -6 route add default via ${WAN6}:9 dev eth1 onlink table 100
	done
	web_up server1 server2 server3
	services_up director1 t 80
	head -c 1M /dev/urandom >"$LAB_DIR/upload"
	start_on server4 sink socat -u TCP6-LISTEN:9000,ipv6only=0,fork,reuseaddr "SYSTEM:cat >>$LAB_DIR/uploaded"
	await on server4 socat -u OPEN:/dev/null TCP6:[::1]:9000
	sink_service_add $NAT_VIP -m
	sink_service_add $NAT_VIP6 -m
	sink_service_add $FNAT_VIP fnat
	sink_service_add $FNAT_VIP6 fnat
}

teardown_file() {
	lab_down
}

teardown() {
	ip -n "$LAB-director1" link set wan0 mtu 1500
	ip -n "$LAB-director1" link set lan0 mtu 1500
}

# The narrow links are forgotten, so that each test finds them itself.
forget_paths() {
	local host
	for host in remote client server1 server2 server3 server4; do
		ip -n "$LAB-$host" route flush cache
		ip -n "$LAB-$host" -6 route flush cache
	done
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

downloads_pass() { # HOST VIP...
	local host=$1 vip
	shift
	for vip in "$@"; do
		forget_paths
		echo "$vip"
		download_is_whole "$host" "$vip"
	done
}

@test "NAT: a download passes a narrow link on the client's side, IPv4 and IPv6" {
	downloads_pass remote $NAT_VIP $NAT_VIP6
}

@test "DR: a download passes a narrow link on the client's side, IPv4 and IPv6" {
	downloads_pass remote $DR_VIP $DR_VIP6
}

@test "full NAT: a download passes a narrow link on the client's side, IPv4 and IPv6" {
	downloads_pass remote $FNAT_VIP $FNAT_VIP6
}

@test "NAT: an upload passes a narrow link on the server's side, IPv4 and IPv6" {
	forget_paths
	upload_is_whole client $NAT_VIP
	upload_is_whole client $NAT_VIP6
}

@test "full NAT: an upload passes a narrow link on the server's side, IPv4 and IPv6" {
	forget_paths
	upload_is_whole client $FNAT_VIP
	upload_is_whole client $FNAT_VIP6
}

@test "a download passes a port of the director with a smaller MTU" {
	ip -n "$LAB-director1" link set wan0 mtu $NARROW
	await port_has_mtu wan0 $NARROW
	downloads_pass client $NAT_VIP $NAT_VIP6 $FNAT_VIP $FNAT_VIP6
	[ "$(counter_at director1 drop_too_big)" -gt 0 ]
	[ "$(counter_at director1 icmp_made)" -gt 0 ]
}

@test "an upload passes a port of the director with a smaller MTU" {
	ip -n "$LAB-director1" link set lan0 mtu 1300
	await port_has_mtu lan0 1300
	forget_paths
	upload_is_whole client $NAT_VIP
	upload_is_whole client $NAT_VIP6
	upload_is_whole client $FNAT_VIP
	upload_is_whole client $FNAT_VIP6
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

@test "traceroute shows the director, the router behind it, and the VIP" {
	local vip
	for vip in $NAT_VIP $FNAT_VIP; do
		run hops $vip
		echo "$vip: $output"
		[ "$output" = "$WAN.2 $LAN.77 $vip " ]
	done
	for vip in $NAT_VIP6 $FNAT_VIP6; do
		run hops $vip
		echo "$vip: $output"
		[ "$output" = "${WAN6}:2 ${LAN6}:77 $vip " ]
	done
}

@test "a service without a real server refuses at once" {
	local vip
	for vip in $NAT_VIP $NAT_VIP6; do
		ipvsadm_at director1 -A -t "$(in_url $vip):81" -s rr
		run on client curl --silent --noproxy '*' --max-time 20 "http://$(in_url $vip):81/"
		echo "$vip: status $status"
		[ "$status" -eq 7 ] # curl's "could not connect"; 28 would be its timeout
	done
}

@test "ICMP errors of every kind arrive as if the director were not there" {
	local vip
	echo_up server1
	for vip in $NAT_VIP $NAT_VIP6 $DR_VIP $DR_VIP6 $FNAT_VIP $FNAT_VIP6; do
		ipvsadm_at director1 -A -u "$(in_url $vip):7" -s rr
	done
	ipvsadm_at director1 -a -u $NAT_VIP:7 -r $LAN.11:7 -m
	ipvsadm_at director1 -a -u [$NAT_VIP6]:7 -r [${LAN6}:11]:7 -m
	ipvsadm_at director1 -a -u $DR_VIP:7 -r $LAN.11:7 -g
	ipvsadm_at director1 -a -u [$DR_VIP6]:7 -r [${LAN6}:11]:7 -g
	fullnat_dest_add director1 u $FNAT_VIP:7 $LAN.11:7
	fullnat_dest_add director1 u [$FNAT_VIP6]:7 [${LAN6}:11]:7
	run timeout 120 /usr/bin/python3 "$LAB_TOOLS/icmp_errors.py" "$LAB-client" "$LAB-server1" \
		$NAT_VIP $NAT_VIP6 $DR_VIP $DR_VIP6 $FNAT_VIP $FNAT_VIP6
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(grep -c 'as expected$' <<<"$output")" -eq 10 ]
}

@test "all packets are accounted for" {
	await accounts_close_at director1
}
