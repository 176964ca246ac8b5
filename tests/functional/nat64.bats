#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Full NAT between the families: clients of IPv6 with servers that have IPv4 alone (NAT64), and clients of IPv4 with
# servers that have IPv6 alone (NAT46).

load lib/load

setup_file() {
	local vip
	lab_up
	one_director_up
	web_up server1 server2 server3
	echo_up server1 server2 server3
	remote_up
	deep_up server4
	web_up server4
	for vip in $FNAT_VIP $FNAT_VIP6; do
		service_add director1 t $vip 80 rr cross
		service_add director1 u $vip 7 rr cross
	done
	ipvsadm_at director1 -A -t [$FNAT_VIP6]:9000 -s rr
	fullnat_dest_add director1 t [$FNAT_VIP6]:9000 $DEEP.14:80
	ipvsadm_at director1 -A -t $FNAT_VIP:9000 -s rr
	fullnat_dest_add director1 t $FNAT_VIP:9000 [${DEEP6}:14]:80
}

teardown_file() {
	lab_down
}

teardown() {
	ip -n "$LAB-director1" link set wan0 mtu 1500
	ip -n "$LAB-director1" link set lan0 mtu 1500
}

@test "IPv6 clients reach all IPv4 servers, and IPv4 clients all IPv6 servers" {
	pages_come_from_all_servers $FNAT_VIP6
	pages_come_from_all_servers $FNAT_VIP
}

# cells: FULLNAT IPv6>IPv4 TCP, FULLNAT IPv4>IPv6 TCP
@test "downloads and uploads of 10 MB keep their bytes, both ways" {
	download_is_whole client $FNAT_VIP6
	upload_is_whole client $FNAT_VIP6
	download_is_whole client $FNAT_VIP
	upload_is_whole client $FNAT_VIP
}

# cells: FULLNAT IPv6>IPv4 UDP, FULLNAT IPv4>IPv6 UDP
@test "datagrams of all sizes come back unchanged, both ways" {
	datagrams_come_back $FNAT_VIP6
	datagrams_come_back $FNAT_VIP
}

@test "a download finds a narrow link on either side, an upload one on the server's, both ways" {
	local vip
	for vip in $FNAT_VIP6 $FNAT_VIP; do
		narrow_link_is_found router1 download_is_whole remote $vip
		narrow_link_is_found router2 download_is_whole client $vip 9000
		narrow_link_is_found router2 upload_is_whole client $vip 9000
	done
}

@test "a download finds a port of the director with a smaller MTU, both ways" {
	ip -n "$LAB-director1" link set wan0 mtu $NARROW
	await port_has_mtu wan0 $NARROW
	narrow_port_is_found download_is_whole client $FNAT_VIP6
	narrow_port_is_found download_is_whole client $FNAT_VIP
	[ "$(counter_at director1 drop_too_big)" -gt 0 ]
}

@test "an upload finds a port of the director with a smaller MTU, both ways" {
	ip -n "$LAB-director1" link set lan0 mtu 1300
	await port_has_mtu lan0 1300
	narrow_port_is_found upload_is_whole client $FNAT_VIP6
	narrow_port_is_found upload_is_whole client $FNAT_VIP
}

@test "traceroute by TCP and UDP shows the director, once more for the router of the other family, and the VIP" {
	local how
	ipvsadm_at director1 -A -u [$FNAT_VIP6]:11 -s rr
	fullnat_dest_add director1 u [$FNAT_VIP6]:11 $DEEP.14:11
	ipvsadm_at director1 -A -u $FNAT_VIP:11 -s rr
	fullnat_dest_add director1 u $FNAT_VIP:11 [${DEEP6}:14]:11
	for how in "-T -p 9000" "-U -p 11"; do
		# shellcheck disable=SC2086 # options
		run hops client $FNAT_VIP6 $how
		echo "$how: $output"
		[ "$output" = "${WAN6}:2 ${WAN6}:2 $FNAT_VIP6 " ]
		# shellcheck disable=SC2086 # options
		run hops client $FNAT_VIP $how
		echo "$how: $output"
		[ "$output" = "$WAN.2 $WAN.2 $FNAT_VIP " ]
	done
}

# Of ping there is no service between the families; traceroute asks with datagrams that may not be fragmented.
@test "a datagram that may not be fragmented is told of the narrow link, in the client's own family" {
	forget_paths
	run on client traceroute -n -q 1 -w 3 --mtu -U -p 11 $FNAT_VIP6
	echo "$output"
	grep -Eq "^ 3  $FNAT_VIP6 .* F=$((NARROW + 20))$" <<<"$output"
	run on client traceroute -n -q 1 -w 3 --mtu -U -p 11 $FNAT_VIP
	echo "$output"
	grep -Eq "^ 3  $FNAT_VIP .* F=$((NARROW - 20))$" <<<"$output"
}

@test "a port that nobody listens to is refused at once, both ways" {
	local vip
	for vip in $FNAT_VIP6 $FNAT_VIP; do
		ipvsadm_at director1 -A -u "$(in_url $vip):9" -s rr
		fullnat_dest_add director1 u "$(in_url $vip):9" "$(in_url "$(servers_net $vip other)11"):9"
		run on client python3 "$LAB_TOOLS/udp_ask.py" $vip 9 10
		echo "$vip: $output"
		[[ "$output" == *"Connection refused"* ]]
	done
}

@test "ipvsadm -Lnc and ipvsdctl conns show each end in its own family" {
	start_on client held6 socat -u "TCP:[$FNAT_VIP6]:80,sourceport=4001" -,ignoreeof
	start_on client held4 socat -u "TCP:$FNAT_VIP:80,sourceport=4002" -,ignoreeof
	is_listed() {
		on director1 "$IPVSD_RUN" -s "$(socket_of director1)" ipvsadm -Lnc | grep -Eq "$1"
	}
	await is_listed "ESTABLISHED \[$CLIENT6\]:4001 +\[$FNAT_VIP6\]:80 +$LAN\.1[123]:80 *\$"
	await is_listed "ESTABLISHED $CLIENT:4002 +$FNAT_VIP:80 +\[$LAN6:1[123]\]:80 *\$"
	run ipvsdctl_at director1 conns -p tcp
	echo "$output"
	grep -E "\[$CLIENT6\]:4001 .* $LAN\.10[01]:[0-9]+ .*$LAN\.1[123]:80" <<<"$output"
	grep -E "$CLIENT:4002 .*\[${LAN6}:100\]:[0-9]+ .*\[$LAN6:1[123]\]:80" <<<"$output"
	end held6
	end held4
}

@test "other methods and protocols refuse a server of the other family" {
	run ipvsadm_at director1 -a -t $FNAT_VIP:80 -r [${LAN6}:14]:80 -m
	echo "$output"
	[ "$status" -ne 0 ]
	ipvsadm_at director1 -A --sctp-service $FNAT_VIP:80 -s rr
	run python3 "$LAB_TOOLS/fullnat.py" "$(socket_of director1)" dest sctp $FNAT_VIP:80 [${LAN6}:11]:80
	echo "$output"
	[ "$output" = "fullnat.py: Invalid argument" ]
}

@test "persistence keeps a client with its server, both ways" {
	local vip
	for vip in $FNAT_VIP6 $FNAT_VIP; do
		ipvsadm_at director1 -E -t "$(in_url $vip):80" -s rr -p 100
		run who_answers client $vip 4
		echo "$output"
		[[ "$output" == "4 server"? ]]
	done
}

@test "every packet is accounted for" {
	await accounts_close_at director1
}
