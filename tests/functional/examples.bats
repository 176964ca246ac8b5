#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# All of conf-examples: each file is in the table of its README and in the distribution, is run by the test that the table names,
# and is good in the eyes of the program that it is for.

BUILD=${BUILD:-$BATS_TEST_DIRNAME/../../build}
EXAMPLES=$BATS_TEST_DIRNAME/../../conf-examples
KEEPALIVED=$BUILD/keepalived/sbin/keepalived

# Files of these names, without the folder; all but what the folder itself needs by default.
examples() { # [PATTERN]
	find "$EXAMPLES" -type f -name "${1-*}" ! -name README.md ! -name subdir.am -printf '%P\n' | sort
}

# All whose name says no other program.
ipvsd_examples() {
	examples '*.conf' | grep -Ev '^(keepalived|bird|frr|nginx)-'
}

# Runs a check for each file; all that fail are told.
each_is_good() { # "FILE..." CHECK...
	local file bad=0
	[ -n "$1" ]
	for file in $1; do
		"${@:2}" "$EXAMPLES/$file" || { echo "not good: $file" && bad=1; }
	done
	[ $bad -eq 0 ]
}

is_in_table_and_run() { # FILE
	local file=${1##*/} tests
	# shellcheck disable=SC2016 # Markdown
	tests=$(sed -n "s/^| \`$file\` |.*| \`\([a-z0-9_]*\.bats\)\` |\$/\1/p" "$EXAMPLES/README.md")
	[ -n "$tests" ] || { echo "$file: no row with a test in README.md"; return 1; }
	grep -v '^[[:space:]]*#' "$BATS_TEST_DIRNAME/$tests" | grep -qE "(^|conf-examples/|[^[:alnum:]_/-])${file//./\\.}([^[:alnum:]]|\$)" ||
		{ echo "$file: $tests does not name it"; return 1; }
	grep -qE "^	conf-examples/${file//./\\.}( |\$)" "$EXAMPLES/subdir.am" || { echo "$file: not in subdir.am"; return 1; }
}

@test "each example is in the README's table, with a test that runs it, and no other is" {
	each_is_good "$(examples)" is_in_table_and_run
	# shellcheck disable=SC2016 # Markdown
	[ "$(sed -n 's/^| `\([^`]*\)` |.*/\1/p' "$EXAMPLES/README.md" | sort)" = "$(examples)" ]
}

# Both directors of a pair would answer for a group that doesn't, or is "always" active.
says_when_active() { # FILE
	local groups
	groups=$(sed -n '/^local_addresses/,/^);/p' "$1")
	[ "$(grep -o '{' <<<"$groups" | wc -l)" -eq "$(grep -c 'active = "' <<<"$groups")" ] || return 1
	# shellcheck disable=SC2016 # Markdown
	! sed -n '/^## Pairs/,/^## Any/s/^| `\([^`]*\)`.*/\1/p' "$EXAMPLES/README.md" | grep -qxF "${1##*/}" || ! grep '"always"' <<<"$groups"
}

@test "each group of local addresses says when it is active, in a pair by a VIP" {
	each_is_good "$(ipvsd_examples)" says_when_active
}

@test "ipvsd -t accepts each ipvsd.conf" {
	each_is_good "$(ipvsd_examples)" "$BUILD/ipvsd" -t -c
}

# By the command of the README, without a word, too, but for those about a keyword of DPVS that does nothing any more. Where a file
# is for both directors, the host has the name of one.
keepalived_accepts() { # FILE
	local said
	hostname director1
	said=$(PATH=${KEEPALIVED%/*}:$PATH && keepalived -t -f "$1" --lvs-control-socket=/run/ipvsd/ipvs.sock 2>&1) || { echo "$said"; return 1; }
	! grep -v ' is deprecated' <<<"$said" | grep .
}

@test "keepalived -t accepts each keepalived.conf, without a word" {
	[ -x "$KEEPALIVED" ] || skip "$KEEPALIVED is not there; make keepalived builds it"
	export -f each_is_good keepalived_accepts
	export EXAMPLES KEEPALIVED
	# With the interfaces that they name.
	unshare --net --uts bash -e -c 'ip link add lan0 type veth peer name wan0
		ip link add dpdk0.kni type veth peer name dpdk1.kni; each_is_good "$1" keepalived_accepts' - \
		"$(examples 'keepalived-*.conf')"
}

@test "BIRD and FRR accept their examples" {
	each_is_good "$(examples 'bird-*.conf')" bird -p -c
	each_is_good "$(examples 'frr-*.conf')" vtysh --dryrun --inputfile
}

@test "scripts have no syntax errors" {
	each_is_good "$(examples '*.sh')" sh -n
}
