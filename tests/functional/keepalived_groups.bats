#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Address groups of the patched keepalived: what is sent of them, and when.

bats_require_minimum_version 1.5.0
load shim_helpers

setup() {
	[ -x "$KEEPALIVED" ] || skip "$KEEPALIVED is not there; make keepalived builds it"
	shim_setup
}

teardown() {
	[ -z "${ns-}" ] || shim_teardown
}

# The lines are those of the virtual server; what is read from stdin is before it.
config() { # LINES
	{
		cat <<-END
			global_defs {
				lvs_control_socket $IPVSD_SOCKET
			}
		END
		cat
		cat <<-END
			virtual_server 192.0.2.1 80 {
				lvs_sched rr
				lvs_method FNAT
				protocol TCP
				$1
				real_server 10.0.0.1 8080 {
				}
			}
		END
	} >"$dir/keepalived.conf"
}

local_groups() {
	cat <<-END
		local_address_group web {
			10.0.0.200 dpdk0
			10.0.1.254-10.0.2.1 dpdk0
			2001:db8::fffe-ffff dpdk0
		}
		local_address_group other {
			10.0.0.210-212 dpdk1
		}
	END
}

web="web dpdk0 1025-65535 10.0.0.200 10.0.1.254 10.0.1.255 10.0.2.0 10.0.2.1 2001:db8::fffe 2001:db8::ffff"

@test "local addresses are sent before the services that use them, and again to an ipvsd that comes back" {
	local_groups | config "laddr_group_name web"
	check_config
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	start_fake first.log
	start_keepalived "$KEEPALIVED"
	await says "$dir/first.log" PUSH_END
	all="PUSH_BEGIN
NEW_LADDRS $web
NEW_LADDRS other dpdk1 1025-65535 10.0.0.210 10.0.0.211 10.0.0.212
NEW_SERVICE tcp 192.0.2.1:80 rr laddrs=web
NEW_DEST tcp 192.0.2.1:80 -> 10.0.0.1:8080 fwd 5 weight 1
PUSH_END"
	[ "$(requests first.log)" = "$all" ]
	kill_fake
	start_fake second.log
	await says "$dir/second.log" PUSH_END
	[ "$(requests second.log)" = "$all" ]
}

