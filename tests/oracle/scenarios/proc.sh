# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The files of /proc/net.
ipvsadm -A -t 198.51.100.1:80 -s wrr
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.11:8080 -m -w 3
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.12:80 -g -w 100000
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.13:80 -i
for file in ip_vs ip_vs_conn ip_vs_conn_sync ip_vs_stats ip_vs_app; do
	show cat /proc/net/$file
	show cat /proc/self/net/$file
done
ipvsadm -A -t '[2001:db8::1]:53' -s rr
ipvsadm -D -t 198.51.100.1:80
show cat /proc/net/ip_vs
show head -n 3 /proc/net/ip_vs_stats_percpu
