# SPDX-License-Identifier: GPL-2.0-or-later
#
# A clean system that the tests install into: ROOT (clean-root) below, what changes in memory above. It, and all that runs
# in it, is gone with the namespaces that tests/packages/run has made.

top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
work=$PACKAGES/work
system=$work/system
ipvsd_pid=
keepalived_pid=

version() {
	sed -n 's/^AC_INIT(\[ipvsd\], \[\(.*\)\])$/\1/p' "$top/configure.ac"
}

system_up() { # FOLDER: becomes /packages in the system
	mkdir -p "$work" "$PACKAGES"/{archives,lists}
	mount -t tmpfs ipvsd-packages "$work"
	mkdir "$work/upper" "$work/overlay" "$system"
	mount -t overlay -o "lowerdir=$ROOT,upperdir=$work/upper,workdir=$work/overlay" ipvsd-packages "$system"
	mount -t proc proc "$system/proc"
	mount -t sysfs -o ro sysfs "$system/sys"
	mkdir "$system/packages"
	mount --bind "$1" "$system/packages"
	# What was downloaded once stays.
	mount --bind "$PACKAGES/archives" "$system/var/cache/apt/archives"
	mount --bind "$PACKAGES/lists" "$system/var/lib/apt/lists"
	cp /etc/resolv.conf "$system/etc/resolv.conf"
	inside apt-get -qq -o APT::Sandbox::User=root update
}

enter=(chroot "$system" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
	DEBIAN_FRONTEND=noninteractive)

inside() { # COMMAND...: runs it in the system
	"${enter[@]}" "$@" 3>&-
}

apt_inside() { # ARGUMENT...
	inside apt-get -qq -y -o APT::Sandbox::User=root -o DPkg::Use-Pty=false --no-install-recommends "$@"
}

not() { # COMMAND...: a plain ! would not end a test
	if "$@"; then
		return 1
	fi
}

await() { # COMMAND...: until it succeeds, for at most 20 seconds
	local _
	for _ in {1..200}; do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	echo "never true: $*" >&2
	return 1
}

# An ipvsd that the packages brought, in the system. One port is a tap device, the other one a packet socket.
start_ipvsd() {
	inside mkdir -p /run/ipvsd
	cat >"$system/etc/ipvsd/ipvsd.conf" <<-END
		workers = { count = 1; idle = "100us"; };
		ports = (
			{ name = "wan"; devices = ( "net_af_packet0,iface=port0" ); kernel = "wan0"; },
			{ name = "lan"; devices = ( "net_tap0,iface=lan1" ); kernel = "lan0"; }
		);
		limits = {
			connections = "4K"; connections_ipv6 = "4K"; services = 64; dests = 64; templates = "1K";
			routes = 256; routes_ipv6 = 256; neighbours = 256; mbufs = "4K";
		};
		memory = { hugepages = "off"; file_prefix = "ipvsd-packages-$$"; };
	END
	"${enter[@]}" unshare --net sh -c 'ip link add port0 type veth peer name cable; exec /usr/sbin/ipvsd' \
		>"$work/ipvsd.log" 2>&1 3>&- &
	ipvsd_pid=$!
	await settled
	kill -0 "$ipvsd_pid" || {
		cat "$work/ipvsd.log"
		return 1
	}
}

# It answers, or has ended.
settled() {
	inside ipvsdctl counters || ! kill -0 "$ipvsd_pid"
}

stop_ipvsd() {
	kill "$ipvsd_pid"
	wait "$ipvsd_pid"
	ipvsd_pid=
}

# A system where systemd runs, as far as scripts of packages can see. What they ask for is in /started, and whether NICs were
# bound by then.
pretend_systemd() { # PID of ipvsd
	local program note='"$@"$([ ! -s /var/lib/ipvsd/bound ] || echo ", NICs are bound") >>/started'
	mkdir -p "$system/run/systemd/system" "$work/pretence"
	printf '#!/bin/sh\ncase "$*" in *MainPID*ipvsd*) echo %s ;; *MainPID*) echo 0 ;; *is-active*) exit 3 ;; *) echo %s ;; esac\n' "$1" "$note" \
		>"$work/pretence/systemctl"
	printf '#!/bin/sh\necho %s\n' "$note" >"$work/pretence/deb-systemd-invoke"
	printf '#!/bin/sh\necho settings %s\n' "$note" >"$work/pretence/systemd-sysctl"
	chmod 755 "$work"/pretence/*
	: >"$system/started"
	for program in bin/systemctl bin/deb-systemd-invoke lib/systemd/systemd-sysctl; do
		mount --bind "$work/pretence/$(basename "$program")" "$system/usr/$program"
	done
}

end_pretence() {
	umount "$system"/usr/bin/{systemctl,deb-systemd-invoke} "$system/usr/lib/systemd/systemd-sysctl"
	rmdir "$system/run/systemd/system"
}

# A NIC that ipvsd-bind has bound, and that nobody has: to give it back is to forget it. Network managers know, as after a boot.
bind_absent_nic() {
	mkdir -p "$system/var/lib/ipvsd"
	echo '0000:ff:1f.7 0x8086 0x1572' >"$system/var/lib/ipvsd/bound"
	inside /usr/libexec/ipvsd/ipvsd-unmanaged
	[ -e "$system/run/systemd/network/05-ipvsd.network" ]
}

nic_is_bound() {
	[ -s "$system/var/lib/ipvsd/bound" ]
}

# What a test that failed did not stop.
teardown() {
	local pid
	for pid in $keepalived_pid $ipvsd_pid; do
		kill -KILL "$pid"
	done
}
