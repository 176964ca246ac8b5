#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The same forwarding with more workers than queues (packets go to their owner by ring), without huge pages, and over
# af_xdp.

load lib/load

setup_file() {
	lab_up
	segments_up
	client_up client 8
	server_up server1 11
	server_up server2 12
	server_up server3 13
	web_up server1 server2 server3
	echo_up server1 server2 server3
	director_up director1
}

teardown_file() {
	lab_down
}

teardown() {
	is_running director1-ipvsd && stop_ipvsd director1
}

begin() { # key=value...
	# The services are those of this test, not of the one before.
	rm -rf "$LAB_DIR/director1/state"
	start_ipvsd director1 "$@"
	director_addresses director1 2
	director_vips director1
	services_up director1 t 80
	services_up director1 u 7
	for vip in $ALL_VIPS; do
		await page client "$vip"
	done
}

all_is_forwarded() {
	local vip
	for vip in $ALL_VIPS; do
		pages_come_from_each_server "$vip"
		datagrams_come_back "$vip"
		download_is_whole client "$vip"
	done
	await accounts_close_at director1
}

@test "two workers share one queue" {
	begin workers=2
	all_is_forwarded
	# Both had connections, and what came in at the wrong one was handed over.
	[ "$(ipvsdctl_at director1 counters -w | grep -cE '^conn_new +worker [01] +[1-9]')" -eq 2 ]
	[ "$(counter_at director1 given)" -gt 0 ]
}

@test "three workers on two processors" {
	begin workers=3
	all_is_forwarded
}

@test "without huge pages" {
	begin workers=2 hugepages=off
	all_is_forwarded
}

@test "over af_xdp" {
	begin driver=net_af_xdp
	all_is_forwarded
}

@test "over af_xdp, two workers" {
	begin driver=net_af_xdp workers=2
	all_is_forwarded
}

# As where the kernel was started with isolcpus: what a process begins with lacks the CPUs that are for the workers.
@test "a worker runs on a processor that ipvsd was not started on" {
	local pid
	[ "$(nproc)" -ge 2 ] || skip "one processor"
	write_ipvsd_conf director1
	sed -i 's/^workers = .*/workers = { count = 1; cpus = "1"; control_cpus = "0"; idle = "100us"; };/' \
		"$LAB_DIR/director1/ipvsd.conf"
	start_on director1 director1-ipvsd taskset -c 0 "$BUILD/ipvsd" -c "$LAB_DIR/director1/ipvsd.conf"
	AWAIT=20 await ipvsd_settled director1
	cat "$(log_of director1-ipvsd)"
	pid=$(pid_of director1-ipvsd)
	grep -h Cpus_allowed_list "/proc/$pid/task"/*/status | sort | uniq -c
	[ "$(grep -lx "Cpus_allowed_list:	1" "/proc/$pid/task"/*/status | wc -l)" -eq 1 ]
}