@test "a reload sends the groups that changed, then the services, and removes what is not there any more at the end" {
	local_groups | config "laddr_group_name other"
	start_fake fake.log
	start_keepalived "$KEEPALIVED"
	await says "$dir/fake.log" PUSH_END
	sent=$(requests fake.log | wc -l)
	local_groups | sed 's/other/others/; s/10.0.0.200/10.0.0.201/' | config "laddr_group_name others"
	reload
	await says "$dir/fake.log" DEL_LADDRS
	[ "$(requests fake.log | tail -n "+$((sent + 1))" | cut -d' ' -f1-6)" = "NEW_LADDRS web dpdk0 1025-65535 10.0.0.201 10.0.1.254
NEW_LADDRS others dpdk1 1025-65535 10.0.0.210 10.0.0.211
SET_SERVICE tcp 192.0.2.1:80 rr timeout=0 quiescent=0
DEL_LADDRS other" ]
	says "$dir/fake.log" " laddrs=others "
}

@test "a group that was taken out while ipvsd was away is removed when it is back" {
	local_groups | config "laddr_group_name web"
	start_fake first.log
	start_keepalived "$KEEPALIVED"
	await says "$dir/first.log" PUSH_END
	kill_fake
	await says "$dir/keepalived.log" "was closed by the other end"
	local_groups | sed '/other/,$d' | config "laddr_group_name web"
	reload
	start_fake second.log
	await says "$dir/second.log" PUSH_END
	[ "$(requests second.log)" = "PUSH_BEGIN
NEW_LADDRS $web
NEW_SERVICE tcp 192.0.2.1:80 rr laddrs=web
NEW_DEST tcp 192.0.2.1:80 -> 10.0.0.1:8080 fwd 5 weight 1
DEL_LADDRS other
PUSH_END" ]
}

@test "stopping keepalived removes its local addresses behind its services" {
	local_groups | config "laddr_group_name web"
	start_fake fake.log
	start_keepalived "$KEEPALIVED"
	await says "$dir/fake.log" PUSH_END
	kill "$keepalived"
	wait "$keepalived"
	[ "$(requests fake.log | tail -n 3)" = "DEL_SERVICE tcp 192.0.2.1:80
DEL_LADDRS web
DEL_LADDRS other" ]
}

@test "lists of clients are part of the service, and a changed line changes it" {
	lists() {
		cat <<-END
			deny_address_group bad {
				203.0.113.7
				203.0.113.10-19
				2001:db8:bad::1
				ipset:offenders
			}
			allow_address_group nobody {
			}
		END
	}
	lists | config $'daddr_group_name bad\nwaddr_group_name nobody'
	push_checked
	says "$dir/fake.log" "NEW_SERVICE tcp 192.0.2.1:80 rr deny=203.0.113.7-203.0.113.7,203.0.113.10-203.0.113.19,\
2001:db8:bad::1-2001:db8:bad::1,offenders allow="
	lists | sed 's/203.0.113.7/203.0.113.8/' | config $'daddr_group_name bad\nwaddr_group_name nobody'
	reload
	await says "$dir/fake.log" "SET_SERVICE tcp 192.0.2.1:80 rr"
	says "$dir/fake.log" " deny=203.0.113.8-203.0.113.8,"
	sent=$(requests fake.log | wc -l)
	reload
	[ "$(requests fake.log | wc -l)" -eq "$sent" ]
}

@test "a list that is long arrives whole" {
	{
		echo "deny_address_group bad {"
		for i in $(seq 0 1023); do
			printf '2001:db8:1::%x-ffff\n' "$i"
		done
		echo "}"
	} | config "daddr_group_name bad"
	start_fake fake.log
	start_keepalived "$KEEPALIVED"
	await says "$dir/fake.log" PUSH_END
	[ "$(grep ^NEW_SERVICE "$dir/fake.log" | tr , '\n' | grep -c 2001:db8:1::)" -eq 1024 ]
}

# Two lists of IPv6; the longer one is that of the clients that may not.
long_lists() { # LINES LINES
	echo "deny_address_group bad {"
	for i in $(seq "$1"); do
		printf '2001:db8:1::%x\n' "$i"
	done
	printf '%s\n' "}" "allow_address_group good {"
	for i in $(seq "$2"); do
		printf '2001:db8:2::%x\n' "$i"
	done
	echo "}"
}

# A line has 36 bytes. With 1817 of them a new service has 65508, with another one more than the 65535 of a nest; with 1821
# its options alone are more.
@test "a service with lists that are too long together is left out, and is there with shorter ones" {
	local both=$'daddr_group_name bad\nwaddr_group_name good'
	local too_long="Virtual server [192.0.2.1]:tcp:80: daddr_group_name bad is too long"
	long_lists 1024 794 | config "$both"
	sed -i 's/^global_defs {/&\nlvs_ignore_unsupported/' "$dir/keepalived.conf"
	start_fake fake.log
	start_keepalived "$KEEPALIVED"
	await says "$dir/fake.log" PUSH_END
	says "$dir/keepalived.log" "$too_long"
	[ "$(grep -c "Virtual server" "$dir/keepalived.log")" -eq 1 ]
	run ! grep -E "^NEW_(SERVICE|DEST)" "$dir/fake.log"
	long_lists 1024 793 | config "$both"
	reload
	await says "$dir/fake.log" NEW_DEST
	[ "$(grep ^NEW_SERVICE "$dir/fake.log" | grep -o -- -2001:db8: | wc -l)" -eq 1817 ]
	long_lists 1024 797 | config "$both"
	reload
	await grep -qx "DEL_SERVICE tcp 192.0.2.1:80" "$dir/fake.log"
	[ "$(grep -cF "$too_long" "$dir/keepalived.log")" -eq 2 ]
	run ! says "$dir/fake.log" SET_SERVICE
}

@test "a service with a list that ipvsd does not have is left out" {
	printf '%s\n' "deny_address_group bad {" 203.0.113.7 "}" | config "daddr_group_name bad"
	start_fake fake.log --lacks 9
	start_keepalived "$KEEPALIVED"
	await says "$dir/fake.log" PUSH_END
	says "$dir/keepalived.log" "Virtual server [192.0.2.1]:tcp:80: daddr_group_name bad is not supported by $IPVSD_SOCKET"
	run ! says "$dir/fake.log" NEW_DEST
}

@test "an empty list of denied clients is none, until a reload puts a line into it" {
	printf '%s\n' "deny_address_group bad {" "}" | config "daddr_group_name bad"
	push_checked
	[ "$(requests fake.log | sed -n 2p)" = "NEW_SERVICE tcp 192.0.2.1:80 rr" ]
	printf '%s\n' "deny_address_group bad {" 203.0.113.7 "}" | config "daddr_group_name bad"
	reload
	await says "$dir/fake.log" " deny=203.0.113.7-203.0.113.7"
	printf '%s\n' "deny_address_group bad {" "}" | config "daddr_group_name bad"
	reload
	await says "$dir/fake.log" " deny= "
}

@test "mistakes are errors that say what, and where" {
	config "daddr_group_name missing" <<-END
		local_address_group web {
			10.0.0.200
			10.0.0.300 dpdk0
			10.0.0.9-1 dpdk0
			10.0.0.1-256 dpdk0
			10.0.0.1-10.0.8.1 dpdk0
			ipset:x dpdk0
			10.0.0.1 dpdk0
			10.0.0.2 dpdk1
		}
		local_address_group empty {
		}
		local_address_group web {
			10.0.0.1 dpdk0
		}
		deny_address_group d {
			10.0.0.0/8
		}
	END
	check_config
	[ "$status" -ne 0 ]
	for text in "web: 10.0.0.200 needs the interface" "web: 10.0.0.300 is no address" "web: 10.0.0.9-1 is no address" \
		"web: 10.0.0.1-256 is no address" "web: more than 1024 with 10.0.0.1-10.0.8.1" "web: ipset:x is no address" \
		"web: 10.0.0.2 is on dpdk1, but the addresses before it are on dpdk0" "local_address_group empty has no addresses" \
		"Duplicate local_address_group web" "deny_address_group d: 10.0.0.0/8 is no address" \
		"Virtual server [192.0.2.1]:tcp:80: daddr_group_name missing is not there - ignoring virtual server"; do
		[[ "$output" == *"$text"* ]] || { echo "missing: $text"; false; }
	done
}
