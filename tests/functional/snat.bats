#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The director as the gateway of an inside network (the lan), whose hosts reach the outside (the wan) by SNAT. Over af_xdp:
# below af_packet the kernel puts fragments together itself. The kernel does not forward.
#
#   inside ==lan== director1 ==wan== outside
#
# and further hosts behind narrow links: cellar behind router2 (inside), remote behind router1 (outside).

load lib/load

OUTSIDE=$WAN.8 OUTSIDE6=$WAN6:8
LOCAL=$WAN.200 LOCAL6=$WAN6:200

# Rules of the mark 7 for an inside network.
gateway_marks() { # NET/LENGTH ICMP
	echo "{ mark = 7; source = \"$1\"; port = \"lan\"; out_port = \"wan\"; },
		{ mark = 7; protocol = \"$2\"; source = \"$1\"; port = \"lan\"; out_port = \"wan\"; }"
}

setup_file() {
	lab_up
	segments_up
	client_up outside 8
	host_add inside
	plug inside eth0 lan
	address_add inside eth0 $LAN.50/24 $LAN6:50/64
	director_up director1
	start_ipvsd director1 driver=net_af_xdp workers=2 \
		laddrs="{ name = \"out\"; port = \"wan\"; addresses = ( \"$LOCAL\", \"$LOCAL6\" ); }" \
		marks="$(gateway_marks $LAN.0/24 icmp), $(gateway_marks $LAN6:/64 icmpv6),
			$(gateway_marks $DEEP.0/24 icmp), $(gateway_marks $DEEP6:/64 icmpv6)"
	director_addresses director1 2
	address_add director1 lan0 $GATEWAY/24 $GATEWAY6/64
	ip -n "$LAB-inside" route add default via $GATEWAY
	ip -n "$LAB-inside" -6 route add default via $GATEWAY6
	remote_up
	deep_up cellar
	web_up outside remote
	echo_up outside
	# It says whom it sees.
	# shellcheck disable=SC2016 # for the other shell
	start_on outside whoami socat TCP6-LISTEN:9000,ipv6only=0,fork,reuseaddr 'SYSTEM:echo $SOCAT_PEERADDR'
	await on outside socat -u TCP6:[::1]:9000 OPEN:/dev/null
	ipvsadm_at director1 -A -f 7 -s rr
	ipvsadm_at director1 -A -f 7 -6 -s rr
}

teardown_file() {
	lab_down
}

teardown() {
	ip -n "$LAB-director1" link set wan0 mtu 1500
	ip -n "$LAB-director1" link set lan0 mtu 1500
}

snat_dest_add() { # MARK ADDRESS
	python3 "$LAB_TOOLS/fullnat.py" "$(socket_of director1)" dest mark "$1" "$2" 1 snat
}

seen_by_outside() { # ADDRESS
	on inside socat -u "TCP:$(in_url "$1"):9000" -
}

@test "an address that is in no group of local addresses is refused" {
	run snat_dest_add 7 $WAN.201:0
	echo "$output"
	[ "$status" -ne 0 ]
	[[ "$output" == *"Cannot assign requested address"* ]]
	says "$(log_of director1-ipvsd)" "$WAN.201 can't be a destination of SNAT: it is in no group of local_addresses"
	snat_dest_add 7 $LOCAL:0
	snat_dest_add 7/6 "[$LOCAL6]:0"
}

# cells: SNAT IPv4 TCP, SNAT IPv6 TCP
@test "TCP: downloads and uploads are whole, and outside sees the local address" {
	download_is_whole inside $OUTSIDE
	upload_is_whole inside $OUTSIDE
	download_is_whole inside $OUTSIDE6
	upload_is_whole inside $OUTSIDE6
	[ "$(seen_by_outside $OUTSIDE)" = "[0000:0000:0000:0000:0000:ffff:c633:64c8]" ] # LOCAL, mapped
	[ "$(seen_by_outside $OUTSIDE6)" = "[2001:0db8:0001:0000:0000:0000:0000:0200]" ]
	ipvsadm_at director1 -Lnc | grep -E "^TCP .* $LAN.50:[0-9]+ +$OUTSIDE:9000 +$LOCAL:[0-9]+$"
	ipvsdctl_at director1 conns | grep -F "$LOCAL:"
}

# cells: SNAT IPv4 UDP, SNAT IPv6 UDP
@test "UDP: datagrams come back byte for byte, long ones in fragments" {
	local outside
	for outside in $OUTSIDE $OUTSIDE6; do
		run udp_ask inside $outside 0 1 1400 1473 3000 8192 30000
		echo "$output"
		[ "$status" -eq 0 ]
		[ "$(sort -u <<<"$output")" = outside ]
	done
}

# cells: SNAT IPv4 ICMP, SNAT IPv6 ICMP
@test "ping passes, with fragments too" {
	on inside ping -q -c 2 -i 0.2 -W 5 $OUTSIDE
	on inside ping -q -c 2 -i 0.2 -W 5 $OUTSIDE6
	on inside ping -q -c 1 -W 5 -s 4000 $OUTSIDE
	on inside ping -q -c 1 -W 5 -s 4000 $OUTSIDE6
	ipvsadm_at director1 -Lnc | grep -E "^ICMP .* $LAN.50:[0-9]+ +$OUTSIDE:0 +$LOCAL:[0-9]+$"
}

@test "a closed port is heard of at once" {
	local outside
	for outside in $OUTSIDE $OUTSIDE6; do
		run on inside python3 "$LAB_TOOLS/udp_ask.py" $outside 9 10
		echo "$output"
		[[ "$output" == *"Connection refused"* ]]
	done
}

@test "traceroute by UDP, TCP and ping shows the gateway and the router behind it" {
	local how
	for how in --udp "-T -p 80" --icmp; do
		# shellcheck disable=SC2086 # options
		run hops inside $FAR.8 $how
		echo "$how: $output"
		[ "$output" = "$LAN.2 $WAN.9 $FAR.8 " ]
		# shellcheck disable=SC2086 # options
		run hops inside ${FAR6}:8 $how
		echo "$how: $output"
		[ "$output" = "${LAN6}:2 ${WAN6}:9 ${FAR6}:8 " ]
	done
}

@test "an upload finds a narrow link outside, a download one inside" {
	narrow_link_is_found router1 upload_is_whole inside $FAR.8
	narrow_link_is_found router1 upload_is_whole inside ${FAR6}:8
	narrow_link_is_found router2 download_is_whole cellar $OUTSIDE
	narrow_link_is_found router2 download_is_whole cellar $OUTSIDE6
	narrow_link_is_found router2 upload_is_whole cellar $OUTSIDE
	narrow_link_is_found router2 upload_is_whole cellar $OUTSIDE6
}

@test "an upload and a download find ports of the director with a smaller MTU" {
	ip -n "$LAB-director1" link set wan0 mtu $NARROW
	await port_has_mtu wan0 $NARROW
	narrow_port_is_found upload_is_whole inside $OUTSIDE
	narrow_port_is_found upload_is_whole inside $OUTSIDE6
	ping_finds_mtu inside $OUTSIDE $LAN.2 $NARROW
	ping_finds_mtu inside $OUTSIDE6 ${LAN6}:2 $NARROW
	ip -n "$LAB-director1" link set wan0 mtu 1500
	ip -n "$LAB-director1" link set lan0 mtu 1300
	await port_has_mtu lan0 1300
	narrow_port_is_found download_is_whole inside $OUTSIDE
	narrow_port_is_found download_is_whole inside $OUTSIDE6
}

@test "ping that may not be fragmented is told of a narrow link, and answered when it fits" {
	ping_finds_mtu inside $FAR.8 $WAN.9 $NARROW
	ping_finds_mtu inside ${FAR6}:8 ${WAN6}:9 $NARROW
}

@test "the director itself is reached as ever, and nothing is translated" {
	on inside ping -q -c 1 -W 5 $LAN.2
	on inside ping -q -c 1 -W 5 $WAN.2
	refute grep -F "$WAN.2:0" <(ipvsadm_at director1 -Lnc)
}

@test "a persistent inside host is listed with its local address" {
	ipvsadm_at director1 -E -f 7 -s rr -p 60
	[ "$(page inside $OUTSIDE)" = outside ]
	run ipvsdctl_at director1 conns
	echo "$output"
	grep -E " (NONE|ASSURED) .* $LAN.50:0 .* $LOCAL:0 " <<<"$output"
	ipvsadm_at director1 -E -f 7 -s rr
}

@test "when its address is removed nobody gets out, and nobody in anyway" {
	ipvsadm_at director1 -d -f 7 -r $LOCAL
	run on inside curl --silent --noproxy '*' --max-time 5 http://$OUTSIDE/
	[ "$status" -eq 7 ] # curl's "could not connect"
	snat_dest_add 7 $LOCAL:0
	[ "$(page inside $OUTSIDE)" = outside ]
	run on outside curl --silent --noproxy '*' --max-time 1 http://$LOCAL/
	[ "$status" -ne 0 ]
	[ "$(counter_at director1 drop_laddr_no_conn)" -gt 0 ]
}

@test "every packet is accounted for" {
	await accounts_close_at director1
}
