#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A director on the clients' way to the web, which leads them to caches by a mark, and with the sysctl cache_bypass lets
# them through to where they wanted to go when there is no cache. server3 is the origin, server1 the cache.

load lib/load

ORIGIN=$LAN.13 ORIGIN6=$LAN6:13

setup_file() {
	lab_up
	one_director_up marks='{ mark = 7; protocol = "tcp"; ports = 80; port = "wan"; },
		{ mark = 7; protocol = "udp"; ports = 7; port = "wan"; }'
	# What the origin answers goes by the kernel.
	on director1 sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	ip -n "$LAB-client" route add $LAN.0/24 via $WAN.2
	ip -n "$LAB-client" -6 route add $LAN6:/64 via $WAN6:2
	web_up server1 server3
	echo_up server1 server3
	ipvsadm_at director1 -A -f 7 -s rr
	ipvsadm_at director1 -A -f 7 -6 -s rr
}

teardown_file() {
	lab_down
}

under_shim() { # COMMAND...
	on director1 "$IPVSD_RUN" -s "$(socket_of director1)" "$@"
}

is_refused() { # ADDRESS
	run on client curl --silent --noproxy '*' --max-time 5 "http://$(in_url "$1")/"
	echo "$1: status $status"
	[ "$status" -eq 7 ] # curl's "could not connect"
}

@test "as long as it is off, what has no cache is refused" {
	is_refused $ORIGIN
	is_refused $ORIGIN6
}

# cells: BYPASS IPv4 TCP, BYPASS IPv6 TCP, BYPASS IPv4 UDP, BYPASS IPv6 UDP
@test "cache_bypass: what has no cache reaches the origin, TCP and UDP, IPv4 and IPv6" {
	local origin
	under_shim sysctl -w net.ipv4.vs.cache_bypass=1
	for origin in $ORIGIN $ORIGIN6; do
		[ "$(page client $origin)" = server3 ]
		download_is_whole client $origin
		upload_is_whole client $origin
		[ "$(udp_ask client $origin 0 1 1400 | sort -u)" = server3 ]
	done
	run ipvsadm_at director1 -Lnc
	echo "$output"
	grep -Eq "^TCP .* $CLIENT:[0-9]+ +$ORIGIN:80 +0\.0\.0\.0:0$" <<<"$output"
	grep -Eq "^UDP .* \[$CLIENT6\]:[0-9]+ +\[$ORIGIN6\]:7 +\[::\]:0$" <<<"$output"
}

@test "the director's own addresses are not let through" {
	is_refused $WAN.2
	is_refused $NAT_VIP
	is_refused $NAT_VIP6
}

@test "a cache that comes gets the new ones, and leaves them to the origin when it goes" {
	ipvsadm_at director1 -a -f 7 -r $LAN.11 -m
	ipvsadm_at director1 -a -f 7 -6 -r "[$LAN6:11]:0" -m
	[ "$(page client $ORIGIN)" = server1 ]
	[ "$(page client $ORIGIN6)" = server1 ]
	ipvsadm_at director1 -e -f 7 -r $LAN.11 -m -w 0
	ipvsadm_at director1 -d -f 7 -6 -r "[$LAN6:11]:0"
	[ "$(page client $ORIGIN)" = server3 ]
	[ "$(page client $ORIGIN6)" = server3 ]
}

@test "a broadcast of the servers' network is not let through" {
	local before
	before=$(counter_at director1 drop_no_dest)
	on client socat -u OPEN:/etc/hostname UDP:$LAN.255:7
	dropped() {
		[ "$(counter_at director1 drop_no_dest)" -gt "$before" ]
	}
	await dropped
}

@test "a persistent service lets its clients through, too, and remembers nobody" {
	ipvsadm_at director1 -C
	ipvsadm_at director1 -A -f 7 -s rr -p 300
	[ "$(page client $ORIGIN)" = server3 ]
	ipvsadm_at director1 -a -f 7 -r $LAN.11 -m
	[ "$(page client $ORIGIN)" = server1 ]
}

@test "what is set in ipvsd.conf is on from the start" {
	stop_ipvsd director1
	rm -rf "$LAB_DIR/director1/state"
	mkdir "$LAB_DIR/director1/state"
	echo 'vs = { cache_bypass = 1; };' >>"$LAB_DIR/director1/ipvsd.conf"
	run_ipvsd director1
	director_addresses director1 2
	director_vips director1
	ipvsadm_at director1 -A -f 7 -s rr
	[ "$(page client $ORIGIN)" = server3 ]
}

@test "every packet is accounted for" {
	await accounts_close_at director1
}
