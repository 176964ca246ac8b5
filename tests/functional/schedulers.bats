#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Each scheduler as an operator meets it: set with ipvsadm, shown by ipvsadm, and seen by who answers a client, or who
# has the connections that it holds. The newest server is first in the list: server3, server2, server1.

load lib/load

setup_file() {
	lab_up
	one_director_up
	web_up server1 server2 server3
}

teardown_file() {
	lab_down
}

setup() {
	# One of its own for each test: servers of a service that comes back find their connections again.
	PORT=$((8000 + BATS_TEST_NUMBER))
	VIP=$FNAT_VIP:$PORT
}

teardown() {
	! is_running client-hold || end client-hold TERM
	adm -C
}

adm() {
	ipvsadm_at director1 "$@"
}

# A service with three servers of these weights. By full NAT: with NAT, a client's port that it has used for another
# service already would be refused, as the server could not tell the two apart.
serve() { # SCHEDULER WEIGHT1 WEIGHT2 WEIGHT3 [OPTION]...
	local scheduler=$1 weight=("${@:2:3}") n
	adm -A -t "$VIP" -s "$scheduler" "${@:5}"
	for n in 1 2 3; do
		fullnat_dest_add director1 t "$VIP" "$LAN.1$n:80" "${weight[$((n - 1))]}"
	done
}

reweigh() { # SERVER WEIGHT
	adm -e -t "$VIP" -r "$LAN.1${1#server}:80" -m -w "$2"
}

who() {
	on client curl --silent --show-error --fail --noproxy '*' --max-time 2 "http://$VIP/"
}

# Leaves in $output who answers N requests, each with its count.
ask() { # N
	run eval "for _ in $(seq -s ' ' "$1"); do who || exit 1; done | sort | uniq -c | sed 's/^ *//'"
	echo "$output"
	[ "$status" -eq 0 ]
}

answers() { # EXPECTED N
	ask "$2"
	[ "$output" = "$1" ]
}

one_answers() { # N
	ask "$1"
	[[ "$output" =~ ^"$1 server"[123]$ ]]
}

all_answer() { # N
	ask "$1"
	[ "${#lines[@]}" -eq 3 ]
}

nobody_answers() {
	run who
	echo "$output"
	[ "$status" -ne 0 ]
}

# Who has the connections of a client that holds N: "OF-SERVER1 OF-SERVER2 OF-SERVER3".
held() { # N
	rm -f "$(log_of client-hold)"
	start_on client client-hold python3 "$LAB_TOOLS/hold_connections.py" "$FNAT_VIP" "$PORT" "$1"
	await says "$(log_of client-hold)" ready
	AWAIT=5 await all_are_active "$1"
	adm -Ln -t "$VIP" | awk -v lan="$LAN." '$1 == "->" && $2 ~ /:80$/ { n[$2] = $5 } END {
		print n[lan "11:80"], n[lan "12:80"], n[lan "13:80"] }'
}

all_are_active() { # N
	[ "$(adm -Ln -t "$VIP" | awk '$1 == "->" && $2 ~ /:80$/ { n += $5 } END { print n + 0 }')" -eq "$1" ]
}

listed_as() { # TEXT
	run adm -Ln
	echo "$output"
	grep -Fxq "TCP  $VIP $1" <<<"$output"
}

@test "rr takes turns" {
	serve rr 1 5 9
	listed_as rr
	answers $'2 server1\n2 server2\n2 server3' 6
}

@test "wrr takes turns by weight" {
	serve wrr 1 2 3
	listed_as wrr
	answers $'2 server1\n4 server2\n6 server3' 12
}

@test "lc levels the connections" {
	serve lc 1 5 9
	listed_as lc
	[ "$(held 6)" = "2 2 2" ]
}

@test "wlc levels the connections by weight" {
	serve wlc 1 2 3
	listed_as wlc
	[ "$(held 6)" = "1 2 3" ]
}

@test "sed begins with the heaviest, and levels by weight" {
	serve sed 1 2 3
	listed_as sed
	[ "$(who)" = server3 ]
	[ "$(held 6)" = "1 2 3" ]
}

@test "nq gives each idle server a connection first" {
	serve nq 1 1 9
	listed_as nq
	[ "$(held 3)" = "1 1 1" ]
}

@test "fo uses the heaviest, and the next one when that is quiesced" {
	serve fo 1 3 2
	listed_as fo
	answers "3 server2" 3
	reweigh server2 0
	answers "3 server3" 3
	adm -d -t "$VIP" -r "$LAN.13:80"
	answers "3 server1" 3
}

@test "ovf fills the heaviest, and goes on with the next" {
	serve ovf 1 3 2
	listed_as ovf
	[ "$(held 6)" = "0 4 2" ]
}

@test "twos uses all servers" {
	serve twos 1 1 1
	listed_as twos
	all_answer 40
}

@test "sh keeps a client at its server" {
	serve sh 1 1 1
	listed_as sh
	one_answers 6
	reweigh "$(who)" 0
	nobody_answers
}

@test "sh with sh-fallback finds another server, with sh-port it spreads the connections of a client" {
	local first
	serve sh 1 1 1 -b sh-fallback
	listed_as "sh (sh-fallback)"
	first=$(who)
	reweigh "$first" 0
	one_answers 4
	[ "$(who)" != "$first" ]
	adm -E -t "$VIP" -s sh -b sh-port,sh-fallback
	listed_as "sh (sh-fallback,sh-port)"
	reweigh "$first" 1
	all_answer 40
}

@test "mh keeps a client at its server" {
	serve mh 1 1 1
	listed_as mh
	one_answers 6
	reweigh "$(who)" 0
	nobody_answers
}

@test "mh with mh-fallback finds another server, with mh-port it spreads the connections of a client" {
	local first
	serve mh 1 1 1 -b mh-fallback
	listed_as "mh (mh-fallback)"
	first=$(who)
	reweigh "$first" 0
	one_answers 4
	[ "$(who)" != "$first" ]
	adm -E -t "$VIP" -s mh -b mh-port,mh-fallback
	listed_as "mh (mh-fallback,mh-port)"
	reweigh "$first" 1
	all_answer 40
}

@test "dh keeps a service at one server" {
	serve dh 1 1 1
	listed_as dh
	one_answers 6
	reweigh "$(who)" 0
	nobody_answers
}

@test "conhash keeps a client at its server, and finds another when that is quiesced" {
	local first
	serve conhash 1 1 1
	listed_as conhash
	one_answers 6
	first=$(who)
	reweigh "$first" 0
	one_answers 6
	[ "$(who)" != "$first" ]
}

@test "lblc stays with a server until it is strained" {
	serve lblc 2 2 2
	listed_as lblc
	[ "$(held 4)" = "0 1 3" ]
}

@test "lblcr adds servers to its set when they are strained" {
	serve lblcr 2 2 2
	listed_as lblcr
	[ "$(held 7)" = "1 3 3" ]
}

@test "a service without a scheduler takes no connections" {
	serve none 1 1 1
	listed_as none
	nobody_answers
	adm -E -t "$VIP" -s rr
	all_answer 6
}

@test "a scheduler that there is not is refused with the kernel's words" {
	run adm -A -t "$VIP" -s nonsense
	echo "$output"
	[ "$status" -ne 0 ]
	[ "$output" = "Scheduler or persistence engine not found" ]
	refute adm -Ln -t "$VIP"
}
