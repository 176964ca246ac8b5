#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two workers with two queues each: taps, which bring a packet to the queue that sent last to its sender (the kernel's
# drivers/net/tun.c). Replies of full-NAT then come to the worker that has the connection, and nothing is handed over but
# what began at the wrong queue. A bridge joins each tap with the director's cable.

load lib/load

setup_file() {
	lab_up
	segments_up
	client_up client 8
	server_up server1 11
	server_up server2 12
	server_up server3 13
	web_up server1 server2 server3
	director_with_taps
	for vip in $FNAT_VIP $FNAT_VIP6; do
		service_add director1 t "$vip" 80 rr fnat
		await page client "$vip"
	done
}

teardown_file() {
	lab_down
}

director_with_taps() {
	host_add director1
	plug director1 port0 wan
	plug director1 port1 lan
	write_ipvsd_conf director1 driver=net_tap workers=2
	sed -i 's/iface=port/iface=tap/' "$LAB_DIR/director1/ipvsd.conf"
	run_ipvsd director1
	join_with_cable 0
	join_with_cable 1
	director_addresses director1 2
	director_vips director1
}

# To the bridge, the tap's address is not that of the port behind it.
join_with_cable() { # NUMBER
	local dev
	ip -n "$LAB-director1" link add "joint$1" type bridge mcast_snooping 0
	ip -n "$LAB-director1" link set "tap$1" address "02:00:00:00:07:0$1"
	for dev in "tap$1" "port$1" "joint$1"; do
		on director1 sysctl -qw "net.ipv6.conf.$dev.disable_ipv6=1"
	done
	for dev in "tap$1" "port$1"; do
		ip -n "$LAB-director1" link set "$dev" master "joint$1" up
	done
	ip -n "$LAB-director1" link set "joint$1" up
}

# "HANDED RECEIVED0 RECEIVED1 OPENED0 OPENED1" since the start. What workers gave, but for what the I/O thread took to
# the kernel, they handed to each other.
counts() {
	ipvsdctl_at director1 counters -aw | awk '
		$2 == "worker" && $1 == "given" { handed += $4 }
		$2 " " $3 == "I/O thread" && $1 == "taken" { handed -= $4 }
		$2 == "worker" && $1 == "received" { received[$3] = $4 }
		$2 == "worker" && $1 == "conn_new" { opened[$3] = $4 }
		END { print handed + 0, received[0] + 0, received[1] + 0, opened[0] + 0, opened[1] + 0 }'
}

# Runs a command and leaves in $handed, and by worker in $received and $opened, what it came to. When the accounts close
# there is no packet in a ring.
count_during() { # COMMAND...
	local before after
	await accounts_close_at director1
	read -ra before <<<"$(counts)"
	"$@"
	await accounts_close_at director1
	read -ra after <<<"$(counts)"
	handed=$((after[0] - before[0]))
	received=($((after[1] - before[1])) $((after[2] - before[2])))
	opened=($((after[3] - before[3])) $((after[4] - before[4])))
	echo "$*: $handed handed over, received ${received[*]}, connections ${opened[*]}"
}

# The kernel has nothing to go by for a connection's first packet, and notes a queue only after it has delivered what came
# from there, so that an answer of the same instant is too early for it: SYN, SYN-ACK, the client's ACK and request.
HANDSHAKE=4

# CONNECTIONS of the client, each for that many requests.
ask_over_and_over() { # VIP CONNECTIONS REQUESTS
	local i
	for i in $(seq "$2"); do
		on client curl --silent --noproxy '*' --max-time 10 --output /dev/null \
			--write-out '%{http_code} %{num_connects}\n' "http://$(in_url "$1")/?[1-$3]"
	done >"$LAB_DIR/answers"
}

replies_come_home() { # VIP
	local connections=40 requests=50
	count_during ask_over_and_over "$1" $connections $requests
	# All were answered, over as many connections, and both workers had their share.
	[ "$(grep -c '^200 1$' "$LAB_DIR/answers")" -eq $connections ]
	[ "$(grep -c '^200 0$' "$LAB_DIR/answers")" -eq $((connections * (requests - 1))) ]
	[ $((opened[0] + opened[1])) -eq $connections ]
	[ "${opened[0]}" -gt 0 ]
	[ "${opened[1]}" -gt 0 ]
	# A request and its reply are two packets. Half of the replies would have to be handed over if chance sent them.
	[ "${received[0]}" -ge $((2 * requests * opened[0])) ]
	[ "${received[1]}" -ge $((2 * requests * opened[1])) ]
	[ "$handed" -le $((HANDSHAKE * connections)) ]
}

@test "each of the two workers polls a queue of both ports" {
	says "$(log_of director1-ipvsd)" "wan: net_tap_director1-wan,iface=tap0, 1 device with 2 queues each"
	says "$(log_of director1-ipvsd)" "lan: net_tap_director1-lan,iface=tap1, 1 device with 2 queues each"
}

@test "replies come to the worker that has the connection, IPv4" {
	replies_come_home $FNAT_VIP
}

@test "replies come to the worker that has the connection, IPv6" {
	replies_come_home $FNAT_VIP6
}

@test "of the thousands of packets of a download none is handed over but the first ones" {
	local vip
	for vip in $FNAT_VIP $FNAT_VIP6; do
		count_during download_is_whole client "$vip"
		[ $((received[0] + received[1])) -gt 5000 ]
		[ "$handed" -le $HANDSHAKE ]
	done
}
