#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The settings of /proc/sys/net/ipv4/vs, by ipvsdctl and through ipvsd-run. That their values and errors are the kernel's
# is compared by scenario sysctl of tests/oracle.

load lib/load

setup_file() {
	lab_up
	segments_up
	director_up director1
	start_ipvsd director1
}

teardown_file() {
	lab_down
}

under_shim() { # COMMAND...
	on director1 "$IPVSD_RUN" -s "$(socket_of director1)" "$@"
}

FOLDER=/proc/sys/net/ipv4/vs

@test "sysctl of procps shows and sets them, and hears of errors" {
	[ "$(under_shim sysctl net.ipv4.vs.drop_entry)" = "net.ipv4.vs.drop_entry = 0" ]
	under_shim sysctl -w net.ipv4.vs.drop_entry=1
	[ "$(under_shim sysctl -n net.ipv4.vs.drop_entry)" = 1 ]
	run under_shim sysctl -w net.ipv4.vs.drop_entry=4
	echo "$output"
	[ "$status" -ne 0 ]
	[[ "$output" == *"Invalid argument"* ]]
	[ "$(under_shim sysctl -n net.ipv4.vs.drop_entry)" = 1 ]
	under_shim sysctl -w net.ipv4.vs.drop_entry=0
}

@test "the shell, Python, tee and dd write them" {
	under_shim sh -c "echo 0 >$FOLDER/conn_reuse_mode"
	[ "$(under_shim cat $FOLDER/conn_reuse_mode)" = 0 ]
	under_shim python3 -c "open('$FOLDER/conn_reuse_mode', 'w').write('2')"
	[ "$(under_shim cat $FOLDER/conn_reuse_mode)" = 2 ]
	echo 3 | under_shim tee $FOLDER/conn_reuse_mode
	[ "$(under_shim cat $FOLDER/conn_reuse_mode)" = 3 ]
	# The descriptor comes from the shell, by exec().
	echo 1 | under_shim sh -c "dd status=none >$FOLDER/conn_reuse_mode"
	[ "$(under_shim cat $FOLDER/conn_reuse_mode)" = 1 ]
	run under_shim sh -c "echo 60 5 >$FOLDER/sync_threshold"
	[ "$status" -ne 0 ]
	run under_shim sh -c "echo 1 >$FOLDER/conntrack"
	echo "$output"
	[ "$status" -ne 0 ]
	run under_shim sh -c "echo 1 >$FOLDER/debug_level"
	[ "$status" -ne 0 ]
	[ "$(under_shim cat $FOLDER/sync_threshold)" = $'3\t50' ]
	[ "$(under_shim stat -c %A $FOLDER/drop_packet)" = -rw-r--r-- ]
	under_shim sh -c "[ -w $FOLDER/drop_packet ] && [ -d $FOLDER ]"
}

@test "ls and sysctl -a list them, and Python does" {
	local names
	names=$(ipvsdctl_at director1 sysctl | sed 's/^net\.ipv4\.vs\.//; s/ = .*//' | LC_ALL=C sort)
	[ "$(under_shim env LC_ALL=C ls $FOLDER)" = "$names" ]
	[ "$(under_shim env LC_ALL=C ls $FOLDER/)" = "$names" ]
	under_shim ls -l $FOLDER >"$BATS_TEST_TMPDIR/long"
	[ "$(grep -c '^-rw-r--r--' "$BATS_TEST_TMPDIR/long")" -eq 27 ]
	[ "$(under_shim ls /proc/sys/net/ipv4 | grep -cx vs)" -eq 1 ]
	[ "$(under_shim python3 -c "import os; print(*sorted(os.listdir('$FOLDER')), sep='\n')")" = "$names" ]
	under_shim bash -c "printf '%s\n' $FOLDER/am*" | grep -qx $FOLDER/amemthresh
	run --separate-stderr under_shim sysctl -a
	diff <(grep '^net\.ipv4\.vs\.' <<<"$output" | LC_ALL=C sort) <(ipvsdctl_at director1 sysctl | LC_ALL=C sort)
	grep -q '^net\.ipv4\.ip_forward = ' <<<"$output"
}

@test "what can't reach ipvsd is an error, not a silence" {
	run under_shim bash -c "echo 1 >$FOLDER/sloppy_tcp"
	echo "$output"
	[ "$status" -ne 0 ]
	[[ "$output" == *"Operation not permitted"* ]]
	[ "$(under_shim cat $FOLDER/sloppy_tcp)" = 0 ]
}

@test "ipvsdctl shows all and sets several" {
	run ipvsdctl_at director1 sysctl sloppy_tcp=1 net.ipv4.vs.am_droprate=7
	[ "$status" -eq 0 ]
	[ "$output" = $'net.ipv4.vs.sloppy_tcp = 1\nnet.ipv4.vs.am_droprate = 7' ]
	run ipvsdctl_at director1 sysctl
	echo "$output"
	[ "${#lines[@]}" -eq 27 ]
	[[ "$output" == *"net.ipv4.vs.am_droprate = 7"* ]]
	[[ "$output" == *$'net.ipv4.vs.sync_threshold = 3\t50'* ]]
	run ipvsdctl_at director1 sysctl secure_tcp=9 nothing conntrack=1
	[ "$status" -eq 1 ]
	[[ "$output" == *"sysctl secure_tcp=9: not an allowed value"* ]]
	[[ "$output" == *"sysctl nothing: no such knob"* ]]
	[[ "$output" == *"sysctl conntrack=1: ipvsd knows no other value"* ]]
}

@test "what was set outlives ipvsd" {
	ipvsdctl_at director1 sysctl expire_nodest_conn=1 sync_threshold="5 60"
	stop_ipvsd director1
	run_ipvsd director1
	[ "$(under_shim sysctl -n net.ipv4.vs.expire_nodest_conn)" = 1 ]
	[ "$(under_shim cat $FOLDER/sync_threshold)" = $'5\t60' ]
}
