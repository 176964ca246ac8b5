# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# covers: rule bypass under traffic
# What a service by mark has no server for goes on to where it was sent.
traffic_marks
ip -n client route add 192.0.2.0/24 via 198.51.100.2
ip -n client route add 2001:db8:2::/64 via 2001:db8:1::2
ipvsadm -A -f 7 -s rr
ipvsadm -A -f 7 -6 -s rr
show sh -c 'echo 1 >/proc/sys/net/ipv4/vs/cache_bypass'
client open 192.0.2.13 80 5502 5503
connections 2 ESTABLISHED
client send 192.0.2.13 80 5504 2
client send 2001:db8:2::13 80 5505 2
connections 2 UDP
ipvsadm -Ln
say "without, again, a broadcast of the servers' network"
ipvsadm -a -f 7 -r 192.0.2.11:0 -m
ipvsadm -d -f 7 -r 192.0.2.11:0
client send 192.0.2.255 80 5506 1
connections 2 UDP
ipvsadm -Ln --stats
say "addresses of the director's own"
ipvsadm -A -f 5 -s rr
client open 198.51.100.17 80 5511 5511
say "with a server"
ipvsadm -a -f 7 -r 192.0.2.11:0 -m
client open 192.0.2.13 80 5521 5522
ipvsadm -Lnc
say "without, again"
ipvsadm -e -f 7 -r 192.0.2.11:0 -m -w 0
client open 192.0.2.13 80 5523 5523
ipvsadm -Lnc
client reset 5502 5503
connections 2 CLOSE
