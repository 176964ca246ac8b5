#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# SIGHUP: the configuration is read again while packets pass; one with errors changes nothing.

load lib/load

setup_file() {
	lab_up
	one_director_up
}

teardown_file() {
	lab_down
}

setup() {
	cp "$(conf)" "$LAB_DIR/before.conf"
}

teardown() {
	cp "$LAB_DIR/before.conf" "$(conf)"
	reload
}

conf() {
	echo "$LAB_DIR/director1/ipvsd.conf"
}

log() {
	log_of director1-ipvsd
}

# Its log is that of this reload alone.
reload() {
	: >"$(log)"
	kill -HUP "$(pid_of director1-ipvsd)"
	await has_finished
}

has_finished() {
	grep -qE 'ipvsd: reload: .* was read again|the configuration stays as it was' "$(log)"
}

# Answers for it: ARP and ping are the dataplane's.
answers() { # ADDRESS
	on server1 ping -q -c 1 -W 1 "$1"
}

is_silent() { # ADDRESS
	! answers "$1"
}

sysctl_is() { # NAME VALUE
	[ "$(ipvsdctl_at director1 sysctl "$1")" = "net.ipv4.vs.$1 = $2" ]
}

@test "settings of vs are taken, but for those that a client has set" {
	ipvsdctl_at director1 sysctl expire_nodest_conn=0
	echo 'vs = { sloppy_tcp = 1; expire_nodest_conn = 1; };' >>"$(conf)"
	reload
	cat "$(log)"
	ipvsdctl_at director1 sysctl sloppy_tcp expire_nodest_conn
	sysctl_is sloppy_tcp 1
	sysctl_is expire_nodest_conn 0
	cp "$LAB_DIR/before.conf" "$(conf)"
	reload
	sysctl_is sloppy_tcp 0
}

@test "local addresses come and go" {
	answers $LAN.101
	is_silent $LAN.102
	sed -i "s/$LAN.100-$LAN.101/$LAN.100\", \"$LAN.102/" "$(conf)"
	reload
	cat "$(log)"
	await answers $LAN.102
	await is_silent $LAN.101
	answers $LAN.100
}

# `ipvsd reload`, as systemd runs it.
ask_for_reload() {
	: >"$(log)"
	run "$BUILD/ipvsd" reload -c "$(conf)"
	echo "$output"
	cat "$(log)"
}

# Another group, in a line of its own, whose number is LINE.
has_also() { # GROUP PORT ADDRESS
	sed -i "s/^\(local_addresses = (.*\) );/\1,\n{ name = \"$1\"; port = \"$2\"; addresses = ( \"$3\" ); } );/" "$(conf)"
	line=$(grep -n "name = \"$1\"; port" "$(conf)" | cut -d: -f1)
}

@test "who asks for a reload is told when it is done, and what waits for a restart" {
	has_also more lan $LAN.104
	sed -i 's/mbufs = "8K"/mbufs = "16K"/' "$(conf)"
	ask_for_reload
	[ "$status" -eq 0 ]
	[ "$output" = "these sections have changed, and take effect when ipvsd is restarted: limits" ]
	grep -q "was read again" "$(log)"
	answers $LAN.104
}

@test "a reload that can't be is one line with group and line, changes nothing, and who asked is told" {
	has_also more lan 127.0.0.1
	ask_for_reload
	[ "$status" -eq 1 ]
	[ "$output" = "$(conf):$line: group \"more\": 127.0.0.1 can't be a host's own address on a network; name others" ]
	[ ! -s "$(log)" ]
	cp "$LAB_DIR/before.conf" "$(conf)"

	# What only the one that runs can know: it has no such port.
	sed -i '/kernel = "lan0"/s/$/, { name = "new"; devices = ( "net_af_packet_new,iface=port1" ); }/' "$(conf)"
	has_also more new $LAN.104
	echo 'vs = { sloppy_tcp = 1; };' >>"$(conf)"
	ask_for_reload
	[ "$status" -eq 1 ]
	[ "$output" = "$(conf):$line: group \"more\": port \"new\" is none of those that ipvsd was started with; restart ipvsd, or name one of them" ]
	[ "$(cat "$(log)")" = "ipvsd: error: reload: $output; the configuration stays as it was" ]
	sysctl_is sloppy_tcp 0
	answers $LAN.100
	is_silent $LAN.104
}

