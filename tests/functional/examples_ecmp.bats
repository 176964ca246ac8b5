#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two directors that both work, found by ECMP: conf-examples/ipvsd-ecmp.conf and keepalived-ecmp.conf on both, the first one with
# BIRD (bird-ecmp.conf), the second one with FRR (frr-ecmp.conf). The router is Linux with BIRD.
#
#   client ==wan== router ==lan==+==+== server1 server2 server3
#                                |  |
#                        director1  director2

load lib/load

VIP=203.0.113.10 VIP6=2001:db8:f::10

setup_file() {
	local n
	lab_up
	[ -x "$KEEPALIVED" ] || return 0
	segments_up
	client_up client 8
	# What waits for a slow client to read it stays with the server.
	on client sysctl -qw net.ipv4.tcp_rmem="4096 65536 131072"
	router_between client
	on router sysctl -qw net.ipv4.fib_multipath_hash_policy=1 net.ipv6.fib_multipath_hash_policy=1
	for n in 1 2 3; do one_arm_server_up server$n 1$n; done
	prepare_servers keepalived-ecmp.conf server1 server2 server3
	web_up server1 server2 server3
	for n in 1 2; do
		director_up director$n
		start_example director$n ipvsd-ecmp.conf port1
		commands_in ipvsd-ecmp.conf ip | sed "s|2/|$((n + 1))/|" | as_operator director$n
	done
	router_bird_up
	start_on director1 director1-bird bird -f -c "$EXAMPLES/bird-ecmp.conf" -s "$LAB_DIR/director1-bird.ctl"
	frr_up director2 frr-ecmp.conf
	for n in 1 2; do start_keepalived_example director$n keepalived-ecmp.conf; done
}

teardown_file() {
	lab_down
}

setup() {
	[ -x "$KEEPALIVED" ] || skip "$KEEPALIVED is not there; make keepalived builds it"
	both_announce
}

# The router takes what both directors announce, in both families, as one route with several next hops.
router_bird_up() {
	local n
	{
		echo "router id $LAN.254;"
		echo "protocol device { }"
		echo "protocol kernel { ipv4 { export all; }; merge paths on; }"
		echo "protocol kernel { ipv6 { export all; }; merge paths on; }"
		for n in 2 3; do
			bgp_from "director$n" ipv4 "$LAN.254" "$LAN.$n"
			bgp_from "director${n}_6" ipv6 "$LAN6:254" "$LAN6:$n"
		done
	} >"$LAB_DIR/router-bird.conf"
	start_on router router-bird bird -f -c "$LAB_DIR/router-bird.conf" -s "$LAB_DIR/router-bird.ctl"
}

bgp_from() { # NAME FAMILY OWN-ADDRESS ADDRESS
	echo "protocol bgp $1 { local $3 as 65000; neighbor $4 as 65001; $2 { import all; export none; };
		connect delay time 1; connect retry time 2; error wait time 1, 2; }"
}

# FRR's daemons, and its configuration as its start does it.
frr_up() { # HOST FILE
	local dir=$LAB_DIR/$1-frr daemon
	install -d -o frr -g frrvty "$dir"
	for daemon in zebra bgpd; do
		start_on "$1" "$1-$daemon" "/usr/lib/frr/$daemon" --vty_socket "$dir" --socket "$dir/zserv.api" \
			--pid_file "$dir/$daemon.pid" --config_file /dev/null --vty_port 0 --log stdout
		await test -S "$dir/$daemon.vty"
	done
	on "$1" vtysh --vty_socket "$dir" -f "$EXAMPLES/$2"
}

# How many next hops the router has for an address.
next_hops() { # ADDRESS
	local family=-4
	[[ "$1" != *:* ]] || family=-6
	ip -n "$LAB-router" $family -o route show "$1" | grep -oE 'via [0-9a-f.:]+' | sort -u | wc -l
}

has_next_hops() { # ADDRESS N
	[ "$(next_hops "$1")" -eq "$2" ]
}

both_announce() {
	AWAIT=30 await has_next_hops $VIP 2
	AWAIT=30 await has_next_hops $VIP6 2
}

# Connections that a director has had since its start.
n_conns_at() { # DIRECTOR ADDRESS
	ipvsadm_at "$1" -Ln --stats --exact -t "$(in_url "$2"):80" | awk '$1 == "TCP" { print $3 }'
}

# Each of them has some of 30 connections, which all are answered.
both_work() { # ADDRESS
	local before1 before2
	before1=$(n_conns_at director1 "$1")
	before2=$(n_conns_at director2 "$1")
	[ "$(who_answers client "$1" 30 | wc -l)" -eq 3 ]
	[ "$(n_conns_at director1 "$1")" -gt "$before1" ]
	[ "$(n_conns_at director2 "$1")" -gt "$before2" ]
}

@test "bird-ecmp.conf, frr-ecmp.conf: the router learns the VIPs from both, and nothing else" {
	[ "$(ip -n "$LAB-router" route show proto bird | grep -c '^[0-9]')" -eq 1 ]
	[ "$(ip -n "$LAB-router" -6 route show proto bird | grep -oE '^[0-9a-f:]+ ' | sort -u | wc -l)" -eq 1 ]
}

@test "ipvsd-ecmp.conf, keepalived-ecmp.conf: both directors work, in both families" {
	both_work $VIP
	both_work $VIP6
	download_is_whole client $VIP
	download_is_whole client $VIP6
}

# The director that has this connection, which is the client's port.
director_of() { # PORT
	local director
	for director in director1 director2; do
		! ipvsadm_at "$director" -Lnc | grep -q " $CLIENT:$1 " || echo "$director"
	done
}

@test "a download goes on by the other director when its own is taken out of service" {
	local director download
	# The other one knows all servers, too: else it may choose another, which knows nothing of the connection.
	for director in director1 director2; do
		AWAIT=20 await has_n_dests "$director" $VIP:80 3
	done
	on client curl --silent --show-error --fail --noproxy '*' --max-time 60 --local-port 45678 --limit-rate 1M \
		--output "$LAB_DIR/slow" http://$VIP/file 3>&- &
	download=$!
	has_director() { [ -n "$(director_of 45678)" ]; }
	await has_director
	director=$(director_of 45678)
	echo "by $director"
	end "$director-keepalived" TERM
	AWAIT=5 await has_next_hops $VIP 1
	kill -0 $download
	wait $download
	cmp "$LAB_DIR/slow" "$LAB_DIR/file"
	[ "$(director_of 45678)" != "$director" ]
	start_keepalived_example "$director" keepalived-ecmp.conf
	both_announce
	both_work $VIP
}

@test "a director whose ipvsd dies is out as soon as the router has not heard of it" {
	kill_ipvsd director2
	# The hold time is 3 s.
	AWAIT=10 await has_next_hops $VIP 1
	AWAIT=10 await has_next_hops $VIP6 1
	[ "$(who_answers client $VIP 12 | awk '{ n += $1 } END { print n }')" -eq 12 ]
	run_ipvsd director2
	both_announce
	await has_n_dests director2 $VIP:80 3
	both_work $VIP
}

@test "when no server is well nobody announces the VIP" {
	local n
	for n in 1 2 3; do web_stop server$n; done
	AWAIT=20 await has_next_hops $VIP 0
	AWAIT=20 await has_next_hops $VIP6 0
	for n in 1 2 3; do web_start server$n; done
	both_announce
	await page client $VIP
}

@test "every packet is accounted for" {
	AWAIT=3 await accounts_close_at director1
	AWAIT=3 await accounts_close_at director2
}
