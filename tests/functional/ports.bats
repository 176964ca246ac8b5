#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A port and its kernel interface: what is not load-balanced passes both ways, and both sides agree about carrier, admin
# state, MTU and addresses. One director with one cable (port0) to one peer; each kind of device and of kernel path. The
# tests of the vhost path need a kernel that has it; tests/vm/vhost runs them, by their tag, where it is at hand.

load lib/load

setup() {
	lab_up
	host_add peer
	host_add director
	ip -n "$LAB-peer" link add eth0 numtxqueues 2 numrxqueues 2 type veth \
		peer name port0 numtxqueues 2 numrxqueues 2 netns "$LAB-director"
	no_offloads peer eth0
	no_offloads director port0
	on director sysctl -qw net.ipv6.conf.port0.disable_ipv6=1
	on director nft 'add table netdev ipvsd; add chain netdev ipvsd in { type filter hook ingress device port0 priority 0; policy drop; }'
	ip -n "$LAB-peer" link set eth0 up
	ip -n "$LAB-director" link set port0 up
	address_add peer eth0 192.0.2.8/24 2001:db8:2::8/64
}

teardown() {
	lab_down
}

# $KEEP: further words about the port.
write_port_conf() { # KERNEL_PATH WORKERS DEVICE...
	local path=$1 workers=$2 devices
	shift 2
	devices=$(printf '"%s", ' "$@")
	mkdir -p "$LAB_DIR/director/state"
	cat >"$LAB_DIR/director/ipvsd.conf" <<-END
		workers = { count = $workers; idle = "100us"; };
		ports = ( { name = "lan"; devices = ( ${devices%, } ); kernel = "lan0"; kernel_path = "$path"; ${KEEP-} } );
		limits = {
			connections = "1K"; connections_ipv6 = "1K"; services = 64; dests = 64;
			routes = 256; routes_ipv6 = 256; neighbours = 256; mbufs = "8K";
		};
		control = { socket = "$LAB_DIR/director/ipvs.sock"; state = "$LAB_DIR/director/state"; };
		memory = { hugepages = "${IPVSD_HUGEPAGES:-auto}"; file_prefix = "$LAB-director"; };
	END
}

# The director's ipvsd, with addresses on its kernel interface.
port_up() { # KERNEL_PATH WORKERS DEVICE...
	write_port_conf "$@"
	run_ipvsd director
	address_add director lan0 192.0.2.2/24 2001:db8:2::2/64
}

passes_both_ways() {
	on peer ping -q -c 2 -i 0.1 -W 2 192.0.2.2
	on director ping -q -c 2 -i 0.1 -W 2 192.0.2.8
	on peer ping -q -c 2 -i 0.1 -W 2 2001:db8:2::2
	on director ping -q -c 2 -i 0.1 -W 2 2001:db8:2::8
}

# Each asks for the other's MAC address anew.
asks_both_ways() {
	ip -n "$LAB-peer" neighbour flush dev eth0
	ip -n "$LAB-director" neighbour flush dev lan0
	passes_both_ways
}

lan0_is() { # TEXT
	ip -n "$LAB-director" link show lan0 | grep -qF -- "$1"
}

port0_is() { # TEXT
	ip -n "$LAB-director" link show port0 | grep -qF -- "$1"
}

@test "ping, ARP and ND pass both ways over af_packet and tap" {
	port_up tap 1 net_af_packet0,iface=port0
	says "$(log_of director-ipvsd)" "kernel interface lan0 (index"
	says "$(log_of director-ipvsd)" "over tap"
	passes_both_ways
	asks_both_ways
	await accounts_close_at director
}

@test "ping, ARP and ND pass both ways over af_xdp, one port of two devices, two workers" {
	port_up tap 2 net_af_xdp0,iface=port0,start_queue=0 net_af_xdp1,iface=port0,start_queue=1
	passes_both_ways
	asks_both_ways
	await accounts_close_at director
}

@test "two workers share one queue" {
	port_up tap 2 net_af_packet0,iface=port0
	passes_both_ways
	await accounts_close_at director
}

@test "the kernel interface has the port's MAC address and MTU" {
	ip -n "$LAB-director" link set port0 mtu 1450
	port_up tap 1 net_af_packet0,iface=port0
	lan0_is "mtu 1450"
	lan0_is "link/ether $(on director cat /sys/class/net/port0/address)"
}

@test "carrier is passed on to the kernel interface" {
	port_up tap 1 net_af_packet0,iface=port0
	await lan0_is ",LOWER_UP>"
	ip -n "$LAB-peer" link set eth0 down
	await lan0_is "<NO-CARRIER,"
	ip -n "$LAB-peer" link set eth0 up
	await lan0_is ",LOWER_UP>"
	address_add peer eth0 2001:db8:2::8/64
	passes_both_ways
}

