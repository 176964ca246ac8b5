#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Examples for a director between two networks: conf-examples/ipvsd-two-arm.conf on both directors, and one keepalived-*.conf
# after the other; then those with an ipvsd-*.conf of their own. The clients come by the wan, the servers are on the lan.

load lib/load

VIP=$WAN.10 VIP6=$WAN6:10

setup_file() {
	local n
	lab_up
	[ -x "$KEEPALIVED" ] || return 0
	segments_up
	client_up client 8
	for n in 1 2 3; do server_up server$n 1$n; done
	certificate_up
	WEB_ALSO="listen 8080; listen [::]:8080; listen 8081 proxy_protocol;
		location = /client { return 200 \$proxy_protocol_addr; }
		listen 443 ssl; ssl_certificate $LAB_DIR/site.pem; ssl_certificate_key $LAB_DIR/site.key;" \
		web_up server1 server2 server3
	for n in 1 2; do
		director_up director$n
		start_example director$n ipvsd-two-arm.conf port0 port1
	done
}

certificate_up() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=www.example.org -days 2 \
		-keyout "$LAB_DIR/site.key" -out "$LAB_DIR/site.pem" 2>/dev/null
}

teardown_file() {
	lab_down
}

setup() {
	[ -x "$KEEPALIVED" ] || skip "$KEEPALIVED is not there; make keepalived builds it"
}

teardown() {
	cable director1 port0 up
	cable director1 port1 up
}

# Starts director1 with another example, and waits for its addresses.
begin() { # FILE ADDRESS...
	stop_keepalived_examples
	start_keepalived_example director1 "$1"
	is_master director1 "${@:2}"
}

lacks_carrier() { # DIRECTOR INTERFACE
	[ "$(on "$1" cat "/sys/class/net/$2/carrier")" = 0 ]
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
	AWAIT=20 await are_answering client $VIP "server1 server2"
	AWAIT=20 await are_answering client $VIP6 "server1 server2"
	download_is_whole client $VIP
	# By local addresses of the example's groups.
	ipvsdctl_at director1 conns | grep -q " 192\.0\.2\.20[0-7]:"
	ipvsdctl_at director1 conns | grep -q "\[2001:db8:2::20[0-7]\]:"
	health_check_follows client $VIP "server1 server2" server2
}

@test "keepalived-fullnat.conf: the standby takes VIPs and local addresses over when the servers' network fails" {
	goes_to_standby_and_back $VIP $VIP6
}

has_default_routes() { # DIRECTOR
	ip -n "$LAB-$1" -4 route show default | grep -q "via $WAN.254 dev wan0" &&
		ip -n "$LAB-$1" -6 route show default | grep -q "via $WAN6:254 dev wan0"
}

# As after a reboot: there is nothing on the kernel interfaces but what keepalived puts there, and it starts before the link is up.
@test "keepalived-fullnat.conf: a director that starts without a cable has its addresses and routes, and is master with one" {
	stop_keepalived_examples
	lacks_address director1 $WAN.2
	refute has_default_routes director1
	cable director1 port0 down
	await lacks_carrier director1 wan0
	start_keepalived_example director1 keepalived-fullnat.conf
	await says "$(log_of director1-keepalived)" "(web): entering FAULT state (interface wan0 down)"
	lacks_address director1 $VIP
	cable director1 port0 up
	is_master director1 $VIP $VIP6
	has_default_routes director1
	has_address director1 $WAN.2
	has_address director1 $LAN.2
	AWAIT=20 await are_answering client $VIP "server1 server2"
}

@test "keepalived-nat.conf: a failed server stays with weight 0, and the sorry server answers when no other does" {
	begin keepalived-nat.conf $VIP $GATEWAY
	start_keepalived_example director2 keepalived-nat.conf
	AWAIT=20 await are_answering client $VIP "server1 server2"
	web_stop server1
	web_stop server2
	AWAIT=20 await is_configured_at director1 "-r 192.0.2.13:80"
	are_answering client $VIP server3
	web_start server1
	AWAIT=20 await is_configured_at director1 "-r 192.0.2.11:80"
	AWAIT=20 await are_answering client $VIP server1
	ipvsadm_at director1 -Ln | grep -Eq "192\.0\.2\.12:80 +Masq +0 "
	web_start server2
	AWAIT=20 await are_answering client $VIP "server1 server2"
}

@test "keepalived-nat.conf: both sides move together when one fails" {
	goes_to_standby_and_back $VIP $GATEWAY
}

@test "keepalived-nat64.conf: clients of one family are served by servers of the other" {
	begin keepalived-nat64.conf $VIP $VIP6
	AWAIT=20 await are_answering client $VIP6 "server1 server2"
	AWAIT=20 await are_answering client $VIP "server1 server2"
	[ "$(page client $VIP6 client)" = $CLIENT6 ]
	download_is_whole client $VIP6
	download_is_whole client $VIP
	ipvsdctl_at director1 conns | grep -Eq "\[$CLIENT6\]:[0-9]+ .* 192\.0\.2\.20[0-7]:"
	ipvsdctl_at director1 conns | grep -Eq "$CLIENT:[0-9]+ .*\[2001:db8:2::20[0-7]\]:"
}

@test "keepalived-ipv6.conf: VRRP and the service by IPv6 alone" {
	begin keepalived-ipv6.conf fe80::56 $VIP6
	AWAIT=20 await are_answering client $VIP6 "server1 server2"
	# By IPv6 from its link-local address.
	says "$(log_of director1-keepalived)" "family(IPv6), proto(112)"
}

