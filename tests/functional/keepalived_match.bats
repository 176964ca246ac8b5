#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# "virtual_server match" of the patched keepalived: what is sent for it.

bats_require_minimum_version 1.5.0
load shim_helpers

setup() {
	[ -x "$KEEPALIVED" ] || skip "$KEEPALIVED is not there; make keepalived builds it"
	shim_setup
}

teardown() {
	[ -z "${ns-}" ] || shim_teardown
}

head_of_config() {
	printf '%s\n' "global_defs {" "lvs_control_socket $IPVSD_SOCKET" "}"
}

# A virtual server with one address to go out by.
match() { # NAME ADDRESS LINES...
	cat <<-END
		virtual_server match $1 {
			lb_algo wrr
			$(printf '%s\n' "${@:3}")
			real_server $2 0 {
				weight 4
			}
		}
	END
}

config() {
	cat >"$dir/keepalived.conf"
}

@test "services that match get a mark by their names, and a reload changes what they match" {
	{
		head_of_config
		match inside 192.0.2.200 "lb_kind SNAT" "protocol TCP" "src-range 10.0.0.0-10.0.0.254" "oif dpdk0"
		match inside 192.0.2.200 "protocol ICMP" "src-range 10.0.0.1-9" "dst-range 203.0.113.7" "iif dpdk1"
		match six 2001:db8::200 "lb_kind SNAT" "protocol ICMPV6" "src-range fd00::1-fd00::ffff"
		match rest 192.0.2.201 "oif dpdk0"
	} | config
	push_checked
	[ "$(requests fake.log | sed 's/fwm [0-9]*/fwm M/')" = "PUSH_BEGIN
NEW_SERVICE fwm M wrr match=6/10.0.0.0-10.0.0.254///dpdk0
NEW_DEST fwm M -> 192.0.2.200:0 fwd 6 weight 4
NEW_SERVICE fwm M wrr match=1/10.0.0.1-10.0.0.9/203.0.113.7-203.0.113.7/dpdk1/
NEW_DEST fwm M -> 192.0.2.200:0 fwd 6 weight 4
NEW_SERVICE fwm M wrr match=58/fd00::1-fd00::ffff///
NEW_DEST fwm M -> 2001:db8::200:0 fwd 6 weight 4
NEW_SERVICE fwm M wrr match=0////dpdk0
NEW_DEST fwm M -> 192.0.2.201:0 fwd 6 weight 4
PUSH_END" ]
	# each has a mark of its own
	[ "$(grep ^NEW_SERVICE "$dir/fake.log" | cut -d' ' -f3 | sort -u | wc -l)" -eq 4 ]

	mark=$(sed -n 's/^NEW_SERVICE fwm \([0-9]*\) .*=0.*/\1/p' "$dir/fake.log")
	sed -i '/match rest/,$s/oif dpdk0/oif dpdk9/' "$dir/keepalived.conf"
	reload
	[[ "$(requests fake.log | tail -n +11)" == "SET_SERVICE fwm $mark wrr "*" match=0////dpdk9" ]]
}

@test "mistakes are errors that say what, and where" {
	{
		head_of_config
		match one 192.0.2.200 "protocol TCP" "src-range 10.0.0.9-1"
		match two 192.0.2.200 "protocol TCP" "src-range fd00::1"
		match three 192.0.2.200 "protocol ICMPV6" "oif a"
		match four 192.0.2.200 "protocol TCP" "oif a"
		match four 192.0.2.200 "protocol TCP" "oif b"
		printf '%s\n' "virtual_server match {" "}"
		for keyword in "oif dpdk0" "lb_kind SNAT" "protocol ICMP"; do
			match x 192.0.2.200 "protocol TCP" "$keyword" | sed "s/match x/192.0.2.9 80/"
		done
	} | config
	check_config
	[ "$status" -ne 0 ]
	for text in "Virtual server match one: src-range '10.0.0.9-1' is no address" \
		"Virtual server match two: ranges and real servers are of different address families" \
		"Virtual server match three: the ICMP of the other address family" \
		"Virtual server match four: there is one of that name and protocol already" \
		"virtual_server match needs a name" \
		"Virtual server [192.0.2.9]:tcp:80: src-range, dst-range, iif and oif are for 'virtual_server match'" \
		"Virtual server [192.0.2.9]:tcp:80: SNAT is for 'virtual_server match', and for firewall marks" \
		"the protocols ICMP and ICMPV6 are for 'virtual_server match'"; do
		[[ "$output" == *"$text"* ]] || { echo "missing: $text"; false; }
	done

	match one 192.0.2.200 "protocol TCP" "oif a" | config
	check_config
	[ "$status" -ne 0 ]
	[[ "$output" == *"Virtual server match one: SNAT needs lvs_control_socket"* ]]
}
