# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Datagrams through NAT: who is chosen, and every count.
ipvsadm -A -u 198.51.100.10:80 -s rr
ipvsadm -a -u 198.51.100.10:80 -r 192.0.2.11:80 -m
ipvsadm -a -u 198.51.100.10:80 -r 192.0.2.12:80 -m
for port in 6001 6002 6003 6004 6005; do
	client send 198.51.100.10 80 $port 3
done
connections 5 UDP
ipvsadm -Ln
counted UDP 15
ipvsadm -Ln --stats --exact
ipvsadm -Z -u 198.51.100.10:80
ipvsadm -Ln --stats
client send 198.51.100.10 80 6001 10
counted UDP 10
say "a server that comes back has its counts"
ipvsadm -d -u 198.51.100.10:80 -r 192.0.2.12:80
ipvsadm -Ln --stats
ipvsadm -a -u 198.51.100.10:80 -r 192.0.2.12:80 -m
ipvsadm -Ln --stats
say "IPv6"
ipvsadm -A -u '[2001:db8:1::10]:80' -s rr
ipvsadm -a -u '[2001:db8:1::10]:80' -r '[2001:db8:2::11]:80' -m
ipvsadm -a -u '[2001:db8:1::10]:80' -r '[2001:db8:2::12]:80' -m
for port in 6001 6002 6003; do
	client send 2001:db8:1::10 80 $port 2
done
counted UDP 16
ipvsadm -Lnc
