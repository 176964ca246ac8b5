#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ipvsd-bind: which NICs it takes from the kernel, which it leaves, and that all of them are taken or none. The PCI bus is a
# folder that looks like /sys, with a program behind it that binds; addresses and routes are those of a real namespace.

load lib/load

BIND=$BUILD/packaging/systemd/ipvsd-bind

setup() {
	lab_up
	host_add director
	host_add peer
	sys=$LAB_DIR/sys
	mkdir -p "$sys/class/net" "$sys/bus/pci/devices" "$LAB_DIR/bin" "$LAB_DIR/run"
	mkfifo "$sys/bus/pci/drivers_probe"
	driver e1000e
	driver vfio-pci
	driver uio_pci_generic
	# Modules of this machine's kernel are nothing to ask for.
	printf '#!/bin/sh\nexit 1\n' >"$LAB_DIR/bin/modprobe"
	chmod +x "$LAB_DIR/bin/modprobe"
	nic 0000:00:04.0 eth1 7
	nic 0000:00:05.0 eth2 8
	ports '"0000:00:04.0"' '"0000:00:05.0"'
}

teardown() {
	lab_down
}

driver() { # NAME
	mkdir -p "$sys/bus/pci/drivers/$1"
	mkfifo "$sys/bus/pci/drivers/$1/unbind"
}

