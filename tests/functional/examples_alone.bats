#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Examples for a director without keepalived. The commands in their comments are run as they stand there.

load lib/load

VIP=$WAN.10 VIP6=$WAN6:10

setup_file() {
	lab_up
	segments_up
	client_up client 8
	WEB_ALSO='listen 25;' web_up client
	server_up server1 11
	server_up server2 12
	WEB_ALSO='listen 8080;' web_up server1 server2
	director_up director1
}

teardown_file() {
	lab_down
}

setup() {
	[ -x "$BUILD/ipvsadm/sbin/ipvsadm" ] || skip "$BUILD/ipvsadm is not there; make ipvsadm builds it"
}

teardown() {
	! is_running director1-ipvsd || stop_ipvsd director1
	rm -rf "$LAB_DIR/director1/state"
}

@test "ipvsd.conf: it starts with all of its keys, and full NAT takes a local address of it" {
	start_example director1 ipvsd.conf port0 port1
	# Its addresses.
	address_add client eth0 192.0.2.8/24
	address_add server1 eth0 10.0.0.11/24
	address_add director1 wan0 192.0.2.1/24
	address_add director1 lan0 10.0.0.2/24
	as_operator director1 <<-END
		ipvsadm -A -t 192.0.2.1:80 -s rr
		ipvsadm -a -t 192.0.2.1:80 -r 10.0.0.11:80 -b
	END
	await page client 192.0.2.1
	[ "$(page client 192.0.2.1)" = server1 ]
	ipvsdctl_at director1 conns | grep -q " 10\.0\.0\.20[0-7]:"
	ip -n "$LAB-client" address del 192.0.2.8/24 dev eth0
}

@test "one-arm-lab.conf: a port over af_packet, with the kernel interface that it names" {
	start_example director1 one-arm-lab.conf port1
	commands_in one-arm-lab.conf ip | as_operator director1
	address_add server1 lo 192.0.2.10/32
	as_operator director1 <<-END
		ipvsadm -A -t 192.0.2.10:80 -s rr
		ipvsadm -a -t 192.0.2.10:80 -r 192.0.2.11 -g
	END
	await page server2 192.0.2.10
	[ "$(page server2 192.0.2.10)" = server1 ]
	ip -n "$LAB-server1" address del 192.0.2.10/32 dev lo
}

@test "two-arm-xdp.conf: full NAT over af_xdp" {
	start_example director1 two-arm-xdp.conf port0 port1
	commands_in two-arm-xdp.conf ip | as_operator director1
	as_operator director1 <<-END
		ipvsadm -A -t $VIP:80 -s rr
		ipvsadm -a -t $VIP:80 -r 192.0.2.11:80 -b
		ipvsadm -a -t $VIP:80 -r 192.0.2.12:80 -b
	END
	await page client $VIP
	are_answering client $VIP "server1 server2"
	download_is_whole client $VIP
	ipvsdctl_at director1 conns | grep -q " 192\.0\.2\.20[0-3]:"
}

@test "snat-gateway.conf: its commands let the inside out, without mail" {
	host_add inside
	plug inside eth0 lan
	address_add inside eth0 10.20.0.50/16
	ip -n "$LAB-inside" route add default via 10.20.0.1
	start_example director1 snat-gateway.conf port0 port1
	{ commands_in snat-gateway.conf ip && commands_in snat-gateway.conf ipvsadm; } | as_operator director1
	await page inside $CLIENT
	download_is_whole inside $CLIENT
	on inside ping -q -c 2 -i 0.2 -W 5 $CLIENT
	# sh: all by the same one of the two addresses.
	[ "$(ipvsdctl_at director1 conns | grep -o " 198\.51\.100\.20[01]:" | sort -u | wc -l)" -eq 1 ]
	on client curl --silent --fail --noproxy '*' --output /dev/null http://$CLIENT:25/
	run on inside curl --silent --noproxy '*' --max-time 1 http://$CLIENT:25/
	[ "$status" -eq 28 ] # curl's "timeout"
}

# A cache takes what was sent to any web server.
cache_up() { # SERVER
	on "$1" nft "add table ip cache; add chain ip cache in { type nat hook prerouting priority -100; }; \
		add rule ip cache in tcp dport 80 redirect to :80"
}

@test "cache-bypass.conf: a page comes from a cache, and from where it is when there is none" {
	local cache
	host_add surfer
	plug surfer eth0 lan
	address_add surfer eth0 $LAN.50/24
	ip -n "$LAB-surfer" route add default via $LAN.2
	ip -n "$LAB-client" route add $LAN.0/24 via $WAN.2
	for cache in server1 server2; do cache_up $cache; done
	start_example director1 cache-bypass.conf port0 port1
	{ commands_in cache-bypass.conf ip && commands_in cache-bypass.conf ipvsadm && commands_in cache-bypass.conf sysctl; } | as_operator director1
	await page surfer $CLIENT
	[[ "$(page surfer $CLIENT)" == server[12] ]]
	# What has no mark is forwarded.
	on surfer ping -q -c 1 -W 5 $CLIENT
	as_operator director1 <<-END
		ipvsadm -d -f 80 -r 192.0.2.11
		ipvsadm -d -f 80 -r 192.0.2.12
	END
	[ "$(page surfer $CLIENT)" = client ]
	for cache in server1 server2; do on $cache nft delete table ip cache; done
	ip -n "$LAB-client" route del $LAN.0/24
}

@test "client-addresses.sh: nginx-proxy-protocol.conf hears of the client, and each service has its way" {
	proxied_web_up
	start_example director1 ipvsd-two-arm.conf port0 port1
	director_addresses director1 2
	address_add director1 wan0 $VIP/32 $VIP6/128
	as_operator director1 <<-END
		ipvsadm -A -t 198.51.100.10:80 -s rr
		ipvsadm -a -t 198.51.100.10:80 -r 192.0.2.11:81 -b
		ipvsadm -A -t [2001:db8:1::10]:80 -s rr
		ipvsadm -a -t [2001:db8:1::10]:80 -r [2001:db8:2::11]:81 -b
		ipvsadm -A -t 198.51.100.11:80 -s rr
		ipvsadm -A -t 198.51.100.12:443 -s rr
		ipvsadm -A -u 198.51.100.10:53 -s rr
	END
	as_operator director1 <"$EXAMPLES/client-addresses.sh"
	run ipvsdctl_at director1 services
	echo "$output"
	grep -Eq "198\.51\.100\.10:80 .*proxy-v2" <<<"$output"
	grep -Eq "198\.51\.100\.11:80 .*proxy-v1-insecure" <<<"$output"
	grep -Eq "198\.51\.100\.12:443 .*toa" <<<"$output"
	grep -Eq "198\.51\.100\.10:53 .*uoa-opp" <<<"$output"
	await page client $VIP who
	[[ "$(page client $VIP who)" == "client $CLIENT port "*", for logs and rules $CLIENT" ]]
	await page client $VIP6 who
	[[ "$(page client $VIP6 who)" == "client $CLIENT6 port "*", for logs and rules $CLIENT6" ]]
}
