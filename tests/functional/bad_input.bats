#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What can be wrong on a machine: ipvsd says it in one line, with what to do, ends with status 1, and leaves nothing behind.
# NICs that ipvsd-bind refuses are in bind.bats, huge pages in memory.bats and needs.bats.

load lib/load

setup_file() {
	lab_up
	segments_up
	director_up director1
	write_ipvsd_conf director1
	cp "$(conf)" "$LAB_DIR/good.conf"
}

setup() {
	cp "$LAB_DIR/good.conf" "$(conf)"
}

teardown() {
	[ ! -e "$LAB_DIR/director1-ipvsd.pid" ] || ! is_running director1-ipvsd || end director1-ipvsd KILL
}

teardown_file() {
	lab_down
}

conf() {
	echo "$LAB_DIR/director1/ipvsd.conf"
}

# Replaces the devices of a port of the configuration: a line of it, wan is 3, lan is 4.
set_device() { # LINE DEVICE
	sed -i "$1s/devices = ( \"[^\"]*\" )/devices = ( \"$2\" )/" "$(conf)"
}

# A start fails with one line of error: this one.
fails() { # TOPIC: MESSAGE
	local errors
	run on director1 timeout 20 "$BUILD/ipvsd" -c "${CONF:-$(conf)}"
	echo "$output"
	[ "$status" -eq 1 ]
	errors=$(grep -F 'ipvsd: error: ' <<<"$output")
	[ "$errors" = "ipvsd: error: $1" ]
}

nothing_is_left() {
	refute ip -n "$LAB-director1" link show dev wan0
	refute ip -n "$LAB-director1" link show dev lan0
	[ ! -e "$(socket_of director1)" ]
}

@test "a NIC address that the machine doesn't have" {
	set_device 4 0000:ff:1f.7
	fails "port: lan (line 4): 0000:ff:1f.7: there is no such PCI device; lspci -D lists those that there are"
	nothing_is_left
}

