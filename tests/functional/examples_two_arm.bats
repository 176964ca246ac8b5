#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Examples for a director between two networks: conf-examples/ipvsd-two-arm.conf on both directors, and one keepalived-*.conf
# after the other. The clients come by the wan, the servers are on the lan.

load lib/load

VIP=$WAN.10 VIP6=$WAN6:10

setup_file() {
	local n
	lab_up
	[ -x "$KEEPALIVED" ] || return 0
	segments_up
	client_up client 8
	for n in 1 2 3; do server_up server$n 1$n; done
	WEB_ALSO='listen 8080; listen [::]:8080;' web_up server1 server2 server3
	for n in 1 2; do
		director_up director$n
		start_example director$n ipvsd-two-arm.conf port0 port1
		director_addresses director$n $((n + 1))
	done
}

teardown_file() {
	lab_down
}

setup() {
	[ -x "$KEEPALIVED" ] || skip "$KEEPALIVED is not there; make keepalived builds it"
}

teardown() {
	cable director1 port1 up
}

# Starts director1 with another example, and waits for its addresses.
begin() { # FILE ADDRESS...
	stop_keepalived_examples
	start_keepalived_example director1 "$1"
	is_master director1 "${@:2}"
}

# It is the master: all these addresses have come to it.
is_master() { # DIRECTOR ADDRESS...
	local address
	for address in "${@:2}"; do
		AWAIT=20 await has_address "$1" "$address"
	done
}

# The servers' network of director1 fails, and is well again. All of the addresses move.
goes_to_standby_and_back() { # ADDRESS...
	local address
	is_master director1 "$@"
	await has_n_dests director2 $VIP:80 2
	cable director1 port1 down
	is_master director2 "$@"
	for address in "$@"; do await lacks_address director1 "$address"; done
	AWAIT=20 await are_answering client $VIP "server1 server2"
	cable director1 port1 up
	is_master director1 "$@"
	for address in "$@"; do await lacks_address director2 "$address"; done
	AWAIT=20 await are_answering client $VIP "server1 server2"
}

@test "keepalived-fullnat.conf: both families are served, and a server that fails its check is taken out" {
	begin keepalived-fullnat.conf $VIP $VIP6
	start_keepalived_example director2 keepalived-fullnat.conf
	await are_answering client $VIP "server1 server2"
	await are_answering client $VIP6 "server1 server2"
	download_is_whole client $VIP
	# By local addresses of the example's groups.
	ipvsdctl_at director1 conns | grep -q " 192\.0\.2\.20[0-7]:"
	ipvsdctl_at director1 conns | grep -q "\[2001:db8:2::20[0-7]\]:"
	health_check_follows client $VIP "server1 server2" server2
}

@test "keepalived-fullnat.conf: the standby takes VIPs and local addresses over when the servers' network fails" {
	goes_to_standby_and_back $VIP $VIP6
}

@test "keepalived-nat.conf: a failed server stays with weight 0, and the sorry server answers when no other does" {
	begin keepalived-nat.conf $VIP $GATEWAY
	start_keepalived_example director2 keepalived-nat.conf
	await are_answering client $VIP "server1 server2"
	web_stop server1
	web_stop server2
	AWAIT=20 await is_configured_at director1 "-r 192.0.2.13:80"
	are_answering client $VIP server3
	web_start server1
	AWAIT=20 await is_configured_at director1 "-r 192.0.2.11:80"
	await are_answering client $VIP server1
	ipvsadm_at director1 -Ln | grep -Eq "192\.0\.2\.12:80 +Masq +0 "
	web_start server2
	AWAIT=20 await are_answering client $VIP "server1 server2"
}

@test "keepalived-nat.conf: both sides move together when one fails" {
	goes_to_standby_and_back $VIP $GATEWAY
}

@test "keepalived-nat64.conf: clients of one family are served by servers of the other" {
	begin keepalived-nat64.conf $VIP $VIP6
	await are_answering client $VIP6 "server1 server2"
	await are_answering client $VIP "server1 server2"
	download_is_whole client $VIP6
	download_is_whole client $VIP
	ipvsdctl_at director1 conns | grep -Eq "\[$CLIENT6\]:[0-9]+ .* 192\.0\.2\.20[0-7]:"
	ipvsdctl_at director1 conns | grep -Eq "$CLIENT:[0-9]+ .*\[2001:db8:2::20[0-7]\]:"
}

@test "every packet is accounted for" {
	AWAIT=3 await accounts_close_at director1
	AWAIT=3 await accounts_close_at director2
}
