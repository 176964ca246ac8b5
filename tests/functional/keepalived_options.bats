#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the patched keepalived sends of the options that only ipvsd has, and what it does when an ipvsd doesn't have them.

bats_require_minimum_version 1.5.0
load shim_helpers

setup() {
	[ -x "$KEEPALIVED" ] || skip "$KEEPALIVED is not there; make keepalived builds it"
	shim_setup
}

teardown() {
	[ -z "${ns-}" ] || shim_teardown
}

head_of_config() { # [LINES]
	cat <<-END
		global_defs {
			lvs_control_socket $IPVSD_SOCKET
			${1-}
		}
	END
}

# A virtual server at 192.0.2.N, of which no server is checked.
service() { # N PROTOCOL LINES
	cat <<-END
		virtual_server 192.0.2.$1 80 {
			lvs_sched conhash
			lvs_method FNAT
			protocol $2
			$3
			real_server 10.0.0.1 8080 {
			}
		}
	END
}

config() {
	cat >"$dir/keepalived.conf"
}

options=$'establish_timeout 600\nexpire_quiescent_conn\nproxy_protocol v2\nquic\nhash_target sip'

@test "options arrive with the service, and a reload changes them and takes them back" {
	{ head_of_config; service 1 UDP "$options"; service 2 TCP; } | config
	push_checked
	[ "$(requests fake.log)" = "PUSH_BEGIN
NEW_SERVICE udp 192.0.2.1:80 conhash timeout=600 quiescent=1 client_address=3 quic=dpvs
NEW_DEST udp 192.0.2.1:80 -> 10.0.0.1:8080 fwd 5 weight 1
NEW_SERVICE tcp 192.0.2.2:80 conhash
NEW_DEST tcp 192.0.2.2:80 -> 10.0.0.1:8080 fwd 5 weight 1
PUSH_END" ]

	{ head_of_config; service 1 UDP "uoa"; service 2 TCP; } | config
	reload
	[ "$(requests fake.log | tail -n +7)" = "SET_SERVICE udp 192.0.2.1:80 conhash timeout=0 quiescent=0 laddrs=\
 client_address=6 syn_proxy=0 hash_target=0 quic= deny= allow= bps=0 proportion=100 match=" ]
}

@test "everything that a keyword can say" {
	{
		head_of_config
		service 1 TCP $'proxy_protocol v1\nsyn_proxy'
		service 2 TCP $'proxy_protocol v1-insecure\nreset_quiescent_conn'
		service 3 UDP $'proxy_protocol v2-insecure\nquic edge\nhash_target qid'
		service 4 TCP $'toa\nbps 1000000\nlimit_proportion 40'
		service 5 UDP $'uoa ipo'
		service 6 UDP $'uoa opp\nlimit_proportion 100'
		service 7 TCP $'proxy_protocol v1\nproxy_protocol disable'
	} | config
	check_config
	[ "$status" -eq 0 ]
	start_fake fake.log
	start_keepalived "$KEEPALIVED"
	await says "$dir/fake.log" PUSH_END
	[ "$(grep ^NEW_SERVICE "$dir/fake.log" | cut -d' ' -f3-)" = "192.0.2.1:80 conhash client_address=2 syn_proxy=1
192.0.2.2:80 conhash quiescent=2 client_address=4
192.0.2.3:80 conhash client_address=5 hash_target=1 quic=edge
192.0.2.4:80 conhash client_address=1 bps=1000000 proportion=40
192.0.2.5:80 conhash client_address=7
192.0.2.6:80 conhash client_address=6
192.0.2.7:80 conhash" ]
}

@test "a virtual server with an option that there is not is left out, and named with its keyword" {
	{ head_of_config; service 1 TCP "syn_proxy"; service 2 TCP "toa"; } | config
	start_fake fake.log --lacks 5
	start_keepalived "$KEEPALIVED"
	await says "$dir/fake.log" PUSH_END
	says "$dir/keepalived.log" "Virtual server [192.0.2.1]:tcp:80: syn_proxy is not supported by $IPVSD_SOCKET - the\
 virtual server is left out"
	[ "$(requests fake.log | grep -v lacks)" = "PUSH_BEGIN
DEL_SERVICE tcp 192.0.2.1:80 ESRCH
NEW_SERVICE tcp 192.0.2.2:80 conhash client_address=1
NEW_DEST tcp 192.0.2.2:80 -> 10.0.0.1:8080 fwd 5 weight 1
PUSH_END" ]

	# Without the keyword it comes with all that it has; with it again it goes.
	{ head_of_config; service 1 TCP "toa"; service 2 TCP "toa"; } | config
	kill -HUP "$keepalived"
	await says "$dir/fake.log" "NEW_SERVICE tcp 192.0.2.1:80 conhash client_address=1"
	await says "$dir/fake.log" "NEW_DEST tcp 192.0.2.1:80 -> 10.0.0.1:8080"
	{ head_of_config; service 1 TCP "syn_proxy"; service 2 TCP "toa"; } | config
	kill -HUP "$keepalived"
	deleted() {
		grep -qx "DEL_SERVICE tcp 192.0.2.1:80" "$dir/fake.log"
	}
	await deleted
}

@test "with lvs_ignore_unsupported it is there without the option" {
	{ head_of_config lvs_ignore_unsupported; service 1 TCP $'syn_proxy\nbps 5\ntoa'; } | config
	start_fake fake.log --lacks 5 --lacks 11
	start_keepalived "$KEEPALIVED"
	await says "$dir/fake.log" PUSH_END
	says "$dir/keepalived.log" "Virtual server [192.0.2.1]:tcp:80: syn_proxy is not supported by $IPVSD_SOCKET - goes on\
 without, because of lvs_ignore_unsupported"
	says "$dir/keepalived.log" "Virtual server [192.0.2.1]:tcp:80: bps 5 is not supported"
	[ "$(requests fake.log | grep -v lacks)" = "PUSH_BEGIN
NEW_SERVICE tcp 192.0.2.1:80 conhash client_address=1
NEW_DEST tcp 192.0.2.1:80 -> 10.0.0.1:8080 fwd 5 weight 1
PUSH_END" ]
}

@test "options at their default are never missed, whatever the other end lacks" {
	{ head_of_config; service 1 TCP "toa"; } | config
	start_fake fake.log --lacks 5 --lacks 6 --lacks 9 --lacks 10 --lacks 11 --lacks 12
	start_keepalived "$KEEPALIVED"
	await says "$dir/fake.log" PUSH_END
	{ head_of_config; service 1 TCP "proxy_protocol v1"; } | config
	reload
	[ "$(requests fake.log | tail -n 1)" = \
		"SET_SERVICE tcp 192.0.2.1:80 conhash timeout=0 quiescent=0 laddrs= client_address=2 quic= match=" ]
	run ! grep -q "not supported" "$dir/keepalived.log"
}

@test "nb_sock_retry is retry, and the log says so once" {
	{
		head_of_config
		service 1 TCP "" | sed 's/real_server 10.0.0.1 8080 {/&\nTCP_CHECK {\nnb_sock_retry 7\n}/'
		service 2 TCP "" | sed 's/real_server 10.0.0.1 8080 {/&\nTCP_CHECK {\nnb_sock_retry 8\n}/'
	} | config
	check_config
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	start_fake fake.log
	start_keepalived "$KEEPALIVED" --dump-conf
	await says "$dir/keepalived.log" " Retries = 7"
	await says "$dir/keepalived.log" " Retries = 8"
	[ "$(grep -c "nb_sock_retry is deprecated" "$dir/keepalived.log")" -eq 1 ]
}

@test "a tunnel_group is one error, and what stands behind it counts" {
	{
		head_of_config
		printf '%s\n' "tunnel_group gre {" "tunnel_entry gre100 {" "kind gre" "local 10.62.5.10" "remote 10.62.5.20" "}" \
			"tunnel_entry gre200 {" "kind gre" "if dpdk0" "}" "}" "tunnel_group other" "{" "tunnel_entry o1 {" "kind ipip" "}" "}"
		service 1 TCP ""
	} | config
	check_config
	[ "$status" -ne 0 ]
	[ "$(grep -c . <<<"$output")" -eq 2 ]
	[[ "$output" == *"tunnel_group gre is not supported: make its tunnels by 'ip tunnel add' - ignoring"* ]]
	[[ "$output" == *"tunnel_group other is not supported: "* ]]
	start_fake fake.log
	start_keepalived "$KEEPALIVED"
	await says "$dir/fake.log" PUSH_END
	says "$dir/fake.log" "NEW_SERVICE tcp 192.0.2.1:80"
}

@test "what can't be is an error of the configuration, and says what" {
	{ head_of_config; service 1 UDP "proxy_protocol v1"; service 2 TCP "uoa"; service 3 UDP $'ops\nproxy_protocol v2'
	service 4 TCP $'establish_timeout 0\nproxy_protocol v3\nlimit_proportion\nhash_target dip'; } | config
	check_config
	[ "$status" -ne 0 ]
	[[ "$output" == *"Virtual server [192.0.2.1]:udp:80: proxy_protocol v1 is for TCP only - ignoring virtual server"* ]]
	[[ "$output" == *"Virtual server [192.0.2.2]:tcp:80: uoa opp is for UDP only - ignoring virtual server"* ]]
	[[ "$output" == *"Virtual server [192.0.2.3]:udp:80: proxy_protocol v2 does not go with ops"* ]]
	[[ "$output" == *"establish_timeout must be a number between 1 and 2147483"* ]]
	[[ "$output" == *"invalid proxy_protocol v3"* ]]
	[[ "$output" == *"limit_proportion must be a number between 1 and 100"* ]]
	[[ "$output" == *"invalid hash_target dip"* ]]
}

@test "without a control socket an option is an error that says so" {
	service 1 TCP $'syn_proxy\n' | sed 's/FNAT/NAT/' | config
	check_config
	[ "$status" -ne 0 ]
	[[ "$output" == *"Virtual server [192.0.2.1]:tcp:80: syn_proxy needs lvs_control_socket"* ]]
}
