#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The socket options IP_VS_SO_* through the preload shim, for programs that know nothing else: a prober and collectd's
# plugin. What the prober prints of every option and every mistake, scenario sockopt of tests/oracle compares with what
# it prints on the kernel's IPVS.

load lib/load

setup_file() {
	lab_up
	segments_up
	director_up director1
	start_ipvsd director1
	# Other users need not be able to look into the build folder.
	install -m 755 "$IPVSD_RUN" "$IPVSD_PRELOAD" "$BUILD/tests/functional/tools/sockopt_probe" "$LAB_DIR"
}

teardown_file() {
	lab_down
}

setup() {
	ipvsadm_at director1 -C
}

probe() { # [ARGUMENT]...
	on director1 env "IPVSD_PRELOAD=$LAB_DIR/libipvsd-preload.so" "IPVSD_SOCKET=$(socket_of director1)" \
		"$LAB_DIR/ipvsd-run" "$LAB_DIR/sockopt_probe" "$@"
}

@test "what ipvsadm configured is shown, IPv4 only" {
	ipvsadm_at director1 -A -t 198.51.100.10:80 -s wrr
	ipvsadm_at director1 -a -t 198.51.100.10:80 -r 192.0.2.11:8080 -m -w 3
	ipvsadm_at director1 -A -t "[2001:db8:1::10]:80" -s rr
	run probe list
	echo "$output"
	[[ "${lines[1]}" == *"services 1" ]]
	[[ "$output" == *"service 6 c633640a:80 mark 0 sched wrr flags 0x2 timeout 0 netmask ffffffff dests 1 "* ]]
	[[ "$output" == *"dest c000020b:8080 flags 0x100 weight 3 "* ]]
	[ "${#lines[@]}" -eq 6 ]
}

@test "more services than fit into one datagram are listed, with their destinations" {
	local n
	for n in $(seq 150); do
		echo "-A -t 198.51.100.40:$n -s rr"
		echo "-a -t 198.51.100.40:$n -r 192.0.2.11:$n -m -w $n"
	done | ipvsadm_at director1 -R
	run probe list
	[ "$status" -eq 0 ]
	[[ "${lines[1]}" == *"services 150" ]]
	[ "$(grep -c '^  service 6 c6336428:.* dests 1 ' <<<"$output")" -eq 150 ]
	[[ "$output" == *"dest c000020b:150 flags 0x100 weight 150 "* ]]
}

@test "a full-NAT destination is masquerading, as for other stock clients" {
	ipvsadm_at director1 -A -t 198.51.100.30:80 -s rr
	fullnat_dest_add director1 t 198.51.100.30:80 192.0.2.11:80 1
	run probe list
	[[ "$output" == *"dest c000020b:80 flags 0x100 weight 1 "* ]]
}

@test "collectd's plugin shows the services and destinations" {
	local file
	ipvsadm_at director1 -A -t 198.51.100.10:80 -s wrr
	ipvsadm_at director1 -a -t 198.51.100.10:80 -r 192.0.2.11:8080 -m -w 3
	ipvsadm_at director1 -A -u 198.51.100.10:53 -s rr
	cat >"$LAB_DIR/collectd.conf" <<-END
		Hostname "director1"
		FQDNLookup false
		Interval 1
		BaseDir "$LAB_DIR/collectd"
		LoadPlugin logfile
		<Plugin logfile>
			LogLevel info
			File STDOUT
		</Plugin>
		LoadPlugin ipvs
		LoadPlugin csv
		<Plugin csv>
			DataDir "$LAB_DIR/csv"
		</Plugin>
	END
	start_on director1 collectd env "IPVSD_SOCKET=$(socket_of director1)" "$IPVSD_RUN" \
		collectd -f -C "$LAB_DIR/collectd.conf" -P "$LAB_DIR/collectd.pid"
	await csv_has "ipvs-198.51.100.10_TCP80/connections-192.0.2.11_8080"
	await csv_has "ipvs-198.51.100.10_TCP80/if_octets-total"
	await csv_has "ipvs-198.51.100.10_UDP53/connections-total"
	says "$(log_of collectd)" "Successfully connected to IPVS 1.2.1"
	end collectd TERM
}

# Has collectd written this value?
csv_has() { # NAME
	compgen -G "$LAB_DIR/csv/director1/$1-*" >/dev/null
}

@test "without ipvsd there is no IPVS, and a line says so" {
	IPVSD_SOCKET=$LAB_DIR/nowhere run -0 env "LD_PRELOAD=$IPVSD_PRELOAD" "$LAB_DIR/sockopt_probe" list
	echo "$output"
	[ "${lines[0]}" = "ipvsd: nobody answers on $LAB_DIR/nowhere: No such file or directory; start ipvsd, or name its socket in \$IPVSD_SOCKET" ]
	[ "${lines[1]}" = "get INFO info: ENOPROTOOPT" ]
}
