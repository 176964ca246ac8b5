#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The patched ipvsadm: what it prints for stock options is what the distribution's prints; full-NAT, local addresses,
# options of a service, and connections; whom it asks.

bats_require_minimum_version 1.5.0
load lib/load

PATCHED=$BUILD/ipvsadm/sbin/ipvsadm
SERVICE=198.51.100.30:80
NET=192.0.2

setup_file() {
	[ -x "$PATCHED" ] || skip "$PATCHED is not there; make ipvsadm builds it"
	lab_up
	one_director_up laddrs=''
	web_up server1
}

teardown_file() {
	[ -z "${LAB_DIR-}" ] || lab_down
}

setup() {
	adm -C
}

adm() {
	on director1 "$PATCHED" --socket "$(socket_of director1)" "$@"
}

# It fails with this message, and status 2 if it was not even asked for.
refused() { # MESSAGE ARGUMENT...
	local message=$1
	shift
	run adm "$@"
	echo "$output"
	[ "$status" -ne 0 ]
	[ "$output" = "$message" ]
}

# One ipvsadm or the other: what it says to each line, with its status.
say_all() { # COMMAND...
	local line status
	while read -r line; do
		status=0
		# shellcheck disable=SC2086 # words
		"$@" $line 2>&1 || status=$?
		echo "# $line: $status"
	done
}

@test "stock options print what the distribution's ipvsadm prints" {
	cat >"$BATS_TEST_TMPDIR/lines" <<-END
		-A -t 198.51.100.10:80 -s wrr
		-A -t 198.51.100.10:80 -s rr
		-A -u 198.51.100.10:53 -s sh -b sh-port,sh-fallback
		-A -t [2001:db8:1::10]:443 -s mh -b mh-port -p 300 -M 64
		-A -t 198.51.100.11:0 -s rr
		-A -t 198.51.100.11:0 -s rr -p 60 -M 255.255.255.0
		-A -f 7 -s lc -o
		-A -f 8 -6 -s none
		-A -t 198.51.100.12:80 -s nonsense
		-A -t 198.51.100.12:80 -s conhash
		-a -t 198.51.100.10:80 -r 192.0.2.11:8080 -m -w 3 -x 10 -y 5
		-a -t 198.51.100.10:80 -r 192.0.2.12 -g -w 0
		-a -t 198.51.100.10:80 -r 192.0.2.13 -i --tun-type gue --tun-port 6080 --tun-csum
		-a -t 198.51.100.10:80 -r 192.0.2.14:80 -i --tun-type gre
		-a -t 198.51.100.10:80 -r 192.0.2.15:80 -m -i
		-a -t [2001:db8:1::10]:443 -r [2001:db8:2::11]:8443 -m
		-a -f 7 -r 192.0.2.11 -g
		-a -t 198.51.100.99:80 -r 192.0.2.11:80 -m
		-e -t 198.51.100.10:80 -r 192.0.2.11:8080 -m -w 9
		-e -t 198.51.100.10:80 -r 192.0.2.99:80 -m
		-d -t 198.51.100.10:80 -r 192.0.2.99:80
		-E -u 198.51.100.10:53 -s wlc
		-Ln
		-Ln -t 198.51.100.10:80
		-L -n -t 198.51.100.99:80
		-Ln --stats
		-Ln --rate --exact
		-Ln --thresholds
		-Ln --persistent-conn
		-Ln --tun-info
		-Ln --nosort
		-Lnc
		-Lnc --persistent-conn
		-L --timeout
		--set 900 120 300
		--start-daemon master --mcast-interface lo --syncid 3
		-L --daemon
		--stop-daemon master
		-Sn
		-Z
		-Z -t 198.51.100.99:80
		-D -t 198.51.100.99:80
		-D -t 198.51.100.10:80
		-A
		-A -t 198.51.100.10:80 -w 3
		-Ln -S
		-C
		-Ln
	END
	say_all ipvsadm_at director1 <"$BATS_TEST_TMPDIR/lines" >"$BATS_TEST_TMPDIR/stock"
	say_all adm <"$BATS_TEST_TMPDIR/lines" >"$BATS_TEST_TMPDIR/patched"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/stock")" -gt 100 ]
	diff "$BATS_TEST_TMPDIR/stock" "$BATS_TEST_TMPDIR/patched"
}