# A device that is the kernel's, and no NIC: it must stay so.
device_of_the_kernel() {
	local device
	for device in /sys/bus/pci/devices/*; do
		[ -e "$device/driver" ] || continue
		case $(cat "$device/class") in 0x02*) continue ;; esac
		basename "$device"
		return
	done
	return 1
}

@test "a NIC that the kernel has" {
	local device driver
	device=$(device_of_the_kernel) || skip "no PCI device with a driver here"
	driver=$(basename "$(readlink "/sys/bus/pci/devices/$device/driver")")
	set_device 4 "$device"
	fails "port: lan (line 4): $device: the kernel's driver $driver has it; ipvsd-bind gives it to DPDK"
	nothing_is_left
}

# Has the machine a NIC 0000:3b:00.0 that is uio's, as far as ipvsd can tell before it starts DPDK, and its /run in a folder of
# ours. What is in these places is the other processes' still.
with_a_nic() { # COMMAND...
	# shellcheck disable=SC2016 # the inner shell's
	on director1 unshare --mount sh -euc '
		mkdir -p "$1/run/ipvsd"
		mount --bind "$1/run" /run
		mount -t tmpfs tmpfs /sys/bus/pci/devices
		mkdir -p /sys/bus/pci/devices/0000:3b:00.0/uio/uio77
		ln -s ../../../drivers/uio_pci_generic /sys/bus/pci/devices/0000:3b:00.0/driver
		shift
		exec "$@"' sh "$LAB_DIR" "$@"
}

@test "a NIC that another ipvsd has" {
	local errors
	[ -d /sys/bus/pci/devices ] || skip "no PCI bus here"
	set_device 4 3b:00.0
	# The lock of one that runs: to have it, DPDK would have to like the NIC.
	mkdir -p "$LAB_DIR/run/ipvsd"
	echo "4711 ipvsd" >"$LAB_DIR/run/ipvsd/0000:3b:00.0.lock"
	# shellcheck disable=SC2016 # the inner shell's
	start_on director1 holder bash -c 'exec 9<"$1" && flock 9 && echo held && exec sleep 600' bash \
		"$LAB_DIR/run/ipvsd/0000:3b:00.0.lock"
	await says "$(log_of holder)" held
	run with_a_nic timeout 20 "$BUILD/ipvsd" -c "$(conf)"
	echo "$output"
	[ "$status" -eq 1 ]
	errors=$(grep -F 'ipvsd: error: ' <<<"$output")
	[ "$errors" = "ipvsd: error: port: lan (line 4): 0000:3b:00.0 is in use by process 4711 (ipvsd): end it first, ipvsd with systemctl stop ipvsd, or name another device" ]
	refute grep -q EAL <<<"$output"
	nothing_is_left
	[ "$(cat "$LAB_DIR/run/ipvsd/0000:3b:00.0.lock")" = "4711 ipvsd" ]
	end holder KILL
}

@test "a NIC that is named twice" {
	[ -d /sys/bus/pci/devices ] || skip "no PCI bus here"
	set_device 3 0000:3b:00.0
	set_device 4 3b:00.0
	run with_a_nic timeout 20 "$BUILD/ipvsd" -c "$(conf)"
	echo "$output"
	[ "$status" -eq 1 ]
	grep -qF "ipvsd: error: port: lan (line 4): 0000:3b:00.0 is named twice; a device is for one port, once" <<<"$output"
	nothing_is_left
	# The lock is free again, and has the name of the one who had it.
	grep -qE '^[0-9]+ ipvsd$' "$LAB_DIR/run/ipvsd/0000:3b:00.0.lock"
	flock --nonblock "$LAB_DIR/run/ipvsd/0000:3b:00.0.lock" true
}

@test "an interface that isn't there" {
	set_device 4 net_af_packet_x,iface=nowhere
	fails "port: lan (line 4): there is no interface nowhere for the device net_af_packet_x; ip link shows those that there are"
	nothing_is_left
}

@test "a kernel without vhost-net, where the configuration insists on it" {
	[ ! -e /dev/vhost-net ] || skip "this kernel has it"
	sed -i '3s/kernel = /kernel_path = "vhost"; kernel = /' "$(conf)"
	fails 'port: wan: kernel interface wan0 (line 3): /dev/vhost-net can'"'"'t be opened: load the module vhost_net, or set kernel_path = "tap"'
	nothing_is_left
}

@test "a kernel interface's name that is taken" {
	on director1 ip link add lan0 type bridge
	fails "port: lan: kernel interface lan0 (tap, line 4): Invalid argument; an interface of that name exists and is not a tap; choose another name"
	on director1 ip link del lan0
	nothing_is_left
}

@test "a second ipvsd on the same socket touches nothing, and the first one goes on" {
	local before
	run_ipvsd director1
	before=$(ip -n "$LAB-director1" -o link | sort)
	fails "control: $(socket_of director1) is another ipvsd's: give each instance its own control.socket"
	# Not even the way to the ports: it says so with other ones, too.
	sed 's/wan0/wan1/; s/lan0/lan1/' "$(conf)" >"$LAB_DIR/other.conf"
	CONF=$LAB_DIR/other.conf fails "control: $(socket_of director1) is another ipvsd's: give each instance its own control.socket"
	[ "$(ip -n "$LAB-director1" -o link | sort)" = "$before" ]
	is_running director1-ipvsd
	ipvsdctl_at director1 counters
	stop_ipvsd director1
	nothing_is_left
}

@test "a folder of the control socket that isn't there" {
	sed -i "s|socket = \"[^\"]*\"|socket = \"$LAB_DIR/nowhere/ipvs.sock\"|" "$(conf)"
	fails "control: $LAB_DIR/nowhere/ipvs.sock.lock: No such file or directory; its folder must be there and be writable"
}

@test "a group that isn't there" {
	sed -i 's|socket = |group = "no-such-group-here"; socket = |' "$(conf)"
	fails 'control: control.group "no-such-group-here": no such group; create the group or name another'
}

@test "in the journal lines have their level" {
	: >"$LAB_DIR/journal"
	set_device 4 0000:ff:1f.7
	on director1 env JOURNAL_STREAM="$(stat -c %d:%i "$LAB_DIR/journal")" \
		"$BUILD/ipvsd" -c "$(conf)" 2>>"$LAB_DIR/journal" || true
	cat "$LAB_DIR/journal"
	grep -qx '<6>memory: .*' "$LAB_DIR/journal"
	grep -qx '<3>port: lan (line 4): .*' "$LAB_DIR/journal"
	# What is said before there is a log, too.
	sed -i 's/^ports/prots/' "$(conf)"
	: >"$LAB_DIR/journal"
	on director1 env JOURNAL_STREAM="$(stat -c %d:%i "$LAB_DIR/journal")" \
		"$BUILD/ipvsd" -c "$(conf)" 2>>"$LAB_DIR/journal" || true
	cat "$LAB_DIR/journal"
	[ -s "$LAB_DIR/journal" ]
	refute grep -v "^<3>$(conf):" "$LAB_DIR/journal"
}

@test "ipvsd without anybody who makes services" {
	run_ipvsd director1
	grep -q 'ipvsd: ipvsd: ready: .*; no services yet, keepalived or ipvsadm make them$' "$(log_of director1-ipvsd)"
	service_add director1 t $NAT_VIP 80 rr -m
	kill_ipvsd director1
	: >"$(log_of director1-ipvsd)"
	run_ipvsd director1
	refute grep -q 'no services' "$(log_of director1-ipvsd)"
	stop_ipvsd director1
}

@test "keepalived without ipvsd" {
	[ -x "$KEEPALIVED" ] || skip "$KEEPALIVED is not there; make keepalived builds it"
	{
		keepalived_head director1 100 "lvs_control_socket $(socket_of director1)"
		keepalived_service $NAT_VIP NAT
	} >"$(keepalived_conf director1)"
	start_keepalived director1
	await says "$(log_of director1-keepalived)" "IPVS: cannot use lvs_control_socket $(socket_of director1): No such file or directory - trying again; start ipvsd: systemctl start ipvsd"
	is_running director1-keepalived
	end director1-keepalived
	# The distribution's does not wait.
	run on director1 "$IPVSD_RUN" -s "$(socket_of director1)" keepalived --dont-fork
	echo "$output"
	[ "$status" -eq 1 ]
	[ "$output" = "ipvsd-run: $(socket_of director1) is no socket: ipvsd is not running, or listens elsewhere (option -s, or \$IPVSD_SOCKET)" ]
}
