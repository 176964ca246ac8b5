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
	mkdir -p "$work" "$PACKAGES/archives"
	mount -t tmpfs ipvsd-packages "$work"
	mkdir "$work/upper" "$work/overlay" "$system"
	mount -t overlay -o "lowerdir=$ROOT,upperdir=$work/upper,workdir=$work/overlay" ipvsd-packages "$system"
	mount -t proc proc "$system/proc"
	mount -t sysfs -o ro sysfs "$system/sys"
	mkdir "$system/packages"
	mount --bind "$1" "$system/packages"
	# What was downloaded once stays.
	mount --bind "$PACKAGES/archives" "$system/var/cache/apt/archives"
	cp /etc/resolv.conf "$system/etc/resolv.conf"
	inside apt-get -qq -o APT::Sandbox::User=root update
}

enter=(chroot "$system" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
	DEBIAN_FRONTEND=noninteractive)

inside() { # COMMAND...: runs it in the system
	"${enter[@]}" "$@" 3>&-
}

apt_inside() { # ARGUMENT...
	inside apt-get -qq -y -o APT::Sandbox::User=root --no-install-recommends "$@"
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

# What a test that failed did not stop.
teardown() {
	local pid
	for pid in $keepalived_pid $ipvsd_pid; do
		kill -KILL "$pid"
	done
}
