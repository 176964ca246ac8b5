# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# covers: rule direct routing
# Direct routing: the director sees what clients send and nothing of the answers. Who is chosen, states, and datagrams'
# counts. The servers are at one place, and answer from the VIP: who was chosen is in the list.
for protocol in u t; do
	ipvsadm -A -$protocol 198.51.100.19:80 -s rr
	for n in 11 12 13; do
		ipvsadm -a -$protocol 198.51.100.19:80 -r 192.0.2.$n:80 -g
	done
	if [ $protocol = u ]; then
		for port in 5111 5112 5113 5114; do
			client send 198.51.100.19 80 $port 2
		done
		counted UDP 8
	fi
done
client open 198.51.100.19 80 5101 5106
connections 6 ESTABLISHED
ipvsadm -Ln
client ask 5105 5106
ipvsadm -Lnc
