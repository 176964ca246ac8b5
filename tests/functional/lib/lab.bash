# SPDX-License-Identifier: GPL-2.0-or-later
#
# A lab: network namespaces ("hosts") with cables between them, and the programs that run there. Everything that a lab
# starts runs in one of its namespaces, so that lab_down finds it; a guard calls lab_down when the test program dies.
# hosts.bash builds the usual topology with these words.

LAB_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
# shellcheck disable=SC2034 # for the tests and the other parts
LAB_TOOLS=$LAB_TOP/tests/functional/tools
# Those of the tools that import others leave nothing in the tree.
export PYTHONDONTWRITEBYTECODE=1
BUILD=$(realpath "${BUILD:-$LAB_TOP/build}")
[ -x "$BUILD/ipvsd" ] || { echo "$BUILD/ipvsd is not there; build it, or name the build folder in \$BUILD" >&2; exit 1; }
export BUILD

# Makes the lab. Its namespaces are called $LAB-NAME, its files are in $LAB_DIR.
lab_up() {
	[ "$(id -u)" -eq 0 ] || { echo "network namespaces need root" >&2; return 1; }
	export LAB=lab$BASHPID LAB_DIR
	LAB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/ipvsd-$LAB.XXXXXX")
	chmod 755 "$LAB_DIR"
	: >"$LAB_DIR/hosts"
	lab_guard
}

# Cleans up if the shell that made the lab goes without doing so, even by SIGKILL. In a session of its own, so that
# what is sent to the shell's process group does not reach it.
lab_guard() {
	# shellcheck disable=SC2016 # for the other shell
	setsid bash -c '. "$1"; tail --pid="$2" --sleep-interval=0.5 -f /dev/null; [ ! -d "$LAB_DIR" ] || lab_remove' \
		guard "${BASH_SOURCE[0]}" $$ </dev/null >/dev/null 2>&1 3>&- &
	echo $! >"$LAB_DIR/guard.pid"
	disown $!
}

# Ends every program of the lab and removes its namespaces and files.
lab_down() {
	local guard
	[ -n "${LAB_DIR-}" ] && [ -d "$LAB_DIR" ] || return 0
	guard=$(cat "$LAB_DIR/guard.pid")
	lab_remove
	# Its tail, too, which waits for this shell.
	# shellcheck disable=SC2046 # a list
	kill -KILL "$guard" $(ps -o pid= --ppid "$guard") 2>/dev/null || true
}

lab_remove() {
	local host pids
	while read -r host; do
		for _ in $(seq 50); do
			pids=$(ip netns pids "$LAB-$host" 2>/dev/null) || break
			[ -n "$pids" ] || break
			# shellcheck disable=SC2086 # a list
			kill -KILL $pids 2>/dev/null || true
		done
		ip netns del "$LAB-$host" 2>/dev/null || true
	done <"$LAB_DIR/hosts"
	rm -rf "$LAB_DIR"
}

# Waits, at most 10 seconds or $AWAIT, until a command succeeds; says what it waited for if it never does.
await() {
	local deadline=$(($(now_ms) + ${AWAIT:-10} * 1000))
	until "$@" >/dev/null 2>&1; do
		if [ "$(now_ms)" -ge "$deadline" ]; then
			echo "waited ${AWAIT:-10} s in vain for: $*" >&2
			"$@" >&2 || true
			return 1
		fi
		sleep 0.02
	done
}

now_ms() {
	local now=${EPOCHREALTIME/[.,]/}
	echo $((now / 1000))
}

# Fails unless the command says no (status 1; more is trouble of another kind). A test would not notice a failing
# "! command" that is not its last one.
refute() { # COMMAND...
	local status=0
	"$@" || status=$?
	[ $status -eq 1 ] || { echo "not status 1 but $status: $*" >&2; return 1; }
}

# Is this text, literally, in the file?
says() { # FILE TEXT
	grep -qF -- "$2" "$1"
}

# A host: a namespace with a loopback interface that is up, and IPv4 and IPv6 that take what they get.
host_add() { # HOST
	ip netns add "$LAB-$1"
	echo "$1" >>"$LAB_DIR/hosts"
	ip -n "$LAB-$1" link set lo up
	on "$1" sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
		net.ipv6.conf.all.accept_ra=0 net.ipv6.conf.default.accept_ra=0 net.ipv6.conf.default.accept_dad=0
}

# Runs a command on a host.
on() { # HOST COMMAND...
	local host=$1
	shift
	ip netns exec "$LAB-$host" "$@"
}

# Starts a program on a host; its output goes to $LAB_DIR/NAME.log, its pid is in $LAB_DIR/NAME.pid.
start_on() { # HOST NAME COMMAND...
	local host=$1 name=$2
	shift 2
	# ip becomes the command: the pid is the program's.
	ip netns exec "$LAB-$host" "$@" </dev/null >>"$LAB_DIR/$name.log" 2>&1 3>&- &
	echo $! >"$LAB_DIR/$name.pid"
	disown $!
}

pid_of() { # NAME
	cat "$LAB_DIR/$1.pid"
}

log_of() { # NAME
	echo "$LAB_DIR/$1.log"
}

# The process may go while it is looked at: one whose state can't be read is gone too.
gone() { # PID
	local state
	state=$(awk '/^State/ { print $2 }' "/proc/$1/status" 2>/dev/null) || true
	# Its other threads, which hold its files and locks open, may end later than the one of that number.
	[ -z "$state" ] || { [ "$state" = Z ] && [ "$(find "/proc/$1/task" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l)" -le 1 ]; }
}

is_running() { # NAME
	! gone "$(pid_of "$1")"
}

# Sends a signal to a program, and waits until it is gone.
end() { # NAME [SIGNAL]
	local pid
	pid=$(pid_of "$1")
	kill -"${2:-TERM}" "$pid"
	await gone "$pid"
}

# A switch: a bridge of this name on the host "switch", which passes on whatever frames it gets.
switch_add() { # BRIDGE
	ip -n "$LAB-switch" link add "$1" type bridge mcast_snooping 0
	if on switch test -e /proc/sys/net/bridge; then
		on switch sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0
	fi
	on switch sysctl -qw "net.ipv6.conf.$1.disable_ipv6=1"
	ip -n "$LAB-switch" link set "$1" up
}

# A network interface of a host, with a cable to a switch. The end in the switch is called HOST-DEV.
plug() { # HOST DEV BRIDGE
	local host=$1 dev=$2 bridge=$3
	ip -n "$LAB-switch" link add "$host-$dev" type veth peer name "$dev" netns "$LAB-$host"
	no_offloads switch "$host-$dev"
	no_offloads "$host" "$dev"
	on switch sysctl -qw "net.ipv6.conf.$host-$dev.disable_ipv6=1"
	ip -n "$LAB-switch" link set "$host-$dev" master "$bridge" up
	ip -n "$LAB-$host" link set "$dev" up
}

# ipvsd reads frames as a wire carries them: whole checksums, no super packets.
no_offloads() { # HOST DEV
	on "$1" ethtool -K "$2" tx off gro off gso off tso off >/dev/null
}

# Addresses that need no duplicate address detection.
address_add() { # HOST DEV ADDRESS/LENGTH...
	local host=$1 dev=$2 address
	shift 2
	for address in "$@"; do
		case $address in
		*:*) ip -n "$LAB-$host" address add "$address" dev "$dev" nodad ;;
		*) ip -n "$LAB-$host" address add "$address" dev "$dev" ;;
		esac
	done
}
