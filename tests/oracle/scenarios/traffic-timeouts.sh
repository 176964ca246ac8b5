# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# covers: rule timeouts under traffic
# Short timeouts: connections end, are no longer counted, and who goes on with one is told so.
ipvsadm --set 6 4 5
ipvsadm -L --timeout
ipvsadm -A -t 198.51.100.10:80 -s rr
ipvsadm -A -u 198.51.100.10:80 -s rr
ipvsadm -A -t 198.51.100.19:80 -s rr
for n in 11 12; do
	ipvsadm -a -t 198.51.100.10:80 -r 192.0.2.$n:80 -m
	ipvsadm -a -u 198.51.100.10:80 -r 192.0.2.$n:80 -m
	ipvsadm -a -t 198.51.100.19:80 -r 192.0.2.$n:80 -g
done
client open 198.51.100.19 80 5501 5502
client open 198.51.100.10 80 5511 5513
client close 5501 5502
client send 198.51.100.10 80 5521 2
client send 198.51.100.10 80 5522 2
ipvsadm -Lnc
ipvsadm -Ln
await connections_are 0 "[A-Z][A-Z_]*"
ipvsadm -Lnc
ipvsadm -Ln
client ask 5511 5512
client send 198.51.100.10 80 5521 2
client send 198.51.100.10 80 5523 2
connections 2 UDP
ipvsadm -Ln
say "what is open already has the new ones with its next packet"
client open 198.51.100.10 80 5531
ipvsadm --set 300 0 0
client ask 5531
await connections_are 0 UDP
connections 1 ESTABLISHED
ipvsadm -L --timeout
