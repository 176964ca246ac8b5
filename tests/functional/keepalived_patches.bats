#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The patched keepalived against a control socket that goes away, stays silent, or comes late.

bats_require_minimum_version 1.5.0
load shim_helpers

setup() {
	[ -x "$KEEPALIVED" ] || skip "$KEEPALIVED is not there; make keepalived builds it"
	shim_setup
}

teardown() {
	[ -z "${ns-}" ] || shim_teardown
}

write_config() {
	cat >"$dir/keepalived.conf" <<-END
		global_defs {
			lvs_control_socket $IPVSD_SOCKET
		}
		virtual_server 192.0.2.1 80 {
			delay_loop 1
			lvs_sched rr
			lvs_method FNAT
			protocol TCP
			sorry_server 10.0.0.9 90
			real_server 127.0.0.1 18080 {
				weight 2
				TCP_CHECK {
					connect_timeout 1
					retry 0
				}
			}
		}
		virtual_server 192.0.2.2 80 {
			delay_loop 1
			lvs_sched wlc
			lvs_method NAT
			protocol TCP
			inhibit_on_failure
			real_server 127.0.0.1 18080 {
				TCP_CHECK {
					connect_timeout 1
					retry 0
				}
			}
		}
	END
}

all_up="PUSH_BEGIN
NEW_SERVICE tcp 192.0.2.1:80 rr
NEW_DEST tcp 192.0.2.1:80 -> 127.0.0.1:18080 fwd 5 weight 2
NEW_SERVICE tcp 192.0.2.2:80 wlc
NEW_DEST tcp 192.0.2.2:80 -> 127.0.0.1:18080 fwd 0 weight 1
PUSH_END"

all_down="PUSH_BEGIN
NEW_SERVICE tcp 192.0.2.1:80 rr
NEW_DEST tcp 192.0.2.1:80 -> 10.0.0.9:90 fwd 5 weight 1
NEW_SERVICE tcp 192.0.2.2:80 wlc
NEW_DEST tcp 192.0.2.2:80 -> 127.0.0.1:18080 fwd 0 weight 0
PUSH_END"

@test "the socket on the command line is used when the configuration has none" {
	write_config
	sed -i '/lvs_control_socket/d' "$dir/keepalived.conf"
	start_server 18080
	start_fake fake.log
	start_keepalived "$KEEPALIVED" --lvs-control-socket="$IPVSD_SOCKET"
	await says "$dir/fake.log" PUSH_END
	[ "$(requests fake.log)" = "$all_up" ]
	run "$KEEPALIVED" --lvs-control-socket=ipvs.sock --config-test --use-file "$dir/keepalived.conf"
	[ "$status" -ne 0 ]
	[[ "$output" == *"--lvs-control-socket ipvs.sock is not an absolute path"* ]]
}

@test "FNAT without a control socket, and a relative path, are errors that say so" {
	write_config
	sed -i '/lvs_control_socket/d' "$dir/keepalived.conf"
	run "$KEEPALIVED" --config-test --use-file "$dir/keepalived.conf"
	[ "$status" -ne 0 ]
	[[ "$output" == *"[192.0.2.1]:tcp:80: FNAT needs lvs_control_socket"* ]]

	write_config
	sed -i 's|lvs_control_socket .*|lvs_control_socket ipvs.sock|' "$dir/keepalived.conf"
	run "$KEEPALIVED" --config-test --use-file "$dir/keepalived.conf"
	[ "$status" -ne 0 ]
	[[ "$output" == *"lvs_control_socket ipvs.sock is not an absolute path"* ]]
}

@test "the configuration arrives in one push, from a client that knows full NAT" {
	write_config
	start_server 18080
	start_fake fake.log
	start_keepalived "$KEEPALIVED"
	await says "$dir/fake.log" PUSH_END
	[ "$(requests fake.log)" = "$all_up" ]
	grep -q '^hello version 1 .* netns known flags 1$' "$dir/fake.log"
}

