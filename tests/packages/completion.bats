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
	[ "$(offers ipvsd doctor --root "$top/packaging/compl")" = "$top/packaging/completion" ]
}

# The options that a program's --help lists, in lines of their own.
options_in_help() { # COMMAND...
	"$@" --help | sed -n 's/^ *\(-[a-zA-Z]\), \(--[a-z]*\).*/\1\n\2/p; s/^ *\(--[a-z]*\) .*/\1/p' | sort
}

# Those that its usage names.
commands_in_help() { # PROGRAM
	"$1" --help | sed -n 's/^\(Usage:\|      \) ipvsd \([a-z]\+\) .*/\2/p' | sort
}

@test "ipvsd: the commands and options are those of its help" {
	[ "$(options_in_help "$BUILD/ipvsd" | wc -l)" -ge 10 ]
	commands_in_help "$BUILD/ipvsd" | grep -qx doctor
	[ "$(offers ipvsd '' | sort)" = "$({ commands_in_help "$BUILD/ipvsd" && options_in_help "$BUILD/ipvsd"; } | sort)" ]
	[ "$(offers ipvsd -t '' | sort)" = "$(options_in_help "$BUILD/ipvsd")" ]
	[ "$(offers ipvsd doctor '' | sort)" = "$(options_in_help "$BUILD/ipvsd" doctor)" ]
	[ "$(offers ipvsd reload '' | sort)" = "$(options_in_help "$BUILD/ipvsd" reload)" ]
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

# The part of it that is about a command.
help_about() { # COMMAND
	"$BUILD/ipvsdctl" -h | awk -v command="$1" '/^  [a-z]/ { here = $1 == command } here'
}

@test "ipvsdctl: the commands and options are those of its help" {
	local command
	[ "$(offers ipvsdctl '' | grep -v ^- | sort)" = "$("$BUILD/ipvsdctl" -h | sed -n 's/^  \([a-z]*\).*/\1/p' | sed /^$/d | sort)" ]
	for command in $(offers ipvsdctl '' | grep -v ^-); do
		[ "$(offers ipvsdctl "$command" - | sort)" = "$(help_about "$command" | grep -o '[[{| ]-[a-z6]\>' | grep -o -- '-.' | sort -u)" ]
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
