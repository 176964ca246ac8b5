#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What must hold whichever of two workers gets a connection: clients stay at their server, thresholds are kept, wlc
# levels, what both count adds up, and connections outlive their service. The port has one queue; packets go to their worker
# by ring.

load lib/load

WORKERS=2

setup_file() {
	lab_up
	one_director_up workers=2
	web_up server1 server2 server3
	# What waits for a slow client to read it stays with the server.
	on client sysctl -qw net.ipv4.tcp_rmem="4096 65536 131072"
	address_add client eth0 "$WAN.40/24" "$WAN.41/24" "$WAN.72/24" "$WAN.73/24" "$WAN.104/24" "$WAN.105/24"
}

teardown_file() {
	lab_down
}

setup() {
	# One of its own for each test: servers of a service that comes back find their connections again.
	PORT=$((8000 + BATS_TEST_NUMBER))
	VIP=$FNAT_VIP:$PORT
	mapfile -t opened_before < <(opened_by_worker)
}

teardown() {
	local n
	for n in 1 2 3 4; do
		[ ! -e "$LAB_DIR/hold$n.pid" ] || ! is_running "hold$n" || end "hold$n" TERM
	done
	adm -C
	adm --set 900 120 300
}

adm() {
	ipvsadm_at director1 "$@"
}

# A service by NAT with three servers of these weights.
serve() { # WEIGHT1 WEIGHT2 WEIGHT3 OPTION...
	local n weight=("${@:1:3}")
	adm -A -t "$VIP" "${@:4}"
	for n in 1 2 3; do
		adm -a -t "$VIP" -r "$LAN.1$n:80" -m -w "${weight[n - 1]}"
	done
}

# Connections that each worker made, a line for each.
opened_by_worker() {
	ipvsdctl_at director1 counters -aw | awk '$1 == "conn_new" && $2 == "worker" { n[$3] = $4 } END { print n[0] + 0; print n[1] + 0 }'
}

# Both had some since the test began. Leaves in $opened how many they were together.
both_workers_had_some() {
	local after
	mapfile -t after < <(opened_by_worker)
	echo "connections by worker: $((after[0] - opened_before[0])) $((after[1] - opened_before[1]))"
	[ "${after[0]}" -gt "${opened_before[0]}" ]
	[ "${after[1]}" -gt "${opened_before[1]}" ]
	opened=$((after[0] + after[1] - opened_before[0] - opened_before[1]))
}

# Who answers N requests from an address of the client: each server's name once.
who_answers_from() { # ADDRESS N
	on client curl --silent --show-error --fail --noproxy '*' --max-time 10 --interface "$1" \
		--header 'Connection: close' "http://$VIP/?[1-$2]" | sort -u
}

# Four clients at once, who open N connections each and hold them; when they end, by a reset.
hold() { # N
	local n
	for n in 1 2 3 4; do
		rm -f "$(log_of "hold$n")"
		start_on client "hold$n" python3 "$LAB_TOOLS/hold_connections.py" "$FNAT_VIP" "$PORT" "$1" reset
	done
	for n in 1 2 3 4; do
		AWAIT=20 await says "$(log_of "hold$n")" ready
	done
}

# "OF-SERVER1 OF-SERVER2 OF-SERVER3"
active() {
	adm -Ln -t "$VIP" | awk -v lan="$LAN." '$1 == "->" && $2 ~ /:80$/ { n[$2] = $5 } END {
		print n[lan "11:80"], n[lan "12:80"], n[lan "13:80"] }'
}

all_are_active() { # N
	local n
	read -ra n <<<"$(active)"
	echo "${n[@]}"
	[ $((n[0] + n[1] + n[2])) -eq "$1" ]
}

is_within_the_workers() { # FOUND EXPECTED
	echo "$1 of $2"
	[ $(($1 - $2)) -le $WORKERS ] && [ $(($2 - $1)) -le $WORKERS ]
}

@test "a client stays at its server whichever worker gets it" {
	local address
	serve 1 1 1 -s rr -p 300
	for address in $CLIENT $WAN.40 $WAN.41 $WAN.72; do
		[[ "$(who_answers_from "$address" 20)" == server[123] ]]
	done
	both_workers_had_some
	[ "$(adm -Ln --persistent-conn -t "$VIP" | awk '$1 == "->" && NF == 6 { n += $4 } END { print n }')" -eq 4 ]
}

