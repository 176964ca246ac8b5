#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ipvsd as a service: what the service manager is told and when, and the units.

load lib/load

SECURITY_LIMIT=4.0 # of systemd-analyze security: 10 is a service without any protection

setup_file() {
	lab_up
	segments_up
	director_up director1
	write_ipvsd_conf director1
}

teardown_file() {
	lab_down
}

teardown() {
	local name
	for name in holder director1-ipvsd listener; do
		[ ! -e "$LAB_DIR/$name.pid" ] || ! is_running $name || end $name KILL
	done
}

heard() { # LINE
	grep -qx -- "$1" "$(log_of listener)"
}

# ipvsd as systemd would start it, with a watchdog of 2 seconds. COMMAND runs when it is ready.
run_as_service() { # [COMMAND...]
	rm -f "$(log_of listener)" "$(log_of director1-ipvsd)"
	start_on director1 listener python3 "$LAB_TOOLS/notify_listener.py" "$LAB_DIR/notify" "$@"
	await heard listening
	start_on director1 director1-ipvsd env NOTIFY_SOCKET="$LAB_DIR/notify" WATCHDOG_USEC=2000000 \
		"$BUILD/ipvsd" -c "$LAB_DIR/director1/ipvsd.conf"
	AWAIT=20 await heard READY=1
}

n_watchdogs() {
	grep -cx WATCHDOG=1 "$(log_of listener)" || true
}

more_watchdogs() { # THAN
	[ "$(n_watchdogs)" -gt "$1" ]
}

@test "it is ready when services are restored and clients are served, and says what it has" {
	run_as_service
	service_add director1 t $NAT_VIP 80 rr -m
	end listener KILL
	kill_ipvsd director1
	run_as_service "$IPVSD_RUN" -s "$(socket_of director1)" ipvsadm -Sn
	cat "$(log_of listener)"
	# Before READY=1, in the listener's order.
	[ "$(grep -nx READY=1 "$(log_of listener)" | cut -d: -f1)" -gt "$(grep -n -- "-r $LAN.13:80 -m" "$(log_of listener)" | cut -d: -f1)" ]
	heard "STATUS=1 worker, 2 ports, 1 service"
}

@test "the status follows services and links" {
	run_as_service
	service_add director1 t $DR_VIP 80 rr -g
	await heard "STATUS=1 worker, 2 ports, 2 services"
	on director1 ip link set port1 down
	await heard "STATUS=1 worker, 2 ports (1 down), 2 services"
	on director1 ip link set port1 up
}

@test "it says that it reads its configuration again, and when it has" {
	run_as_service
	kill -HUP "$(pid_of director1-ipvsd)"
	await heard RELOADING=1
	await ready_again
}

@test "systemctl reload waits for the answer: the unit asks, and does not only signal" {
	run_as_service
	[ "$(grep -c ^ExecReload= "$BUILD/packaging/systemd/ipvsd.service")" -eq 1 ]
	grep -q '^ExecReload=.*/ipvsd reload$' "$BUILD/packaging/systemd/ipvsd.service"
	"$BUILD/ipvsd" reload -c "$LAB_DIR/director1/ipvsd.conf"
	await ready_again
	heard RELOADING=1
}

ready_again() {
	[ "$(grep -cx READY=1 "$(log_of listener)")" -eq 2 ]
}

@test "it says that it stops" {
	run_as_service
	stop_ipvsd director1
	[ "$(tail -n 1 "$(log_of listener)")" = STOPPING=1 ]
}

@test "the watchdog is fed while the workers turn, and no longer when one stands still" {
	local before
	run_as_service
	await more_watchdogs 2
	start_on director1 holder python3 "$LAB_TOOLS/hold_thread.py" "$(pid_of director1-ipvsd)"
	await heard_of_holder
	await says "$(log_of director1-ipvsd)" "service: worker 0 has stopped turning; unless it goes on, systemd restarts ipvsd"
	before=$(n_watchdogs)
	# The control side is well, and must not be mistaken for all of it.
	ipvsdctl_at director1 counters
	sleep 2 # the whole period of the watchdog, in which nothing may come
	[ "$(n_watchdogs)" -eq "$before" ]
	end holder KILL
	await more_watchdogs "$before"
}

heard_of_holder() {
	grep -qx held "$(log_of holder)"
}

@test "a socket that can't be the service manager's is refused" {
	run on director1 env NOTIFY_SOCKET=nonsense timeout 20 "$BUILD/ipvsd" -c "$LAB_DIR/director1/ipvsd.conf"
	echo "$output"
	[ "$status" -eq 1 ]
	[ "${lines[0]}" = 'ipvsd: error: service: NOTIFY_SOCKET is "nonsense": Invalid argument; run ipvsd without it, or by systemd' ]
}

