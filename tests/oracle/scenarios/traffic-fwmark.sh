# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# covers: rule services by mark under traffic
# A mark gathers addresses and protocols into one service, with NAT; a mark of IPv6 is a service of its own.
traffic_marks
ipvsadm -A -f 5 -s rr
for n in 11 12 13; do
	ipvsadm -a -f 5 -r 192.0.2.$n:0 -m
done
client open 198.51.100.17 80 5401 5403
client open 198.51.100.18 80 5404 5406
connections 6 ESTABLISHED
for port in 5411 5412 5413; do
	client send 198.51.100.17 80 $port 2
	client send 198.51.100.18 80 $((port + 10)) 2
done
connections 6 UDP
ipvsadm -Ln
client close 5401 5402
connections 2 TIME_WAIT
ipvsadm -Ln
say "an address with a service of its own: the mark goes first"
ipvsadm -A -t 198.51.100.17:80 -s rr
ipvsadm -a -t 198.51.100.17:80 -r 192.0.2.11:80 -m
client open 198.51.100.17 80 5431 5433
ipvsadm -Ln
ipvsadm -D -f 5
client open 198.51.100.17 80 5434 5435
ipvsadm -Lnc
ipvsadm -C
say "persistent"
ipvsadm -A -f 5 -s rr -p 300
for n in 11 12 13; do
	ipvsadm -a -f 5 -r 192.0.2.$n:0 -m
done
client send 198.51.100.17 80 5441 2
client send 198.51.100.18 80 5442 2
client from 198.51.100.9
client send 198.51.100.18 80 5443 2
client send 198.51.100.17 80 5444 2
connections 10 UDP
ipvsadm -Ln --persistent-conn
ipvsadm -C
say "IPv6"
client from any
ipvsadm -A -f 6 -6 -s rr
ipvsadm -a -f 6 -6 -r '[2001:db8:2::11]:0' -m
ipvsadm -a -f 6 -6 -r '[2001:db8:2::12]:0' -m
client open 2001:db8:1::17 80 5451 5452
client send 2001:db8:1::17 80 5453 2
client send 2001:db8:1::17 80 5454 2
connections 12 UDP
ipvsadm -Ln
