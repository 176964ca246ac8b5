#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The packages of RPM: what is in them and what they need, and how they install into a system that has that. It is Debian,
# whose libraries a package made here stands for; the scripts of the packages have macros of systemd that Debian's rpm
# doesn't know, so that what they do on a system of that family is not seen here.

load lib

binaries=(ipvsd libipvsd libipvsd-devel ipvsd-keepalived ipvsd-ipvsadm ipvsd-doc)

setup_file() {
	system_up "$PACKAGES/rpm"
	# What apt would bring with the packages of Debian.
	apt_inside install binutils iproute2 libconfig9 libnl-route-3-200 libnl-genl-3-200 libpopt0 \
		$(inside apt-cache search --names-only '^librte-(acl|lpm|rcu|mempool-ring|net-tap|net-af-packet|bus-pci)[0-9]*$' |
			awk '{ print $1 }')
	stand_in >"$work/stand-in.log" 2>&1 || {
		cat "$work/stand-in.log"
		return 1
	}
}

package() { # NAME: its file here
	echo "$PACKAGES/rpm/$1-$(version)-1".[!s]*.rpm
}

unpack() { # NAME
	mkdir -p "$work/unpacked/$1"
	rpm2cpio "$(package "$1")" | (cd "$work/unpacked/$1" && cpio -idm --quiet)
}

programs_of() { # NAME: its ELF files
	find "$work/unpacked/$1" -type f -exec sh -c 'head -c 4 "$1" | grep -q ELF' - {} \; -print
}

requires() { # NAME
	rpm -qp --requires "$(package "$1")"
}

# A package that provides what the libraries of the system are for rpm, and is installed there.
stand_in() {
	find "$system/usr/lib/x86_64-linux-gnu" -name '*.so*' -type f | /usr/lib/rpm/elfdeps --provides |
		sort -u | sed 's/^/Provides: /' >"$work/provides"
	grep -q 'librte_eal' "$work/provides"
	cat >"$work/stand-in.spec" <<-END
		Name: stand-in
		Version: 1
		Release: 1
		Summary: Libraries of this system
		License: none
		BuildArch: noarch
		Provides: dpdk = $(pkg-config --modversion libdpdk), kmod, iproute, /bin/sh, /bin/bash, pkgconfig(libnl-3.0)
		Provides: rtld(GNU_HASH)
		$(cat "$work/provides")
		%description
		Not to be installed anywhere else.
		%files
	END
	rpmbuild -bb --define "_topdir $work/stand-in" "$work/stand-in.spec"
	rpm --root "$system" --initdb
	rpm --root "$system" -i "$work"/stand-in/RPMS/noarch/*.rpm
}

@test "rpmlint finds no error" {
	run rpmlint --config "$top/packaging/rpm/rpmlint.toml" "$PACKAGES"/rpm/*.rpm
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"7 packages and 0 specfiles checked; 0 errors"* ]]
}

@test "there is a package for each of Debian's, with the version of configure.ac" {
	local name
	for name in "${binaries[@]}"; do
		[ "$(rpm -qp --qf '%{version}' "$(package "$name")")" = "$(version)" ]
	done
}

@test "what the programs are linked to is what the packages require" {
	local name file needed n=0
	for name in ipvsd libipvsd ipvsd-keepalived ipvsd-ipvsadm; do
		unpack "$name"
		for file in $(programs_of "$name"); do
			for needed in $(readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
				echo "$name: $file: $needed"
				requires "$name" | grep -qF "$needed("
				n=$((n + 1))
			done
		done
	done
	[ $n -gt 20 ]
}

@test "they require the DPDK that they are linked to, and its drivers" {
	requires ipvsd | grep -qx 'dpdk >= 22.11'
	[ "$(requires ipvsd | grep -o 'librte_[a-z]*\.so\.[0-9]*' | sort -u)" = \
		"$(readelf -d "$BUILD/ipvsd" | grep -o 'librte_[a-z]*\.so\.[0-9]*' | sort -u)" ]
	requires ipvsd | grep -q 'librte_eal' # so that none of it is copied into the program
}

@test "no file tells where it was built" {
	local name
	for name in "${binaries[@]}"; do
		unpack "$name"
	done
	run grep -rlE "/tmp/ipvsd-|$top" "$work/unpacked"
	echo "$output"
	[ "$status" -eq 1 ]
}

@test "all that the packages of Debian have is in them" {
	run comm -23 \
		<(for name in ipvsd libipvsd0 libipvsd-dev ipvsd-keepalived ipvsd-ipvsadm ipvsd-doc; do
			dpkg-deb --fsys-tarfile "$PACKAGES/deb/$name"_*.deb | tar -t
		done |
			sed '/\/$/d; s/\.gz$//; s,.*/,,' | grep -vE '^(changelog|changelog.Debian|copyright|ipvsd-keepalived\.conf)$' | sort -u) \
		<(find "$work/unpacked" ! -type d -printf '%f\n' | sed 's/\.gz$//' | sort -u)
	echo "$output"
	[ -z "$output" ]
}

@test "a system without what they need refuses them" {
	mkdir "$work/empty"
	rpm --root "$work/empty" --initdb
	run rpm --root "$work/empty" -i "$(package ipvsd)"
	echo "$output"
	[ "$status" -ne 0 ]
	[[ "$output" == *"dpdk >= 22.11 is needed"* ]]
	[[ "$output" == *librte_eal*"is needed"* ]]
}

@test "a system that has it installs them, and they run" {
	local files=() name
	for name in "${binaries[@]}"; do
		files+=("$(package "$name")")
	done
	rpm --root "$system" -i "${files[@]}"
	rpm --root "$system" -V ipvsd ipvsd-keepalived ipvsd-ipvsadm libipvsd
	# The folder of libraries of that family, which Debian does not search.
	echo /usr/lib64 >"$system/etc/ld.so.conf.d/lib64.conf"
	inside ldconfig
	[ "$(inside ipvsd -V)" = "ipvsd $(version)" ]
	inside ipvsd -t
	start_ipvsd
	inside ipvsadm -A -t 192.0.2.1:80 -s wlc
	[[ "$(inside ipvsd-run cat /proc/net/ip_vs)" == *"TCP  C0000201:0050 wlc"* ]]
	inside keepalived --version
	stop_ipvsd
}

@test "what was edited stays when they are erased, and nothing else does" {
	rpm --root "$system" -e "${binaries[@]}"
	run inside find / -xdev \( -path /proc -o -path /packages -o -path /var -o -path /run \) -prune -o \
		\( -name '*ipvsd*' -o -name '*keepalived*' -o -name '*ipvsadm*' \) -print
	echo "$output"
	[ "$output" = "$(printf '%s\n' /etc/ipvsd /etc/ipvsd/ipvsd.conf.rpmsave)" ]
}
