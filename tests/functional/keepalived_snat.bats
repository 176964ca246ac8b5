#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The director as the gateway of an inside network, all of it from keepalived.conf, as in DPVS: the local addresses, and what
# goes out by them.
#
#   inside ==lan== director1 ==wan== outside

load lib/load

OUTSIDE=$WAN.8

setup_file() {
	lab_up
	[ -x "$KEEPALIVED" ] || return 0
	segments_up
	client_up outside 8
	host_add inside
	plug inside eth0 lan
	address_add inside eth0 $LAN.50/24
	director_up director1
	start_ipvsd director1 laddrs=
	director_addresses director1 2
	address_add director1 lan0 $GATEWAY/24
	ip -n "$LAB-inside" route add default via $GATEWAY
	web_up outside
	write_conf 255
	start_keepalived director1
}

teardown_file() {
	lab_down
}

setup() {
	[ -x "$KEEPALIVED" ] || skip "$KEEPALIVED is not there; make keepalived builds it"
}

# Inside hosts up to this number may go out.
write_conf() { # LAST
	local protocol
	{
		cat <<-END
			global_defs {
				lvs_control_socket $(socket_of director1)
			}
			local_address_group out {
				$WAN.200-201 wan
			}
		END
		for protocol in TCP ICMP; do
			cat <<-END
				virtual_server match inside {
					lb_algo rr
					lb_kind SNAT
					protocol $protocol
					src-range $LAN.0-$1
					oif wan
					real_server $WAN.200 0 {
						weight 4
					}
				}
			END
		done
	} >"$(keepalived_conf director1)"
}

gets_out() {
	page inside $OUTSIDE && on inside ping -q -c 1 -W 1 $OUTSIDE
}

stays_in() {
	! page inside $OUTSIDE && ! on inside ping -q -c 1 -W 1 $OUTSIDE
}

@test "inside hosts get out, by an address of the group" {
	await gets_out
	ipvsdctl_at director1 conns | grep -F "$WAN.200:"
}

@test "a reload that leaves the host out of the range keeps it in, and one that takes it in lets it out" {
	write_conf 49
	kill -HUP "$(pid_of director1-keepalived)"
	await stays_in
	write_conf 50
	kill -HUP "$(pid_of director1-keepalived)"
	await gets_out
}

@test "it is there again after a restart of ipvsd, before keepalived is asked" {
	# shellcheck disable=SC2046 # numbers
	kill -STOP $(keepalived_pids director1)
	kill_ipvsd director1
	run_ipvsd director1
	await gets_out
	# shellcheck disable=SC2046 # numbers
	kill -CONT $(keepalived_pids director1)
	sent_again() {
		[ "$(grep -c "sent 2 virtual servers" "$(log_of director1-keepalived)")" -eq 2 ]
	}
	await sent_again
	gets_out
}

@test "without keepalived they stay in" {
	end director1-keepalived TERM
	stays_in
}
