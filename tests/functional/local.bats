#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Services that the director itself serves: the method LOCAL, and direct routing to an address of its own, as keepalived
# users write it for a sorry server (`sorry_server 127.0.0.1 80`).

load lib/load

setup_file() {
	lab_up
	one_director_up
	web_up server1 server2 director1
	echo_up director1
}

teardown_file() {
	lab_down
}

setup() {
	ipvsadm_at director1 -C
}

# ipvsadm has no option for the method LOCAL.
local_dest_add() { # t|u VIP:PORT REAL:PORT
	local protocol=tcp
	[ "$1" = t ] || protocol=udp
	python3 "$LAB_TOOLS/fullnat.py" "$(socket_of director1)" dest $protocol "$2" "$3" 1 local
}

# cells: LOCAL IPv4 TCP, LOCAL IPv6 TCP, LOCAL IPv4 UDP, LOCAL IPv6 UDP
@test "LOCAL: the director answers, TCP and UDP, IPv4 and IPv6, and all is counted" {
	local vip net
	for vip in $DR_VIP $DR_VIP6; do
		net=$LAN.
		[[ "$vip" != *:* ]] || net=$LAN6:
		ipvsadm_at director1 -A -t "$(in_url $vip):80" -s rr
		local_dest_add t "$(in_url $vip):80" "$(in_url ${net}11):80"
		ipvsadm_at director1 -A -u "$(in_url $vip):7" -s rr
		local_dest_add u "$(in_url $vip):7" "$(in_url ${net}11):7"
		[ "$(page client $vip)" = director1 ]
		download_is_whole client $vip
		upload_is_whole client $vip
		[ "$(udp_ask client $vip 0 1 512 1400 | sort -u)" = director1 ]
	done
	run ipvsadm_at director1 -Ln --stats --exact
	echo "$output"
	# 4 questions of 20 + 8 + their bytes; answers don't come by here.
	grep -Eq "^UDP +$DR_VIP:7 +4 +4 +0 +2025 +0$" <<<"$output"
	grep -Eq "^  -> $LAN.11:80 +3 +[0-9]+ +0 +[0-9]+ +0$" <<<"$output"
}

@test "direct routing to an address of the director's own ends there" {
	local to
	for to in "$DR_VIP 127.0.0.1" "$DR_VIP $LAN.2" "$DR_VIP6 ::1" "$DR_VIP6 $LAN6:2"; do
		set -- $to
		ipvsadm_at director1 -A -t "$(in_url "$1"):80" -s rr
		ipvsadm_at director1 -a -t "$(in_url "$1"):80" -r "$(in_url "$2"):80" -g
		[ "$(page client "$1")" = director1 ]
		download_is_whole client "$1"
		upload_is_whole client "$1"
		ipvsadm_at director1 -Lnc | grep -F "$(in_url "$2"):80"
		ipvsadm_at director1 -D -t "$(in_url "$1"):80"
	done
}

@test "keepalived's sorry server 127.0.0.1 stands in while no server answers, and goes" {
	local drops
	{
		keepalived_head director1 100 ""
		keepalived_service $DR_VIP DR | sed '/protocol TCP/a sorry_server 127.0.0.1 80'
	} >"$(keepalived_conf director1)"
	drops=$(counter_at director1 drop_blackhole)
	web_stop server1
	web_stop server2
	start_stock_keepalived director1
	await is_configured_at director1 "-r 127.0.0.1:80"
	[ "$(page client $DR_VIP)" = director1 ]
	web_start server1
	await is_configured_at director1 "-r $LAN.11:80"
	await page_is client $DR_VIP server1
	end director1-keepalived TERM
	web_start server2
	[ "$(counter_at director1 drop_blackhole)" -eq "$drops" ]
}

page_is() { # HOST VIP TEXT
	[ "$(page "$1" "$2")" = "$3" ]
}

@test "a service that can't be translated to the director itself is not answered, and counted" {
	ipvsadm_at director1 -A -t $NAT_VIP:80 -s rr
	ipvsadm_at director1 -a -t $NAT_VIP:80 -r $LAN.2:80 -m
	run on client curl --silent --noproxy '*' --max-time 2 http://$NAT_VIP/
	[ "$status" -ne 0 ]
	[ "$(counter_at director1 drop_blackhole)" -gt 0 ]
}

@test "every packet is accounted for" {
	await accounts_close_at director1
}
