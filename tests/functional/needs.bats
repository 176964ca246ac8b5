#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ipvsd -n, what the configuration needs of the machine, and the helpers of the service that see to it: huge pages, and
# network managers that leave the kernel interfaces alone. Needs no network; /sys and /run are folders.

BUILD=${BUILD:-$BATS_TEST_DIRNAME/../../build}
HELPERS=$BUILD/packaging/systemd

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	conf=$PWD/ipvsd.conf
	cat >"$conf" <<-END
		ports = (
			{ name = "wan"; devices = ( "3b:00.0", "0000:3b:00.1" ); kernel = "wan0"; },
			{ name = "lan"; devices = ( "net_tap0,iface=x" ); bind = "vfio-pci"; bind_in_use = true; }
		);
	END
}

@test "what is needed is said in words for programs" {
	run "$BUILD/ipvsd" -n -c "$conf"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "hugepages auto" ]
	[[ "${lines[1]}" =~ ^pages-2m\ 0\ [0-9]+$ ]]
	[ "$(tail -n 4 <<<"$output")" = "interface wan0
pci 0000:3b:00.0 wan auto unused 2
pci 0000:3b:00.1 wan auto unused 2
interface lan" ]
	# As many as the check says.
	[[ "$("$BUILD/ipvsd" -t -c "$conf")" == *"memory: ${lines[1]##* } huge pages of 2 MB are needed"* ]]
}

@test "without huge pages none are needed" {
	echo 'memory = { hugepages = "off"; };' >>"$conf"
	run "$BUILD/ipvsd" -n -c "$conf"
	[ "${lines[0]}" = "hugepages off" ]
	[ "${lines[1]}" = "interface wan0" ]
}

# A machine of two nodes, with 100 pages each, and a configuration that needs 120 and 90.
machine() { # FREE0 FREE1 PROMISED
	local node
	for node in 0 1; do
		mkdir -p "sys/devices/system/node/node$node/hugepages/hugepages-2048kB"
		echo 100 >"$(pages $node)"
	done
	echo "$1" >sys/devices/system/node/node0/hugepages/hugepages-2048kB/free_hugepages
	echo "$2" >sys/devices/system/node/node1/hugepages/hugepages-2048kB/free_hugepages
	mkdir -p sys/kernel/mm/hugepages/hugepages-2048kB
	echo 200 >sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
	echo "$3" >sys/kernel/mm/hugepages/hugepages-2048kB/resv_hugepages
	echo "MemAvailable: 2048000 kB" >meminfo
	needing auto
}

needing() { # auto|required
	printf '#!/bin/sh\nprintf "hugepages %s\\npages-2m 0 120\\npages-2m 1 90\\n"\n' "$1" >ipvsd
	chmod +x ipvsd
}

pages() { # NODE
	echo "sys/devices/system/node/node$1/hugepages/hugepages-2048kB/nr_hugepages"
}

hugepages() {
	IPVSD_SYS=sys IPVSD_MEMINFO=meminfo IPVSD=./ipvsd "$HELPERS/ipvsd-hugepages" -c /etc/x.conf
}

@test "each node gets the huge pages that it lacks" {
	machine 30 95 0
	run hugepages
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$output" = "ipvsd-hugepages: made 90 huge pages of 2 MB, there are 290 now" ]
	[ "$(cat "$(pages 0)")" -eq 190 ]
	[ "$(cat "$(pages 1)")" -eq 100 ]
}

@test "pages that were promised to others are not counted" {
	machine 120 100 15
	hugepages
	[ "$(cat "$(pages 0)")" -eq 115 ]
}

@test "the pages of an ipvsd that runs are not made once more" {
	machine 30 95 0
	printf '#!/bin/sh\n[ "$*" = "--quiet is-active ipvsd.service" ] && [ -e %s ]\n' "$PWD/active" >systemctl
	chmod +x systemctl
	touch active
	IPVSD_UNIT=ipvsd.service PATH=$PWD:$PATH run hugepages
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ "$(cat "$(pages 1)")" -eq 100 ]
	rm active
	IPVSD_UNIT=ipvsd.service PATH=$PWD:$PATH hugepages
	[ "$(cat "$(pages 0)")" -eq 190 ]
}

