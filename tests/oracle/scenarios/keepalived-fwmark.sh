# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# covers: rule keepalived fwmark
# Services by mark.
conf <<-END
	virtual_server fwmark 5 {
		lvs_sched rr
		lvs_method DR
		persistence_timeout 30
		real_server 192.0.2.11 0 {
			weight 2
		}
		real_server 192.0.2.12 0 {
		}
	}
	virtual_server fwmark 6 {
		ip_family inet6
		lvs_sched wlc
		lvs_method NAT
		real_server 2001:db8:2::11 80 {
		}
	}
END
keepalived_starts
sed -i 's/weight 2/weight 3/; s/persistence_timeout 30/persistence_timeout 31/' keepalived.conf
keepalived_reloads
keepalived_stops
