#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Persistent services, services by mark, one-packet scheduling: what clients see of them. Two workers share the
# connections, so that what both must agree on is agreed on by ring.

load lib/load

setup_file() {
	lab_up
	one_director_up workers=2 marks='
		{ mark = 5; protocol = "tcp"; destination = "198.51.100.10"; ports = "80-81"; port = "wan"; },
		{ mark = 5; destination = "198.51.100.30"; ports = 7; },
		{ mark = 6; destination = "2001:db8:1::10"; }'
	web_up server1 server2 server3
	echo_up server1 server2 server3
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

# All three servers. PORT: of theirs; METHOD: -m or -g.
dests_add() { # SERVICE-ARGUMENTS PORT METHOD [IPV6]
	local n net=$LAN.
	[ $# -lt 4 ] || net=$LAN6:
	for n in 11 12 13; do
		# shellcheck disable=SC2086 # two words
		adm -a $1 -r "$(in_url "$net$n"):$2" "$3"
	done
}

# As ipvsadm writes it, for grep.
in_list() { # ADDRESS
	in_url "$1" | sed 's/[][]/\\&/g'
}

client_of() { # VIP
	[[ $1 == *:* ]] && echo $CLIENT6 || echo $CLIENT
}

# N requests are answered by one server.
one_answers() { # ADDRESS N
	run who_answers client "$1" "$2"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ "${lines[0]}" == "$2 server"[123] ]]
}

# Who answers N datagrams of one socket.
one_socket_asks() { # ADDRESS N PORT
	on client python3 -c '
import socket, sys
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(2)
client.bind(("", int(sys.argv[3])))
for i in range(int(sys.argv[2])):
    client.sendto(b"%d" % i, (sys.argv[1], 7))
    print(client.recv(100).split(b" ")[0].decode())' "$@" | sort | uniq -c | sed 's/^ *//'
}

@test "a client of a persistent service stays at one server, with NAT and DR, IPv4 and IPv6" {
	local vip net
	for vip in $NAT_VIP $DR_VIP $NAT_VIP6 $DR_VIP6; do
		adm -A -t "$(in_url "$vip"):80" -s rr -p 300
	done
	dests_add "-t $NAT_VIP:80" 80 -m
	dests_add "-t $DR_VIP:80" 80 -g
	dests_add "-t $(in_url $NAT_VIP6):80" 80 -m ipv6
	dests_add "-t $(in_url $DR_VIP6):80" 80 -g ipv6
	for vip in $NAT_VIP $DR_VIP $NAT_VIP6 $DR_VIP6; do
		one_answers "$vip" 12
		run adm -Ln --persistent-conn -t "$(in_url "$vip"):80"
		echo "$output"
		[ "$(awk '$1 == "->" && $4 == 1 && $5 + $6 == 12' <<<"$output" | wc -l)" -eq 1 ]
		adm -Lnc | grep -Eq "^TCP +0[0-5]:[0-5][0-9] +ASSURED +$(in_list "$(client_of "$vip")"):0 +$(in_list "$vip"):80 +"
		[ "$(awk '$1 == "->" && $4 == 0 && $5 + $6 == 0' <<<"$output" | wc -l)" -eq 2 ]
	done
	run adm -Sn
	grep -Fxq -- "-A -t $NAT_VIP:80 -s rr -p 300" <<<"$output"
}

@test "clients of one network share a template, those of another have their own" {
	adm -A -t $FNAT_VIP:80 -s rr -p 300 -M 255.255.255.240
	dests_add "-t $FNAT_VIP:80" 80 -m
	address_add client eth0 $WAN.7/24 $WAN.100/24 $WAN.120/24
	get() {
		on client curl --silent --fail --noproxy '*' --max-time 5 --interface "$1" "http://$FNAT_VIP/"
	}
	templates() {
		adm -Ln --persistent-conn | awk '$1 == "->" { n += $4 } END { print n + 0 }'
	}
	[ "$(get $WAN.8)" = "$(get $WAN.7)" ]
	[ "$(templates)" -eq 1 ]
	[ "$(get $WAN.100)" = "$(get $WAN.100)" ]
	[ "$(templates)" -eq 2 ]
	[ "$(get $WAN.120)" = "$(get $WAN.120)" ]
	[ "$(templates)" -eq 3 ]
}

@test "a client whose server has weight 0 stays, one whose server is removed gets another" {
	local mine
	adm -A -t $NAT_VIP:80 -s rr -p 300
	dests_add "-t $NAT_VIP:80" 80 -m
	mine=$(page client $NAT_VIP)
	adm -e -t $NAT_VIP:80 -r "$LAN.1${mine#server}:80" -m -w 0
	run who_answers client $NAT_VIP 6
	[ "$output" = "6 $mine" ]
	adm -d -t $NAT_VIP:80 -r "$LAN.1${mine#server}:80"
	run who_answers client $NAT_VIP 6
	echo "$output"
	[ "${#lines[@]}" -eq 1 ]
	[ "$output" != "6 $mine" ]
}

