#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Datagrams that are longer than the MTU, both ways, in every mode; and fragments as no kernel would send them. Over af_xdp:
# below af_packet the kernel puts fragments together itself.

load lib/load

setup_file() {
	lab_up
	one_director_up driver=net_af_xdp
	echo_up server1 server2 server3
	services_up director1 u 7
}

teardown_file() {
	lab_down
}

long_datagrams_come_back() { # VIP [SIZE]
	run udp_ask client "$1" "${2:-1472}" 1473 2000 3000 8192 30000 60000
	echo "$1: $output"
	[ "$status" -eq 0 ]
	[ "$(wc -l <<<"$output")" -eq 7 ]
}

# The tool's fragments, and what comes of them.
fragments() { # VIP ORDER
	on client python3 "$LAB_TOOLS/fragments.py" "$@"
}

@test "NAT: datagrams of up to 60,000 bytes come back byte for byte, IPv4 and IPv6" {
	long_datagrams_come_back $NAT_VIP
	long_datagrams_come_back $NAT_VIP6
}

@test "DR: datagrams of up to 60,000 bytes come back byte for byte, IPv4 and IPv6" {
	long_datagrams_come_back $DR_VIP
	long_datagrams_come_back $DR_VIP6
}

@test "full NAT: datagrams of up to 60,000 bytes come back byte for byte, IPv4 and IPv6" {
	long_datagrams_come_back $FNAT_VIP
	long_datagrams_come_back $FNAT_VIP6
}

@test "fragments may come in any order, and twice" {
	local vip order
	for vip in $ALL_VIPS; do
		for order in forward reverse shuffled duplicate; do
			run fragments "$vip" $order
			echo "$vip $order: $output"
			[ "$output" = answered ]
		done
	done
}

@test "fragments that overlap, and what is incomplete, get no answer" {
	local vip order
	for vip in $FNAT_VIP $FNAT_VIP6; do
		for order in overlapping missing headless; do
			run fragments "$vip" $order
			echo "$vip $order: $output"
			[ "$output" = silence ]
		done
	done
	ipvsdctl_at director1 counters | grep -q drop_fragment_overlap
}

@test "between the families: datagrams of up to 60,000 bytes come back byte for byte, and fragments in any order" {
	local vip order
	for vip in $FNAT_VIP $FNAT_VIP6; do
		ipvsadm_at director1 -D -u "$(in_url $vip):7"
		service_add director1 u $vip 7 rr cross
		# of 1472 bytes Linux sends with DF, and has to hear that they are too long for IPv6
		long_datagrams_come_back $vip 1400
		for order in forward reverse shuffled duplicate; do
			run fragments "$vip" $order
			echo "$vip $order: $output"
			[ "$output" = answered ]
		done
		run fragments "$vip" overlapping
		[ "$output" = silence ]
	done
}

@test "ping with fragments is the kernel's, and the accounts close" {
	on client ping -q -c 1 -W 5 -s 4000 $FNAT_VIP
	on client ping -q -c 1 -W 5 -s 4000 $FNAT_VIP6
	await accounts_close_at director1
}
