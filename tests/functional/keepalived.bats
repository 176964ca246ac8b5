#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# keepalived drives ipvsd: the patched one and the distribution's through ipvsd-run. Each test begins with a director
# that has no services; what keepalived says of them it finds out by health checks.

load lib/load

setup_file() {
	lab_up
	one_director_up
	web_up server1 server2 server3
}

teardown_file() {
	lab_down
}

setup() {
	[[ "$BATS_TEST_DESCRIPTION" != patched:* ]] || [ -x "$KEEPALIVED" ] ||
		skip "$KEEPALIVED is not there; make keepalived builds it"
	is_running director1-ipvsd || run_ipvsd director1
	ipvsadm_at director1 -C
}

teardown() {
	local server
	touch "$LAB_DIR/enough"
	[ -e "$LAB_DIR/director1-keepalived.pid" ] || return 0
	! is_running director1-keepalived || end director1-keepalived TERM
	for server in server1 server2 server3; do
		is_running $server-web || web_start $server
	done
}

# The patched keepalived with these services: "VIP METHOD" each. Waits until all servers are in.
patched_with() { # "VIP METHOD"...
	write_patched_conf "$@"
	: >"$LAB_DIR/director1-keepalived.log"
	start_keepalived director1
	all_in "$@"
}

write_patched_conf() { # "VIP METHOD"...
	local service
	{
		keepalived_head director1 100 "lvs_control_socket $(socket_of director1)"
		for service in "$@"; do
			# shellcheck disable=SC2086 # two words
			keepalived_service $service
		done
	} >"$(keepalived_conf director1)"
}

stock_with() { # "VIP METHOD"...
	write_patched_conf "$@"
	sed -i '/lvs_control_socket/d' "$(keepalived_conf director1)"
	: >"$LAB_DIR/director1-keepalived.log"
	start_stock_keepalived director1
	all_in "$@"
}

all_in() { # "VIP METHOD"...
	local service
	for service in "$@"; do
		await has_n_dests director1 "$(in_url "${service% *}"):80" 3
	done
}

reload() {
	kill -HUP "$(pid_of director1-keepalived)"
}

# One of the servers fails and comes back; the list follows, and clients see no more than the others.
health_checks_take_out_and_bring_back() { # VIP
	local vip=$1
	web_stop server2
	await has_n_dests director1 "$(in_url "$vip"):80" 2
	run who_answers client "$vip" 4
	[ "$output" = $'2 server1\n2 server3' ]
	web_start server2
	await has_n_dests director1 "$(in_url "$vip"):80" 3
	pages_come_from_all_servers "$vip"
}

# keepalived uses no more than 5% of a CPU in three seconds, and is still the same processes.
neither_spins_nor_exits() {
	local pids before used
	pids=$(keepalived_pids director1)
	before=$(keepalived_cpu_ms director1)
	# Nothing to wait for: CPU time is measured over a period.
	sleep 3
	used=$(($(keepalived_cpu_ms director1) - before))
	echo "keepalived used $used ms of CPU time in 3 s"
	[ $used -le 150 ]
	[ "$(keepalived_pids director1)" = "$pids" ]
	for pid in $pids; do
		refute gone "$pid"
	done
}

@test "patched: services of all methods and families appear, and forward" {
	patched_with "$NAT_VIP NAT" "$NAT_VIP6 NAT" "$DR_VIP DR" "$DR_VIP6 DR" "$FNAT_VIP FNAT" "$FNAT_VIP6 FNAT"
	for vip in $ALL_VIPS; do
		pages_come_from_all_servers "$vip"
	done
}

@test "patched: a server that fails its health check is taken out, and comes back" {
	patched_with "$FNAT_VIP FNAT"
	health_checks_take_out_and_bring_back $FNAT_VIP
}

@test "patched: a reload adds, changes and removes services, and leaves connections alone" {
	patched_with "$FNAT_VIP FNAT" "$NAT_VIP NAT"
	on client curl --silent --show-error --noproxy '*' --max-time 20 --limit-rate 4M --output "$LAB_DIR/slow" \
		http://$FNAT_VIP/file 3>&- &
	local download=$!
	write_patched_conf "$FNAT_VIP FNAT" "$DR_VIP DR"
	sed -i 's/lvs_sched rr/lvs_sched wrr/' "$(keepalived_conf director1)"
	reload
	await has_n_dests director1 $DR_VIP:80 3
	await refute is_configured_at director1 "$NAT_VIP:80"
	[ "$(ipvsadm_at director1 -Ln | grep -c ' wrr$')" -eq 2 ]
	wait $download
	cmp "$LAB_DIR/slow" "$LAB_DIR/file"
}