@test "keepalived starts before ipvsd and sends everything once it is there" {
	write_config
	start_server 18080
	start_keepalived "$KEEPALIVED"
	await says "$dir/keepalived.log" "No such file or directory - trying again; start ipvsd: systemctl start ipvsd"
	await says "$dir/keepalived.log" "Startup complete"
	start_fake fake.log
	await says "$dir/fake.log" PUSH_END
	[ "$(requests fake.log)" = "$all_up" ]
}

@test "after a restart of ipvsd everything is sent as it is then, and nothing spins" {
	write_config
	start_server 18080
	start_fake first.log
	start_keepalived "$KEEPALIVED"
	await says "$dir/first.log" PUSH_END

	kill_fake
	await says "$dir/keepalived.log" "was closed by the other end"
	checker=$(cat "$dir/checkers.pid")
	before=$(ticks "$checker")
	kill "$server"
	await says "$dir/keepalived.log" "Adding sorry server [10.0.0.9]:tcp:90 to VS [192.0.2.1]:tcp:80"
	await says "$dir/keepalived.log" "Disabling service [127.0.0.1]:tcp:18080 of VS [192.0.2.2]:tcp:80"
	start_fake second.log
	await says "$dir/second.log" PUSH_END
	[ "$(requests second.log)" = "$all_down" ]
	[ $(($(ticks "$checker") - before)) -lt 20 ]

	start_server 18080
	await says "$dir/second.log" "SET_DEST tcp 192.0.2.2:80 -> 127.0.0.1:18080 fwd 0 weight 1"
	await says "$dir/second.log" "NEW_DEST tcp 192.0.2.1:80 -> 127.0.0.1:18080 fwd 5 weight 2"
	await says "$dir/second.log" "DEL_DEST tcp 192.0.2.1:80 -> 10.0.0.9:90"
}

@test "ipvsd that dies in the middle of a push gets all of it from the next connection" {
	write_config
	start_server 18080
	start_fake first.log --die-on NEW_DEST
	start_keepalived "$KEEPALIVED"
	await says "$dir/first.log" "NEW_DEST dies"
	start_fake second.log
	await says "$dir/second.log" PUSH_END
	[ "$(requests second.log)" = "$all_up" ]
}

@test "ipvsd that does not answer counts as gone after two seconds" {
	write_config
	start_server 18080
	start_fake first.log --mute-on NEW_DEST
	start_keepalived "$KEEPALIVED"
	await says "$dir/keepalived.log" "lost the netlink socket: Resource temporarily unavailable"
	kill_fake
	start_fake second.log
	await says "$dir/second.log" PUSH_END
	[ "$(requests second.log)" = "$all_up" ]
}

@test "ipvsd that refuses is asked again, and logged once" {
	write_config
	start_server 18080
	start_fake first.log --refuse GET_INFO
	start_keepalived "$KEEPALIVED"
	await says "$dir/keepalived.log" "cannot use lvs_control_socket $IPVSD_SOCKET: Operation not permitted - trying again"
	run ! says "$dir/keepalived.log" "start ipvsd"
	await_refusals() { [ "$(grep -c refused "$dir/first.log")" -ge 3 ]; }
	await await_refusals
	[ "$(grep -c "cannot use" "$dir/keepalived.log")" -eq 1 ]
	[ -z "$(requests first.log | grep -v refused)" ]
	kill_fake
	start_fake second.log
	await says "$dir/second.log" PUSH_END
	[ "$(requests second.log)" = "$all_up" ]
}

@test "a reload while ipvsd is away counts in what is sent later" {
	write_config
	start_server 18080
	start_fake first.log
	start_keepalived "$KEEPALIVED"
	await says "$dir/first.log" PUSH_END
	kill_fake
	await says "$dir/keepalived.log" "was closed by the other end"
	sed -i 's/weight 2/weight 7/' "$dir/keepalived.conf"
	reload
	start_fake second.log
	await says "$dir/second.log" PUSH_END
	[ "$(requests second.log)" = "${all_up/weight 2/weight 7}" ]
}

