# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# covers: rule keepalived virtual_server_group
# Groups of virtual servers: ranges, both families, marks.
conf <<-END
	virtual_server_group web {
		198.51.100.1 80
		198.51.100.10-14 80
		198.51.100.1 443
		fwmark 7
	}
	virtual_server_group web6 {
		2001:db8::1 80
		2001:db8::10-13 443
	}
	virtual_server group web {
		lvs_sched wrr
		lvs_method NAT
		protocol TCP
		real_server 192.0.2.11 8080 {
			weight 3
		}
		real_server 192.0.2.12 8080 {
		}
	}
	virtual_server group web6 {
		ip_family inet6
		lvs_sched rr
		lvs_method DR
		protocol TCP
		real_server 2001:db8:2::11 80 {
		}
	}
END
keepalived_starts
say "a smaller range, another address"
sed -i 's/198.51.100.10-14/198.51.100.12-16/' keepalived.conf
keepalived_reloads
say "a server more, another weight"
sed -i 's/real_server 192.0.2.12 8080/real_server 192.0.2.13 8080 {\nweight 2\n}\n&/; s/weight 3/weight 4/' keepalived.conf
keepalived_reloads
say "no mark, another scheduler"
sed -i '/fwmark/d; s/lvs_sched rr/lvs_sched wlc/' keepalived.conf
keepalived_reloads
keepalived_stops
