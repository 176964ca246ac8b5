#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ICMP errors and what they are for: path MTU discovery through narrow links on both sides of the director, traceroute
# through VIPs, refusals. Two networks more than usual, each behind a router (lib/routers.bash).

load lib/load

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
	inner_up remote far $FAR/$FAR6 8
	deep_server_up
	ip -n "$LAB-director1" route add $FAR.0/24 via $WAN.9
	ip -n "$LAB-director1" -6 route add ${FAR6}:/64 via ${WAN6}:9
	for host in server1 server2 server3; do # what direct routing answers
		ip -n "$LAB-$host" route add default via $WAN.9 dev eth1 onlink table 100
		ip -n "$LAB-$host" -6 route add default via ${WAN6}:9 dev eth1 onlink table 100
	done
	web_up server1 server2 server3
	services_up director1 t 80
	sink_up server4
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