@test "where there are enough, even more than enough, nothing is changed or said" {
	machine 120 100 0
	run hugepages
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ "$(cat "$(pages 0)" "$(pages 1)")" = $'100\n100' ]
}

@test "when the kernel can't make them all, what was made is given back, and one line says what to do" {
	local line="ipvsd-hugepages: 20 huge pages of 2 MB are missing on NUMA node 1, and the kernel can't make them: have them at boot (hugepages=310 on the kernel's command line), or lower limits in /etc/x.conf"
	[ "$(id -u)" -eq 0 ] || skip "mounts need root"
	machine 30 70 0
	# Nothing that is written is taken.
	run_refused() {
		unshare --mount sh -c 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && "$@"' sh \
			"$(pages 1)" env IPVSD_SYS=sys IPVSD_MEMINFO=meminfo IPVSD=./ipvsd "$HELPERS/ipvsd-hugepages" -c /etc/x.conf
	}
	run run_refused
	echo "$output"
	# ipvsd goes on without.
	[ "$status" -eq 0 ]
	[ "$output" = "$line" ]
	[ "$(cat "$(pages 0)")" -eq 100 ]
	needing required
	run run_refused
	[ "$status" -eq 1 ]
	[ "$output" = "$line" ]
	# The other node has what this one lacks; then ipvsd decides.
	echo 210 >sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages
	run run_refused
	[ "$status" -eq 0 ]
	[ "$output" = "$line" ]
}

@test "more than the machine's memory is not even tried" {
	machine 30 70 0
	needing required
	echo "MemAvailable: 100000 kB" >meminfo
	IPVSD_REFUSED=refused run hugepages
	echo "$output"
	[ "$status" -eq 1 ]
	[ -e refused ]
	[[ "$output" == "ipvsd-hugepages: 90 huge pages of 2 MB are missing on NUMA node 0, and the kernel can't make them"* ]]
	[ "$(cat "$(pages 0)")" -eq 100 ]
}

@test "network managers are told the names of the kernel interfaces" {
	unmanaged() {
		IPVSD_RUN=run IPVSD_SYS=fake IPVSD="$BUILD/ipvsd" "$HELPERS/ipvsd-unmanaged" -c "$conf" "$@"
	}
	mkdir -p fake/class/net/lan
	: >fake/class/net/lan/tun_flags
	unmanaged
	grep -qx 'unmanaged-devices+=interface-name:wan0;interface-name:lan' run/NetworkManager/conf.d/50-ipvsd.conf
	grep -qx 'Name=wan0 lan' run/systemd/network/05-ipvsd.network
	grep -qx 'Unmanaged=yes' run/systemd/network/05-ipvsd.network
	grep -qx 'OriginalName=wan0 lan' run/systemd/network/05-ipvsd.link
	# They follow the configuration, and are told once.
	mkdir -p run/systemd/system bin
	printf '#!/bin/sh\n:\n' >bin/systemctl
	printf '#!/bin/sh\necho "%s $*" >>told\n' networkctl >bin/networkctl
	printf '#!/bin/sh\necho "%s $*" >>told\n' nmcli >bin/nmcli
	printf '#!/bin/sh\necho "%s $*" >>told\n' udevadm >bin/udevadm
	chmod +x bin/*
	PATH=$PWD/bin:$PATH unmanaged
	[ ! -e told ]
	sed -i 's/wan0/outside/' "$conf"
	PATH=$PWD/bin:$PATH unmanaged
	cat told
	[ "$(cat told)" = $'udevadm control --reload\nnetworkctl reload\nnmcli general reload conf' ]
	grep -qx 'Name=outside lan' run/systemd/network/05-ipvsd.network
	# An interface that is somebody else's is left to him.
	mkdir fake/class/net/outside
	run unmanaged
	[ "${lines[0]}" = "ipvsd-unmanaged: the interface outside is not ipvsd's: choose another name for the port's kernel interface" ]
	grep -qx 'Name=lan' run/systemd/network/05-ipvsd.network
	# All is taken back when ipvsd is removed, and told once.
	rm told
	PATH=$PWD/bin:$PATH unmanaged -r
	PATH=$PWD/bin:$PATH unmanaged -r
	[ "$(cat told)" = $'udevadm control --reload\nnetworkctl reload\nnmcli general reload conf' ]
	[ -z "$(find run -name '*ipvsd*')" ]
}
