# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# covers: rule persistence under traffic
# Persistent services: a client, or a network of clients, stays at its server. Templates, who is chosen, and the counts.
begins() { # ipvsadm's words for the service
	local n
	ipvsadm -A "$@"
	for n in 11 12 13; do
		ipvsadm -a "$1" "$2" -r "192.0.2.$n:${2##*:}" -m
	done
}
say "by address"
begins -t 198.51.100.10:80 -s rr -p 300
client open 198.51.100.10 80 5201 5203
client from 198.51.100.9
client open 198.51.100.10 80 5204 5205
client from 198.51.100.130
client open 198.51.100.10 80 5206
connections 6 ESTABLISHED
ipvsadm -Ln
ipvsadm -Ln --persistent-conn
say "by network"
begins -u 198.51.100.11:80 -s rr -p 300 -M 255.255.255.240
for address in any 198.51.100.9 198.51.100.130; do
	client from $address
	client send 198.51.100.11 80 5221 2
	client send 198.51.100.11 80 5222 2
done
connections 6 UDP
counted UDP 12
ipvsadm -Ln --persistent-conn
say "all ports"
client from any
begins -t 198.51.100.12:0 -s rr -p 300
client open 198.51.100.12 80 5231 5232
client from 198.51.100.9
client open 198.51.100.12 80 5233
ipvsadm -Lnc
ipvsadm -Ln --persistent-conn
say "IPv6, by network"
client from any
ipvsadm -A -u '[2001:db8:1::10]:80' -s rr -p 300 -M 64
ipvsadm -a -u '[2001:db8:1::10]:80' -r '[2001:db8:2::11]:80' -m
ipvsadm -a -u '[2001:db8:1::10]:80' -r '[2001:db8:2::12]:80' -m
client send 2001:db8:1::10 80 5241 2
client send 2001:db8:1::10 80 5242 2
counted UDP 16
ipvsadm -Lnc
ipvsadm -Ln --persistent-conn
say "its server has weight 0: who was there stays; the server is removed: another takes over"
ipvsadm -e -t 198.51.100.10:80 -r 192.0.2.12:80 -m -w 0
client from 198.51.100.9
client open 198.51.100.10 80 5251 5252
client from any
client open 198.51.100.10 80 5253
ipvsadm -Lnc
ipvsadm -Ln --persistent-conn
# The kernel has the template of a server that is gone in its list until that expires, at port 65535; ipvsd forgets it.
ipvsadm -d -t 198.51.100.10:80 -r 192.0.2.12:80
client from 198.51.100.9
client open 198.51.100.10 80 5254 5255
ipvsadm -Ln --persistent-conn
ipvsadm -a -t 198.51.100.10:80 -r 192.0.2.12:80 -m
client open 198.51.100.10 80 5256
ipvsadm -Ln
say "all ports, another one, that is refused: it goes to the same server"
client from 198.51.100.9
client open 198.51.100.12 81 5234
ipvsadm -Ln -t 198.51.100.12:0