# The page of ADDRESS:PORT.
page_of() { # HOST ADDRESS:PORT
	on "$1" curl --silent --fail --noproxy '*' --max-time 5 "http://$2/"
}

@test "keepalived-group.conf: all addresses and ports have the same servers, and the same checks" {
	local address
	begin keepalived-group.conf $VIP $WAN.16 $WAN.19
	for address in $VIP $VIP:8000 $WAN.16 $WAN.17 $WAN.18 $WAN.19; do
		AWAIT=20 await are_answering client $address "server1 server2" page_of
	done
	web_stop server2
	for address in $VIP:80 $VIP:8000 $WAN.16:80 $WAN.17:80 $WAN.18:80 $WAN.19:80; do
		AWAIT=20 await has_n_dests director1 $address 1
	done
	web_start server2
	# Of one server one check.
	[ "$(grep -cF "TCP_CHECK on service [$LAN.12]:tcp:8080 failed" "$(log_of director1-keepalived)")" -eq 1 ]
}

@test "keepalived-snat.conf: inside hosts get out by the master's addresses, and by the standby's when it has lost the outside" {
	begin keepalived-snat.conf $GATEWAY
	start_keepalived_example director2 keepalived-snat.conf
	web_up client
	AWAIT=20 await page server1 $CLIENT
	[ "$(page server1 $CLIENT)" = client ]
	download_is_whole server2 $CLIENT
	on server1 ping -q -c 2 -i 0.2 -W 5 $CLIENT
	ipvsdctl_at director1 conns | grep -Eq " 198\.51\.100\.20[01]:"
	cable director1 port0 down
	is_master director2 $GATEWAY
	await lacks_address director1 $GATEWAY
	AWAIT=20 await page server1 $CLIENT
	on server1 ping -q -c 2 -i 0.2 -W 5 $CLIENT
	ipvsdctl_at director2 conns | grep -Eq " 198\.51\.100\.20[23]:"
	cable director1 port0 up
	is_master director1 $GATEWAY
	AWAIT=20 await page server1 $CLIENT
	web_stop client
}

@test "with ipvsd-two-arm.conf every packet is accounted for" {
	AWAIT=3 await accounts_close_at director1
	AWAIT=3 await accounts_close_at director2
}

# director1 and director2, or those that are named, go on with another ipvsd.conf.
go_on_with() { # FILE [DIRECTOR...]
	local director file=$1
	shift
	stop_keepalived_examples
	for director in "$@"; do
		stop_ipvsd "$director"
		rm -rf "$LAB_DIR/$director/state"
		start_example "$director" "$file" port0 port1
	done
}

# Whom this client sees at both ports.
server_of() { # ADDRESS
	on client curl --silent --fail --noproxy '*' --max-time 5 --insecure --interface "$1" http://$VIP/ https://$VIP/ | sort -u
}

@test "ipvsd-fwmark.conf, keepalived-fwmark.conf: each client has one server for both ports" {
	local n
	go_on_with ipvsd-fwmark.conf director1
	begin keepalived-fwmark.conf $VIP
	await page client $VIP
	for n in 101 102 103 104 105 106; do
		address_add client eth0 $WAN.$n/24
		server_of $WAN.$n
	done >"$LAB_DIR/servers"
	cat "$LAB_DIR/servers"
	[ "$(wc -l <"$LAB_DIR/servers")" -eq 6 ]
	[ "$(sort -u "$LAB_DIR/servers")" = $'server1\nserver2' ]
	# A server that fails one of its checks has neither port.
	on server1 nft "add table ip closed; add chain ip closed in { type filter hook input priority 0; }; \
		add rule ip closed in tcp dport 443 reject with tcp reset"
	AWAIT=20 await refute is_configured_at director1 "-r $LAN.11:0"
	[ "$(for n in 101 102 103 104 105 106; do server_of $WAN.$n; done | sort -u)" = server2 ]
	on server1 nft delete table ip closed
	AWAIT=20 await is_configured_at director1 "-r $LAN.11:0"
}

@test "ipvsd-two-sites.conf, keepalived-two-sites.conf: each director has a site, and both when it is alone" {
	local address
	go_on_with ipvsd-two-sites.conf director1 director2
	start_keepalived_example director1 keepalived-two-sites.conf
	start_keepalived_example director2 keepalived-two-sites.conf
	is_master director1 $VIP $VIP6
	is_master director2 $WAN.20 ${WAN6}:20
	await lacks_address director2 $VIP
	for address in $VIP $VIP6 $WAN.20 ${WAN6}:20; do
		AWAIT=20 await are_answering client $address "server1 server2"
	done
	ipvsdctl_at director1 conns | grep -q " 192\.0\.2\.20[0-3]:"
	ipvsdctl_at director2 conns | grep -q " 192\.0\.2\.20[4-7]:"
	cable director1 port1 down
	is_master director2 $VIP $VIP6
	for address in $VIP $VIP6; do await lacks_address director1 $address; done
	for address in $VIP $VIP6 $WAN.20 ${WAN6}:20; do
		AWAIT=20 await are_answering client $address "server1 server2"
	done
	cable director1 port1 up
	is_master director1 $VIP $VIP6
	await lacks_address director2 $VIP
	await lacks_address director2 $VIP6
}
