#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ipvsd -t: what it says of configurations, good and bad. Needs neither root nor a network.

BUILD=${BUILD:-$BATS_TEST_DIRNAME/../../build}

setup() {
	conf=$BATS_TEST_TMPDIR/ipvsd.conf
	port='ports = ( { name = "wan"; devices = ( "0000:3b:00.0" ); } );'
}

# The configuration, a line for each argument.
write_conf() {
	printf '%s\n' "$@" >"$conf"
}

# ipvsd -t fails with exactly this line, which FILE stands in front of.
refused() { # "LINE: MESSAGE"
	run "$BUILD/ipvsd" -t -c "$conf"
	echo "$output"
	[ "$status" -eq 1 ]
	[ "$output" = "$conf:$1" ]
}

accepted() {
	run "$BUILD/ipvsd" -t -c "$conf"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "$conf: good" ]
	[[ "${lines[1]}" == "memory: "*" are needed (limits.connections 1M: "* ]]
	[ "${#lines[@]}" -eq 2 ]
}

@test "the smallest configuration is one port" {
	write_conf "$port"
	accepted
}

@test "numbers may have a unit" {
	write_conf "$port" 'limits = { connections = "1M"; mbufs = "8K"; };'
	accepted
}

@test "a file that is not there is named, with the reason" {
	run "$BUILD/ipvsd" -t -c "$conf"
	[ "$status" -eq 1 ]
	[ "$output" = "$conf: No such file or directory" ]
}

@test "a syntax error names the line" {
	write_conf "$port" 'limits = {' '  connections = ;' '};'
	refused "3: syntax error"
}

@test "an unknown key names the line and the keys that are allowed" {
	write_conf "$port" 'log = {' '  levle = "info";' '};'
	run "$BUILD/ipvsd" -t -c "$conf"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == "$conf:3: "*"levle"*"unknown key; allowed here: level or target"* ]]
}

@test "an unknown section names the line" {
	write_conf "$port" '' 'vrrp = { };'
	run "$BUILD/ipvsd" -t -c "$conf"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == "$conf:3: "*"vrrp"*"unknown key"* ]]
}

@test "without a port there is nothing to do" {
	write_conf 'workers = 1;'
	run "$BUILD/ipvsd" -t -c "$conf"
	[ "$status" -eq 1 ]
	[[ "$output" == *"there are no ports; write ports = "* ]]
}

# One bad setting each: what is written, and what must stand in the message besides file and line.
bad_settings=(
	'workers = 0;|out of range; allowed: 1 to 128'
	'workers = { idle = "1s"; };|no such time; allowed: "0us" to "100us"'
	'limits = { mbufs = "8X"; };|is not a number; allowed: 2048 to 4194304'
	'limits = { connections = 3000000000; };|3000000000: is too large for a plain number; write it as a string'
	'limits = { connections = "1"; };|out of range; allowed: 1024 to 536870912'
	'limits = 5;|is not a group; write { ... }'
	'log = { level = "loud"; };|is not allowed; one of: emergency'
	'log = { target = 1; };|target'
	'control = { restore_after_reboot = 1; };|is not a truth value; allowed: true or false'
	'control = { socket_mode = "0460"; };|is no mode of a file that its owner may use; write one as in "0660"'
	'control = { socket_mode = "1660"; };|is no mode of a file that its owner may use; write one as in "0660"'
	'control = { socket_mode = "rw"; };|is no mode of a file that its owner may use; write one as in "0660"'
	'control = { socket_mode = "0660x"; };|is no mode of a file that its owner may use; write one as in "0660"'
	'control = { socket_mode = 660; };|is no mode of a file that its owner may use; write one as in "0660"'
	'control = { socket = 7; };|is not a string; write "..."'
	'memory = { hugepages = "some"; };|is not allowed; one of: auto, required or off'
	'local_addresses = ( { name = "a"; port = "lan"; addresses = ( "10.0.0.1" ); } );|port "lan" is none of the ports'
	'local_addresses = ( { name = "a"; port = "wan"; addresses = ( "10.0.0.9-10.0.0.1" ); } );|runs backwards'
	'local_addresses = ( { name = "a"; port = "wan"; addresses = ( "10.0.0" ); } );|is no address or range'
	'local_addresses = ( { name = "a"; port = "wan"; addresses = ( "10.0.0.1" ); ports = "9-1"; } );|is no range of ports'
	'local_addresses = ( { name = "a"; port = "wan"; addresses = ( "10.0.0.1" ); active = "never"; } );|"with-vip ADDRESS"'
	'local_addresses = ( { name = "a"; port = "wan"; addresses = ( "127.0.0.1" ); } );|group "a": 127.0.0.1 can'"'"'t be a host'
	'local_addresses = ( { name = "a"; port = "wan"; addresses = ( "223.255.255.255-224.0.0.1" ); } );|group "a": 224.0.0.0 can'
	'local_addresses = ( { name = "a"; port = "wan"; addresses = ( "fe80::1" ); } );|group "a": fe80::1 can'"'"'t be a host'
	'local_addresses = ( { name = "a"; port = "wan"; addresses = ( "10.0.0.1-10.0.0.9", "10.0.0.4" ); } );|group "a": 10.0.0.4 is there twice; leave it out once'
	'marks = ( { protocol = "tcp"; } );|mark is needed'
	'marks = ( { mark = 0; } );|out of range; allowed: 1 to 4294967295'
	'marks = ( { mark = 1; protocol = "gre"; } );|is not allowed; one of: any, tcp, udp, sctp, icmp or icmpv6'
	'marks = ( { mark = 1; destination = "192.0.2.1/24"; } );|is no prefix'
	'marks = ( { mark = 1; destination = "192.0.2.0/33"; } );|is no prefix'
	'marks = ( { mark = 1; source = 5; } );|is no prefix'
	'marks = ( { mark = 1; ports = "80"; } );|is no range of ports'
	'marks = ( { mark = 1; ports = 65536; } );|is no range of ports'
	'marks = ( { mark = 1; source = "10.0.0.0/8"; destination = "2001:db8::/64"; } );|of two families'
	'marks = ( { mark = 1; port = "lan"; } );|port "lan" is none of the ports'
	'marks = ( { mark = 1; out_port = "lan"; } );|out_port "lan" is none of the ports'
	'limits = { templates = 5; };|out of range; allowed: 1024 to 16777216'
	'local_addresses = ( { port = "wan"; addresses = ( "10.0.0.1" ); } );|name and port are needed'
)

