#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Real servers hear of their clients' addresses: the PROXY protocol before nginx and before a server that speaks first,
# with what gets lost on the way; TOA and UOA.

load lib/load

setup_file() {
	lab_up
	one_director_up
	# With the local addresses of this lab.
	proxied_web_up -e "s|192\.0\.2\.200/29|$LAN.100/31|" -e "s|2001:db8:2::200/125|${LAN6}:100|"
	start_on server1 greeter python3 "$LAB_TOOLS/greeter.py" serve 25
	start_on server1 told python3 "$LAB_TOOLS/told.py" serve 26
	await says "$(log_of greeter)" ready
	await says "$(log_of told)" ready
}

teardown_file() {
	lab_down
}

teardown() {
	on server1 nft flush ruleset
	ipvsadm_at director1 -C
}

# A service with server1 alone. METHOD: fnat, cross (to its address of the other family) or -m
told_service() { # t|u VIP PORT METHOD WAY
	local protocol=tcp net vip
	[ "$1" = t ] || protocol=udp
	net=$(servers_net "$2" "${4/cross/other}")
	vip=$(in_url "$2"):$3
	python3 "$LAB_TOOLS/fullnat.py" "$(socket_of director1)" service $protocol "$vip" rr "$5"
	if [ "$4" = fnat ] || [ "$4" = cross ]; then
		fullnat_dest_add director1 "$1" "$vip" "$(in_url "${net}11"):$3"
	else
		ipvsadm_at director1 -a "-$1" "$vip" -r "$(in_url "${net}11"):$3" "$4"
	fi
}

# Drops the first packet with data that comes to PORT of each connection.
lose_first_data() { # PORT
	on server1 nft -f - <<-END
		table inet loss {
			set lost { typeof tcp sport; flags dynamic; }
			chain in {
				type filter hook input priority 0
				tcp dport $1 meta length >= 70 tcp flags & (syn | rst) == 0 \
					tcp sport != @lost add @lost { tcp sport } counter drop
			}
		}
	END
}

# The first packet of each connection that acknowledges without data.
lose_first_acknowledgement() { # PORT
	on server1 nft -f - <<-END
		table inet loss {
			set lost { typeof tcp dport; flags dynamic; }
			chain out {
				type filter hook output priority 0
				tcp sport $1 tcp flags & (syn | rst | psh | fin | ack) == ack \
					tcp dport != @lost add @lost { tcp dport } counter drop
			}
		}
	END
}

lost_something() {
	on server1 nft list table inet loss | grep -E 'packets [1-9]'
}

at_port() { # VIP PORT: as page() wants it
	case $1 in
	*:*) echo "[$1]:$2" ;;
	*) echo "$1:$2" ;;
	esac
}

page81() { # VIP PATH
	on client curl --silent --show-error --fail --noproxy '*' --max-time 20 "http://$(at_port "$1" 81)/$2"
}

page_says() { # VIP CLIENT
	run page81 "$1" who
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" =~ ^"client $2 port "[1-9][0-9]*", for logs and rules $2"$ ]]
}

for_proxy_services() { # METHOD VIP CLIENT
	local way
	for way in proxy-v1 proxy-v2; do
		told_service t "$2" 81 "$1" $way
		page_says "$2" "$3"
		page81 "$2" file | cmp - "$LAB_DIR/server1-proxied/file"
		ipvsadm_at director1 -C
	done
}

toa_names_the_client() { # VIP
	run on client python3 "$LAB_TOOLS/told.py" ask "$1" 26
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(sed -n 's/^own //p' <<<"$output")" = "$(sed -n 's/^told //p' <<<"$output")" ]
}

@test "full NAT: nginx behind the PROXY protocol names the client, v1 and v2, IPv4 and IPv6" {
	for_proxy_services fnat $FNAT_VIP $CLIENT
	for_proxy_services fnat $FNAT_VIP6 $CLIENT6
}

@test "full NAT between the families: nginx names the client, a greeter knows it, and TOA has its family" {
	local vip
	for_proxy_services cross $FNAT_VIP6 $CLIENT6
	for_proxy_services cross $FNAT_VIP $CLIENT
	for vip in $FNAT_VIP $FNAT_VIP6; do
		told_service t $vip 25 cross proxy-v2
		is_greeted $vip
		told_service t $vip 26 cross toa
		toa_names_the_client $vip
	done
}

@test "NAT: the same" {
	for_proxy_services -m $NAT_VIP $CLIENT
	for_proxy_services -m $NAT_VIP6 $CLIENT6
}

@test "an insecure service passes on whom another proxy names, and translates" {
	told_service t $FNAT_VIP 81 fnat proxy-v2-insecure
	run on client curl --silent --show-error --max-time 5 --haproxy-protocol --haproxy-clientip 203.0.113.9 \
		"http://$FNAT_VIP:81/who"
	echo "$output"
	if [ "$status" -eq 2 ]; then
		# An older curl names its own address alone.
		run on client curl --silent --show-error --max-time 5 --haproxy-protocol "http://$FNAT_VIP:81/who"
		[[ "$output" =~ ^"client $CLIENT port " ]]
	else
		[[ "$output" =~ ^"client 203.0.113.9 port " ]]
	fi
	page_says $FNAT_VIP $CLIENT
}

