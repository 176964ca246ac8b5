# SPDX-License-Identifier: GPL-2.0-or-later
#
# shellcheck shell=bash disable=SC2154 # side, never and others are of the script that reads this
# The words of scenarios. Each scenario runs in a network of its own, where eth0 has 192.0.2.254/24 and
# 2001:db8:2::254/64 and is up, with an IPVS that nobody has used yet, in an empty folder. $side is kernel or ipvsd;
# a scenario has no business with it.

# Runs a client of IPVS. $1 is a file for its standard output, $2 one for its standard error.
via() { # OUT ERR COMMAND...
	local out=$1 err=$2
	shift 2
	if [ "$side" = ipvsd ]; then
		"$BUILD/netlink-shim/ipvsd-run" -s "$IPVSD_SOCKET" env "LD_PRELOAD=$RECORDER:$IPVSD_PRELOAD" \
			"$@" >"$out" 2>"$err"
	elif [ "$1" = ipvsadm ] && [ /dev/stdin -ef /dev/null ]; then
		fork_ipvsadm "$out" "$err" "$ORACLE_RECORD" "${@:2}"
	else
		LD_PRELOAD=$RECORDER command "$@" >"$out" 2>"$err"
	fi
}

# In a guest ipvsadm is started once, before its main(), and forked for each command: see fork_server.c.
ipvsadm_waits() {
	LD_PRELOAD=$RECORDER:$FORK_SERVER FORK_SERVER_PRELOAD=$RECORDER FORK_SERVER_ASK=$ask FORK_SERVER_ANSWER=$answer \
		command ipvsadm >server.log 2>&1 &
}

fork_ipvsadm() { # OUT ERR RECORD ARGUMENT...
	local status
	printf '%s\0' $(($# + 3)) "$PWD" "$1" "$2" "$3" ipvsadm "${@:4}" >&"$ask"
	read -ru "$answer" status
	return "$status"
}

# The same; prints the command, all that it said, and its exit status if that is not 0. Its output stays in the files
# out and err.
show() { # COMMAND...
	local status=0 line words
	printf -v words ' %q' "$@"
	printf '$%s\n' "$words"
	printf '#%s\n' "$words" >>"$ORACLE_RECORD"
	via out err "$@" || status=$?
	while IFS= read -r line || [ -n "$line" ]; do printf '  %s\n' "$line"; done <out
	while IFS= read -r line || [ -n "$line" ]; do printf '  ! %s\n' "$line"; done <err
	[ $status -eq 0 ] || printf '  status %s\n' $status
	return 0
}

ipvsadm() {
	show ipvsadm "$@"
}

# What has to hold on both sides, since a difference would not show it.
expect() { # TEXT COMMAND...
	local text=$1
	shift
	"$@" || echo "wrong: $text"
}

# A heading of a part.
say() { # TEXT
	printf '%s\n' "# $*"
	printf '%s\n' "# $*" >>"$ORACLE_RECORD"
}

# Waits, at most a minute, until a command succeeds. What clients say meanwhile is not recorded.
await() { # COMMAND...
	local deadline=$((SECONDS + 60))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $deadline ] || { echo "wrong: waited in vain for: $*"; return 1; }
		nap 0.05
	done
}

# Sleeps without a process, which is dear in a guest.
nap() { # SECONDS
	read -rt "$1" -u "$never"
}

# The same of what is listed. It looks again when a client has said something, since looking takes a guest as long as
# what is waited for.
await_list() { # listed|not_listed TEXT
	local deadline=$((SECONDS + 60)) naps
	: >looked
	until "$@"; do
		[ $SECONDS -lt $deadline ] || { echo "wrong: waited in vain for: $*"; return 1; }
		for ((naps = 0; naps < 40; naps++)); do
			[ ! "$ORACLE_RECORD" -nt looked ] || break
			nap 0.05
		done
		: >looked
	done
}

# Runs a command as a client, but says nothing of it to anybody.
quietly() { # COMMAND...
	if [ "$side" = ipvsd ]; then
		"$BUILD/netlink-shim/ipvsd-run" -s "$IPVSD_SOCKET" "$@"
	else
		command "$@"
	fi
}

# Does ipvsadm -Sn name this, literally?
listed() { # TEXT
	local all
	if [ "$side" = kernel ]; then
		fork_ipvsadm listing /dev/null /dev/null -Sn
	else
		quietly ipvsadm -Sn >listing
	fi
	all=$(<listing)
	[[ "$all" == *"$1"* ]]
}

not_listed() { # TEXT
	! listed "$1"
}

# keepalived.conf from standard input; what is in all of them comes first.
conf() {
	{
		printf '%s\n' 'global_defs {' '	router_id oracle' '	script_user root' '	dynamic_interfaces' '}'
		cat
	} >keepalived.conf
}

# Starts the distribution's keepalived with keepalived.conf, and waits until it has said all that it has to; TEXT is in
# the list by then.
keepalived_starts() { # [TEXT]
	say "keepalived starts"
	: >log
	told=0
	via log log keepalived --dont-fork --no-syslog --log-console --log-detail --use-file "$PWD/keepalived.conf" \
		--pid "$PWD/parent.pid" --checkers_pid "$PWD/checkers.pid" --vrrp_pid "$PWD/vrrp.pid" \
		--bfd_pid "$PWD/bfd.pid" &
	keepalived=$!
	reloads=0
	await logged 1 'Startup complete'
	[ $# -eq 0 ] || await_list listed "$1"
	keepalived_is_done
}

# Reads keepalived.conf again.
keepalived_reloads() {
	say "keepalived reloads"
	kill -HUP "$(<parent.pid)"
	reloads=$((reloads + 1))
	await logged "$reloads" 'Reload complete'
	keepalived_is_done
}

# Does keepalived's log say this so many times? (Read in the shell, twenty thousand lines take a guest a second.)
logged() { # TIMES TEXT
	[ "$(grep -cF -- "$2" log)" -ge "$1" ]
}

keepalived_stops() {
	say "keepalived stops"
	kill -TERM "$(<parent.pid)"
	wait "$keepalived"
	keepalived_told
	ipvsadm -Sn
}

# Nothing tells that it has sent its last request; half a second without one is taken for that.
keepalived_is_done() {
	: >silent
	nap 0.5
	while [ "$ORACLE_RECORD" -nt silent ]; do
		: >silent
		nap 0.5
	done
	keepalived_told
	ipvsadm -Sn
}

# What its log has of services since the last time, without the time of day.
keepalived_told() {
	local lines line
	mapfile -t -s "$told" lines <log
	told=$((told + ${#lines[@]}))
	for line in "${lines[@]}"; do
		[[ "$line" =~ (IPVS|[Qq]uorum|server|service) ]] || continue
		[[ ! "$line" =~ (Starting|Command line|Initializing|Misc check) ]] || continue
		printf '  keepalived: %s\n' "${line#*:*:*: }"
	done
}
