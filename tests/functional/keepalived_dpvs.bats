#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# conf-examples/keepalived-dpvs.conf, a configuration of DPVS, as it stands: its addresses are those of the lab.

load lib/load

EXAMPLE=$BATS_TEST_DIRNAME/../../conf-examples/keepalived-dpvs.conf

setup_file() {
	lab_up
	[ -x "$KEEPALIVED" ] || return 0
	segments_up
	client_up client 8
	server_up server1 11
	server_up server2 12
	web_up server1 server2
	director_up director1
	write_ipvsd_conf director1 laddrs=
	sed -i 's/"wan"/"dpdk1"/; s/"lan"/"dpdk0"/; s/"wan0"/"dpdk1.kni"/; s/"lan0"/"dpdk0.kni"/' "$LAB_DIR/director1/ipvsd.conf"
	run_ipvsd director1
	sed -n 's/^!   \(ip .*\)/\1/p' "$EXAMPLE" | on director1 bash -e
	cp "$EXAMPLE" "$(keepalived_conf director1)"
	start_keepalived director1 "$KEEPALIVED" --lvs-control-socket="$(socket_of director1)"
}

teardown_file() {
	lab_down
}

setup() {
	[ -x "$KEEPALIVED" ] || skip "$KEEPALIVED is not there; make keepalived builds it"
}

# Whether the service has both servers with this weight each.
has_weights() { # WEIGHT
	[ "$(ipvsadm_at director1 -Ln -t $FNAT_VIP:80 | grep -c "Masq *$1 ")" -eq 2 ]
}

@test "the virtual address is on the kernel interface of the port that dpdk_interface names" {
	AWAIT=15 await on_host_has director1 dpdk1.kni $FNAT_VIP
	refute on_host_has director1 dpdk0.kni $FNAT_VIP
	says "$(log_of director1-keepalived)" "dpdk_interface dpdk1 is deprecated"
}

@test "a route with the name of a DPDK interface is on its kernel interface" {
	AWAIT=15 await eval 'on director1 ip route show dev dpdk0.kni | grep -q "^10.20.0.0/16 via 192.0.2.11 "'
}

@test "the log has no keyword that is unknown, no service that is left out, and says once what nb_sock_retry is" {
	local log
	log=$(log_of director1-keepalived)
	AWAIT=15 await has_weights 100
	refute grep -E "Unknown keyword|left out|ignoring" "$log"
	[ "$(grep -c "nb_sock_retry is deprecated, and taken for retry" "$log")" -eq 1 ]
}

on_host_has() { # HOST DEVICE ADDRESS
	on "$1" ip -o address show dev "$2" | grep -q " $3/"
}

@test "clients reach the servers, from local addresses of the group" {
	AWAIT=15 await has_weights 100
	AWAIT=5 await page client $FNAT_VIP
	ipvsdctl_at director1 conns | tee /dev/stderr | grep -qE " $LAN\.20[0-3]:"
	ipvsdctl_at director1 services | grep -E "$FNAT_VIP:80 +300 +expire +none +web_laddrs"
}

@test "a reload keeps to the socket of the command line" {
	sed -i 's/weight 100/weight 50/' "$(keepalived_conf director1)"
	kill -HUP "$(pid_of director1-keepalived)"
	await has_weights 50
	page client $FNAT_VIP
}
