# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# covers: rule drain and removal under traffic
# A server gets weight 0, is removed, and comes back, while connections go on.
ipvsadm -A -t 198.51.100.10:80 -s rr
ipvsadm -A -u 198.51.100.10:80 -s rr
for n in 11 12 13; do
	ipvsadm -a -t 198.51.100.10:80 -r 192.0.2.$n:80 -m
	ipvsadm -a -u 198.51.100.10:80 -r 192.0.2.$n:80 -m
done
client open 198.51.100.10 80 5701 5706
for port in 5711 5712 5713; do
	client send 198.51.100.10 80 $port 2
done
say "drained"
ipvsadm -e -t 198.51.100.10:80 -r 192.0.2.12:80 -m -w 0
ipvsadm -e -u 198.51.100.10:80 -r 192.0.2.12:80 -m -w 0
client ask 5701 5706
for port in 5711 5712 5713; do
	client send 198.51.100.10 80 $port 1
done
client open 198.51.100.10 80 5721 5724
client send 198.51.100.10 80 5731 1
client send 198.51.100.10 80 5732 1
ipvsadm -Ln
say "removed"
ipvsadm -d -t 198.51.100.10:80 -r 192.0.2.12:80
client try 5701 5706
ipvsadm -Ln
ipvsadm -Lnc
say "back"
ipvsadm -a -t 198.51.100.10:80 -r 192.0.2.12:80 -m
ipvsadm -Ln
client hear 5702
client hear 5705
connections 10 ESTABLISHED
client close 5721 5724
connections 4 TIME_WAIT
ipvsadm -Ln
# With the last service of IPv4 the kernel takes its hooks off, and all goes to the host; so another one stays.
ipvsadm -A -t 198.51.100.11:80 -s rr
say "the service is removed"
ipvsadm -D -u 198.51.100.10:80
ipvsadm -Lnc
ipvsadm -D -t 198.51.100.10:80
client try 5701
ipvsadm -Lnc
