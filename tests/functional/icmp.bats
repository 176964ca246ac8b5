#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ICMP errors and what they are for: path MTU discovery through narrow links on both sides of the director, traceroute
# through VIPs, refusals. Two networks more than usual, each behind a router (lib/routers.bash).

load lib/load

# Both directions pass the director.
BOTH_WAYS="$NAT_VIP $NAT_VIP6 $FNAT_VIP $FNAT_VIP6"

# server4 alone at a VIP: its web at port 9000, a closed UDP port at 9, ping.
deep_services_add() { # VIP METHOD
	local vip real echo=icmp method=${2/-m/nat}
	vip=$(in_url "$1") real=$DEEP.14
	[[ "$1" != *:* ]] || real=[${DEEP6}:14] echo=icmpv6
	ipvsadm_at director1 -A -t "$vip:9000" -s rr
	ipvsadm_at director1 -A -u "$vip:9" -s rr
	if [ "$2" = fullnat ]; then
		fullnat_dest_add director1 t "$vip:9000" "$real:80"
		fullnat_dest_add director1 u "$vip:9" "$real:9"
	else
		ipvsadm_at director1 -a -t "$vip:9000" -r "$real:80" "$2"
		ipvsadm_at director1 -a -u "$vip:9" -r "$real:9" "$2"
	fi
	python3 "$LAB_TOOLS/fullnat.py" "$(socket_of director1)" service $echo "$vip:0" rr
	python3 "$LAB_TOOLS/fullnat.py" "$(socket_of director1)" dest $echo "$vip:0" "$real:0" 1 "$method"
}

setup_file() {
	local host
	lab_up
	one_director_up
	remote_up
	deep_up server4
	for host in server1 server2 server3; do # what direct routing answers
		ip -n "$LAB-$host" route add default via $WAN.9 dev eth1 onlink table 100
		ip -n "$LAB-$host" -6 route add default via ${WAN6}:9 dev eth1 onlink table 100
	done
	web_up server1 server2 server3 server4
	services_up director1 t 80
	deep_services_add $NAT_VIP -m
	deep_services_add $NAT_VIP6 -m
	deep_services_add $FNAT_VIP fullnat
	deep_services_add $FNAT_VIP6 fullnat
}

teardown_file() {
	lab_down
}

teardown() {
	ip -n "$LAB-director1" link set wan0 mtu 1500
	ip -n "$LAB-director1" link set lan0 mtu 1500
	host_routes_remove
	deep_routes_replace
}

# Routes of the director's to the servers of a network that it is in, to the client, and last to the deep network: ipvsd hears
# of routes in their order, so that it has all of them when it tells of that one.
host_routes_add() { # MTU
	local host
	for host in $LAN.11 $LAN.12 $LAN.13 ${LAN6}:11 ${LAN6}:12 ${LAN6}:13; do
		ip -n "$LAB-director1" route add $host dev lan0 mtu "$1"
	done
	for host in $CLIENT $CLIENT6; do
		ip -n "$LAB-director1" route add $host dev wan0 mtu "$1"
	done
	deep_routes_replace mtu "$1"
	await ping_is_told client $NAT_VIP $WAN.2 "$1"
}

host_routes_remove() {
	local host
	for host in $LAN.11 $LAN.12 $LAN.13 $CLIENT; do
		ip -n "$LAB-director1" route flush exact $host/32
	done
	for host in ${LAN6}:11 ${LAN6}:12 ${LAN6}:13 $CLIENT6; do
		ip -n "$LAB-director1" -6 route flush exact $host/128
	done
}

deep_routes_replace() { # [mtu MTU]
	ip -n "$LAB-director1" -6 route replace ${DEEP6}:/64 via ${LAN6}:77 "$@"
	ip -n "$LAB-director1" route replace $DEEP.0/24 via $LAN.77 "$@"
}

ping_is_told() { # HOST ADDRESS TELLER MTU
	forget_paths
	on "$1" ping -n -M "do" -c 1 -W 1 -s 1472 "$2" | grep -F "From $3 icmp_seq=1 Frag needed and DF set (mtu = $4)"
}

# What HOST knows of the way to ADDRESS.
path_mtu_is() { # HOST ADDRESS MTU
	[[ "$(ip -n "$LAB-$1" route get "$2")" == *" mtu $3 "* ]]
}

@test "NAT: a download finds a narrow link on the client's side, IPv4 and IPv6" {
	narrow_link_is_found router1 download_is_whole remote $NAT_VIP
	narrow_link_is_found router1 download_is_whole remote $NAT_VIP6
}

