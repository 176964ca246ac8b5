#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# dpdk_interface of the patched keepalived: the kernel interface that virtual addresses without dev are on, which need
# not be there yet. And dev with the name of a DPDK interface.

bats_require_minimum_version 1.5.0
load shim_helpers

setup() {
	[ -x "$KEEPALIVED" ] || skip "$KEEPALIVED is not there; make keepalived builds it"
	shim_setup
	interfaces=0
	add_interface dpdk0.kni
	ip -n "$ns" addr add 192.0.2.10/24 dev dpdk0.kni
}

teardown() {
	[ -z "${ns-}" ] || shim_teardown
}

add_interface() { # NAME
	local peer=peer$((++interfaces))
	ip -n "$ns" link add "$1" type veth peer name $peer
	ip -n "$ns" link set $peer up
	ip -n "$ns" link set "$1" up
}

config() { # GLOBAL DPDK_INTERFACE
	cat >"$dir/keepalived.conf" <<-END
		global_defs {
			lvs_control_socket $IPVSD_SOCKET
			$1
		}
		vrrp_instance one {
			state MASTER
			interface dpdk0.kni
			dpdk_interface $2
			virtual_router_id 51
			priority 200
			version 3
			advert_int 0.1
			virtual_ipaddress {
				192.0.2.20/32
			}
		}
	END
}

has_vip() { # INTERFACE
	ip -n "$ns" -o address show dev "$1" | grep -qF " 192.0.2.20/32 "
}

start() {
	start_fake fake.log
	start_keepalived "$KEEPALIVED"
}

@test "virtual addresses are on NAME.kni, or else on NAME" {
	add_interface dpdk1.kni
	add_interface dpdk1
	config "" dpdk1
	start
	await has_vip dpdk1.kni
	sed -i 's/dpdk_interface dpdk1/&.kni/' "$dir/keepalived.conf"
	kill "$keepalived"
	wait "$keepalived"
	run ! has_vip dpdk1.kni
	start_keepalived "$KEEPALIVED"
	await has_vip dpdk1.kni
	run ! has_vip dpdk1
}

@test "with dynamic_interfaces NAME.kni may come later" {
	config dynamic_interfaces dpdk1
	start
	await says "$dir/keepalived.log" "(one) entering FAULT state"
	says "$dir/keepalived.log" "dpdk1.kni which doesn't currently exist - will use if created"
	says "$dir/keepalived.log" "(one) dpdk_interface dpdk1 is deprecated: virtual addresses without dev are on its kernel interface, dpdk1.kni"
	run ! has_vip dpdk0.kni
	add_interface dpdk1.kni
	await has_vip dpdk1.kni
	run ! has_vip dpdk0.kni
}

@test "with dynamic_interfaces an interface NAME that exists is not waited for" {
	add_interface dpdk1
	config dynamic_interfaces dpdk1
	start
	await has_vip dpdk1
}

@test "a name that leaves no room for .kni may come later as it is" {
	config dynamic_interfaces dpdk-interface1
	start
	await says "$dir/keepalived.log" "(one) entering FAULT state"
	add_interface dpdk-interface1
	await has_vip dpdk-interface1
}

@test "without dynamic_interfaces a missing interface is said to have no effect" {
	config "" dpdk1
	start
	await has_vip dpdk0.kni
	says "$dir/keepalived.log" "dpdk_interface dpdk1 is deprecated, and has no effect without a kernel interface dpdk1.kni or dpdk1"
}

# Addresses, a route and its next hops with dev dpdk1.
config_of_dev() {
	config "" dpdk0
	sed -i 's|192.0.2.20/32|& dev dpdk1|' "$dir/keepalived.conf"
	cat >>"$dir/keepalived.conf" <<-END
		static_ipaddress {
			198.51.100.2/24 dev dpdk1
		}
		static_routes {
			203.0.113.0/25 via 198.51.100.1 dev dpdk1
			203.0.113.128/25 nexthop via 198.51.100.1 dev dpdk1
		}
	END
}

has_all_on() { # INTERFACE
	has_vip "$1" &&
		ip -n "$ns" -o address show dev "$1" | grep -qF " 198.51.100.2/24 " &&
		[ "$(ip -n "$ns" route show dev "$1" via 198.51.100.1 | wc -l)" -eq 2 ]
}

@test "dev NAME of addresses and routes is NAME.kni, if there is no NAME" {
	add_interface dpdk1.kni
	config_of_dev
	start
	await has_all_on dpdk1.kni
	says "$dir/keepalived.log" "There is no interface dpdk1: dev dpdk1 is its kernel interface, dpdk1.kni"
}

@test "dev NAME is NAME, if there is one" {
	add_interface dpdk1.kni
	add_interface dpdk1
	config_of_dev
	start
	await has_all_on dpdk1
	run ! says "$dir/keepalived.log" "There is no interface dpdk1"
}

@test "dev NAME without both is an error that names it" {
	config_of_dev
	run ip netns exec "$ns" "$KEEPALIVED" --config-test --use-file "$dir/keepalived.conf"
	echo "$output"
	[ "$status" -ne 0 ]
	[[ "$output" == *"interface dpdk1 for ip address 198.51.100.2/24 doesn't exist"* ]]
}
