#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The distribution's ipvsadm against ipvsd: it behaves as with the kernel.

load lib/load

setup_file() {
	lab_up
	segments_up
	director_up director1
	start_ipvsd director1
}

teardown_file() {
	lab_down
}

setup() {
	ipvsadm_at director1 -C
}

adm() {
	ipvsadm_at director1 "$@"
}

# ipvsadm fails with this message.
refused() { # MESSAGE ARGUMENT...
	local message=$1
	shift
	run adm "$@"
	echo "$output"
	[ "$status" -ne 0 ]
	[ "$output" = "$message" ]
}

@test "a service and its destinations are added, listed, changed and deleted" {
	adm -A -t 198.51.100.10:80 -s wrr
	adm -a -t 198.51.100.10:80 -r 192.0.2.11:8080 -m -w 3
	adm -a -t 198.51.100.10:80 -r 192.0.2.12:80 -g -w 0
	run adm -Ln -t 198.51.100.10:80
	echo "$output"
	grep -Eq '^TCP  198.51.100.10:80 wrr$' <<<"$output"
	grep -Eq '^  -> 192.0.2.11:8080 +Masq +3 +0 +0 *$' <<<"$output"
	grep -Eq '^  -> 192.0.2.12:80 +Route +0 +0 +0 *$' <<<"$output"

	adm -E -t 198.51.100.10:80 -s wlc
	adm -e -t 198.51.100.10:80 -r 192.0.2.11:8080 -m -w 7
	run adm -Ln
	echo "$output"
	grep -Eq '^TCP  198.51.100.10:80 wlc$' <<<"$output"
	grep -Eq '^  -> 192.0.2.11:8080 +Masq +7 +0 +0 *$' <<<"$output"

	adm -d -t 198.51.100.10:80 -r 192.0.2.11:8080
	run adm -Ln
	[[ "$output" != *"192.0.2.11:8080"* ]]
	[[ "$output" == *"192.0.2.12:80"* ]]

	adm -D -t 198.51.100.10:80
	run adm -Ln
	[[ "$output" != *"198.51.100.10"* ]]
}

@test "IPv6 services take IPv6 destinations" {
	adm -A -u '[2001:db8:1::10]:53' -s rr
	adm -a -u '[2001:db8:1::10]:53' -r '[2001:db8:2::11]:53' -m
	run adm -Ln
	echo "$output"
	grep -Eq '^UDP  \[2001:db8:1::10\]:53 rr$' <<<"$output"
	grep -Eq '^  -> \[2001:db8:2::11\]:53 +Masq +1 +0 +0 *$' <<<"$output"
}

@test "save and restore give back what was there" {
	adm -A -t 198.51.100.10:80 -s wrr
	adm -a -t 198.51.100.10:80 -r 192.0.2.11:8080 -m -w 3
	adm -a -t 198.51.100.10:80 -r 192.0.2.12:80 -g -w 5
	adm -A -u '[2001:db8:1::10]:53' -s wlc
	adm -a -u '[2001:db8:1::10]:53' -r '[2001:db8:2::11]:53' -m -w 100
	adm -Sn >"$BATS_TEST_TMPDIR/saved"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/saved")" -eq 5 ]

	adm -C
	[ -z "$(adm -Sn)" ]
	adm -R <"$BATS_TEST_TMPDIR/saved"
	adm -Sn | diff "$BATS_TEST_TMPDIR/saved" -
}

@test "full NAT is listed as Masq, and survives a save and a restore over it" {
	adm -A -t 198.51.100.30:80 -s rr
	fullnat_dest_add director1 t 198.51.100.30:80 192.0.2.11:80 4
	run adm -Ln
	echo "$output"
	grep -Eq '^  -> 192.0.2.11:80 +Masq +4 +0 +0 *$' <<<"$output"
	[ "$(adm -Sn)" = $'-A -t 198.51.100.30:80 -s rr\n-a -t 198.51.100.30:80 -r 192.0.2.11:80 -m -w 4' ]
}

