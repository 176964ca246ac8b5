# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# covers: rule keepalived lvs_sync_daemon, rule keepalived lvs_sync_daemon with VRRP
# The daemons of synchronisation that keepalived starts by itself, and those that follow a VRRP instance.
service='virtual_server 198.51.100.1 80 {
	lvs_sched rr
	lvs_method NAT
	protocol TCP
	real_server 192.0.2.11 80 {
	}
}'
{ printf '%s\n' 'global_defs {' 'lvs_sync_daemon eth0 id 7 maxlen 1400 port 9000 ttl 3 group 224.0.0.99' '}' "$service"; } | conf
keepalived_starts
ipvsadm -L --daemon
keepalived_stops
ipvsadm -L --daemon
{
	printf '%s\n' 'global_defs {' 'lvs_sync_daemon eth0 one id 8' '}' "$service"
	cat <<-END
		vrrp_instance one {
			state BACKUP
			interface eth0
			virtual_router_id 51
			priority 100
			advert_int 1
			virtual_ipaddress {
				192.0.2.1/32 dev eth0
			}
		}
	END
} | conf
keepalived_starts
is_master() {
	quietly ipvsadm -L --daemon | grep -q master
}
await is_master
keepalived_is_done
ipvsadm -L --daemon
keepalived_stops
ipvsadm -L --daemon
