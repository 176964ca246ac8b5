#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tunnels to a real server: IP in IP, GRE and GUE, either family in either, taken apart by Linux, which runs as a
# user-mode guest because the kernel here may lack them. The server answers the client by itself, over the wan.

load lib/load

TUN_VIP=$WAN.40 TUN_VIP6=$WAN6:40

setup_file() {
	lab_up
	segments_up
	client_up client 8
	director_up director1
	start_ipvsd director1
	director_addresses director1 2
	address_add director1 wan0 $TUN_VIP/32 $TUN_VIP6/128
	guest_up $TUN_VIP/32 $TUN_VIP6/128
}

teardown_file() {
	guest_down
	lab_down
}

# One server behind a tunnel, for both protocols. REAL is the last part of its address.
tunnel_to() { # VIP REAL TUNNEL-OPTION...
	local vip real
	vip=$(in_url "$1") real=$2
	shift 2
	ipvsadm_at director1 -C
	ipvsadm_at director1 -A -t "$vip:80" -s rr
	ipvsadm_at director1 -A -u "$vip:7" -s rr
	ipvsadm_at director1 -a -t "$vip:80" -r "$real:80" -i "$@"
	ipvsadm_at director1 -a -u "$vip:7" -r "$real:7" -i "$@"
}

datagrams_come_back() { # VIP
	local answers
	answers=$(udp_ask client "$1" 0 1 2 17 64 511 512 1000 1400 2>&1) || { echo "$answers" && return 1; }
	[ "$(sort -u <<<"$answers")" = guest ] || { echo "$answers" && return 1; }
	# 9 questions; the answers do not pass here.
	ipvsadm_at director1 -Ln --stats --exact | grep -Eq "^UDP .*:7 +9 +9 +0 +[0-9]+ +0$"
}

# Both kinds of clients, over both kinds of networks to the server, get what the server has.
tunnels_work() { # REAL REAL6 TUNNEL-OPTION...
	local vip real reals="$1 [$2]"
	shift 2
	for vip in $TUN_VIP $TUN_VIP6; do
		for real in $reals; do
			echo "$vip by $real: $*"
			tunnel_to "$vip" "$real" "$@"
			download_is_whole client "$vip"
			upload_is_whole client "$vip"
			datagrams_come_back "$vip"
		done
	done
}

# cells: IPIP IPv4 TCP, IPIP IPv6 TCP, IPIP IPv4>IPv6 TCP, IPIP IPv6>IPv4 TCP
# cells: IPIP IPv4 UDP, IPIP IPv6 UDP, IPIP IPv4>IPv6 UDP, IPIP IPv6>IPv4 UDP
@test "IP in IP: a download and an upload keep their bytes, datagrams come back, either family in either" {
	tunnels_work $LAN.14 $LAN6:14
}

# cells: GRE IPv4 TCP, GRE IPv6 TCP, GRE IPv4>IPv6 TCP, GRE IPv6>IPv4 TCP
# cells: GRE IPv4 UDP, GRE IPv6 UDP, GRE IPv4>IPv6 UDP, GRE IPv6>IPv4 UDP
@test "GRE: the same" {
	tunnels_work $LAN.14 $LAN6:14 --tun-type gre
}

@test "GRE with checksums, which the server asks for" {
	tunnels_work $LAN.15 $LAN6:15 --tun-type gre --tun-csum
}

# cells: GUE IPv4 TCP, GUE IPv6 TCP, GUE IPv4>IPv6 TCP, GUE IPv6>IPv4 TCP
# cells: GUE IPv4 UDP, GUE IPv6 UDP, GUE IPv4>IPv6 UDP, GUE IPv6>IPv4 UDP
@test "GUE: the same" {
	tunnels_work $LAN.14 $LAN6:14 --tun-type gue --tun-port 6080
}

@test "GUE with checksums, which the server verifies" {
	tunnels_work $LAN.14 $LAN6:14 --tun-type gue --tun-port 6080 --tun-csum
	tunnels_work $LAN.14 $LAN6:14 --tun-type gue --tun-port 6080 --tun-remcsum
}

# By a few bytes, or as long as the client's MTU lets it be. The answers do not pass here.
@test "a datagram without DF that is too long for the tunnel over IPv6 reaches the server whole" {
	local split answers tunnel options kinds=(
		"14" "14 --tun-type gre" "15 --tun-type gre --tun-csum" "14 --tun-type gue --tun-port 6080"
		"14 --tun-type gue --tun-port 6080 --tun-csum" "14 --tun-type gue --tun-port 6080 --tun-remcsum"
	)
	for tunnel in "${kinds[@]}"; do
		echo "$tunnel"
		read -ra options <<<"$tunnel"
		tunnel_to $TUN_VIP "[$LAN6:${options[0]}]" "${options[@]:1}"
		split=$(counter_at director1 split)
		answers=$(udp_ask client $TUN_VIP --split 1433 1472 2>&1) || { echo "$answers" && return 1; }
		[ "$answers" = $'guest\nguest' ]
		[ "$(($(counter_at director1 split) - split))" -eq 2 ]
	done
}

@test "the outer source is the address that the director has now" {
	tunnel_to $TUN_VIP $LAN.14
	on guest tcpdump -lnn -c 100 -i br0 "ip proto 4" </dev/null >"$LAB_DIR/outer" 2>&1 3>&- &
	await says "$LAB_DIR/outer" listening
	udp_ask client $TUN_VIP 100
	await says "$LAB_DIR/outer" "$LAN.2 > $LAN.14"
	# The first address takes the others of its network along.
	ip -n "$LAB-director1" address del $LAN.2/24 dev lan0
	address_add director1 lan0 $LAN.77/24
	seen() {
		udp_ask client $TUN_VIP 100
		says "$LAB_DIR/outer" "$LAN.77 > $LAN.14"
	}
	await seen
	address_add director1 lan0 $LAN.2/24
}

@test "every packet is accounted for" {
	await accounts_close_at director1
}
