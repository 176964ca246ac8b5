#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The files that the kernel's IPVS has below /proc: through ipvsd-run, and in a folder by ipvsd-proc.

load lib/load

setup_file() {
	lab_up
	one_director_up
	web_up server1 server2 server3
	echo_up server1
	services_up director1 t 80
	ipvsadm_at director1 -A -u $NAT_VIP:7 -s rr
	ipvsadm_at director1 -a -u $NAT_VIP:7 -r $LAN.11:7 -m
}

teardown_file() {
	lab_down
}

under_shim() { # COMMAND...
	on director1 "$IPVSD_RUN" -s "$(socket_of director1)" "$@"
}

# A client's connection that stays open until the test ends.
hold() { # NAME ADDRESS
	start_on client "$1" socat -u "TCP:$(in_url "$2"):80,sourceport=$3" -,ignoreeof
}

is_listed() { # LINE as an extended regular expression
	under_shim ipvsadm -Lnc | grep -Eq "$1"
}

@test "ipvsadm -Lnc lists connections with states, servers and the time they have left" {
	hold one $NAT_VIP 4001
	hold two $FNAT_VIP6 4002
	udp_ask client $NAT_VIP 10
	await is_listed "^TCP 14:5[0-9]  ESTABLISHED $CLIENT:4001 +$NAT_VIP:80 +$LAN\.1[123]:80 *\$"
	await is_listed "^TCP 14:5[0-9]  ESTABLISHED \[$CLIENT6\]:4002 +\[$FNAT_VIP6\]:80 +\[$LAN6:1[123]\]:80 *\$"
	await is_listed "^UDP 04:5[0-9]  UDP         $CLIENT:[0-9]+ +$NAT_VIP:7 +$LAN\.11:7 *\$"
	end one
	end two
	# The client's FIN, the server's, and the last ACK: as many seconds as the kernel keeps it.
	await is_listed "^TCP 01:[0-9]+  TIME_WAIT +$CLIENT:4001 "
}

@test "ipvsdctl conns shows the local address too, and only what is asked for" {
	hold one $FNAT_VIP 4003
	hold two $DR_VIP 4004
	listed() {
		ipvsdctl_at director1 conns "$@" | tail -n +2
	}
	open_ones() {
		[ "$(listed -t ESTABLISHED -c "$CLIENT" | wc -l)" -eq 2 ]
	}
	await open_ones
	listed -c $CLIENT:4003 | grep -Eq "^TCP +ESTABLISHED .* $CLIENT:4003 +$FNAT_VIP:80 +$LAN\.10[01]:[0-9]+ +$LAN\.1[123]:80\$"
	listed -c :4004 | grep -Eq " $CLIENT:4004 +$DR_VIP:80 +- +$LAN\.1[123]:80\$"
	[ "$(listed -v $FNAT_VIP:80 -t ESTABLISHED | wc -l)" -eq 1 ]
	[ -z "$(listed -v $FNAT_VIP:81)" ]
	[ -z "$(listed -p udp -t ESTABLISHED)" ]
	[ -z "$(listed -w 7)" ]
	run ipvsdctl_at director1 conns -c nonsense
	[ "$status" -eq 2 ]
	[[ "$output" == *"-c nonsense: not allowed"* ]]
	end one
	end two
}

@test "cat, redirections, Python and tests of existence find the files" {
	local stats
	stats=$(under_shim cat /proc/net/ip_vs_stats)
	[ "$(wc -l <<<"$stats")" -eq 6 ]
	[[ "$stats" == "   Total Incoming Outgoing         Incoming         Outgoing"* ]]
	[ "$(under_shim cat /proc/self/net/ip_vs_app /proc/1/net/ip_vs_app)" = \
		$'prot port    usecnt name\nprot port    usecnt name' ]
	[ "$(under_shim bash -c 'head -1 </proc/net/ip_vs')" = "IP Virtual Server version 1.2.1 (size=65536)" ]
	[ "$(under_shim python3 -c 'print(len(open("/proc/thread-self/net/ip_vs_stats_percpu").readlines()))')" -eq 7 ]
	under_shim bash -c '[ -r /proc/net/ip_vs_conn ] && [ ! -e /proc/net/ip_vs_nothing ] && [ -f /proc/net/ip_vs ]'
	[ "$(under_shim stat -c %A /proc/net/ip_vs)" = -r--r--r-- ]
	run under_shim cat /proc/net/ip_vs_nothing
	[ "$status" -ne 0 ]
	[[ "$output" == *"No such file or directory"* ]]
	# All others are the kernel's.
	[[ "$(under_shim cat /proc/net/dev)" == *wan0* ]]
	run under_shim bash -c 'echo 1 >/proc/net/ip_vs'
	[ "$status" -ne 0 ]
	[[ "$output" == *"Permission denied"* ]]
}

