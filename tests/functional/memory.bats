#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What ipvsd says before it starts about the memory that it will need, against what it then takes.

load lib/load

setup() {
	lab_up
	host_add switch
	switch_add wan
	switch_add lan
	director_up director1
}

teardown() {
	lab_down
}

conf() {
	echo "$LAB_DIR/director1/ipvsd.conf"
}

set_limit() { # KEY VALUE
	sed -i "s/\b$1 = [^;]*;/$1 = \"$2\";/" "$(conf)"
}

# The line of ipvsd -t about memory.
need() {
	"$BUILD/ipvsd" -t -c "$(conf)" | sed -n 's/^memory: //p'
}

needed() {
	need | sed -n 's/ huge pages of 2 MB are needed .*//p'
}

free() {
	need | sed -n 's/.*, \([0-9]*\) are free.*/\1/p'
}

# Huge pages of 2 MB that the process has.
taken() {
	awk '/^HugetlbPages:/ { print $2 / 2048 }' "/proc/$(pid_of director1-ipvsd)/status"
}

# Starts with huge pages, and has taken what it said: not more, and not over a tenth and 4 pages less.
takes_what_it_said() {
	local said
	said=$(needed)
	need
	[ "$(free)" -ge "$said" ] || skip "$said huge pages of 2 MB are needed, $(free) are free"
	run_ipvsd director1
	echo "said $said, taken $(taken)"
	says "$(log_of director1-ipvsd)" "memory: $said huge pages of 2 MB are needed"
	[ "$(taken)" -le "$said" ]
	[ "$(taken)" -ge $((said - said / 10 - 4)) ]
}

@test "the pages that are said to be needed are those that are taken" {
	write_ipvsd_conf director1 hugepages=required connections=1M
	takes_what_it_said
}

@test "so they are with other sizes, several workers and af_xdp" {
	write_ipvsd_conf director1 hugepages=required workers=3 connections=300K driver=net_af_xdp
	set_limit mbufs 20000
	set_limit routes 64K
	set_limit neighbours 8K
	takes_what_it_said
}

@test "where huge pages are required and too few, the start ends with one line that says how many" {
	local said total
	write_ipvsd_conf director1 hugepages=required connections=512M
	said=$(need)
	total=$(($(cat /proc/sys/vm/nr_hugepages) + $(needed) - $(free)))
	run on director1 "$BUILD/ipvsd" -c "$(conf)"
	echo "$output"
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 1 ]
	[ "${lines[0]}" = "ipvsd: error: memory: $said, or set memory.hugepages = \"auto\"" ]
	[[ "$said" == *"(limits.connections 512M: "*", packet buffers: "*"), "*" are free: "* ]]
	[[ "$said" == *": write $total to /proc/sys/vm/nr_hugepages, or lower limits.connections" ]]
}

@test "otherwise it goes on with small pages for the connections, and says so" {
	write_ipvsd_conf director1 hugepages=auto connections=512M
	run_ipvsd director1
	grep memory "$(log_of director1-ipvsd)"
	[ "$(grep -c "going on with 4 KB pages" "$(log_of director1-ipvsd)")" -eq 1 ]
	[ "$(taken)" -lt "$(needed)" ]
}

@test "without huge pages the need is said in megabytes, and none are taken" {
	write_ipvsd_conf director1 hugepages=off
	[[ "$(need)" == *" MB in pages of 4 KB are needed (limits.connections 64K: "* ]]
	run_ipvsd director1
	[ "$(taken)" -eq 0 ]
}

@test "DPDK's heap is large enough for large limits, with small pages too" {
	write_ipvsd_conf director1 hugepages=off workers=4
	set_limit mbufs 64K
	set_limit routes 256K
	set_limit routes_ipv6 128K
	run_ipvsd director1
	says "$(log_of director1-ipvsd)" "of DPDK's heap are in use"
}
