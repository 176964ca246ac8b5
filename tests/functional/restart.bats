#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ipvsd goes away, by a crash or by intention, and comes back.

load lib/load

setup_file() {
	lab_up
	one_director_up
	web_up server1 server2 server3
	services_up director1 t 80
}

teardown_file() {
	lab_down
}

listing() {
	ipvsadm_at director1 -Sn | sort
}

has_addresses() {
	local address
	for address in $WAN.2/24 $NAT_VIP/32 $WAN6:2/64 $NAT_VIP6/128; do
		ip -n "$LAB-director1" address show dev wan0 | grep -qF " $address " || { echo "$address is gone"; return 1; }
	done
}

# What an operator has who looks at the list as soon as the supervisor has started ipvsd anew.
is_listed_as() { # TEXT
	[ "$(listing)" = "$1" ]
}

is_back_in_time() { # TEXT
	local started
	kill_ipvsd director1 || return
	started=$(now_ms)
	start_on director1 director1-ipvsd "$BUILD/ipvsd" -c "$LAB_DIR/director1/ipvsd.conf"
	AWAIT=10 await is_listed_as "$1" || return 1
	echo "services are back after $(($(now_ms) - started)) ms"
	[ $(($(now_ms) - started)) -lt 2000 ]
}

@test "after a crash, services are back within 2 s, and traffic flows at once" {
	local before
	page client $NAT_VIP
	before=$(listing)
	[ "$(wc -l <<<"$before")" -eq 24 ]
	# The machine may stand still for a second, but not both times.
	is_back_in_time "$before" || is_back_in_time "$before"
	for vip in $NAT_VIP $NAT_VIP6 $DR_VIP $DR_VIP6 $FNAT_VIP $FNAT_VIP6; do
		AWAIT=3 await page client "$vip"
		[ "$(who_answers client "$vip" 6 | wc -l)" -eq 3 ]
	done
}

@test "the kernel interface and its addresses outlive a crash" {
	local index
	index=$(on director1 cat /sys/class/net/wan0/ifindex)
	kill_ipvsd director1
	has_addresses
	run_ipvsd director1
	has_addresses
	[ "$(on director1 cat /sys/class/net/wan0/ifindex)" = "$index" ]
}

@test "full NAT is full NAT again after a crash, not NAT" {
	kill_ipvsd director1
	run_ipvsd director1
	ip -n "$LAB-server1" route del default
	run who_answers client $FNAT_VIP 6
	ip -n "$LAB-server1" route add default via $GATEWAY
	echo "$output"
	[ "$output" = $'2 server1\n2 server2\n2 server3' ]
}

@test "ten crashes in a row lose nothing" {
	local before i
	before=$(listing)
	for i in $(seq 10); do
		kill_ipvsd director1
		run_ipvsd director1
		is_listed_as "$before"
	done
	AWAIT=3 await page client $NAT_VIP
}

@test "a change shortly before a crash is kept" {
	ipvsadm_at director1 -A -t $WAN.40:80 -s rr
	ipvsadm_at director1 -a -t $WAN.40:80 -r $LAN.11:80 -m -w 42
	kill_ipvsd director1
	run_ipvsd director1
	ipvsadm_at director1 -Sn | grep -qx -- "-a -t $WAN.40:80 -r $LAN.11:80 -m -w 42"
	ipvsadm_at director1 -D -t $WAN.40:80
	kill_ipvsd director1
	run_ipvsd director1
	refute is_configured_at director1 "$WAN.40"
}

@test "a damaged state file is reported and set aside, and ipvsd starts without it" {
	local before file
	before=$(listing)
	kill_ipvsd director1
	cp -a "$LAB_DIR/director1/state" "$LAB_DIR/kept"
	for file in "$LAB_DIR"/director1/state/*; do
		[ -s "$file" ] || continue
		printf 'garbage' | dd of="$file" bs=1 seek=$(($(stat -c %s "$file") / 2)) conv=notrunc status=none
	done
	: >"$(log_of director1-ipvsd)"
	run_ipvsd director1
	grep -iE 'state.*(damaged|corrupt|checksum|set aside)' "$(log_of director1-ipvsd)"
	refute is_listed_as "$before"

	stop_ipvsd director1
	rm -rf "$LAB_DIR/director1/state"
	mv "$LAB_DIR/kept" "$LAB_DIR/director1/state"
	run_ipvsd director1
	director_addresses director1 2
	director_vips director1
	is_listed_as "$before"
}

@test "a clean end takes the kernel interfaces and the socket away, and leaves the services in the state file" {
	local before
	before=$(listing)
	stop_ipvsd director1
	refute ip -n "$LAB-director1" link show dev wan0
	refute ip -n "$LAB-director1" link show dev lan0
	run ipvsadm_at director1 -Ln
	[ "$status" -ne 0 ]
	run_ipvsd director1
	is_listed_as "$before"
	director_addresses director1 2
	director_vips director1
	AWAIT=3 await page client $NAT_VIP
}
