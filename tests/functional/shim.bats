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

@test "with -k programs use the kernel while there is no ipvsd, and a line says so" {
	# Its own controller, which each kernel has, and the shim's ipvsd does not show.
	run "$RUN" -k "$BUILD/tests/functional/tools/genl_ask" nlctrl
	echo "$output"
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "ipvsd: nobody answers on $IPVSD_SOCKET: No such file or directory; the kernel's own IPVS is used as long as that lasts" ]
	[ "${lines[1]}" = "nlctrl 16" ]

	start_fake fake.log
	run "$RUN" -k "$BUILD/tests/functional/tools/genl_ask" IPVS
	[ "$output" = "IPVS 28" ]
	run "$RUN" -k "$BUILD/tests/functional/tools/genl_ask" nlctrl
	[ "$output" = "genl_ask: nlctrl: No such file or directory" ]
}

@test "with -k netlink, socket options and files lead to a kernel's IPVS" {
	local tools=$BUILD/tests/functional/tools
	# A user-mode Linux, since the machine's kernel need not have IPVS.
	run "$BATS_TEST_DIRNAME/../oracle/uml-run" -s "$BUILD" -s "$dir" env "IPVSD_PRELOAD=$IPVSD_PRELOAD" bash -c "
		$RUN -k -s $dir/nowhere ipvsadm -A -t 192.0.2.1:80 -s sh
		$RUN -k -s $dir/nowhere $tools/sockopt_probe list
		$RUN -k -s $dir/nowhere cat /proc/net/ip_vs
		$RUN -s $dir/nowhere ipvsadm -Ln"
	echo "$output"
	[[ "$output" == *"service 6 c0000201:80 mark 0 sched sh flags 0x2 "* ]]
	[[ "$output" == *"TCP  C0000201:0050 sh "* ]]
	[[ "$output" == *"the kernel's own IPVS is used as long as that lasts"* ]]
	[[ "${lines[-1]}" == "ipvsd-run: $dir/nowhere is no socket"* ]]
}

# The library must be built with the C library of the program that it is loaded into.
@test "a program of another C library, musl, is served by a shim that is built with it" {
	local top=$BATS_TEST_DIRNAME/../.. cc=(musl-gcc -D_GNU_SOURCE -O1 -Wall -Wextra -Werror)
	cc+=(-idirafter /usr/include -idirafter "/usr/include/$(gcc -print-multiarch)")
	"${cc[@]}" -fPIC -shared -fvisibility=hidden -o "$dir/shim.so" \
		"$top"/netlink-shim/{control_*,preload_*,sockopt_*}.c
	"${cc[@]}" -o "$dir/genl_ask" "$top/tests/functional/tools/genl_ask.c"
	"${cc[@]}" -o "$dir/sockopt_probe" "$top/tests/functional/tools/sockopt_probe.c"
	start_fake fake.log
	LD_PRELOAD=$dir/shim.so run "$dir/genl_ask" IPVS
	echo "$output"
	[ "$output" = "IPVS 28" ]
	"$RUN" ipvsadm -A -t 192.0.2.1:80 -s wrr
	LD_PRELOAD=$dir/shim.so run "$dir/sockopt_probe" list
	echo "$output"
	[[ "$output" == *"service 6 c0000201:80 mark 0 sched wrr flags 0 "* ]]
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