@test "clients of one network stay at one server whichever worker gets them" {
	local first address
	serve 1 1 1 -s rr -p 300 -M 255.255.255.224
	for first in $WAN.40 $WAN.72 $WAN.104; do
		address=${first%.*}.$((${first##*.} + 1))
		run eval "who_answers_from $first 15; who_answers_from $address 15"
		echo "$output"
		[ "$status" -eq 0 ]
		[ "$(sort -u <<<"$output")" = "${lines[0]}" ]
	done
	both_workers_had_some
	[ "$(adm -Ln --persistent-conn -t "$VIP" | awk '$1 == "->" && NF == 6 { n += $4 } END { print n }')" -eq 3 ]
}

@test "an upper threshold is passed by no more than the workers are, and the lower opens again" {
	local n
	serve 1 1 1 -s rr
	adm -e -t "$VIP" -r "$LAN.11:80" -m -x 8 -y 4
	hold 15
	AWAIT=5 await all_are_active 60
	both_workers_had_some
	read -ra n <<<"$(active)"
	echo "${n[@]}"
	[ "${n[0]}" -ge 8 ]
	[ "${n[0]}" -le $((8 + WORKERS)) ]
	# Those that were reset count for ten seconds more. Then it is below the lower one, and gets its share.
	for n in 1 2 3 4; do
		end "hold$n" TERM
	done
	AWAIT=30 await none_counts
	run who_answers_at_port 12
	echo "$output"
	[ "$status" -eq 0 ]
	grep -q ' server1$' <<<"$output"
}

none_counts() {
	[ "$(adm -Ln -t "$VIP" | awk '$1 == "->" && $2 ~ /:80$/ { n += $5 + $6 } END { print n + 0 }')" -eq 0 ]
}

who_answers_at_port() { # N
	on client curl --silent --show-error --fail --noproxy '*' --max-time 10 --header 'Connection: close' \
		"http://$VIP/?[1-$1]" | sort | uniq -c
}

@test "wlc levels by weight, within as many connections as there are workers" {
	local n
	serve 1 2 3 -s wlc
	hold 15
	AWAIT=5 await all_are_active 60
	both_workers_had_some
	read -ra n <<<"$(active)"
	is_within_the_workers "${n[0]}" 10
	is_within_the_workers "${n[1]}" 20
	is_within_the_workers "${n[2]}" 30
}

@test "what both workers count adds up" {
	serve 1 1 1 -s rr
	who_answers_at_port 40
	both_workers_had_some
	[ "$opened" -eq 40 ]
	await accounts_close_at director1
	run adm -Ln --stats --exact -t "$VIP"
	echo "$output"
	# The service's conns, packets and bytes are its servers', and the connections are the workers'.
	awk -v opened="$opened" '
		$1 == "TCP" { for (i = 3; i <= 7; i++) service[i] = $i }
		$1 == "->" && NF == 7 { for (i = 3; i <= 7; i++) servers[i] += $i }
		END {
			if (service[3] != opened) exit 1
			for (i = 3; i <= 7; i++) if (service[i] == 0 || service[i] != servers[i]) exit 1
		}' <<<"$output"
	await accounts_close_at director1
}

@test "a client's port serves for another service of the same server as soon as it is free, whichever workers have them" {
	local port asked=0
	for port in "$PORT" 9001 9002; do
		adm -A -t "$FNAT_VIP:$port" -s rr
		adm -a -t "$FNAT_VIP:$port" -r "$LAN.11:80" -m
		adm -A -t "[$FNAT_VIP6]:$port" -s rr
		adm -a -t "[$FNAT_VIP6]:$port" -r "[$LAN6:11]:80" -m
	done
	# Not a second: nobody has to say anything twice. But the machine may stand still for one.
	not_slow() { # SERVICE...
		asked=$((asked + 60))
		run on client timeout 30 "$LAB_TOOLS/same_port.py" 20000 20 "$@"
		echo "$output"
		[ "$status" -eq 0 ] && [ "${output#20 }" -lt 900 ]
	}
	not_slow "$FNAT_VIP":{"$PORT",9001,9002} || not_slow "$FNAT_VIP":{"$PORT",9001,9002}
	not_slow "[$FNAT_VIP6]":{"$PORT",9001,9002} || not_slow "[$FNAT_VIP6]":{"$PORT",9001,9002}
	both_workers_had_some
	[ "$opened" -eq "$asked" ]
	await accounts_close_at director1
}

# By NAT, and by direct routing in both families.
three_services() {
	local n
	adm -A -t "$VIP" -s rr
	adm -A -t "$DR_VIP:80" -s rr
	adm -A -t "[$DR_VIP6]:80" -s rr
	for n in 1 2 3; do
		adm -a -t "$VIP" -r "$LAN.1$n:80" -m
		adm -a -t "$DR_VIP:80" -r "$LAN.1$n:80" -g
		adm -a -t "[$DR_VIP6]:80" -r "[$LAN6:1$n]:80" -g
	done
}

# Of $LAB_DIR/file, into $LAB_DIR/slow1 to 18: six by each service. Sets $downloads.
slow_downloads() {
	local n url
	downloads=()
	for n in {1..18}; do
		case $((n % 3)) in
		0) url=http://$VIP/file ;;
		1) url=http://$DR_VIP/file ;;
		2) url=http://[$DR_VIP6]/file ;;
		esac
		on client curl --silent --show-error --fail --noproxy '*' --max-time 60 --limit-rate 2M \
			--output "$LAB_DIR/slow$n" "$url" 3>&- &
		downloads+=($!)
	done
	for n in {1..18}; do
		await test -s "$LAB_DIR/slow$n"
	done
}

# What each worker dropped of connections whose server was removed, a line for each.
dropped_by_worker() {
	ipvsdctl_at director1 counters -aw | awk '
		$1 == "drop_dest_removed" && $2 == "worker" { n[$3] = $4 } END { print n[0] + 0; print n[1] + 0 }'
}

both_drop() {
	local dropped
	mapfile -t dropped < <(dropped_by_worker)
	[ "${dropped[0]}" -gt "${dropped_before[0]}" ] && [ "${dropped[1]}" -gt "${dropped_before[1]}" ]
}

@test "downloads wait for their service to come back, whichever worker has them" {
	local n
	three_services
	mapfile -t dropped_before < <(dropped_by_worker)
	slow_downloads
	both_workers_had_some
	adm -C
	await both_drop
	# The addresses are the kernel's still, where nobody listens.
	run on client curl --silent --noproxy '*' --max-time 5 "http://$DR_VIP/"
	[ "$status" -eq 7 ]
	three_services
	for n in "${!downloads[@]}"; do
		wait "${downloads[n]}"
		cmp "$LAB_DIR/slow$((n + 1))" "$LAB_DIR/file"
	done
	await accounts_close_at director1
}
