#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The bench without a NIC: its rows check what they time, here with few connections and little time. And what compares
# two of its runs.

load lib/load

BENCH=$BATS_TEST_DIRNAME/../bench
PAGES=220 # of 2 MB

needs_huge_pages() {
	local free
	free=$(cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages)
	[ "$free" -ge $PAGES ] || skip "$PAGES huge pages of 2 MB are needed, $free are free"
}

needs_the_program() {
	[ -x "$BUILD/tests/bench/bench" ] || skip "tests/bench/bench is not built: make bench-programs"
}

row() { # NAME VALUE KEPT
	echo "{\"name\": \"$1\", \"unit\": \"cycles/packet\", \"value\": $2, \"kept\": $3}"
}

run_of() { # ROW...
	local IFS=,
	echo "{\"tsc_hz\": 1, \"rows\": [$*]}"
}

# control_blast counts what is listed, and fails if that isn't what it added.
@test "the bench of the control socket adds, lists and flushes" {
	needs_the_program
	run timeout 60 "$BENCH/control-speed" -b "$BUILD" -n 1200 -d 3
	echo "$output"
	[ "$status" -eq 0 ]
	for line in "NEW_SERVICE       1200 services:" "NEW_DEST          1200 services:" "dests listed      1200 services:" FLUSH; do
		[[ $output == *"$line"* ]]
	done
}

@test "every row of the bench forwards what it should" {
	needs_the_program
	needs_huge_pages
	run timeout 60 "$BUILD/tests/bench/bench" -q -m 1000 -t 20 -o "$BATS_TEST_TMPDIR/bench.json"
	echo "$output"
	[ "$status" -eq 0 ]
	# every section is there, if only as "no undisturbed sample" on a busy machine
	for name in fnat/ipv4/tcp/1k/one snat/ipv6/udp/1k/many flat/1k floor/ipv6 setup/dr/ipv4/udp/1k expiry/ \
		"full table/nat" "local port/4 workers" scheduler/wlc "wrong worker/nat" shifted/fnat "workers/in turn/4" latency/1k \
		netlink/NEW_DEST memory/connection; do
		says /dev/stdin "  $name" <<<"$output"
	done
	# the section that needs a second processor
	[ "$(nproc)" -lt 2 ] || says /dev/stdin "  dumps/conns" <<<"$output"
	run "$BENCH/compare" "$BATS_TEST_TMPDIR/bench.json" "$BATS_TEST_TMPDIR/bench.json"
	[ "$status" -eq 0 ]
}

@test "some of the rows are run by their names" {
	needs_the_program
	needs_huge_pages
	run timeout 60 "$BUILD/tests/bench/bench" -q -m 1000 -t 20 -r 'fnat/ipv4/*'
	echo "$output"
	[ "$status" -eq 0 ]
	says /dev/stdin "  fnat/ipv4/tcp/1k/one" <<<"$output"
	refute grep -E "^  (nat|dr|snat|fnat/ipv6)/" <<<"$output"
}

@test "two runs of the bench are compared row by row" {
	run_of "$(row b 100 1)" "$(row a 100 1)" "$(row c 100 0.9)" "$(row d 100 0.9)" "$(row gone 5 1)" \
		>"$BATS_TEST_TMPDIR/old.json"
	run_of "$(row a 105 1)" "$(row b 120 1)" "$(row c 80 1)" "$(row d 100 0.1)" "$(row new 7 1)" \
		>"$BATS_TEST_TMPDIR/new.json"
	run "$BENCH/compare" "$BATS_TEST_TMPDIR/old.json" "$BATS_TEST_TMPDIR/new.json"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(tr -s ' ' <<<"${lines[1]}")" = " a 100.0 105.0 1.05 cycles/packet" ]
	[ "$(tr -s ' ' <<<"${lines[2]}")" = " b 100.0 120.0 1.20 + cycles/packet" ]
	[ "$(tr -s ' ' <<<"${lines[3]}")" = " c 100.0 80.0 0.80 - cycles/packet" ]
	[ "$(tr -s ' ' <<<"${lines[4]}")" = "[d 100.0 100.0 1.00 cycles/packet]" ]
	[[ "${lines[5]}" = " gone "*"only in "*"old.json: 5.0 cycles/packet" ]]
	[[ "${lines[6]}" = " new "*"only in "*"new.json: 7.0 cycles/packet" ]]
	[ "${#lines[@]}" -eq 7 ]
}
