# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# covers: rule keepalived starts, rule keepalived reloads nothing, rule keepalived stops
# keepalived's services of every kind: it starts, reloads with nothing changed, and stops.
conf <<-END
	virtual_server 198.51.100.1 80 {
		lvs_sched rr
		lvs_method NAT
		protocol TCP
		real_server 192.0.2.11 8080 {
			weight 1
		}
		real_server 192.0.2.12 8081 {
			weight 20
			uthreshold 100
			lthreshold 50
		}
		real_server 192.0.2.13 80 {
			weight 0
		}
	}
	virtual_server 198.51.100.2 53 {
		lvs_sched wlc
		lvs_method DR
		protocol UDP
		ops
		real_server 192.0.2.11 53 {
		}
	}
	virtual_server 198.51.100.3 443 {
		lvs_sched wrr
		lvs_method TUN
		persistence_timeout 600
		persistence_granularity 255.255.255.0
		protocol TCP
		real_server 192.0.2.11 443 {
			weight 3
		}
		real_server 192.0.2.12 443 {
			lvs_method NAT
		}
		real_server 192.0.2.13 443 {
			lvs_method TUN type gue port 6080 csum
		}
		real_server 192.0.2.14 443 {
			lvs_method TUN type gre nocsum
		}
	}
	virtual_server 198.51.100.4 5000 {
		lvs_sched rr
		lvs_method NAT
		protocol SCTP
		real_server 192.0.2.11 5000 {
		}
	}
	virtual_server 2001:db8::1 80 {
		lvs_sched wlc
		lvs_method NAT
		persistence_timeout 60
		persistence_granularity 64
		protocol TCP
		real_server 2001:db8:2::11 80 {
		}
		real_server 2001:db8:2::12 80 {
			weight 7
		}
	}
END
keepalived_starts
ipvsadm -Ln --persistent-conn
ipvsadm -Ln --thresholds
keepalived_reloads
keepalived_stops