@test "patched: a crash and restart of ipvsd: it neither spins nor exits, and health checks go on" {
	patched_with "$FNAT_VIP FNAT"
	kill_ipvsd director1
	neither_spins_nor_exits
	run_ipvsd director1
	await has_n_dests director1 $FNAT_VIP:80 3
	neither_spins_nor_exits
	AWAIT=3 await page client $FNAT_VIP
	health_checks_take_out_and_bring_back $FNAT_VIP
}

@test "patched: an ipvsd that comes back with nothing gets everything again" {
	patched_with "$FNAT_VIP FNAT" "$NAT_VIP6 NAT"
	kill_ipvsd director1
	rm -rf "$LAB_DIR/director1/state"
	mkdir "$LAB_DIR/director1/state"
	run_ipvsd director1
	all_in "$FNAT_VIP FNAT" "$NAT_VIP6 NAT"
	AWAIT=3 await page client $FNAT_VIP
	pages_come_from_all_servers $NAT_VIP6
}

@test "patched: what failed while ipvsd was away is not there when it comes back" {
	patched_with "$FNAT_VIP FNAT"
	kill_ipvsd director1
	web_stop server3
	await says "$(log_of director1-keepalived)" "$LAN.13"
	keepalived_noticed() {
		grep -E "$LAN\.13" "$(log_of director1-keepalived)" | grep -qiE 'fail|remov|down|error'
	}
	await keepalived_noticed
	run_ipvsd director1
	await has_n_dests director1 $FNAT_VIP:80 2
	refute is_configured_at director1 "$LAN.13:80"
}

# How long connections last, what becomes of those of a server that goes, how servers hear of clients.
has_options() { # TIMEOUT QUIESCENT CLIENT_ADDRESS
	ipvsdctl_at director1 services | awk -v service="$FNAT_VIP:80" -v options="$*" '
		$2 == service { found = $3 " " $4 " " $5 }
		END { exit found != options }'
}

@test "patched: options of a service reach ipvsd, change by a reload, and come again after a restart" {
	write_patched_conf "$FNAT_VIP FNAT"
	sed -i 's/lvs_method FNAT/&\nestablish_timeout 600\nexpire_quiescent_conn\ntoa/' "$(keepalived_conf director1)"
	: >"$LAB_DIR/director1-keepalived.log"
	start_keepalived director1
	all_in "$FNAT_VIP FNAT"
	has_options 600 expire toa
	pages_come_from_all_servers $FNAT_VIP

	sed -i '/establish_timeout/d; s/expire_quiescent_conn/reset_quiescent_conn/' "$(keepalived_conf director1)"
	reload
	await has_options - reset toa

	kill_ipvsd director1
	rm -rf "$LAB_DIR/director1/state"
	mkdir "$LAB_DIR/director1/state"
	run_ipvsd director1
	all_in "$FNAT_VIP FNAT"
	has_options - reset toa
}

@test "patched: full-NAT from the local addresses of the configuration, which a reload changes" {
	comes_from() { # ADDRESS
		page client $FNAT_VIP && ipvsdctl_at director1 conns | grep -q " $1:"
	}
	write_patched_conf "$FNAT_VIP FNAT"
	sed -i "s/^virtual_server/local_address_group own {\n$LAN.150-151 lan\n}\n&/; s/lvs_method FNAT/&\nladdr_group_name own/" \
		"$(keepalived_conf director1)"
	: >"$LAB_DIR/director1-keepalived.log"
	start_keepalived director1
	all_in "$FNAT_VIP FNAT"
	await comes_from "$LAN.15[01]"
	sed -i "s/$LAN.150-151/$LAN.152/" "$(keepalived_conf director1)"
	reload
	await comes_from "$LAN.152"

	sed -i "s/$LAN.152 lan/$LAN.152 nowhere/" "$(keepalived_conf director1)"
	reload
	await says "$(log_of director1-keepalived)" "local_address_group own: $(socket_of director1) has no interface nowhere"
	end director1-keepalived TERM
	run ipvsdctl_at director1 laddrs
	[ "$status" -eq 0 ]
	[[ "$output" != *own* ]]
}

