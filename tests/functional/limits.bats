#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A connection table that is full: new connections are refused, and said to be, those that are there go on.

load lib/load

setup_file() {
	lab_up
	one_director_up connections=1K
	web_up server1 server2 server3
	service_add director1 t $FNAT_VIP 80 rr fnat
}

teardown_file() {
	lab_down
}

@test "the 1,025th connection is refused, the first goes on" {
	run on client python3 "$LAB_TOOLS/many_connections.py" $FNAT_VIP 80 1100
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$output" = "1024 open, 76 refused, the first still answers" ]
}

@test "the refusals are counted, and logged in a line that names the limit" {
	[ "$(counter_at director1 drop_conn_table_full)" -ge 76 ]
	AWAIT=5 await says "$(log_of director1-ipvsd)" "table full"
	says "$(log_of director1-ipvsd)" "raise limits.connections"
	[ "$(grep -c "table full" "$(log_of director1-ipvsd)")" -le 3 ]
	await accounts_close_at director1
}