@test "-b is full-NAT of a server, and scheduler flags of a service" {
	adm -A -t $SERVICE -s sh -b sh-port
	adm -a -t $SERVICE -r $NET.11:8080 -b -w 3
	adm -at $SERVICE -r $NET.12:80 -bw 4
	adm --add-server -t $SERVICE -r $NET.13:80 --fullnat
	run adm -Ln
	echo "$output"
	grep -Eq '^TCP  198.51.100.30:80 sh \(sh-port\)$' <<<"$output"
	grep -Eq '^  -> 192.0.2.11:8080 +FullNat 3 +0 +0 *$' <<<"$output"
	grep -Eq '^  -> 192.0.2.12:80 +FullNat 4 +0 +0 *$' <<<"$output"
	grep -Eq '^  -> 192.0.2.13:80 +FullNat 1 +0 +0 *$' <<<"$output"
	adm -e -t $SERVICE -r $NET.13:80 -m
	adm -e -t $SERVICE -r $NET.11:8080 -b -w 0
	run adm -Sn
	[ "$output" = "-A -t $SERVICE -s sh -b sh-port
-a -t $SERVICE -r $NET.11:8080 -b -w 0
-a -t $SERVICE -r $NET.12:80 -b -w 4
-a -t $SERVICE -r $NET.13:80 -m -w 1" ]
	refused "multiple 'forwarding-method' options specified" -a -t $SERVICE -r $NET.9:80 -b -m
}

@test "options of a service are listed, and back at their default when -E does not name them" {
	adm -A -t $SERVICE -s rr --conn-timeout 60 --expire-quiescent
	[[ "$(adm -Ln)" == *"TCP  $SERVICE rr conn-timeout 60 expire-quiescent"* ]]
	# who knows nothing of them leaves them
	ipvsadm_at director1 -E -t $SERVICE -s wrr
	[[ "$(adm -Ln)" == *"TCP  $SERVICE wrr conn-timeout 60 expire-quiescent"* ]]
	[[ "$(ipvsadm_at director1 -Ln)" != *conn-timeout* ]]
	adm -E -t $SERVICE -s rr --reset-quiescent
	[[ "$(adm -Ln)" == *"TCP  $SERVICE rr reset-quiescent"* ]]
	adm -E -t $SERVICE -s conhash --hash-target sip
	run adm -Ln
	grep -Eq "^TCP  $SERVICE conhash$" <<<"$output"
	refused "multiple 'quiescent' options specified" -E -t $SERVICE --expire-quiescent --reset-quiescent
	refused "invalid timeout value \`-1' specified" -E -t $SERVICE --conn-timeout -1
	refused "Illegal 'conn-timeout' option with the 'add-server' command" \
		-a -t $SERVICE -r $NET.11:80 -b --conn-timeout 5
	refused "--hash-target: ipvsd hashes the source address (sip) alone, not \`qid'" \
		-E -t $SERVICE -s conhash --hash-target qid
	refused "--hash-target is of the scheduler conhash" -E -t $SERVICE -s rr --hash-target sip
}

@test "a service says how its servers hear of their clients" {
	adm -A -t $SERVICE -s rr --proxy-protocol v2
	[[ "$(adm -Ln)" == *"TCP  $SERVICE rr proxy-protocol v2"* ]]
	ipvsdctl_at director1 services | grep -q "$SERVICE .* proxy-v2 "
	# who knows nothing of it leaves it
	ipvsadm_at director1 -E -t $SERVICE -s wrr
	[[ "$(adm -Ln)" == *"TCP  $SERVICE wrr proxy-protocol v2"* ]]
	local word
	for word in v1 v1-insecure v2-insecure; do
		adm -E -t $SERVICE -s rr --proxy-protocol $word
		[[ "$(adm -Ln)" == *"TCP  $SERVICE rr proxy-protocol $word"* ]]
		ipvsdctl_at director1 services | grep -q "$SERVICE .* proxy-$word "
	done
	adm -E -t $SERVICE -s rr --toa
	[[ "$(adm -Ln)" == *"TCP  $SERVICE rr toa"* ]]
	ipvsdctl_at director1 services | grep -q "$SERVICE .* toa "
	adm -E -t $SERVICE -s rr
	[ "$(adm -Sn)" = "-A -t $SERVICE -s rr" ]
	adm -E -t $SERVICE -s rr --toa
	adm -E -t $SERVICE -s rr --proxy-protocol disable
	[ "$(adm -Sn)" = "-A -t $SERVICE -s rr" ]
	for word in opp ipo; do
		adm -A -u $SERVICE -s rr --uoa $word
		[[ "$(adm -Ln)" == *"UDP  $SERVICE rr uoa $word"* ]]
		ipvsdctl_at director1 services | grep -q "$SERVICE .* uoa-$word "
		adm -D -u $SERVICE
	done
	adm -A -u $SERVICE -s rr --proxy-protocol v2
	adm -A -f 7 -s rr --uoa opp
	refused "--proxy-protocol v1: only TCP services tell their servers so" -E -u $SERVICE --proxy-protocol v1
	refused "--toa: only TCP services tell their servers so" -E -u $SERVICE --toa
	refused "--uoa ipo: only UDP services tell their servers so" -E -t $SERVICE --uoa ipo
	refused "--proxy-protocol v2: only TCP and UDP services tell their servers so" \
		-A --sctp-service $SERVICE --proxy-protocol v2
	refused "--proxy-protocol: there is no \`v3'" -E -t $SERVICE --proxy-protocol v3
	refused "multiple 'client-address' options specified" -E -t $SERVICE --toa --proxy-protocol v1
	refused "Illegal 'client-address' option with the 'add-server' command" \
		-a -t $SERVICE -r $NET.11:80 -b --toa
}

@test "--quic names the coding of connection IDs, DPVS's if none" {
	adm -A -u $SERVICE -s rr --quic
	[[ "$(adm -Ln)" == *"UDP  $SERVICE rr quic dpvs"* ]]
	ipvsdctl_at director1 services | grep -q "$SERVICE .* dpvs$"
	adm -E -u $SERVICE -s rr
	[ "$(adm -Sn)" = "-A -u $SERVICE -s rr" ]
	adm -E -u $SERVICE --quic dpvs -s rr
	[ "$(adm -Sn)" = "-A -u $SERVICE -s rr --quic dpvs" ]
	refused "There is no such scheduler or persistence engine, or no QUIC coding \`other' in ipvsd.conf" \
		-E -u $SERVICE -s rr --quic other
	refused "illegal name of a QUIC coding \`abcdefghijklmnopqrstuvwxyzabcdef'" \
		-E -u $SERVICE -s rr --quic abcdefghijklmnopqrstuvwxyzabcdef
	[ "$(adm -Sn)" = "-A -u $SERVICE -s rr --quic dpvs" ]
}

@test "local addresses of a service are added, listed and removed" {
	adm -A -t $SERVICE -s rr
	adm -P -t $SERVICE -z $NET.100 -F lan
	adm -P -t $SERVICE -z $NET.101 -F lan
	adm -A -u '[2001:db8:1::30]:53' -s rr
	adm -P -u '[2001:db8:1::30]:53' -z 2001:db8:2::100 -F lan
	run adm -Gn
	echo "$output"
	[ "${lines[0]}" = "VIP:VPORT            TOTAL    SNAT_IP              CONFLICTS  CONNS     " ]
	[ "${lines[1]}" = "198.51.100.30:80     2        192.0.2.100          0          0         " ]
	[ "${lines[2]}" = "                              192.0.2.101          0          0         " ]
	[ "${lines[3]}" = "[2001:db8:1::30]:53  1        2001:db8:2::100      0          0         " ]
	[ "${#lines[@]}" -eq 4 ]
	refused "Local address already exists" -P -t $SERVICE -z $NET.100 -F lan
	refused "The service's local addresses are on port \`lan', not \`wan'" -P -t $SERVICE -z $NET.102 -F wan
	refused "The service's local addresses are on port \`lan', not \`wan'" -Q -t $SERVICE -z $NET.101 -F wan
	refused "No such local address" -Q -t $SERVICE -z $NET.102 -F lan
	refused "No such service" -P -t 198.51.100.99:80 -z $NET.102 -F lan
	refused "illegal local address \`nonsense'" -P -t $SERVICE -z nonsense -F lan
	refused "No address that a host can have" -P -t $SERVICE -z 224.0.0.1 -F lan
	refused "You need to supply the 'ifname' option for the 'add-laddr' command" -P -t $SERVICE -z $NET.102
	# deleting needs no port; the last one takes the group along
	adm -Q -t $SERVICE -z $NET.100
	[[ "$(adm -Gn -t $SERVICE)" == *"198.51.100.30:80     1        192.0.2.101 "* ]]
	adm -Q -t $SERVICE -z $NET.101 -F lan
	[[ "$(adm -Gn -t $SERVICE)" == *"198.51.100.30:80     0       "* ]]
	run ipvsdctl_at director1 laddrs
	echo "$output"
	[ "$(grep -c '^ipvsadm-' <<<"$output")" -eq 1 ]
	adm -D -u '[2001:db8:1::30]:53'
	[ -z "$(ipvsdctl_at director1 laddrs)" ]
	refused "ipvsd has no port \`dpdk0'" -P -t $SERVICE -z $NET.100 -F dpdk0
}

@test "services share a local address, and each keeps it when the other is gone" {
	adm -A -t $SERVICE -s rr
	adm -A -t 198.51.100.30:443 -s rr
	adm -A -f 7 -s rr
	adm -P -t $SERVICE -z $NET.100 -F lan
	adm -P -t 198.51.100.30:443 -z $NET.100 -F lan
	adm -P -t 198.51.100.30:443 -z $NET.101 -F lan
	adm -P -f 7 -z $NET.101 -F lan
	adm -A -f 8 -s rr
	refused "The local address is in use on another port" -P -f 8 -z $NET.100 -F wan
	adm -D -t $SERVICE
	run adm -Gn
	echo "$output"
	[ "${#lines[@]}" -eq 4 ]
	[[ "$output" == *"198.51.100.30:443    2        192.0.2.100 "* ]]
	[[ "$output" == *"FWM 7                1        192.0.2.101 "* ]]
	adm -C
	[ -z "$(ipvsdctl_at director1 laddrs)" ]
}

@test "full-NAT servers may be of the other family" {
	adm -A -t $SERVICE -s rr
	adm -a -t $SERVICE -r '[2001:db8:2::11]:80' -b
	[ "$(adm -Sn)" = "-A -t $SERVICE -s rr
-a -t $SERVICE -r [2001:db8:2::11]:80 -b -w 1" ]
	refused "Different address family is allowed only for tunneling and full-NAT servers" \
		-a -t $SERVICE -r '[2001:db8:2::12]:80' -m
}

@test "-S gives all of it to -R" {
	adm -A -t $SERVICE -s wrr -p 60 --conn-timeout 77 --reset-quiescent --proxy-protocol v1-insecure
	adm -P -t $SERVICE -z $NET.100 -F lan
	adm -P -t $SERVICE -z $NET.101 -F lan
	adm -a -t $SERVICE -r $NET.11:80 -b -w 3
	adm -A -t '[2001:db8:1::30]:80' -s conhash --expire-quiescent --laddr-group elsewhere
	adm -a -t '[2001:db8:1::30]:80' -r '[2001:db8:2::11]:80' -b
	adm -Sn >"$BATS_TEST_TMPDIR/saved"
	cat "$BATS_TEST_TMPDIR/saved"
	[ "$(cat "$BATS_TEST_TMPDIR/saved")" = "-A -t $SERVICE -s wrr -p 60 --conn-timeout 77 --reset-quiescent --proxy-protocol v1-insecure
-P -t $SERVICE -z $NET.100 -F lan
-P -t $SERVICE -z $NET.101 -F lan
-a -t $SERVICE -r $NET.11:80 -b -w 3
-A -t [2001:db8:1::30]:80 -s conhash --expire-quiescent --laddr-group elsewhere
-a -t [2001:db8:1::30]:80 -r [2001:db8:2::11]:80 -b -w 1" ]
	adm -Ln >"$BATS_TEST_TMPDIR/listed"
	adm -C
	[ -z "$(adm -Sn)" ]
	adm -R <"$BATS_TEST_TMPDIR/saved"
	adm -Sn | diff "$BATS_TEST_TMPDIR/saved" -
	adm -Ln | diff "$BATS_TEST_TMPDIR/listed" -
}

@test "connections are listed with their local addresses, and counted for them" {
	adm -A -t $SERVICE -s rr
	adm -P -t $SERVICE -z $NET.100 -F lan
	adm -P -t $SERVICE -z $NET.101 -F lan
	adm -a -t $SERVICE -r $NET.11:80 -b
	on client curl --silent --fail --max-time 5 http://$SERVICE/ >/dev/null
	run adm -Lnc
	echo "$output"
	[ "${lines[0]}" = "IPVS connection entries" ]
	[ "${lines[1]}" = "pro expire state       source             virtual            destination        local" ]
	[[ "${lines[2]}" =~ ^TCP\ [0-9]+:[0-9]{2}\ +[A-Z_]+\ +198\.51\.100\.8:([0-9]+)\ +198\.51\.100\.30:80\ +192\.0\.2\.11:80\ +192\.0\.2\.10[01]:[0-9]+$ ]]
	port=${BASH_REMATCH[1]}
	[ "$(adm -Lnc --sockpair "tcp:198.51.100.8:$port:$SERVICE")" = "$output" ] ||
		[ "$(adm -Lnc --sockpair "tcp:198.51.100.8:$port:$SERVICE" | wc -l)" -eq 3 ]
	[ "$(adm -Lnc --sockpair "tcp:198.51.100.8:$((port ^ 1)):$SERVICE" | wc -l)" -eq 2 ]
	[ "$(adm -Lnc --cpu 0 | wc -l)" -eq 3 ]
	[ "$(adm -Lnc --cpu 9 | wc -l)" -eq 2 ]
	run adm -Gn -t $SERVICE
	echo "$output"
	[ "$(awk 'NR > 1 { n += $NF } END { print n }' <<<"$output")" -eq 1 ]
	refused "--sockpair and --cpu limit the list of connections (-c)" -Ln --cpu 0
	refused "illegal sockpair \`tcp:1:2': give protocol:source:port:target:port, IPv6 addresses in brackets" \
		-Lnc --sockpair tcp:1:2
}

@test "a service's local addresses are those that its servers see" {
	adm -A -t 198.51.100.30:8080 -s rr
	adm -A -t 198.51.100.30:443 -s rr
	adm -P -t 198.51.100.30:8080 -z $NET.100 -F lan
	adm -P -t 198.51.100.30:443 -z $NET.101 -F lan
	adm -a -t 198.51.100.30:8080 -r $NET.11:80 -b
	for _ in 1 2 3 4; do
		on client curl --silent --fail --max-time 5 http://198.51.100.30:8080/ >/dev/null
	done
	run ipvsdctl_at director1 conns -v :8080
	echo "$output"
	[ "$(grep -c ' 192.0.2.100:' <<<"$output")" -eq 4 ]
	refute grep -q ' 192.0.2.101:' <<<"$output"
}

# A connection that is open, and idle after a first page: how it ends.
idle_connection() { # VIP PORT
	on client python3 - "$@" <<-'END'
		import socket, sys
		s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)
		s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		s.settimeout(20)
		got = s.recv(65536)
		assert got.startswith(b"HTTP/1.1 200"), got
		print("open", flush=True)
		try:
		    print("closed" if s.recv(65536) == b"" else "data")
		except ConnectionResetError:
		    print("reset")
		except TimeoutError:
		    print("still open")
	END
}

is_listed_as() { # STATE
	ipvsdctl_at director1 conns -v :8081 -t "$1" | grep -q 198.51.100.8
}

no_socket_at_server1() {
	[ -z "$(on server1 ss -Htn state established "( sport = :80 )")" ]
}

@test "a server of weight 0 loses its connections with a RST to both sides, if its service says so" {
	adm -A -t 198.51.100.30:8081 -s rr --reset-quiescent
	adm -P -t 198.51.100.30:8081 -z $NET.100 -F lan
	adm -a -t 198.51.100.30:8081 -r $NET.11:80 -b
	idle_connection 198.51.100.30 8081 >"$BATS_TEST_TMPDIR/end" 2>&1 3>&- &
	client=$!
	await says "$BATS_TEST_TMPDIR/end" open
	await is_listed_as ESTABLISHED
	adm -e -t 198.51.100.30:8081 -r $NET.11:80 -b -w 0
	wait $client
	cat "$BATS_TEST_TMPDIR/end"
	[ "$(tail -n 1 "$BATS_TEST_TMPDIR/end")" = reset ]
	await no_socket_at_server1
	is_listed_as CLOSE
	[ "$(counter_at director1 conn_drained)" -ge 1 ]
}

@test "SNAT is added, listed and saved, and refused where it can't be" {
	adm -A -t $SERVICE -s rr
	adm -P -t $SERVICE -z $NET.200 -F lan
	adm -A -f 7 -s rr
	refused "Address is in no group of local addresses" -a -f 7 -r $NET.201 -J
	refused "SNAT is for services by mark (-f) alone" -a -t $SERVICE -r $NET.200 -J
	adm -a -f 7 -r $NET.200 -J
	adm -Ln -f 7 | grep -Eq "^  -> $NET.200:0 +Snat +1 "
	[[ "$(adm -Sn)" == *"-a -f 7 -r $NET.200:0 -J -w 1"* ]]
	refused "No destination can be changed from SNAT, or to it" -e -f 7 -r $NET.200 -m
	adm -e -f 7 -r $NET.200 -J -w 3
	adm -Ln -f 7 | grep -Eq "^  -> $NET.200:0 +Snat +3 "
}

@test "what DPVS has and ipvsd has not is an error that says so" {
	adm -A -t $SERVICE -s rr
	refused "-H, --match: ipvsd has no services by match (for SNAT take -f, and marks in ipvsd.conf) yet" -A -H proto=tcp
	refused "-j, --synproxy: ipvsd has no SYN proxy yet" -E -t $SERVICE -j enable
	refused "-q, --icmp-service: ipvsd has no ICMP services yet" -A -q 198.51.100.30
	refused "--dest-check: ipvsd has no passive health checks yet" -A -t $SERVICE --dest-check default
	refused "-U, --add-blklst: ipvsd has no deny lists yet" -U -t $SERVICE -k 198.51.100.8
	refused "-W, --get-whtlst: ipvsd has no allow lists yet" -W
	# nothing of them was done
	[ "$(adm -Sn)" = "-A -t $SERVICE -s rr" ]
}

@test "it asks the ipvsd that is named, and never the kernel in its place" {
	adm -A -t $SERVICE -s rr
	[[ "$(on director1 env IPVSD_SOCKET="$(socket_of director1)" "$PATCHED" -Ln)" == *"TCP  $SERVICE rr"* ]]
	[[ "$(on director1 "$PATCHED" -Ln --socket="$(socket_of director1)")" == *"TCP  $SERVICE rr"* ]]
	run on director1 "$PATCHED" --socket "$LAB_DIR/none" -Ln
	echo "$output"
	[ "$status" -eq 2 ]
	[ "$output" = "Can't reach ipvsd at $LAB_DIR/none: No such file or directory
Is it running? With --kernel the kernel's IPVS is used." ]
	run on director1 "$PATCHED" --socket x --kernel -Ln
	[ "$output" = "--socket and --kernel exclude each other" ]
	# the kernel of the test machine may have IPVS or not; it has no service of ours
	run on director1 env IPVSD_SOCKET="$(socket_of director1)" "$PATCHED" --kernel -Ln
	echo "$output"
	[[ "$output" != *"$SERVICE"* ]]
}

@test "an ipvsd that goes away is an error" {
	[ -z "$(ls /run/ipvsd/ipvs.sock 2>/dev/null)" ] || skip "an ipvsd runs on this machine"
	stop_ipvsd director1
	run on director1 "$PATCHED" --socket "$(socket_of director1)" -A -t $SERVICE
	echo "$output"
	[ "$status" -eq 2 ]
	[[ "$output" == "Can't reach ipvsd at "* ]]
	run_ipvsd director1
}