# A network device that e1000e has, with its interface, in an IOMMU group of its own.
nic() { # ADDRESS INTERFACE [GROUP]
	local device=$sys/bus/pci/devices/$1
	mkdir -p "$device/net/$2"
	echo 0x020000 >"$device/class"
	echo e1000e >"$device/native"
	: >"$device/driver_override"
	ln -s "$sys/bus/pci/drivers/e1000e" "$device/driver"
	mkdir -p "$sys/class/net/$2"
	ip -n "$LAB-director" link add "$2" type veth peer name "$2" netns "$LAB-peer"
	[ $# -lt 3 ] || join_group "$1" "$3"
}

join_group() { # ADDRESS GROUP
	mkdir -p "$sys/kernel/iommu_groups/$2/devices"
	ln -s "$sys/bus/pci/devices/$1" "$sys/kernel/iommu_groups/$2/devices/$1"
	ln -s "$sys/kernel/iommu_groups/$2" "$sys/bus/pci/devices/$1/iommu_group"
}

# A configuration of ports with one device each; further words about each port in $WORDS.
ports() { # "ADDRESS"...
	local n=0
	conf=$LAB_DIR/ipvsd.conf
	{
		echo "ports = ("
		for device; do
			n=$((n + 1))
			[ $n -eq 1 ] || echo ","
			echo "{ name = \"p$n\"; devices = ( $device ); ${WORDS-} }"
		done
		echo ");"
	} >"$conf"
}

kernel_up() {
	start_on director kernel python3 "$LAB_TOOLS/fake_pci.py" "$sys"
	await says "$(log_of kernel)" serving
}

bind_at() { # ARGUMENT...
	on director env PATH="$LAB_DIR/bin:$PATH" IPVSD="$BUILD/ipvsd" IPVSD_SYS="$sys" IPVSD_STATE="$LAB_DIR/state" \
		IPVSD_RUN="$LAB_DIR/run" timeout 20 "$BIND" "$@"
}

driver_of() { # ADDRESS
	basename "$(readlink "$sys/bus/pci/devices/$1/driver")"
}

# Refuses with exactly this line, and has done nothing.
refused() { # MESSAGE
	run bind_at -c "$conf"
	echo "$output"
	[ "$status" -eq 1 ]
	[ "$output" = "ipvsd-bind: $1" ]
	[ "$(driver_of 0000:00:04.0)" = e1000e ]
	[ "$(driver_of 0000:00:05.0)" = e1000e ]
	[ ! -e "$LAB_DIR/state/bound" ]
}

@test "NICs behind an IOMMU are bound to vfio-pci, once, and given back to the kernel's driver" {
	kernel_up
	run bind_at -c "$conf"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$output" = $'ipvsd-bind: 0000:00:04.0 (eth1) is now vfio-pci\'s\nipvsd-bind: 0000:00:05.0 (eth2) is now vfio-pci\'s' ]
	[ "$(driver_of 0000:00:04.0)" = vfio-pci ]
	[ "$(driver_of 0000:00:05.0)" = vfio-pci ]
	run bind_at -c "$conf"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	run bind_at --release 0000:00:05.0
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$output" = "ipvsd-bind: 0000:00:05.0 (eth2) is e1000e's again" ]
	[ "$(driver_of 0000:00:05.0)" = e1000e ]
	[ "$(driver_of 0000:00:04.0)" = vfio-pci ]
	run bind_at --release
	[ "$(driver_of 0000:00:04.0)" = e1000e ]
	run bind_at --release
	[ "$status" -eq 1 ]
	[ "$output" = "ipvsd-bind: nothing was bound by ipvsd-bind; name the device to give back" ]
}

@test "without an IOMMU it is uio_pci_generic, and the configuration can choose" {
	kernel_up
	rm "$sys/bus/pci/devices/0000:00:04.0/iommu_group"
	bind_at -c "$conf"
	[ "$(driver_of 0000:00:04.0)" = uio_pci_generic ]
	[ "$(driver_of 0000:00:05.0)" = vfio-pci ]
	WORDS='bind = "uio_pci_generic";' ports '"0000:00:05.0"'
	bind_at -c "$conf"
	[ "$(driver_of 0000:00:05.0)" = uio_pci_generic ]
}

@test "what the unit does not let ipvsd open is not bound for it" {
	kernel_up
	rm "$sys/bus/pci/devices/0000:00:04.0/iommu_group"
	printf '#!/bin/sh\n[ "$*" != "show --property=DevicePolicy --property=DeviceAllow ipvsd.service" ] || cat %s\n' "$LAB_DIR/allowed" >"$LAB_DIR/bin/systemctl"
	chmod +x "$LAB_DIR/bin/systemctl"
	printf '%s\n' DevicePolicy=closed 'DeviceAllow=/dev/net/tun rw' 'DeviceAllow=char-vfio rw' >"$LAB_DIR/allowed"
	IPVSD_UNIT=ipvsd.service run bind_at -c "$conf"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" = "<3>ipvsd-bind: $conf:2: 0000:00:04.0 is for uio_pci_generic, which ipvsd.service does not let ipvsd open: install -D -m 644 /"*"/systemd-uio.conf /etc/systemd/system/ipvsd.service.d/uio.conf && systemctl daemon-reload" ]]
	[ "$(driver_of 0000:00:04.0)" = e1000e ]
	[ "$(driver_of 0000:00:05.0)" = e1000e ]
	local other
	for other in 'DevicePolicy=closed DeviceAllow=char-uio' 'DevicePolicy=auto DeviceAllow=char-*' 'DevicePolicy=auto DeviceAllow='; do
		printf '%s\n' $other >"$LAB_DIR/allowed"
		IPVSD_UNIT=ipvsd.service bind_at -c "$conf"
	done
	[ "$(driver_of 0000:00:04.0)" = uio_pci_generic ]
	# It has the driver already; another unit would not open it.
	echo DevicePolicy=closed >"$LAB_DIR/allowed"
	IPVSD_UNIT=ipvsd.service run bind_at -c "$conf"
	[ "$status" -eq 1 ]
}

@test "a port whose binding is 'no', and a NIC that DPDK works with beside the kernel, are left alone" {
	WORDS='bind = "no";' ports '"0000:00:04.0"'
	bind_at -c "$conf"
	[ "$(driver_of 0000:00:04.0)" = e1000e ]
	mkdir "$sys/bus/pci/drivers/mlx5_core"
	ln -sfn "$sys/bus/pci/drivers/mlx5_core" "$sys/bus/pci/devices/0000:00:04.0/driver"
	ports '"0000:00:04.0"'
	bind_at -c "$conf"
	[ "$(driver_of 0000:00:04.0)" = mlx5_core ]
}

@test "what is refused is written down for ipvsd's unit, and what may pass is not" {
	kernel_up
	export IPVSD_REFUSED=$LAB_DIR/cards-refused
	ports '"0000:00:04.0"' '"0000:00:09.0"'
	run bind_at -c "$conf"
	[ "$status" -eq 1 ]
	[ -e "$IPVSD_REFUSED" ]
	# A card that was there is away: another try may find it.
	mkdir -p "$LAB_DIR/state"
	echo '0000:00:09.0 1 2 3 4 ' >"$LAB_DIR/state/bound"
	run bind_at -c "$conf"
	echo "$output"
	[ "$status" -eq 75 ]
	[[ "$output" = "ipvsd-bind: $conf:4: there is no PCI device 0000:00:09.0;"* ]]
	[ ! -e "$IPVSD_REFUSED" ]
	ports '"0000:00:04.0"'
	: >"$IPVSD_REFUSED"
	bind_at -c "$conf"
	[ ! -e "$IPVSD_REFUSED" ]
}

@test "all cards are tried to be given back" {
	kernel_up
	bind_at -c "$conf"
	rm -r "$sys/bus/pci/devices/0000:00:04.0"
	run bind_at --release
	echo "$output"
	[ "$status" -eq 1 ]
	[ "$(driver_of 0000:00:05.0)" = e1000e ]
}

@test "a NIC that is not there is named, with those that are" {
	ports '"0000:00:04.0"' '"0000:00:09.0"'
	refused "$conf:4: there is no PCI device 0000:00:09.0; network devices here: 0000:00:04.0 (eth1), 0000:00:05.0 (eth2)"
}

@test "a NIC that carries the default route is refused, of either family" {
	address_add director eth2 198.51.100.2/24
	ip -n "$LAB-director" link set eth2 up
	ip -n "$LAB-director" route add default via 198.51.100.1
	refused "$conf:4: 0000:00:05.0 is eth2, which carries the default route: it would be lost to the machine; name another device, or set bind_in_use = true for the port p2"
	ip -n "$LAB-director" address flush dev eth2
	ip -n "$LAB-director" route add default nexthop dev eth1 nexthop dev eth2 2>/dev/null ||
		{ ip -n "$LAB-director" link set eth1 up && ip -n "$LAB-director" route add default nexthop dev eth1 nexthop dev eth2; }
	refused "$conf:2: 0000:00:04.0 is eth1, which carries the default route: it would be lost to the machine; name another device, or set bind_in_use = true for the port p1"
	ip -n "$LAB-director" route flush default
	ip -n "$LAB-director" -6 route add default dev eth2
	refused "$conf:4: 0000:00:05.0 is eth2, which carries the default route: it would be lost to the machine; name another device, or set bind_in_use = true for the port p2"
}

@test "a NIC with an address, or in a bridge, is refused; link-local addresses don't count" {
	address_add director eth1 192.0.2.7/24
	refused "$conf:2: 0000:00:04.0 is eth1, which has the address 192.0.2.7/24: it would be lost to the machine; name another device, or set bind_in_use = true for the port p1"
	ip -n "$LAB-director" address flush dev eth1
	mkdir "$sys/class/net/br0"
	ln -s "$sys/class/net/br0" "$sys/class/net/eth1/master"
	refused "$conf:2: 0000:00:04.0 is eth1, which is part of br0: it would be lost to the machine; name another device, or set bind_in_use = true for the port p1"
	rm "$sys/class/net/eth1/master"
	: >"$sys/class/net/eth1/upper_eth1.100"
	refused "$conf:2: 0000:00:04.0 is eth1, which carries eth1.100: it would be lost to the machine; name another device, or set bind_in_use = true for the port p1"
	rm "$sys/class/net/eth1/upper_eth1.100"
	mkdir -p "$sys/bus/pci/devices/0000:00:04.0/virtfn0/net/eth2"
	address_add director eth2 192.0.2.8/24
	refused "$conf:2: 0000:00:04.0 is eth2, which has the address 192.0.2.8/24: it would be lost to the machine; name another device, or set bind_in_use = true for the port p1"
	ip -n "$LAB-director" address flush dev eth2
	rm -r "$sys/bus/pci/devices/0000:00:04.0/virtfn0"
	ip -n "$LAB-director" address add fe80::7/64 dev eth1 nodad
	kernel_up
	bind_at -c "$conf"
	[ "$(driver_of 0000:00:04.0)" = vfio-pci ]
}

@test "who says so gets it all the same" {
	kernel_up
	address_add director eth1 192.0.2.7/24
	WORDS='bind_in_use = true;' ports '"0000:00:04.0"'
	bind_at -c "$conf"
	[ "$(driver_of 0000:00:04.0)" = vfio-pci ]
	bind_at --release
	ports '"0000:00:04.0"'
	bind_at -f -c "$conf"
	[ "$(driver_of 0000:00:04.0)" = vfio-pci ]
}

# Of systemd's units only those named are active.
active() { # STATE UNIT...
	mkdir -p "$LAB_DIR/run/systemd/system"
	printf '#!/bin/sh\n[ "$*" != is-system-running ] || { echo %s; exit 1; }
		for unit; do case " %s " in *" $unit "*) exit 0 ;; esac; done\nexit 3\n' "$1" "${*:2}" >"$LAB_DIR/bin/systemctl"
	chmod +x "$LAB_DIR/bin/systemctl"
}