@test "what exists is updated, and a peer without the private family is served too" {
	write_config
	start_server 18080
	start_fake fake.log --no-ipvsx
	"$RUN" ipvsadm -A -t 192.0.2.1:80 -s wrr
	"$RUN" ipvsadm -a -t 192.0.2.1:80 -r 127.0.0.1:18080 -m -w 77
	start_keepalived "$KEEPALIVED"
	await says "$dir/fake.log" "NEW_DEST tcp 192.0.2.2:80"
	says "$dir/fake.log" "SET_SERVICE tcp 192.0.2.1:80 rr"
	says "$dir/fake.log" "SET_DEST tcp 192.0.2.1:80 -> 127.0.0.1:18080 fwd 5 weight 2"
	run ! says "$dir/fake.log" PUSH_BEGIN
	run "$RUN" ipvsadm -Sn
	[[ "$output" == *"-a -t 192.0.2.1:80 -r 127.0.0.1:18080 "*" -w 2"* ]]
}

@test "stopping keepalived removes its services, and needs no ipvsd" {
	write_config
	start_server 18080
	start_fake first.log
	start_keepalived "$KEEPALIVED"
	await says "$dir/first.log" PUSH_END
	kill "$keepalived"
	wait "$keepalived"
	says "$dir/first.log" "DEL_SERVICE tcp 192.0.2.1:80"
	says "$dir/first.log" "DEL_SERVICE tcp 192.0.2.2:80"

	start_keepalived "$KEEPALIVED"
	await says "$dir/keepalived.log" "sent 2 virtual servers"
	kill_fake
	await says "$dir/keepalived.log" "was closed by the other end"
	kill "$keepalived"
	run timeout 5 tail --pid="$keepalived" -f /dev/null
	[ "$status" -eq 0 ]
}

@test "a reload sends only what changed" {
	write_config
	start_server 18080
	start_fake fake.log
	start_keepalived "$KEEPALIVED"
	await says "$dir/fake.log" PUSH_END
	sed -i 's/weight 2/weight 7/' "$dir/keepalived.conf"
	kill -HUP "$keepalived"
	await says "$dir/fake.log" "SET_DEST tcp 192.0.2.1:80 -> 127.0.0.1:18080 fwd 5 weight 7"
	await says "$dir/keepalived.log" "Reload complete"
	[ "$(requests fake.log)" = "$all_up
SET_DEST tcp 192.0.2.1:80 -> 127.0.0.1:18080 fwd 5 weight 7" ]
}

@test "the sync daemon of a VRRP instance is started again after a restart of ipvsd" {
	ip -n "$ns" link add lan0 type veth peer name wan0
	ip -n "$ns" link set lan0 up
	ip -n "$ns" link set wan0 up
	ip -n "$ns" addr add 192.0.2.10/24 dev lan0
	cat >"$dir/keepalived.conf" <<-END
		global_defs {
			lvs_control_socket $IPVSD_SOCKET
			lvs_sync_daemon lan0 one
		}
		vrrp_instance one {
			state MASTER
			interface lan0
			virtual_router_id 51
			priority 200
			virtual_ipaddress {
				192.0.2.20/32
			}
		}
	END
	start_fake first.log
	start_keepalived "$KEEPALIVED"
	await says "$dir/keepalived.log" "Entering MASTER STATE"
	await says "$dir/first.log" NEW_DAEMON
	kill_fake
	start_fake second.log
	await says "$dir/second.log" NEW_DAEMON
	run ! says "$dir/second.log" PUSH_BEGIN
}

@test "the sample of the series is a configuration without a mistake" {
	patch --quiet --strip=1 --directory "$dir" <"$BATS_TEST_DIRNAME"/../../keepalived-patches/0012-sample.patch
	ip -n "$ns" link add lan0 type veth peer name wan0
	ip netns exec "$ns" "$KEEPALIVED" --config-test --use-file "$dir/doc/samples/keepalived.conf.user_space_ipvs" \
		>"$dir/test.log" 2>&1
	run cat "$dir/test.log"
	[ -z "$output" ]
}
