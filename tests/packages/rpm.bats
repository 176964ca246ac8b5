#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The packages of RPM: what is in them and what they need, and what becomes of a system that gets, upgrades and loses them. It
# is Debian, whose libraries a package made here stands for. The scripts of the packages have macros of systemd that Debian's
# rpm doesn't know; the packages that are upgraded to are made with the macros below, which only call systemctl.

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
		%transfiletriggerin -- /usr/lib/systemd/system
		echo "systemd has seen the units" >>/started
		%files
	END
	rpmbuild -bb --define "_topdir $work/stand-in" "$work/stand-in.spec"
	rpm --root "$system" --initdb
	rpm --root "$system" -i "$work"/stand-in/RPMS/noarch/*.rpm
}

# The packages as their next revision, from the files of this one. What an upgrade does differs from these in the programs.
next_revision() { # FOLDER
	local name top_folder=$work/next-revision
	mkdir -p "$1" "$top_folder/tree" "$top_folder/BUILD/keepalived"
	cp "$top/COPYING" "$top_folder/BUILD"
	cp "$top/COPYING" "$top_folder/BUILD/keepalived"
	for name in "${binaries[@]}"; do
		unpack "$name"
		cp -a "$work/unpacked/$name/." "$top_folder/tree"
	done
	mkdir -p "$top_folder/tree/var/lib/ipvsd"
	echo '# The next revision has another example.' >>"$top_folder/tree/etc/ipvsd/ipvsd.conf"
	cat >"$top_folder/macros" <<-'END'
		%systemd_post() if [ $1 -eq 1 ]; then systemctl preset %{?*}; fi
		%systemd_preun() if [ $1 -eq 0 ]; then systemctl disable --now %{?*}; fi
		%systemd_postun() %{nil}
	END
	tar -xJOf "$PACKAGES"/release/ipvsd-*.tar.xz --wildcards '*/packaging/rpm/ipvsd.spec' |
		awk -v tree="$top_folder/tree" '/^%prep$/ { print "%install\ncp -a " tree "/. %{buildroot}\n"; skip = 1 }
			/^%pre$/ { skip = 0 } !skip' >"$top_folder/ipvsd.spec"
	rpmbuild -bb --nodeps --load="$top_folder/macros" --define 'revision 2' --define "_topdir $top_folder" \
		--define '_binary_payload w0.ufdio' --define 'debug_package %{nil}' --define '__os_install_post %{nil}' \
		--define '_unpackaged_files_terminate_build 0' "$top_folder/ipvsd.spec"
	mv "$top_folder"/RPMS/*/*.rpm "$1"
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

@test "an upgrade keeps what was edited and the NICs, and restarts ipvsd when systemd knows the new unit" {
	local before
	start_ipvsd
	before=$(sha256sum <"$system/etc/ipvsd/ipvsd.conf")
	next_revision "$work/next" >"$work/next.log" 2>&1 || {
		cat "$work/next.log"
		return 1
	}
	bind_absent_nic
	pretend_systemd "$ipvsd_pid"

	rpm --root "$system" -U "$work"/next/*.rpm

	cat "$system/started"
	[ "$(rpm --root "$system" -q --qf '%{release}' ipvsd)" = 2 ]
	[ "$(sha256sum <"$system/etc/ipvsd/ipvsd.conf")" = "$before" ]
	grep -q 'next revision' "$system/etc/ipvsd/ipvsd.conf.rpmnew"
	[ "$(grep -cE '(start|stop|preset|disable) ' "$system/started")" -eq 1 ]
	# systemd reads the units again by itself, but not before that.
	grep -q 'systemd has seen the units' "$system/started"
	sed '/systemd has seen the units/q' "$system/started" | sed -n '/daemon-reload/,$p' | grep -q '^try-restart ipvsd.service'
	nic_is_bound
	kill -0 "$ipvsd_pid" # nobody has killed it before its unit hands over
	stop_ipvsd
	end_pretence
	# Those of before are gone.
	[ "$(rpm --root "$system" -qa | grep -c 'ipvsd.*-1\.')" -eq 0 ]
	rpm --root "$system" -V --noconfig ipvsd ipvsd-keepalived ipvsd-ipvsadm libipvsd
	rm "$system/etc/ipvsd/ipvsd.conf.rpmnew"
}

@test "an upgrade leaves stopped what was stopped" {
	pretend_systemd 0
	rpm --root "$system" -U --replacepkgs "$work"/next/*.rpm
	grep -q daemon-reload "$system/started"
	not grep -E '(start|stop) ' "$system/started"
	end_pretence
}

@test "what is erased is stopped and gives the NICs back, what was edited stays, and nothing else does" {
	pretend_systemd 0
	nic_is_bound
	rpm --root "$system" -e "${binaries[@]}"
	grep -qx 'disable --now ipvsd.service, NICs are bound' "$system/started"
	grep -q '^disable --now keepalived.service' "$system/started"
	not nic_is_bound
	[ ! -e "$system/run/systemd/network/05-ipvsd.network" ]
	end_pretence
	run inside find / -xdev \( -path /proc -o -path /packages -o -path /var -o -path /run \) -prune -o \
		\( -name '*ipvsd*' -o -name '*keepalived*' -o -name '*ipvsadm*' \) -print
	echo "$output"
	[ "$output" = "$(printf '%s\n' /etc/ipvsd /etc/ipvsd/ipvsd.conf.rpmsave)" ]
}