@test "persistence engine sip: calls are told apart by their Call-ID" {
	local call
	adm -A -u $NAT_VIP:7 -s rr -p 300 --pe sip
	dests_add "-u $NAT_VIP:7" 7 -m
	# each call from two sockets
	for call in 1 2 3 4 5 6 7 8 9; do
		on client env PYTHONPATH="$LAB_TOOLS" python3 -c '
import socket, sys
from udp_ask import next_port
def ask():
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(2)
    client.bind(("", next_port()))
    client.sendto(b"OPTIONS sip:x SIP/2.0\r\nCall-ID: %s@here\r\n\r\n" % sys.argv[2].encode(), (sys.argv[1], 7))
    return client.recv(1000).split(b" ")[0].decode()
first, second = ask(), ask()
assert first == second, (first, second)
print(first)' $NAT_VIP $call
	done >"$BATS_TEST_TMPDIR/answers"
	sort "$BATS_TEST_TMPDIR/answers" | uniq -c
	[ "$(sort -u "$BATS_TEST_TMPDIR/answers" | wc -l)" -gt 1 ]
	[ "$(adm -Ln --persistent-conn | awk '$1 == "->" { n += $4 } END { print n }')" -eq 9 ]
	run on director1 "$IPVSD_RUN" -s "$(socket_of director1)" cat /proc/net/ip_vs_conn
	echo "$output"
	[ "$(grep -cE "^UDP C6336408 0000 C633640A 0007 C000020[BCD] 0007 ASSURED +[0-9]+ sip [1-9]@here$" <<<"$output")" -eq 9 ]
	adm -Ln | grep -Fxq "UDP  $NAT_VIP:7 rr persistent 300 pe sip"
}

@test "a persistent service at port 0 takes all ports to one server" {
	local server
	adm -A -t $NAT_VIP:0 -s rr -p 300
	dests_add "-t $NAT_VIP:0" 0 -m
	one_answers $NAT_VIP 6
	server=${lines[0]#* }
	# nobody listens there: the server says so, and not the director
	run on client curl --silent --noproxy '*' --max-time 5 "http://$NAT_VIP:82/"
	[ "$status" -eq 7 ]
	[ "$(adm -Ln --stats -t $NAT_VIP:0 | awk -v server="$LAN.1${server#server}:0" '$2 == server { print $3 }')" -eq 7 ]
}

@test "a mark gathers ports and addresses into one service" {
	adm -A -f 5 -s rr
	dests_add "-f 5" 0 -m
	run who_answers client $NAT_VIP 12
	echo "$output"
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 3 ]
	udp_ask client $FNAT_VIP 10 20 30
	run adm -Ln --stats
	echo "$output"
	grep -Eq '^FWM +5 +15 ' <<<"$output"
	# another port of the address is the host's
	run on client curl --silent --noproxy '*' --max-time 5 "http://$NAT_VIP:82/"
	[ "$status" -eq 7 ]
	grep -Eq '^FWM +5 +15 ' <<<"$(adm -Ln --stats)"
	[ "$(adm -Sn | head -1)" = "-A -f 5 -s rr" ]
}

@test "a mark of IPv6 is a service of its own, and may be persistent" {
	adm -A -f 6 -6 -s rr -p 60 -M 64
	dests_add "-f 6 -6" 0 -m ipv6
	one_answers $NAT_VIP6 6
	[ "$(adm -Sn | head -1)" = "-A -f 6 -6 -s rr -p 60 -M 64" ]
}

@test "one-packet scheduling spreads the datagrams of one socket, and keeps no connection" {
	adm -A -u $DR_VIP:7 -s rr
	dests_add "-u $DR_VIP:7" 7 -g
	run one_socket_asks $DR_VIP 6 5555
	echo "$output"
	[[ "$output" == "6 server"[123] ]]
	adm -D -u $DR_VIP:7
	adm -A -u $DR_VIP:7 -s rr -o
	dests_add "-u $DR_VIP:7" 7 -g
	adm --zero
	# from another port: the first one has a connection
	run one_socket_asks $DR_VIP 6 5556
	echo "$output"
	[ "$output" = $'2 server1\n2 server2\n2 server3' ]
	run adm -Ln --stats -u $DR_VIP:7
	echo "$output"
	grep -Eq "^UDP +$DR_VIP:7 +6 +6 +0 " <<<"$output"
	[ "$(adm -Ln -u $DR_VIP:7 | awk '/->/ { n += $5 + $6 } END { print n }')" -le 1 ]
}
