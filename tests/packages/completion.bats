#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What bash offers after words of a command line.

top=$BATS_TEST_DIRNAME/../..

# What is offered for the last of these words, a line each. HOOK is run first.
offers() { # WORD...
	bash -c '
		eval "$HOOK"
		. "$0"
		compopt() { :; }
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		"$(complete -p "$1" | sed "s/.*-F \([^ ]*\).*/\1/")"
		printf "%s\n" "${COMPREPLY[@]}"' "$top/packaging/completion/$1" "$@"
}

@test "ipvsd: its options, and files after -c" {
	[ "$(offers ipvsd --v)" = --version ]
	[ "$(offers ipvsd r)" = reload ]
	[ "$(offers ipvsd -c "$top/config" | head -1)" != --version ]
	offers ipvsd -t --config "$top/configure.a" | grep -qx "$top/configure.ac"
}

@test "ipvsdctl: commands, also after -s, their options, and what these take" {
	[ "$(offers ipvsdctl c)" = "$(printf '%s\n' counters conns)" ]
	[ "$(offers ipvsdctl -s /run/x serv)" = "$(printf '%s\n' services service)" ]
	[ "$(offers ipvsdctl counters -)" = "$(printf '%s\n' -a -w)" ]
	[ "$(offers ipvsdctl service -t 192.0.2.1:80 -q re)" = reset ]
	[ "$(offers ipvsdctl conns -p s)" = sctp ]
	[ -z "$(offers ipvsdctl conns -w '')" ]
	[ -z "$(offers ipvsdctl laddrs -)" ]
}

@test "ipvsdctl: the commands and options are those of its manual" {
	local command options
	for command in $(offers ipvsdctl ''); do
		[[ "$command" == -* ]] || grep -q "^\.It Cm $command" "$top/doc/ipvsdctl.8"
	done
	for command in $(sed -n 's/^\.It Cm \([a-z]*\).*/\1/p' "$top/doc/ipvsdctl.8"); do
		offers ipvsdctl '' | grep -qx -- "$command"
		options=$(sed -n "s/.*{ \"$command\", \"\([^\"]*\)\".*/\1/p" "$top/netlink-shim/ipvsdctl.c" | sed 's/[:+]//g')
		[ "$(offers ipvsdctl "$command" - | tr -d '\n -' | fold -w 1 | sort)" = "$(fold -w 1 <<<"$options" | sort)" ]
	done
}

@test "ipvsdctl sysctl: the names that ipvsd tells" {
	HOOK='ipvsdctl() { printf "%s\n" "conn_reuse_mode = 1" "drop_entry = 0"; }' run offers ipvsdctl sysctl dr
	[ "$output" = drop_entry ]
}

@test "ipvsd-run: a command after its options, and then what completes that one" {
	[ "$(offers ipvsd-run -)" = "$(printf '%s\n' -k -s -h)" ]
	offers ipvsd-run -k -s /run/x ech | grep -qx echo
	HOOK='_command_offset() { COMPREPLY=("from word $1"); }' run offers ipvsd-run -s /run/x ipvsadm -
	[ "$output" = "from word 3" ]
}

@test "ipvsd-proc: options, and folders" {
	[ "$(offers ipvsd-proc -)" = "$(printf '%s\n' -1 -c -i -s -h)" ]
	[ "$(offers ipvsd-proc -1 "$top/packaging/compl")" = "$top/packaging/completion" ]
	[ -z "$(offers ipvsd-proc -i '')" ]
}
