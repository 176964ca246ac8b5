# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# covers: rule collectd
# What collectd's plugin reads, by the socket options: the names and the last values of what it writes.
ipvsadm -A -t 198.51.100.1:80 -s rr
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.11:80 -m -w 3
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.12:80 -m
ipvsadm -A -u 198.51.100.1:53 -s wlc
ipvsadm -a -u 198.51.100.1:53 -r 192.0.2.11:53 -g
cat >collectd.conf <<-END
	Hostname "oracle"
	FQDNLookup false
	Interval 1
	BaseDir "$PWD/collectd"
	TypesDB "/usr/share/collectd/types.db"
	LoadPlugin ipvs
	LoadPlugin csv
	<Plugin csv>
		DataDir "$PWD/csv"
		StoreRates false
	</Plugin>
END
mkdir collectd csv
# It ends with the scenario's namespace.
via said said collectd -f -C "$PWD/collectd.conf" -P "$PWD/collectd.pid" &
all_written() {
	[ "$(find csv -name '*-2*' | wc -l)" -ge 15 ]
}
await all_written
find csv -type f | LC_ALL=C sort | while read -r file; do
	printf '%s: %s\n' "${file%-2*}" "$(tail -n 1 "$file" | cut -d, -f2-)"
done
