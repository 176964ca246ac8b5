#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Examples for a director with one leg: conf-examples/ipvsd-one-arm.conf, and one keepalived-*.conf after the other. Director,
# router and servers are on the lan, clients behind the router:
#
#   client ==wan== router ==lan==+== server1 server2
#                                |
#                            director1

load lib/load

VIP=$LAN.10

setup_file() {
	local n
	lab_up
	[ -x "$KEEPALIVED" ] || return 0
	segments_up
	client_up client 8
	router_between client
	for n in 1 2; do one_arm_server_up server$n 1$n; done
	WEB_ALSO='listen 8080;' web_up server1 server2
	director_up director1
	start_example director1 ipvsd-one-arm.conf port1
}

teardown_file() {
	guest_down
	lab_down
}

setup() {
	[ -x "$KEEPALIVED" ] || skip "$KEEPALIVED is not there; make keepalived builds it"
}

teardown() {
	stop_keepalived_examples
	restore_servers
}

restore_servers() {
	local server
	for server in server1 server2; do
		ip -n "$LAB-$server" address flush to $VIP
	done
}

begin() { # FILE
	start_keepalived_example director1 "$1"
	AWAIT=20 await has_address director1 $VIP
}

@test "keepalived-fullnat-one-arm.conf: servers that nothing was changed on answer by the director" {
	begin keepalived-fullnat-one-arm.conf
	AWAIT=20 await are_answering client $VIP "server1 server2"
	download_is_whole client $VIP
	# Clients of the same network as well, which direct routing and NAT are not for.
	AWAIT=20 await are_answering router $VIP "server1 server2"
	ipvsdctl_at director1 conns | grep -q " 192\.0\.2\.20[0-7]:"
}

@test "keepalived-dr.conf: servers prepared by its commands answer, and the director says sorry when none does" {
	prepare_servers keepalived-dr.conf server1 server2
	begin keepalived-dr.conf
	AWAIT=20 await are_answering client $VIP "server1 server2"
	download_is_whole client $VIP
	# By themselves: the director has seen nothing of the answers.
	ipvsadm_at director1 -Ln --stats --exact | grep -Eq "^TCP  $VIP:80 +[1-9][0-9]* +[1-9][0-9]* +0 +[1-9][0-9]* +0$"
	web_up director1
	web_stop server1
	web_stop server2
	AWAIT=20 await is_configured_at director1 "-r 127.0.0.1:80"
	are_answering client $VIP director1
	web_start server1
	web_start server2
	AWAIT=20 await has_n_dests director1 $VIP:80 2
	AWAIT=20 await are_answering client $VIP "server1 server2"
	web_stop director1
}

# Who answers a question, over UDP or TCP.
asked_by() { # OPTION HOST ADDRESS
	on "$2" dig +time=1 +tries=1 +short "$1" "@$3" who.example.org TXT | tr -d '"'
}

dns_start() { # HOST
	start_on "$1" "$1-dns" dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --user=root \
		--pid-file= --log-facility=- --address=/www.example.org/192.0.2.80 --txt-record="who.example.org,$1"
	await on "$1" dig +time=1 +tries=1 @127.0.0.1 www.example.org
}

@test "keepalived-dns.conf: each question goes to another server, and one that gives no answer is taken out" {
	local server
	prepare_servers keepalived-dns.conf server1 server2
	for server in server1 server2; do dns_start $server; done
	begin keepalived-dns.conf
	AWAIT=20 await are_answering client $VIP "server1 server2" asked_by +notcp
	AWAIT=20 await are_answering client $VIP "server1 server2" asked_by +tcp
	# From one port, too: no connection is kept.
	run on client dig +notcp +short -b "$CLIENT#4000" @$VIP who.example.org TXT who.example.org TXT
	echo "$output"
	[ "$(sort -u <<<"$output")" = $'"server1"\n"server2"' ]
	refute grep -q ":4000 " <(ipvsadm_at director1 -Lnc)
	# It still listens, but is silent.
	kill -STOP "$(pid_of server2-dns)"
	AWAIT=20 await refute is_configured_at director1 "-u $VIP:53 -r $LAN.12:53"
	AWAIT=20 await are_answering client $VIP server1 asked_by +notcp
	kill -CONT "$(pid_of server2-dns)"
	AWAIT=20 await is_configured_at director1 "-u $VIP:53 -r $LAN.12:53"
	AWAIT=20 await are_answering client $VIP "server1 server2" asked_by +notcp
	for server in server1 server2; do end $server-dns; done
}

@test "keepalived-tun.conf: a server behind IP in IP and GRE answers" {
	guest_up $VIP/32
	# The guest has both ends of tunnels, and numbers of the lan.
	sed -e "s/203\.0\.113\.11/$LAN.14/; s/203\.0\.113\.12/$LAN.15/" "$EXAMPLES/keepalived-tun.conf" >"$LAB_DIR/tun.conf"
	EXAMPLES=$LAB_DIR begin tun.conf
	await has_n_dests director1 $VIP:80 2
	for _ in 1 2 3 4; do
		download_is_whole client $VIP
	done
	# Two by each.
	run ipvsadm_at director1 -Ln --stats --exact
	echo "$output"
	grep -Eq " $LAN.14:80 +2 " <<<"$output"
	grep -Eq " $LAN.15:80 +2 " <<<"$output"
}

@test "every packet is accounted for" {
	AWAIT=3 await accounts_close_at director1
}
