# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What tests/vm/build-image and tests/vm/build-debian have in common: both make a folder with vmlinux, initrd and
# root.img from Debian packages. The caller has `here`, and after begin_image `work`, `root`, `out` and `version`.

fail() {
	printf '%s\n' "${0##*/}: $*" >&2
	exit 1
}

# Ends the program with the name of the folder if it is there already. There is one for each release of the host (ipvsd
# needs the libraries of the one that it was built on) and text of the files it is made from. One build at a time.
begin_image() { # --force or nothing
	local cache=${XDG_CACHE_HOME:-$HOME/.cache}/ipvsd/vm
	[ $# -eq 0 ] || [ "$*" = --force ] || fail "usage: tests/vm/${0##*/} [--force]"
	image=$cache/$(cat "$0" "$here/image-parts.bash" "$here"/*-init /etc/os-release | sha256sum | cut -c1-16)
	mkdir -p "$cache"
	exec 9>"$cache/lock"
	flock 9
	if [ -e "$image/root.img" ] && [ "${1-}" != --force ]; then
		touch "$image"
		echo "$image"
		exit
	fi
	[ "$(id -u)" -eq 0 ] || fail "needs root to make $image"
	# Also what a build left that was killed: who holds the lock is the only one.
	find "$cache" -mindepth 1 -maxdepth 1 -type d \( -name 'build.*' -o -mtime +30 \) -exec rm -rf {} +
	work=$(mktemp -d "$cache/build.XXXXXX")
	trap 'trap "" HUP INT TERM; rm -rf "$work"' EXIT
	trap 'exit 1' HUP INT TERM
	root=$work/root
	out=$work/out
	mkdir -p "$root" "$out"
	choose_kernel
}

choose_kernel() {
	kernel=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p')
	[ -n "$kernel" ] || fail "apt knows no linux-image-amd64; apt-get update?"
	version=${kernel#linux-image-}
}

# Keeps the links of a merged /usr, which dpkg-deb -x would replace.
unpack() { # DEB TAR_OPTION...
	dpkg-deb --fsys-tarfile "$1" | tar -x -C "$root" --keep-directory-symlink "${@:2}"
}

# Parts of the downloaded kernel package, below lib/modules/VERSION/kernel/.
unpack_kernel() { # PART...
	unpack "$work/${kernel}"_*.deb --wildcards "${modules_left_out[@]/#/--exclude=}" "./boot/vmlinuz-$version" \
		"./lib/modules/$version/modules.*" "${@/#/./lib/modules/$version/kernel/}"
	# Signatures cost 0.1 s a module under emulation.
	find "$root/lib/modules" -name '*.ko.xz' -exec xz -d {} +
	find "$root/lib/modules" -name '*.ko' -exec strip --strip-debug {} +
	chroot "$root" depmod "$version"
}

# The bare ELF kernel, booted by PVH: to unpack itself takes a kernel 6 s under emulation.
make_kernel() {
	local zimage=$root/boot/vmlinuz-$version offset
	offset=$(LC_ALL=C grep -aobP '\xfd7zXZ\x00' "$zimage" | cut -d: -f1 | sed -n 1p)
	[ -n "$offset" ] || fail "$kernel is not packed with xz; teach make_kernel how it is"
	xz -dcq --single-stream < <(tail -c "+$((offset + 1))" "$zimage") >"$out/vmlinux"
}

# Static busybox, the program that becomes process 1, and what that loads.
make_initrd() { # BUSYBOX INIT MODULE...
	local ko n=100
	mkdir -p "$work/initrd"/{bin,root}
	install -m 755 "$1" "$work/initrd/bin/busybox"
	install -m 755 "$2" "$work/initrd/init"
	chroot "$root" modprobe -a -S "$version" --show-depends "${@:3}" |
		awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$work/boot_modules"
	while read -r ko; do
		cp "$root/$ko" "$work/initrd/$((n++)).ko"
	done <"$work/boot_modules"
	(cd "$work/initrd" && find . | bin/busybox cpio --quiet -o -H newc) >"$out/initrd"
}

# With room to write at run time.
make_filesystem() { # MEGABYTES_FREE
	local size
	size=$(($(du -sm "$root" | cut -f1) * 11 / 10 + $1))
	mke2fs -q -t ext4 -O ^has_journal -m 0 -d "$root" "$out/root.img" "${size}M" >/dev/null
}

end_image() {
	rm -rf "$image"
	mv "$out" "$image"
	echo "$image"
}
