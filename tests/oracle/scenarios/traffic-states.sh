# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# covers: rule states of TCP under traffic
# The states of TCP, by who ends first and how, with NAT.
ipvsadm -A -t 198.51.100.10:80 -s rr
ipvsadm -a -t 198.51.100.10:80 -r 192.0.2.11:80 -m
client open 198.51.100.10 80 5601 5608
connections 8 ESTABLISHED
say "the client ends, the server does not"
client tell stay 5601
client ask 5601
client half 5601
connections 1 CLOSE_WAIT
say "the server ends, the client does not, and then does"
client tell end 5602 5603
connections 2 FIN_WAIT
ipvsadm -Ln
client close 5603
connections 1 TIME_WAIT
say "both end"
client close 5605 5606
connections 3 TIME_WAIT
ipvsadm -Ln
say "a server that does not answer, and then does"
ip -n servers route add blackhole 198.51.100.9/32
client from 198.51.100.9
client begin 198.51.100.10 80 5621 5622
connections 2 SYN_RECV
ipvsadm -Ln
ip -n servers route del blackhole 198.51.100.9/32
client begun 5621 5622
connections 5 ESTABLISHED
ipvsadm -Ln
say "a port again of which both have ended"
client from any
client open 198.51.100.10 80 5605
connections 6 ESTABLISHED
say "resets, and a port again that was reset; they are listed for ten seconds only"
client reset 5621 5622
client from 198.51.100.9
client open 198.51.100.10 80 5622
client reset 5604
client reset 5602
client reset 5601
connections 4 CLOSE
ipvsadm -Ln
say "nobody listens there"
ipvsadm -A -t 198.51.100.12:81 -s rr
ipvsadm -a -t 198.51.100.12:81 -r 192.0.2.12:81 -m
client open 198.51.100.12 81 5611
ipvsadm -Ln -t 198.51.100.12:81
