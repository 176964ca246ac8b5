# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# covers: rule one-packet scheduling under traffic
# One-packet scheduling: the datagrams of one socket go to all servers, and nothing is left in the list.
ipvsadm -A -u 198.51.100.19:80 -s rr -o
for n in 11 12 13; do
	ipvsadm -a -u 198.51.100.19:80 -r 192.0.2.$n:80 -g
done
client send 198.51.100.19 80 5301 7
client send 198.51.100.19 80 5302 5
await connections_are 0 "[A-Z][A-Z_]*"
ipvsadm -Lnc
counted UDP 12
ipvsadm -Ln
say "weights"
ipvsadm -E -u 198.51.100.19:80 -s wrr -o
ipvsadm -e -u 198.51.100.19:80 -r 192.0.2.11:80 -g -w 3
ipvsadm -e -u 198.51.100.19:80 -r 192.0.2.12:80 -g -w 0
ipvsadm -Z
client send 198.51.100.19 80 5301 8
counted UDP 8
say "no longer: a connection"
ipvsadm -E -u 198.51.100.19:80 -s rr
client send 198.51.100.19 80 5301 4
connections 1 UDP
counted UDP 12
say "again: who has a connection keeps it"
ipvsadm -E -u 198.51.100.19:80 -s rr -o
client send 198.51.100.19 80 5301 4
client send 198.51.100.19 80 5303 4
connections 1 UDP
counted UDP 20
