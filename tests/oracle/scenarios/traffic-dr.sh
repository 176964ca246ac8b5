# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# covers: rule direct routing
# Direct routing: the director sees what clients send and nothing of the answers. Who is chosen, states, and every count.
# The servers are at one place, and answer from the VIP: who was chosen is in the list.
left=0 # in FIN_WAIT, of the service before
for vip in 198.51.100.19 2001:db8:1::19; do
	if [[ $vip = *:* ]]; then
		at="[$vip]:80" servers=('[2001:db8:2::11]:80' '[2001:db8:2::12]:80' '[2001:db8:2::13]:80')
	else
		at=$vip:80 servers=(192.0.2.11:80 192.0.2.12:80 192.0.2.13:80)
	fi
	for protocol in t u; do
		ipvsadm -A -$protocol "$at" -s rr
		for server in "${servers[@]}"; do
			ipvsadm -a -$protocol "$at" -r "$server" -g
		done
	done
	client open $vip 80 5101 5106
	connections 6 ESTABLISHED
	ipvsadm -Ln
	client close 5101 5102
	connections $((left + 2)) FIN_WAIT
	client tell end 5103
	client close 5103
	connections $((left + 3)) FIN_WAIT
	ipvsadm -Ln
	for port in 5111 5112 5113 5114; do
		client send $vip 80 $port 2
	done
	counted UDP 8
	client ask 5105 5106
	client reset 5104
	ipvsadm -Lnc
	ipvsadm -Ln
	client close 5105 5106
	ipvsadm -C
	left=5
done