booting() {
	active starting basic.target network.target
}

@test "where nobody waits for the network, it is up when the boot is over" {
	active degraded basic.target multi-user.target
	kernel_up
	bind_at -c "$conf"
	[ "$(driver_of 0000:00:04.0)" = vfio-pci ]
}

@test "while the machine boots, network-online.target says that addresses are there" {
	active starting basic.target network-online.target
	kernel_up
	bind_at -c "$conf"
	[ "$(driver_of 0000:00:04.0)" = vfio-pci ]
}

@test "while the machine boots, only NICs are taken that were bound before" {
	booting
	refused "$conf:2: 0000:00:04.0 was never bound before, and while the machine boots nobody can tell what it is used for; run ipvsd-bind once when it is up"
	kernel_up
	rm "$LAB_DIR/bin/systemctl"
	rmdir "$LAB_DIR/run/systemd/system"
	bind_at -c "$conf"
	# The next boot.
	booting
	ln -sfn "$sys/bus/pci/drivers/e1000e" "$sys/bus/pci/devices/0000:00:04.0/driver"
	bind_at -c "$conf"
	[ "$(driver_of 0000:00:04.0)" = vfio-pci ]
	# Another card has the address now.
	ln -sfn "$sys/bus/pci/drivers/e1000e" "$sys/bus/pci/devices/0000:00:04.0/driver"
	echo 0x15b8 >"$sys/bus/pci/devices/0000:00:04.0/device"
	run bind_at -c "$conf"
	[ "$status" -eq 1 ]
	[[ "$output" == *"0000:00:04.0 was never bound before"* ]]
	[ "$(driver_of 0000:00:04.0)" = e1000e ]
}

