# SPDX-License-Identifier: GPL-2.0-or-later
#
# For the tests of the shim and of the patched keepalived: a network namespace of their own, the control socket without
# a data plane (tools/fake_ipvsd.py), and real servers that answer a health check. $BUILD is the build folder.

BUILD=${BUILD:-$BATS_TEST_DIRNAME/../../build}
FAKE=$BATS_TEST_DIRNAME/tools/fake_ipvsd.py
# shellcheck disable=SC2034 # for the tests
RUN=$BUILD/netlink-shim/ipvsd-run
# shellcheck disable=SC2034 # for the tests
KEEPALIVED=${KEEPALIVED:-$BUILD/keepalived/sbin/keepalived}
export IPVSD_PRELOAD=$BUILD/netlink-shim/.libs/libipvsd-preload.so

shim_setup() {
	dir=$BATS_TEST_TMPDIR
	ns=shim-$$-$BATS_TEST_NUMBER
	export IPVSD_SOCKET=$dir/ipvs.sock
	started=()
	ip netns add "$ns"
	ip -n "$ns" link set lo up
}

shim_teardown() {
	local pid
	for pid in "${started[@]}"; do
		kill "$pid" 2>/dev/null || continue
		wait "$pid" || true
	done
	ip netns del "$ns"
}

# Waits, at most 20 seconds, until a command succeeds.
await() {
	local deadline=$((SECONDS + 20))
	until "$@"; do
		[ $SECONDS -lt $deadline ] || { echo "waited in vain for: $*" >&2; return 1; }
		sleep 0.05
	done
}

says() { # file text
	grep -qF -- "$2" "$1"
}

# Starts the fake with its log in $1; its pid is in $fake.
start_fake() {
	local log=$dir/$1
	shift
	: >"$log"
	python3 "$FAKE" "$IPVSD_SOCKET" "$@" >"$log" 3>&- &
	fake=$!
	started+=("$fake")
	await says "$log" ready
}

kill_fake() {
	kill -KILL "$fake"
	wait "$fake" || true
}

# A server that accepts health checks on a port of the namespace; its pid is in $server.
start_server() {
	ip netns exec "$ns" socat "TCP-LISTEN:$1,fork,reuseaddr" SYSTEM:cat 3>&- &
	server=$!
	started+=("$server")
	await ip netns exec "$ns" socat -u OPEN:/dev/null "TCP:127.0.0.1:$1" 2>/dev/null
}

# Starts a command, a keepalived, with $dir/keepalived.conf; its pid is in $keepalived, its log in keepalived.log.
start_keepalived() {
	: >"$dir/keepalived.log" # what an earlier one said is not to be read until the new one has begun
	ip netns exec "$ns" "$@" --dont-fork --log-console --log-detail --use-file "$dir/keepalived.conf" \
		--pid "$dir/keepalived.pid" --checkers_pid "$dir/checkers.pid" --vrrp_pid "$dir/vrrp.pid" \
		--bfd_pid "$dir/bfd.pid" \
		>"$dir/keepalived.log" 2>&1 3>&- &
	keepalived=$!
	started+=("$keepalived")
}

# Of $dir/keepalived.conf; as with run.
check_config() {
	run "$KEEPALIVED" --config-test --use-file "$dir/keepalived.conf"
	echo "$output"
}

# There is nothing to say about it, and the fake has been told all of it.
push_checked() {
	check_config
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	start_fake fake.log
	start_keepalived "$KEEPALIVED"
	await says "$dir/fake.log" PUSH_END
}

reloads() {
	grep -c "Reload complete" "$dir/keepalived.log"
}

# keepalived reads its configuration again, and is awaited, whatever its log says of earlier times.
reload() {
	local before
	before=$(reloads) || true
	kill -HUP "$keepalived"
	is_reloaded() {
		[ "$(reloads)" -gt "$before" ]
	}
	await is_reloaded
}

# Clock ticks that a process and its children have used.
ticks() {
	awk '{ print $14 + $15 }' "/proc/$1/stat"
}

# What the fake was told by everything but hellos and questions.
requests() {
	grep -vE '^(ready|hello|GET_|dump)' "$dir/$1"
}
