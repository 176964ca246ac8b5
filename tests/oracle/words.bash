# SPDX-License-Identifier: GPL-2.0-or-later
#
# shellcheck shell=bash disable=SC2154 # side and others are of the script that reads this
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
	else
		LD_PRELOAD=$RECORDER command "$@" >"$out" 2>"$err"
	fi
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

# A heading of a part.
say() { # TEXT
	printf '%s\n' "# $*"
	printf '%s\n' "# $*" >>"$ORACLE_RECORD"
}

# Waits, at most 30 seconds, until a command succeeds. What clients say meanwhile is not recorded.
await() { # COMMAND...
	local deadline=$((SECONDS + 30))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $deadline ] || { echo "waited in vain for: $*"; return 1; }
		sleep 0.05
	done
}
