#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Who may use the control socket, and what happens to those who misuse it.

load lib/load

setup_file() {
	lab_up
	segments_up
	director_up director1
	# Any group will do that is not the outsider's.
	start_ipvsd director1 group=daemon
	# Other users need not be able to look into the build folder.
	install -m 755 "$IPVSD_RUN" "$IPVSD_PRELOAD" "$LAB_DIR"
}

teardown_file() {
	lab_down
}

# Runs a command as nobody, with the given group as its only one.
as_nobody_of() { # GROUP COMMAND...
	local group=$1
	shift
	on director1 setpriv --reuid nobody --regid "$group" --clear-groups "$@"
}

list=(env -u IPVSD_SOCKET "IPVSD_PRELOAD=$LAB_DIR/libipvsd-preload.so" "$LAB_DIR/ipvsd-run" -s)

@test "root works with it" {
	run ipvsadm_at director1 -Ln
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "${lines[0]}" == "IP Virtual Server version "* ]]
}

@test "another user is told 'Permission denied'" {
	run as_nobody_of nogroup "${list[@]}" "$(socket_of director1)" ipvsadm -Ln
	echo "$output"
	[ "$status" -ne 0 ]
	# Of the interface, not of the program.
	[[ "$output" == *"Permission denied"* && "$output" != *"env:"* ]]
}

@test "another user can't change anything either" {
	run as_nobody_of nogroup "${list[@]}" "$(socket_of director1)" ipvsadm -A -t 192.0.2.250:80
	[ "$status" -ne 0 ]
	[[ "$output" == *"Permission denied"* ]]
	run ipvsadm_at director1 -Ln
	[[ "$output" != *"192.0.2.250"* ]]
}

@test "a member of the configured group works with it" {
	run as_nobody_of daemon "${list[@]}" "$(socket_of director1)" ipvsadm -A -t 192.0.2.251:80
	echo "$output"
	[ "$status" -eq 0 ]
	run as_nobody_of daemon "${list[@]}" "$(socket_of director1)" ipvsadm -Ln
	[ "$status" -eq 0 ]
	[[ "$output" == *"192.0.2.251:80"* ]]
}

@test "a supplementary group counts" {
	run on director1 setpriv --reuid nobody --regid nogroup --groups daemon \
		"${list[@]}" "$(socket_of director1)" ipvsadm -Ln
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "malformed netlink gets an error or a closed connection, and others don't notice" {
	run python3 "$LAB_TOOLS/bad_netlink.py" "$(socket_of director1)"
	echo "$output"
	[ "$status" -eq 0 ]
	is_running director1-ipvsd
	ipvsadm_at director1 -Ln
}

@test "a client that never reads its answers holds up nobody" {
	start_on director1 deaf python3 "$LAB_TOOLS/bad_netlink.py" --deaf "$(socket_of director1)"
	await says "$(log_of deaf)" ready
	for _ in 1 2 3; do
		run timeout 2 "$BUILD/ipvsdctl" -s "$(socket_of director1)" counters
		[ "$status" -eq 0 ]
	done
	end deaf KILL
}

@test "a second ipvsd on the same socket refuses to start, and the first goes on" {
	run on director1 timeout 20 "$BUILD/ipvsd" -c "$LAB_DIR/director1/ipvsd.conf"
	echo "$output"
	[ "$status" -eq 1 ]
	is_running director1-ipvsd
	ipvsadm_at director1 -Ln
}

one_has_ended() {
	! is_running twin1 || ! is_running twin2
}

@test "of two that start at the same moment one says why it ends, before it takes a port, and the other works" {
	local first=twin1 second=twin2
	stop_ipvsd director1
	start_on director1 $first "$BUILD/ipvsd" -c "$LAB_DIR/director1/ipvsd.conf"
	start_on director1 $second "$BUILD/ipvsd" -c "$LAB_DIR/director1/ipvsd.conf"
	AWAIT=20 await one_has_ended
	is_running $first || { first=twin2 second=twin1; }
	AWAIT=20 await says "$(log_of $first)" "listening on $(socket_of director1)"
	cat "$(log_of $second)"
	[ "$(cat "$(log_of $second)")" = "ipvsd: error: control: $(socket_of director1) is another ipvsd's: give each instance its own control.socket" ]
	ipvsadm_at director1 -Ln
	end $first TERM
}