is_greeted() { # VIP
	run on client python3 "$LAB_TOOLS/greeter.py" ask "$1" 25
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(sed -n 's/^own //p' <<<"$output")" = "$(sed -n 's/^told //p' <<<"$output")" ]
}

@test "a server that speaks first knows the client when it greets" {
	local way
	for way in proxy-v1 proxy-v2; do
		told_service t $FNAT_VIP 25 fnat $way
		told_service t $FNAT_VIP6 25 fnat $way
		is_greeted $FNAT_VIP
		is_greeted $FNAT_VIP6
		ipvsadm_at director1 -C
	done
}

@test "a lost header is sent again, whoever speaks first" {
	local before
	told_service t $FNAT_VIP 25 fnat proxy-v2
	told_service t $FNAT_VIP 81 fnat proxy-v1
	lose_first_data 25
	before=$(counter_at director1 client_again)
	is_greeted $FNAT_VIP
	lost_something
	[ "$(counter_at director1 client_again)" -gt "$before" ]
	on server1 nft flush ruleset
	lose_first_data 81
	page_says $FNAT_VIP $CLIENT
	lost_something
	page81 $FNAT_VIP file | cmp - "$LAB_DIR/server1-proxied/file"
}

@test "a lost acknowledgement costs a repetition, whoever speaks first" {
	told_service t $FNAT_VIP 25 fnat proxy-v2
	told_service t $FNAT_VIP 81 fnat proxy-v2
	lose_first_acknowledgement 25
	is_greeted $FNAT_VIP
	on server1 nft flush ruleset
	lose_first_acknowledgement 81
	page_says $FNAT_VIP $CLIENT
	lost_something
}

@test "TOA: a server reads the client's address from the option, IPv4 and IPv6" {
	local vip
	for vip in $FNAT_VIP $FNAT_VIP6; do
		told_service t "$vip" 26 fnat toa
		toa_names_the_client "$vip"
	done
}

@test "ipvsdctl sets and shows it, and refuses what a service can't have" {
	ipvsadm_at director1 -A -t $FNAT_VIP:81 -s rr
	fullnat_dest_add director1 t $FNAT_VIP:81 $LAN.11:81
	ipvsdctl_at director1 service -t $FNAT_VIP:81 -c proxy-v1
	run ipvsdctl_at director1 services
	echo "$output"
	[[ "$output" == *" proxy-v1 "* ]]
	page_says $FNAT_VIP $CLIENT
	run ipvsdctl_at director1 service -t $FNAT_VIP:81 -c uoa-opp
	[ "$status" -eq 1 ]
	run ipvsdctl_at director1 service -t $FNAT_VIP:81 -c proxy
	[ "$status" -eq 2 ]
	# A stock client's change leaves it.
	ipvsadm_at director1 -E -t $FNAT_VIP:81 -s wrr
	page_says $FNAT_VIP $CLIENT
}

@test "UOA: the first three datagrams name the client, in both ways" {
	told_service u $FNAT_VIP 26 fnat uoa-opp
	told_service u $FNAT_VIP6 26 fnat uoa-opp
	: >"$(log_of told)"
	send_datagrams() { # VIP
		on client env PYTHONPATH="$LAB_TOOLS" python3 -c 'import socket, sys
from udp_ask import next_port
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", next_port()))
s.connect((sys.argv[1], 26))
print(*s.getsockname()[:2])
for n in range(10, 15):
    s.send(b"x" * n)' "$1"
	}
	local own
	own=$(send_datagrams $FNAT_VIP)
	await says "$(log_of told)" "opp $own 12"
	says "$(log_of told)" "opp $own 10"
	refute says "$(log_of told)" "opp $own 13"
	own=$(send_datagrams $FNAT_VIP6)
	await says "$(log_of told)" "opp $own 12"
	ipvsadm_at director1 -C
	told_service u $FNAT_VIP 26 cross uoa-opp
	told_service u $FNAT_VIP6 26 cross uoa-opp
	own=$(send_datagrams $FNAT_VIP)
	await says "$(log_of told)" "opp $own 12"
	own=$(send_datagrams $FNAT_VIP6)
	await says "$(log_of told)" "opp $own 12"
	ipvsadm_at director1 -C
	told_service u $FNAT_VIP 26 fnat uoa-ipo
	own=$(send_datagrams $FNAT_VIP)
	await says "$(log_of told)" "ipo $own 12"
	refute says "$(log_of told)" "ipo $own 13"
}

@test "the setting outlives a restart" {
	told_service t $FNAT_VIP 81 fnat proxy-v2
	stop_ipvsd director1
	run_ipvsd director1
	director_addresses director1 2
	director_vips director1
	page_says $FNAT_VIP $CLIENT
}

@test "every packet is accounted for" {
	await accounts_close_at director1
}