@test "errors have the kernel's words" {
	adm -A -t 198.51.100.10:80 -s rr
	adm -a -t 198.51.100.10:80 -r 192.0.2.11:80 -m
	refused "Service already exists" -A -t 198.51.100.10:80 -s rr
	refused "No such service" -D -t 198.51.100.99:80
	refused "No such service" -E -t 198.51.100.99:80 -s rr
	refused "Service not defined" -a -t 198.51.100.99:80 -r 192.0.2.11:80 -m
	refused "Destination already exists" -a -t 198.51.100.10:80 -r 192.0.2.11:80 -m
	refused "No such destination" -d -t 198.51.100.10:80 -r 192.0.2.99:80
	refused "No such destination" -e -t 198.51.100.10:80 -r 192.0.2.99:80 -m
	refused "Scheduler or persistence engine not found" -A -t 198.51.100.11:80 -s nonsense
}

@test "--zero sets counters to zero, of all or of one service" {
	adm -A -t 198.51.100.10:80 -s rr
	adm -Z
	adm -Z -t 198.51.100.10:80
	run adm -Ln --stats -t 198.51.100.10:80
	echo "$output"
	grep -Eq '^TCP +198.51.100.10:80 +0 +0 +0 +0 +0$' <<<"$output"
	refused "No such service" -Z -t 198.51.100.99:80
}

@test "timeouts are shown and set" {
	run adm -L --timeout
	[ "$output" = "Timeout (tcp tcpfin udp): 900 120 300" ]
	adm --set 600 60 30
	run adm -L --timeout
	[ "$output" = "Timeout (tcp tcpfin udp): 600 60 30" ]
	adm --set 900 120 300
}

@test "two hundred services are listed completely" {
	local i limit=200
	for i in $(seq $limit); do
		echo "-A -t 198.51.100.10:$((1000 + i)) -s rr"
		echo "-a -t 198.51.100.10:$((1000 + i)) -r 192.0.2.11:80 -m -w $i"
	done >"$BATS_TEST_TMPDIR/rules"
	adm -R <"$BATS_TEST_TMPDIR/rules"
	[ "$(adm -Ln | grep -c '^TCP')" -eq $limit ]
	[ "$(adm -Ln | grep -cE '^  -> 192.0.2.11:80 +Masq')" -eq $limit ]
	diff <(sort "$BATS_TEST_TMPDIR/rules") <(adm -Sn | sort)
}

@test "the limit of services is an error, not a crash" {
	local i
	for i in $(seq 300); do
		echo "-A -t 198.51.100.10:$((1000 + i)) -s rr"
	done >"$BATS_TEST_TMPDIR/rules"
	run adm -R <"$BATS_TEST_TMPDIR/rules"
	[ "$status" -ne 0 ]
	[ "$(adm -Ln | grep -c '^TCP')" -le 256 ]
	is_running director1-ipvsd
	adm -C
	adm -A -t 198.51.100.10:80 -s rr
}

@test "ipvsdctl shows and changes what ipvsadm has no words for, and ipvsadm leaves it alone" {
	adm -A -t 198.51.100.10:80 -s wrr -p 60
	adm -A -u '[2001:db8:1::10]:53' -s rr
	adm -A -f 7 -s rr
	ipvsdctl_at director1 service -t 198.51.100.10:80 -e 90 -q reset -l lan
	ipvsdctl_at director1 service -u '[2001:db8:1::10]:53' -q expire -i dpvs
	ipvsdctl_at director1 service -f 7 -e 5
	adm -E -t 198.51.100.10:80 -s wlc -p 60
	run ipvsdctl_at director1 services
	echo "$output"
	[ "$output" = "proto service                         established quiescent client-address    laddrs          quic
TCP   198.51.100.10:80                         90 reset     none              lan             -
UDP   [2001:db8:1::10]:53                       - expire    none              -               dpvs
FWM   7                                         5 keep      none              -               -" ]
	ipvsdctl_at director1 service -t 198.51.100.10:80 -e 0 -l ''
	[[ "$(ipvsdctl_at director1 services)" == *"TCP   198.51.100.10:80                          - reset     none              -"* ]]
	[[ "$(adm -Ln)" == *"TCP  198.51.100.10:80 wlc persistent 60"* ]]
	run ipvsdctl_at director1 service -t 198.51.100.99:80 -e 5
	echo "$output"
	[ "$status" -eq 1 ]
	run ipvsdctl_at director1 service -t 198.51.100.10:80 -i nothing
	echo "$output"
	[ "$status" -eq 1 ]
	run ipvsdctl_at director1 service -t 198.51.100.10:80 -q sometimes
	[ "$status" -eq 2 ]
	[[ "$output" == "ipvsdctl: -q sometimes: not allowed"* ]]
	run ipvsdctl_at director1 service -e 5
	[ "$status" -ne 0 ]
}
