#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Malformed and absurd packets: each is counted under its own reason, none does harm, and the accounts close.

load lib/load

setup_file() {
	lab_up
	# Not af_packet: its fan-out looks into IPv4 fragments before we do.
	one_director_up driver=net_af_xdp
	web_up server1 server2 server3
	services_up director1 t 80
	for vip in $NAT_VIP "[$NAT_VIP6]"; do
		ipvsadm_at director1 -A -t "$vip:99" -s rr
	done
	page client $NAT_VIP
	page client $NAT_VIP6
}

teardown_file() {
	lab_down
}

junk() { # 4|6 ARGUMENT...
	local addresses=("$NAT_VIP" $LAN.100)
	[ "$1" = 4 ] || addresses=("$NAT_VIP6" $LAN6:100)
	shift
	on client python3 "$LAB_TOOLS/junk.py" eth0 "$(on director1 cat /sys/class/net/wan0/address)" "${addresses[@]}" "$@"
}

# Sends ten of a kind; its counter goes up by ten, and within the drops no other one does.
counted_under() { # REASON 4|6 NAME
	local before after expected
	before=$(drops)
	[ "$(junk "$2" send 10 "$3")" = 10 ] || return 1
	expected=$(awk -v reason="drop_$1" '$1 == reason { $2 += 10 } { print $1, $2 }' <<<"$before")
	drops_are() {
		[ "$(drops)" = "$expected" ]
	}
	AWAIT=3 await drops_are || {
		echo "$3 (IPv$2) is not ten times $1:"
		diff <(echo "$before") <(drops) || true
		return 1
	}
}

drops() {
	ipvsdctl_at director1 counters -a | awk '/^drop_/ { print $1, $2 }'
}

@test "each kind of malformed packet is counted under its reason, and under no other" {
	local reason family name n=0 wrong=0
	while read -r reason family name; do
		counted_under "$reason" "$family" "$name" || wrong=$((wrong + 1))
		n=$((n + 1))
	done < <(python3 "$LAB_TOOLS/junk.py" list)
	echo "$n kinds, $wrong wrong"
	[ $n -gt 40 ]
	[ $wrong -eq 0 ]
}

@test "a bad TCP checksum is forwarded as it is, and the server refuses it" {
	# A sound packet of the list's makes a connection; what ipvsd computes is a difference, so a bad sum stays bad.
	local before
	before=$(on server1 nstat -asz TcpInCsumErrors | awk '/TcpInCsumErrors/ { print $2 }')
	ipvsadm_at director1 -A -t $NAT_VIP:82 -s rr
	ipvsadm_at director1 -a -t $NAT_VIP:82 -r $LAN.11:80 -m
	on client python3 - $NAT_VIP "$(on director1 cat /sys/class/net/wan0/address)" "$LAB_TOOLS" <<-'END'
		import sys
		sys.path.insert(0, sys.argv[3])
		import junk
		p = junk.Packets(sys.argv[2], "198.51.100.8", sys.argv[1], sys.argv[1])
		tcp = bytearray(p.tcp(port=82))
		tcp[16] ^= 0x55
		junk.send("eth0", [p.frame(p.ip(bytes(tcp)))])
	END
	refused() {
		[ "$(on server1 nstat -asz TcpInCsumErrors | awk '/TcpInCsumErrors/ { print $2 }')" -gt "$before" ]
	}
	await refused
}

# The accounts are read again and again as long as the command runs, which says how many it has sent. Where workers share
# their CPUs, one may have lost its own within a turn: then what ipvsd reads is off by that turn, and is asked for again. A packet
# that is lost keeps them open for ever.
accounts_close_during() { # COMMAND... N
	local read=0 wrong=0
	"$@" >"$LAB_DIR/sent" 3>&- &
	while kill -0 $! 2>/dev/null; do
		AWAIT=5 await accounts_close_at director1 || wrong=$((wrong + 1))
		read=$((read + 1))
	done
	wait $!
	echo "read $read times, $wrong wrong"
	[ "$(cat "$LAB_DIR/sent")" -eq "${*: -1}" ]
	[ $read -gt 5 ]
	[ $wrong -eq 0 ]
}

@test "a million packets of junk: ipvsd goes on, the accounts close all the time, and the page comes as before" {
	local before received
	before=$(counter_at director1 received)
	accounts_close_during junk 4 flood 500000
	accounts_close_during junk 6 flood 500000
	is_running director1-ipvsd
	received=$(($(counter_at director1 received) - before))
	echo "$received of 1000000 received"
	[ $received -gt 500000 ]
	await accounts_close_at director1
	for vip in $ALL_VIPS; do
		await page client "$vip"
	done
	await accounts_close_at director1
}