@test "a reload for another file than that of the ipvsd that runs is refused, and the right one named" {
	cp "$(conf)" "$LAB_DIR/other.conf"
	echo 'vs = { sloppy_tcp = 1; };' >>"$LAB_DIR/other.conf"
	run "$BUILD/ipvsd" reload -c "$LAB_DIR/other.conf"
	[ "$status" -eq 1 ]
	[ "$output" = "$(realpath "$LAB_DIR/other.conf"): ipvsd was started with -c $(conf): ipvsd reload -c $(conf)" ]
	# By whatever name.
	ln -s "$(conf)" "$LAB_DIR/link.conf"
	(cd "$LAB_DIR" && "$BUILD/ipvsd" reload -c link.conf)
}

@test "a reload without an ipvsd that runs fails, and says so" {
	sed -i 's|socket = "[^"]*"|socket = "/nowhere/ipvs.sock"|' "$(conf)"
	ask_for_reload
	[ "$status" -eq 1 ]
	[ "$output" = "ipvsd reload: /nowhere/ipvs.sock: No such file or directory; start ipvsd, or restart it if control.socket has changed" ]
}

@test "nothing of a file with an error is taken, not even what is right" {
	sed -i "s/\"$LAN.100-$LAN.101\"/\"$LAN.103\"/; s/port = \"lan\"; addresses/port = \"nowhere\"; addresses/" "$(conf)"
	reload
	cat "$(log)"
	grep -q 'port "nowhere" is none of the ports.*; the configuration stays as it was' "$(log)"
	answers $LAN.100
	is_silent $LAN.103
}

@test "the level of the log follows" {
	sed -i 's/level = "debug"/level = "warning"/' "$(conf)"
	: >"$(log)"
	kill -HUP "$(pid_of director1-ipvsd)"
	# "was read again" is not said any more; the next reload with errors is.
	echo "workers = 0;" >>"$(conf)"
	reload
	refute grep -q "was read again" "$(log)"
}

@test "a file with errors changes nothing, and each error is said in a line" {
	echo 'vs = { sloppy_tcp = 1; };' >>"$(conf)"
	echo 'limits2 = 5;' >>"$(conf)"
	reload
	cat "$(log)"
	[ "$(grep -c . "$(log)")" -eq 1 ]
	grep -q "^ipvsd: error: reload: $(conf):[0-9]*: limits2: .*; the configuration stays as it was" "$(log)"
	sysctl_is sloppy_tcp 0
	is_running director1-ipvsd
	rm "$(conf)"
	reload
	grep -qx "ipvsd: error: reload: $(conf): No such file or directory; the configuration stays as it was" "$(log)"
	ipvsdctl_at director1 counters
}

@test "sections that need a restart are named, once they differ" {
	sed -i 's/mbufs = "8K"/mbufs = "16K"/; s/kernel = "wan0"/kernel = "wan1"/' "$(conf)"
	reload
	grep -qx "ipvsd: warning: reload: these sections have changed, and take effect when ipvsd is restarted: ports, limits" "$(log)"
	cp "$LAB_DIR/before.conf" "$(conf)"
	# Layout and comments are nothing.
	echo '# end' >>"$(conf)"
	reload
	refute grep -q "warning" "$(log)"
}

@test "connections go on" {
	services_up director1 t 80
	web_up server1 server2 server3
	AWAIT=3 await page client $FNAT_VIP
	start_on client holder python3 "$LAB_TOOLS/hold_connections.py" $FNAT_VIP 80 3
	await says "$(log_of holder)" ready
	reload
	[ "$(ipvsadm_at director1 -Lnc | grep -c "ESTABLISHED.*$FNAT_VIP:80")" -eq 3 ]
	page client $FNAT_VIP
}

@test "ipvsd reload: a wrong command line is answered with the right one" {
	run "$BUILD/ipvsd" reload --colour
	echo "$output"
	[ "$status" -eq 2 ]
	[[ "$output" == *"Usage: ipvsd reload [-c FILE]"* ]]
	run "$BUILD/ipvsd" reload now
	[ "$status" -eq 2 ]
	[[ "$output" == "ipvsd reload: unexpected argument 'now'"*"Usage: "* ]]
	run "$BUILD/ipvsd" reload --help
	[ "$status" -eq 0 ]
	[[ "$output" == "Usage: ipvsd reload [-c FILE]"* ]]
}