@test "each bad setting is refused, with its line, its key and what is allowed" {
	local bad
	for bad in "${bad_settings[@]}"; do
		write_conf "$port" "${bad%%|*}"
		run "$BUILD/ipvsd" -t -c "$conf"
		echo "${bad%%|*}"
		echo "$output"
		[ "$status" -eq 1 ]
		[[ "$output" == "$conf:2: "*"${bad#*|}"* ]]
	done
}

@test "each bad port is refused, with its line" {
	write_conf 'ports = (' '  { devices = ( "0000:3b:00.0" ); }' ');'
	run "$BUILD/ipvsd" -t -c "$conf"
	[[ "$output" == *"$conf:2: "*'the port has no name'* ]]

	write_conf 'ports = (' '  { name = "a"; }' ');'
	run "$BUILD/ipvsd" -t -c "$conf"
	[[ "$output" == *"$conf:2: "*'devices: a list of 1 to 16 PCI addresses or DPDK devices is needed'* ]]

	write_conf 'ports = (' '  { name = "a"; devices = ( "0000:3b:00.0" ); },' '  { name = "a"; devices = ( "0000:3b:00.1" ); kernel = "b"; }' ');'
	refused '3: the name "a" is taken by the port of line 2'

	write_conf 'ports = (' '  { name = "a-name-of-more-than-fifteen"; devices = ( "0000:3b:00.0" ); }' ');'
	run "$BUILD/ipvsd" -t -c "$conf"
	[[ "$output" == *"$conf:2: "*"too long for its kernel interface"* ]]

	write_conf 'ports = (' '  { name = "a"; devices = ( "0000:3b:00.0" ); bind = "igb_uio"; }' ');'
	refused '2: bind: is not allowed; one of: auto, vfio-pci, uio_pci_generic or no'
}

@test "all errors of a file are told at once" {
	write_conf "$port" 'workers = 0;' 'log = { level = "loud"; };'
	run "$BUILD/ipvsd" -t -c "$conf"
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 2 ]
	[[ "${lines[0]}" == "$conf:2: "* ]]
	[[ "${lines[1]}" == "$conf:3: "* ]]
}

@test "wrong use is exit status 2" {
	run "$BUILD/ipvsd" --nonsense
	[ "$status" -eq 2 ]
	run "$BUILD/ipvsd" -t -c "$conf" extra
	[ "$status" -eq 2 ]
}
