#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The preload shim under the distribution's own ipvsadm and keepalived.

load shim_helpers

setup() {
	shim_setup
}

teardown() {
	shim_teardown
}

@test "stock ipvsadm adds, lists, saves and restores" {
	start_fake fake.log
	"$RUN" ipvsadm -A -t 192.0.2.1:80 -s wrr
	"$RUN" ipvsadm -a -t 192.0.2.1:80 -r 10.0.0.1:8080 -m -w 3
	"$RUN" ipvsadm -A -u '[2001:db8::1]:53' -s rr

	run "$RUN" ipvsadm -Ln
	[ "$status" -eq 0 ]
	[ "${lines[3]}" = "TCP  192.0.2.1:80 wrr" ]
	[[ "${lines[4]}" == "  -> 10.0.0.1:8080                Masq    3"* ]]
	[ "${lines[5]}" = "UDP  [2001:db8::1]:53 rr" ]

	saved=$("$RUN" ipvsadm -Sn)
	"$RUN" ipvsadm -C
	[ -z "$("$RUN" ipvsadm -Sn)" ]
	"$RUN" ipvsadm -R <<<"$saved"
	[ "$("$RUN" ipvsadm -Sn)" = "$saved" ]
}

@test "an error of ipvsd reaches the operator in ipvsadm's words" {
	start_fake fake.log
	"$RUN" ipvsadm -A -t 192.0.2.1:80 -s rr
	run "$RUN" ipvsadm -A -t 192.0.2.1:80 -s rr
	[ "$status" -ne 0 ]
	[ "$output" = "Service already exists" ]
}

@test "ipvsadm does not hang when ipvsd dies under it" {
	start_fake fake.log --die-on NEW_SERVICE
	run timeout 5 "$RUN" ipvsadm -A -t 192.0.2.1:80 -s rr
	[ "$status" -ne 0 ]
	[ "$status" -ne 124 ]
	[ -n "$output" ]
}

@test "without ipvsd the operator is told so" {
	run "$RUN" ipvsadm -Ln
	[ "$status" -eq 1 ]
	[[ "$output" == "ipvsd-run: $IPVSD_SOCKET is no socket: ipvsd is not running"* ]]

	start_fake fake.log
	kill_fake
	run "$RUN" ipvsadm -Ln
	[ "$status" -ne 0 ]
	[[ "$output" == *"ipvsd: nobody answers on $IPVSD_SOCKET: Connection refused"* ]]
}

@test "wrong use of ipvsd-run is exit status 2" {
	run "$RUN"
	[ "$status" -eq 2 ]
	run "$RUN" -x ipvsadm
	[ "$status" -eq 2 ]
}

@test "a socket path and a library path may be relative" {
	start_fake fake.log
	cd "$dir"
	run env -u IPVSD_SOCKET "$RUN" -s ipvs.sock ipvsadm -Ln
	[ "$status" -eq 0 ]
}

@test "stock keepalived survives a restart of ipvsd, without spinning" {
	cat >"$dir/keepalived.conf" <<-END
		virtual_server 192.0.2.1 80 {
			delay_loop 1
			lvs_sched rr
			lvs_method NAT
			protocol TCP
			real_server 127.0.0.1 18080 {
				TCP_CHECK {
					connect_timeout 1
					retry 0
				}
			}
		}
	END
	start_fake first.log
	start_server 18080
	start_keepalived "$RUN" keepalived
	await says "$dir/first.log" "NEW_DEST tcp 192.0.2.1:80 -> 127.0.0.1:18080 fwd 0 weight 1"

	kill_fake
	kill "$server"
	await says "$dir/keepalived.log" "No such device"
	checker=$(cat "$dir/checkers.pid")
	before=$(ticks "$checker")
	start_fake second.log
	await says "$dir/second.log" "DEL_DEST"
	[ $(($(ticks "$checker") - before)) -lt 20 ]
	kill -0 "$keepalived"
}