@test "an MTU set on the kernel interface is the device's too, and the other way round" {
	port_up tap 1 net_af_packet0,iface=port0
	ip -n "$LAB-director" link set lan0 mtu 1400
	await port0_is "mtu 1400"
	ip -n "$LAB-director" link set port0 mtu 1300
	await lan0_is "mtu 1300"
	passes_both_ways
}

@test "an MTU that no buffer holds is refused on both" {
	port_up tap 1 net_af_packet0,iface=port0
	ip -n "$LAB-director" link set lan0 mtu 9000
	await lan0_is "mtu 1500"
	port0_is "mtu 1500"
}

@test "a port whose kernel interface is set down sends nothing" {
	port_up tap 1 net_af_packet0,iface=port0
	passes_both_ways
	ip -n "$LAB-director" link set lan0 down
	await says "$(log_of director-ipvsd)" "lan is down: its kernel interface was set down"
	run ! on peer ping -q -c 1 -W 1 192.0.2.2
	ip -n "$LAB-director" link set lan0 up
	address_add director lan0 2001:db8:2::2/64
	await on peer ping -q -c 1 -W 1 192.0.2.2
}

@test "a macvlan on the kernel interface is reached by its own MAC address, as VRRP's virtual MAC" {
	port_up tap 1 net_af_packet0,iface=port0
	ip -n "$LAB-director" link add vrrp.51 link lan0 address 00:00:5e:00:01:33 type macvlan mode private ||
		skip "this kernel has no macvlan"
	on director sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
	ip -n "$LAB-director" link set vrrp.51 up
	address_add director vrrp.51 192.0.2.77/32
	await on peer ping -q -c 1 -W 1 192.0.2.77
	ip -n "$LAB-peer" neighbour show 192.0.2.77 | grep -q 00:00:5e:00:01:33
}

crash_and_end() { # KERNEL_PATH
	port_up "$1" 1 net_af_packet0,iface=port0
	passes_both_ways
	kill_ipvsd director
	ip -n "$LAB-director" address show lan0 | grep -qF "192.0.2.2/24"
	await lan0_is "<NO-CARRIER,"
	run_ipvsd director
	await on peer ping -q -c 1 -W 1 192.0.2.2
	await on peer ping -q -c 1 -W 1 2001:db8:2::2
	stop_ipvsd director
	run ! ip -n "$LAB-director" link show lan0
}

@test "the kernel interface outlives a crash with its addresses, and goes with a clean end" {
	crash_and_end tap
}

@test "the kernel interface stays at a clean end if that is configured" {
	KEEP='kernel_keep = true;' port_up tap 1 net_af_packet0,iface=port0
	stop_ipvsd director
	ip -n "$LAB-director" address show lan0 | grep -qF "192.0.2.2/24"
	run_ipvsd director
	await on peer ping -q -c 1 -W 1 192.0.2.2
}

@test "an interface of that name that is no tap is left alone, with a clear word" {
	ip -n "$LAB-director" link add lan0 type bridge
	write_port_conf tap 1 net_af_packet0,iface=port0
	run run_ipvsd director
	[ "$status" -ne 0 ]
	says "$(log_of director-ipvsd)" "an interface of that name exists and is not a tap; choose another name"
	lan0_is "state DOWN"
}

@test "a device that can't be opened is named" {
	write_port_conf tap 1 net_af_packet0,iface=nosuch0
	run run_ipvsd director
	[ "$status" -ne 0 ]
	says "$(log_of director-ipvsd)" "there is no interface nosuch0 for the device net_af_packet0; "
	run ! ip -n "$LAB-director" link show lan0
}

needs_vhost() {
	[ -c /dev/vhost-net ] || skip "this machine has no /dev/vhost-net; the vm suite runs it"
}

# bats test_tags=vhost
@test "vhost is chosen where it is to be had, and passes both ways" {
	needs_vhost
	port_up auto 1 net_af_packet0,iface=port0
	says "$(log_of director-ipvsd)" "over vhost"
	passes_both_ways
	asks_both_ways
	on peer ping -q -c 20 -i 0.02 -s 1400 -W 2 192.0.2.2
	await accounts_close_at director
}

# bats test_tags=vhost
@test "carrier and MTU are passed on over vhost" {
	needs_vhost
	port_up vhost 1 net_af_packet0,iface=port0
	await lan0_is ",LOWER_UP>"
	ip -n "$LAB-peer" link set eth0 down
	await lan0_is "<NO-CARRIER,"
	ip -n "$LAB-peer" link set eth0 up
	await lan0_is ",LOWER_UP>"
	ip -n "$LAB-director" link set lan0 mtu 1400
	await port0_is "mtu 1400"
}

# bats test_tags=vhost
@test "the kernel interface over vhost outlives a crash with its addresses, and goes with a clean end" {
	needs_vhost
	crash_and_end vhost
}