@test "DR: a download finds a narrow link on the client's side, IPv4 and IPv6" {
	narrow_link_is_found router1 download_is_whole remote $DR_VIP
	narrow_link_is_found router1 download_is_whole remote $DR_VIP6
}

@test "full NAT: a download finds a narrow link on the client's side, IPv4 and IPv6" {
	narrow_link_is_found router1 download_is_whole remote $FNAT_VIP
	narrow_link_is_found router1 download_is_whole remote $FNAT_VIP6
}

@test "NAT: an upload finds a narrow link on the server's side, IPv4 and IPv6" {
	narrow_link_is_found router2 upload_is_whole client $NAT_VIP 9000
	narrow_link_is_found router2 upload_is_whole client $NAT_VIP6 9000
}

@test "full NAT: an upload finds a narrow link on the server's side, IPv4 and IPv6" {
	narrow_link_is_found router2 upload_is_whole client $FNAT_VIP 9000
	narrow_link_is_found router2 upload_is_whole client $FNAT_VIP6 9000
}

@test "NAT and full NAT: a download finds a narrow link on the server's side" {
	local vip
	for vip in $BOTH_WAYS; do
		narrow_link_is_found router2 download_is_whole client $vip 9000
	done
}

@test "a download finds a port of the director with a smaller MTU" {
	local vip
	ip -n "$LAB-director1" link set wan0 mtu $NARROW
	await port_has_mtu wan0 $NARROW
	for vip in $BOTH_WAYS; do
		narrow_port_is_found download_is_whole client $vip
	done
	[ "$(counter_at director1 drop_too_big)" -gt 0 ]
}

@test "an upload finds a port of the director with a smaller MTU" {
	local vip
	ip -n "$LAB-director1" link set lan0 mtu 1300
	await port_has_mtu lan0 1300
	for vip in $BOTH_WAYS; do
		narrow_port_is_found upload_is_whole client $vip
	done
}

@test "ping that may not be fragmented is told of a narrow link, and answered by the server when it fits" {
	local vip
	for vip in $NAT_VIP $FNAT_VIP; do
		ping_finds_mtu client $vip $LAN.77 $NARROW
	done
	for vip in $NAT_VIP6 $FNAT_VIP6; do
		ping_finds_mtu client $vip ${LAN6}:77 $NARROW
	done
}

@test "ping that may not be fragmented is told of a port of the director with a smaller MTU" {
	local vip
	ip -n "$LAB-director1" link set lan0 mtu 1300
	await port_has_mtu lan0 1300
	for vip in $NAT_VIP $FNAT_VIP; do
		ping_finds_mtu client $vip $WAN.2 1300
	done
	for vip in $NAT_VIP6 $FNAT_VIP6; do
		ping_finds_mtu client $vip ${WAN6}:2 1300
	done
}

@test "an upload finds a route of the director with an MTU of its own" {
	local vip
	host_routes_add 1400
	for vip in $BOTH_WAYS; do
		narrow_port_is_found upload_is_whole client $vip
		path_mtu_is client $vip 1400
	done
}

@test "a download finds a route of the director with an MTU of its own" {
	local vip
	host_routes_add 1400
	for vip in $BOTH_WAYS; do
		narrow_port_is_found download_is_whole client $vip
	done
}

@test "ping that may not be fragmented is told of a route of the director, what it has become, and of none when it is gone" {
	local vip mtu
	for mtu in 1300 1350; do
		deep_routes_replace mtu $mtu
		await ping_is_told client $NAT_VIP $WAN.2 $mtu
		for vip in $NAT_VIP $FNAT_VIP; do
			ping_finds_mtu client $vip $WAN.2 $mtu
		done
		for vip in $NAT_VIP6 $FNAT_VIP6; do
			ping_finds_mtu client $vip ${WAN6}:2 $mtu
		done
	done
	deep_routes_replace
	await ping_is_told client $NAT_VIP $LAN.77 $NARROW
	for vip in $NAT_VIP6 $FNAT_VIP6; do
		ping_finds_mtu client $vip ${LAN6}:77 $NARROW
	done
}

@test "traceroute by TCP, UDP and ping shows the director, the router behind it, and the VIP" {
	local vip how
	for how in "-T -p 9000" "-U -p 9" "-I"; do
		for vip in $NAT_VIP $FNAT_VIP; do
			# shellcheck disable=SC2086 # options
			run hops client $vip $how
			echo "$vip $how: $output"
			[ "$output" = "$WAN.2 $LAN.77 $vip " ]
		done
		for vip in $NAT_VIP6 $FNAT_VIP6; do
			# shellcheck disable=SC2086 # options
			run hops client $vip $how
			echo "$vip $how: $output"
			[ "$output" = "${WAN6}:2 ${LAN6}:77 $vip " ]
		done
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