@test "a NIC that was bound once and is in use now is no longer taken at boot" {
	kernel_up
	bind_at -c "$conf"
	ln -sfn "$sys/bus/pci/drivers/e1000e" "$sys/bus/pci/devices/0000:00:04.0/driver"
	address_add director eth1 192.0.2.7/24
	run bind_at -c "$conf"
	[ "$status" -eq 1 ]
	ip -n "$LAB-director" address flush dev eth1
	booting
	run bind_at -c "$conf"
	[ "$status" -eq 1 ]
	[[ "$output" == *"0000:00:04.0 was never bound before"* ]]
}

@test "without ip nobody can tell what a NIC is used for, and none is taken" {
	mkdir "$LAB_DIR/few"
	for program in basename readlink head cat grep; do
		ln -s "$(command -v $program)" "$LAB_DIR/few/$program"
	done
	run env PATH="$LAB_DIR/few" IPVSD_SYS="$sys" IPVSD_STATE="$LAB_DIR/state" /bin/sh "$BIND" -c "$conf"
	[ "$status" -eq 1 ]
	[ "$output" = "ipvsd-bind: there is no ip here, so what a device is used for can't be seen: install iproute2" ]
	[ "$(driver_of 0000:00:04.0)" = e1000e ]
}

@test "an IOMMU group that another driver has a part of is refused, unless the configuration has all of it" {
	rm "$sys/bus/pci/devices/0000:00:05.0/iommu_group"
	join_group 0000:00:05.0 7
	ports '"0000:00:04.0"'
	refused "$conf:2: 0000:00:04.0 shares its IOMMU group with 0000:00:05.0 (eth2), which e1000e has: bind that one to vfio-pci as well, or move one of them to another slot"
	kernel_up
	ports '"0000:00:04.0"' '"0000:00:05.0"'
	bind_at -c "$conf"
}

@test "a driver that the kernel doesn't have is named" {
	rm -r "$sys/bus/pci/drivers/vfio-pci"
	refused "$conf:2: the kernel has no driver vfio-pci for 0000:00:04.0; install the modules of the running kernel ($(uname -r)), or write another driver with bind"
}

@test "when the driver does not take a NIC, those before it are given back" {
	kernel_up
	WORDS='bind = "uio_pci_generic";' ports '"0000:00:04.0"' '"0000:00:05.0"'
	sed -i '0,/uio_pci_generic/s//vfio-pci/' "$conf"
	: >"$sys/bus/pci/drivers/uio_pci_generic/refuses"
	run bind_at -c "$conf"
	echo "$output"
	[ "$status" -eq 1 ]
	[ "${lines[1]}" = "ipvsd-bind: uio_pci_generic did not take 0000:00:05.0: dmesg says why" ]
	await test -e "$sys/bus/pci/devices/0000:00:05.0/driver"
	[ "$(driver_of 0000:00:04.0)" = e1000e ]
	[ "$(driver_of 0000:00:05.0)" = e1000e ]
	[ ! -e "$LAB_DIR/state/bound" ]
}

@test "what is wrong with the configuration is said by ipvsd alone, unless an operator asks" {
	echo "workers = 0;" >>"$conf"
	run bind_at -q -c "$conf"
	[ "$status" -eq 78 ]
	[ -z "$output" ]
	run bind_at -c "$conf"
	[ "$status" -eq 78 ]
	[[ "$output" == "$conf:"*": workers: "*"out of range"* ]]
}