@test "a user who may not use the socket can't read them" {
	run under_shim setpriv --reuid=65534 --clear-groups cat /proc/net/ip_vs_conn
	echo "$output"
	[ "$status" -ne 0 ]
	[[ "$output" == *"Permission denied"* ]]
}

@test "the totals of ip_vs_stats are the sums of ipvsadm --stats" {
	local conns in_packets out_packets in_bytes out_bytes expected
	udp_ask client $NAT_VIP 10 20 30
	udp_ask client $NAT_VIP 1000
	expected=$(ipvsadm_at director1 -Ln --stats --exact |
		awk '/^(TCP|UDP)/ { for (i = 1; i <= 5; i++) n[i] += $(i + 2) } END { print n[1], n[2], n[3], n[4], n[5] }')
	read -r conns in_packets out_packets in_bytes out_bytes \
		< <(under_shim cat /proc/net/ip_vs_stats | sed -n 3p)
	[ "$((16#$conns)) $((16#$in_packets)) $((16#$out_packets)) $((16#$in_bytes)) $((16#$out_bytes))" = "$expected" ]
	# As in the kernel: zeroed as a whole, while the line of a CPU goes on.
	ipvsadm_at director1 --zero
	[ "$(under_shim sed -n 3p /proc/net/ip_vs_stats | tr -s ' ')" = " 0 0 0 0 0" ]
	[ "$((16#$(under_shim awk 'NR == 3 { print $2 }' /proc/net/ip_vs_stats_percpu)))" -eq $((16#$conns)) ]
}

@test "thousands of connections are listed completely while packets are forwarded" {
	local limit=3000
	start_on client many python3 -c "
import resource, socket, time
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
keep = []
for i in range($limit):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(('$NAT_VIP', 7)); s.send(b'x'); keep.append(s)
    if i % 100 == 0: time.sleep(0.02)
# what a busy machine has lost is sent again
while True:
    time.sleep(1)
    for i, s in enumerate(keep):
        s.send(b'x')
        if i % 100 == 0: time.sleep(0.02)"
	all_listed() {
		[ "$(under_shim ipvsadm -Lnc | grep -c "^UDP .* $NAT_VIP:7 ")" -ge $limit ]
	}
	await all_listed
	[ "$(under_shim cat /proc/net/ip_vs_conn_sync | grep -c "^UDP .* UDP         LOCAL ")" -ge $limit ]
	pages_come_from_all_servers $NAT_VIP
	end many
}

# ---- ipvsd-proc ----

proc_folder() {
	mkdir -p "$BATS_TEST_TMPDIR/proc"
	echo "$BATS_TEST_TMPDIR/proc"
}

@test "ipvsd-proc writes the files once, whole, and lists of connections when asked" {
	local folder
	folder=$(proc_folder)
	"$BUILD/ipvsd-proc" -1 -s "$(socket_of director1)" "$folder"
	diff "$folder/net/ip_vs" <(under_shim cat /proc/net/ip_vs)
	[ "$(head -1 "$folder/net/ip_vs_stats_percpu")" = "       Total Incoming Outgoing         Incoming         Outgoing" ]
	[ ! -e "$folder/net/ip_vs_conn" ]
	"$BUILD/ipvsd-proc" -1c -s "$(socket_of director1)" "$folder"
	grep -q '^Pro FromIP' "$folder/net/ip_vs_conn"
	[ -z "$(find "$folder" -name '*.new')" ]
}

@test "ipvsd-proc keeps them up to date, and takes them away when it can't" {
	local folder
	folder=$(proc_folder)
	start_on director1 proc "$BUILD/ipvsd-proc" -i 0.1 -s "$(socket_of director1)" "$folder"
	await says "$folder/net/ip_vs" " rr "
	ipvsadm_at director1 -A -t 198.51.100.99:99 -s wrr
	await says "$folder/net/ip_vs" "TCP  C6336463:0063 wrr"
	ipvsadm_at director1 -D -t 198.51.100.99:99
	refute_listed() {
		refute says "$folder/net/ip_vs" C6336463
	}
	await refute_listed
	stop_ipvsd director1
	await [ ! -e "$folder/net/ip_vs" ]
	says "$(log_of proc)" "the files are removed until ipvsd can be read"
	run_ipvsd director1
	await says "$folder/net/ip_vs" " rr "
	end proc
	[ -z "$(find "$folder" -type f)" ]
}

@test "ipvsd-proc says what is wrong with its command line" {
	run "$BUILD/ipvsd-proc" -i 0 /tmp
	[ "$status" -eq 2 ]
	[[ "$output" == *"-i 0: not a number of seconds from 0.1 to 86400"* ]]
	run "$BUILD/ipvsd-proc"
	[ "$status" -eq 2 ]
	run "$BUILD/ipvsd-proc" -1 /nonexistent
	[ "$status" -eq 1 ]
	[ "$output" = "ipvsd-proc: /nonexistent: No such file or directory" ]
	run "$BUILD/ipvsd-proc" -1 -s /nonexistent "$(proc_folder)"
	[ "$status" -eq 1 ]
}