@test "patched: a service with an option that ipvsd does not have is left out, and named" {
	write_patched_conf "$FNAT_VIP FNAT" "$NAT_VIP NAT"
	sed -i '0,/lvs_method FNAT/s//&\nsyn_proxy/' "$(keepalived_conf director1)"
	: >"$LAB_DIR/director1-keepalived.log"
	start_keepalived director1
	all_in "$NAT_VIP NAT"
	refute is_configured_at director1 "$FNAT_VIP:80"
	says "$(log_of director1-keepalived)" "Virtual server [$FNAT_VIP]:tcp:80: syn_proxy is not supported by"
}

@test "patched: keepalived restarts, and the services are the same" {
	patched_with "$FNAT_VIP FNAT"
	end director1-keepalived TERM
	refute is_configured_at director1 "$FNAT_VIP"
	patched_with "$FNAT_VIP FNAT"
	pages_come_from_all_servers $FNAT_VIP
}

@test "patched: a server drained by weight 0 is stopped without a failed request" {
	patched_with "$FNAT_VIP FNAT"
	rm -f "$LAB_DIR/enough"
	on client python3 "$LAB_TOOLS/requests.py" $FNAT_VIP 80 1000 "$LAB_DIR/enough" >"$LAB_DIR/requests" 3>&- &
	local asking=$!
	# Only the weight of .12 changes.
	sed -i "/real_server $LAN.12 80/,/weight/s/weight 1/weight 0/" "$(keepalived_conf director1)"
	reload
	drained() {
		ipvsadm_at director1 -Ln | grep -Eq "$LAN.12:80 +Masq +0 +0 "
	}
	await drained
	web_stop server2
	await has_n_dests director1 $FNAT_VIP:80 2
	kill -0 $asking
	touch "$LAB_DIR/enough"
	wait $asking
	[ "$(wc -l <"$LAB_DIR/requests")" -ge 1000 ]
	run ! grep -v ' 200$' "$LAB_DIR/requests"
}

@test "stock: services appear, and forward" {
	stock_with "$NAT_VIP NAT" "$NAT_VIP6 NAT" "$DR_VIP DR" "$DR_VIP6 DR"
	for vip in $NAT_VIP $NAT_VIP6 $DR_VIP $DR_VIP6; do
		pages_come_from_all_servers "$vip"
	done
}

@test "stock: full-NAT, where masquerading is set to mean that" {
	stop_ipvsd director1
	start_ipvsd director1 control="masquerade_is_fullnat = true;"
	director_addresses director1 2
	director_vips director1
	stock_with "$FNAT_VIP NAT" "$FNAT_VIP6 NAT"
	pages_come_from_all_servers $FNAT_VIP
	pages_come_from_all_servers $FNAT_VIP6
	ipvsdctl_at director1 conns | tee /dev/stderr | grep -q "192\.0\.2\.10[01]:"
	end director1-keepalived TERM
	stop_ipvsd director1
	start_ipvsd director1
	director_addresses director1 2
	director_vips director1
}

@test "stock: a server that fails its health check is taken out, and comes back" {
	stock_with "$NAT_VIP NAT"
	health_checks_take_out_and_bring_back $NAT_VIP
}

@test "stock: a reload adds and removes services" {
	stock_with "$NAT_VIP NAT"
	write_patched_conf "$DR_VIP DR"
	sed -i '/lvs_control_socket/d' "$(keepalived_conf director1)"
	reload
	await has_n_dests director1 $DR_VIP:80 3
	await refute is_configured_at director1 "$NAT_VIP:80"
}

@test "stock: a crash and restart of ipvsd: it neither spins nor exits, and health checks go on" {
	stock_with "$NAT_VIP NAT"
	kill_ipvsd director1
	neither_spins_nor_exits
	run_ipvsd director1
	# From the state file: stock keepalived doesn't know that anything happened.
	is_configured_at director1 "$NAT_VIP:80"
	# Checks that began while ipvsd was away may still fail, and take a server out until the next one.
	await has_n_dests director1 $NAT_VIP:80 3
	neither_spins_nor_exits
	AWAIT=3 await page client $NAT_VIP
	health_checks_take_out_and_bring_back $NAT_VIP
}