@test "a wrong configuration has an exit status of its own, with which systemd does not try again" {
	echo "workers = 0;" >"$LAB_DIR/wrong.conf"
	run "$BUILD/ipvsd" -c "$LAB_DIR/wrong.conf"
	[ "$status" -eq 78 ]
	grep -qx RestartPreventExitStatus=78 "$BUILD/packaging/systemd/ipvsd.service"
}

# The tree as `make install` leaves it.
installed() {
	local dir
	dir=$(sed -n 's/^systemdsystemunitdir = //p' "$BUILD/Makefile")
	[ "$dir" != no ] || skip "configured without units"
	make -C "$BUILD" -s install DESTDIR="$LAB_DIR/root" >"$LAB_DIR/install.log" 2>&1 || {
		cat "$LAB_DIR/install.log"
		return 1
	}
	units=$LAB_DIR/root$dir
}

@test "systemd finds nothing to complain about in the installed units" {
	command -v systemd-analyze >/dev/null || skip "no systemd-analyze here"
	installed
	# What every unit depends on.
	cp /lib/systemd/system/*.target "$units"
	# A card that gave its name to ipvsd's interface is gone when network managers are told of that.
	[[ "$(grep ^ExecStart= "$units/ipvsd-bind.service" | sed 's/.*ipvsd-\([a-z]*\) .*/\1/')" = $'bind\nunmanaged' ]]
	run systemd-analyze verify --man=no --root="$LAB_DIR/root" ipvsd.service ipvsd-bind.service ipvsd-hugepages.service
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "the units are installed with what belongs to them" {
	local folder
	installed
	[ -e "$units/keepalived.service.d/ipvsd.conf" ]
	for folder in sysusers.d tmpfiles.d modules-load.d; do
		find "$LAB_DIR/root" -path "*/$folder/ipvsd.conf" | grep -q .
	done
	find "$LAB_DIR/root" -path "*/sysctl.d/50-ipvsd.conf" | grep -q .
	! grep -r '@[a-z]*dir@' "$units" || false
}

@test "ipvsd.service is well protected, by systemd's own measure" {
	local score
	command -v systemd-analyze >/dev/null || skip "no systemd-analyze here"
	run systemd-analyze security --offline=true --no-pager "$BUILD/packaging/systemd/ipvsd.service"
	echo "$output"
	score=$(sed -n 's/.*Overall exposure level for ipvsd.service: \([0-9.]*\).*/\1/p' <<<"$output")
	echo "# systemd-analyze security: $score of at most $SECURITY_LIMIT" >&3
	awk -v score="$score" -v limit=$SECURITY_LIMIT 'BEGIN { exit !(score != "" && score + 0 <= limit + 0) }'
}

# A systemctl that keeps the states of units in files, and notes what it is asked.
fake_systemctl() {
	mkdir -p "$LAB_DIR/bin" "$LAB_DIR/run" "$LAB_DIR/units"
	cat >"$LAB_DIR/bin/systemctl" <<-END
		#!/bin/sh
		echo "\$*" >>"$LAB_DIR/asked"
		for unit; do :; done
		case \$* in
		*is-active*) [ -e "$LAB_DIR/units/\$unit" ] ;;
		stop*) rm "$LAB_DIR/units/\$unit" ;;
		start*) : >"$LAB_DIR/units/\$unit" ;;
		esac
	END
	chmod +x "$LAB_DIR/bin/systemctl"
	: >"$LAB_DIR/asked"
}

hand_over() { # release|return
	PATH=$LAB_DIR/bin:$PATH RUNTIME_DIRECTORY=$LAB_DIR/run IPVSD_HAND_OVER="keepalived.service bird.service" \
		"$BUILD/packaging/systemd/ipvsd-hand-over" "$1"
}

@test "a planned stop ends keepalived first, and the next start brings back what was stopped" {
	fake_systemctl
	: >"$LAB_DIR/units/keepalived.service"
	hand_over release
	[ ! -e "$LAB_DIR/units/keepalived.service" ]
	refute grep -q "stop bird" "$LAB_DIR/asked"
	hand_over return
	[ -e "$LAB_DIR/units/keepalived.service" ]
	refute grep -q "start.*bird" "$LAB_DIR/asked"
	# Once.
	rm "$LAB_DIR/units/keepalived.service"
	hand_over return
	[ ! -e "$LAB_DIR/units/keepalived.service" ]
}
