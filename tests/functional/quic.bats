#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Clients of QUIC services that change their address: their connection IDs tell the server. Two workers.

load lib/load

setup_file() {
	lab_up
	one_director_up workers=2 quic_codings='
		{ name = "edge"; configs = (
			{ config_id = 0; server_id_length = 3; nonce_length = 4; key = "8f95f09245765f80256934e50c66207f";
			  servers = ( { id = "ed793a"; address = "'$LAN'.12"; } ); } ); }'
	echo_up server1 server2 server3
	local n
	ipvsadm_at director1 -A -u $NAT_VIP:7 -s rr
	ipvsadm_at director1 -A -u "[$NAT_VIP6]:7" -s rr
	for n in 11 12 13; do
		ipvsadm_at director1 -a -u $NAT_VIP:7 -r $LAN.$n:7 -m
		ipvsadm_at director1 -a -u "[$NAT_VIP6]:7" -r "[$LAN6:$n]:7" -m
	done
}

teardown_file() {
	lab_down
}

# Who answers N packets with a short header and this connection ID, each from another port.
moved() { # VIP N CONNECTION-ID
	on client env PYTHONPATH="$LAB_TOOLS" python3 -c '
import socket, sys
from udp_ask import next_port
for _ in range(int(sys.argv[2])):
    client = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(2)
    client.bind(("", next_port()))
    client.sendto(b"\x40" + bytes.fromhex(sys.argv[3]) + b"packet", (sys.argv[1], 7))
    print(client.recv(100).split(b" ")[0].decode())' "$@" | sort | uniq -c | sed 's/^ *//'
}

@test "with DPVS's connection IDs a client that moves keeps its server, IPv4 and IPv6" {
	ipvsdctl_at director1 service -u $NAT_VIP:7 -i dpvs
	ipvsdctl_at director1 service -u "[$NAT_VIP6]:7" -i dpvs
	# the last byte of the address: 10.0.0.13 has 0d, fd00::13 has 13
	[ "$(moved $NAT_VIP 8 aa00d3445566778899)" = "8 server3" ]
	[ "$(moved $NAT_VIP 8 aa00b3445566778899)" = "8 server1" ]
	[ "$(moved $NAT_VIP6 8 aa0123445566778899)" = "8 server2" ]
}

@test "with an encrypted server ID of the QUIC-LB draft it does, too" {
	ipvsdctl_at director1 service -u $NAT_VIP:7 -i edge
	[ "$(moved $NAT_VIP 8 0720b1d07b359d3c)" = "8 server2" ]
}

@test "without a coding connection IDs are not looked at" {
	ipvsdctl_at director1 service -u $NAT_VIP:7 -i ''
	run moved $NAT_VIP 9 0720b1d07b359d3c
	echo "$output"
	[ "${#lines[@]}" -eq 3 ]
}
