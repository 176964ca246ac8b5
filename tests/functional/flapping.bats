#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Many requests while a real server comes and goes: a request is lost only if it was sent to a server that had stopped
# and was not taken out yet, and none is lost when the server is drained first.

load lib/load

setup_file() {
	lab_up
	one_director_up
	web_up server1 server2 server3
	service_add director1 t $FNAT_VIP 80 rr fnat
}

teardown_file() {
	lab_down
}

# REQUESTS requests over connections of their own; a line each: time in ms when it began, HTTP status (000: none).
ask() { # REQUESTS
	on client python3 "$LAB_TOOLS/requests.py" $FNAT_VIP 80 "$1"
}

failures() { # FILE
	grep -vc ' 200$' "$1" || true
}

weigh() { # WEIGHT
	ipvsadm_at director1 -e -t $FNAT_VIP:80 -r $LAN.12:80 -m -w "$1"
}

@test "10,000 requests, a server drained by weight 0 before each stop: none fails" {
	ask 10000 >"$LAB_DIR/drained" &
	local asking=$! rounds=0
	while kill -0 $asking 2>/dev/null; do
		weigh 0
		await_no_active
		web_stop server2
		web_start server2
		weigh 1
		rounds=$((rounds + 1))
	done
	wait $asking
	echo "$rounds rounds, $(failures "$LAB_DIR/drained") failures"
	[ $rounds -ge 3 ]
	[ "$(wc -l <"$LAB_DIR/drained")" -eq 10000 ]
	[ "$(failures "$LAB_DIR/drained")" -eq 0 ]
}

# What was begun has been answered: the server has nothing to do any more.
await_no_active() {
	AWAIT=5 await no_active
}

no_active() {
	[ "$(ipvsadm_at director1 -Ln -t $FNAT_VIP:80 | awk -v server="$LAN.12:80" '$2 == server { print $5 }')" = 0 ]
}

@test "10,000 requests, a server stopped and then removed: no more fail than were sent in between" {
	ask 10000 >"$LAB_DIR/stopped" &
	local asking=$! rounds=0
	: >"$LAB_DIR/windows"
	while kill -0 $asking 2>/dev/null; do
		local from
		from=$(now_ms)
		web_stop server2
		ipvsadm_at director1 -d -t $FNAT_VIP:80 -r $LAN.12:80
		# Requests that began just before the stop may be cut off by it.
		echo "$((from - 200)) $(now_ms)" >>"$LAB_DIR/windows"
		web_start server2
		fullnat_dest_add director1 t $FNAT_VIP:80 $LAN.12:80
		rounds=$((rounds + 1))
		on client python3 -c "import time; time.sleep(max(0, 1 - ($(now_ms) - $from) / 1000))"
	done
	wait $asking
	# Each failure lies in a window, so it is one of those sent there.
	run awk 'NR == FNR { from[NR] = $1; to[NR] = $2; n = NR; next }
		$2 != 200 { failed++; inside = 0; for (i = 1; i <= n; i++) inside += $1 >= from[i] && $1 <= to[i]; outside += !inside }
		END { print failed + 0, outside + 0 }' "$LAB_DIR/windows" "$LAB_DIR/stopped"
	echo "$rounds rounds; failures, of them outside a window: $output"
	[ $rounds -ge 3 ]
	[ "$(wc -l <"$LAB_DIR/stopped")" -eq 10000 ]
	[ "${output#* }" -eq 0 ]
}
