# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# covers: rule keepalived lvs_flush, rule keepalived lvs_flush_on_stop, rule keepalived lvs_timeouts
# What others added stays, but for lvs_flush at the start and lvs_flush_on_stop at the end.
foreign() {
	ipvsadm -A -t 198.51.100.77:80 -s rr
	ipvsadm -a -t 198.51.100.77:80 -r 192.0.2.77:80 -m
}
service() {
	cat <<-END
		virtual_server 198.51.100.1 80 {
			lvs_sched rr
			lvs_method NAT
			protocol TCP
			real_server 192.0.2.11 80 {
			}
			real_server 192.0.2.12 80 {
			}
		}
	END
}
foreign
say "a service of keepalived's own is there already"
ipvsadm -A -t 198.51.100.1:80 -s wrr
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.11:80 -m -w 9
service | conf
keepalived_starts
keepalived_stops
{ printf '%s\n' 'global_defs {' 'lvs_flush' '}'; service; } | conf
keepalived_starts
foreign
keepalived_reloads
keepalived_stops
for what in "" VS; do
	{ printf '%s\n' 'global_defs {' "lvs_flush_on_stop $what" '}'; service; } | conf
	keepalived_starts
	foreign
	keepalived_stops
	ipvsadm -C
done
{ printf '%s\n' 'global_defs {' "lvs_timeouts tcp 600 tcpfin 60 udp 30" '}'; service; } | conf
keepalived_starts
ipvsadm -L --timeout
keepalived_stops
ipvsadm -L --timeout
say "a service is taken away behind its back"
service | conf
keepalived_starts
ipvsadm -D -t 198.51.100.1:80
sed -i 's/real_server 192.0.2.12 80/real_server 192.0.2.13 80/' keepalived.conf
keepalived_reloads
keepalived_stops
