# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# covers: rule connections through both
# Connections of TCP through NAT: who is chosen, their states, and the counts. traffic-tcp6 is the same for IPv6.
vip=${vip-198.51.100.10} at=${at-198.51.100.10:80}
server() { # NUMBER
	if [[ "$vip" = *:* ]]; then echo "[2001:db8:2::1$1]:80"; else echo "192.0.2.1$1:80"; fi
}
ipvsadm -A -t "$at" -s rr
for n in 1 2 3; do
	ipvsadm -a -t "$at" -r "$(server $n)" -m
done
client open "$vip" 80 5001 5006
connections 6 ESTABLISHED
ipvsadm -Ln
client close 5001 5003
connections 3 TIME_WAIT
ipvsadm -Ln
client reset 5004
connections 1 CLOSE
ipvsadm -Ln
say "a server is drained, and then removed"
ipvsadm -e -t "$at" -r "$(server 1)" -m -w 0
client open "$vip" 80 5011 5014
ipvsadm -d -t "$at" -r "$(server 1)"
client open "$vip" 80 5015 5016
ipvsadm -Ln
ipvsadm -Lnc
ipvsadm -a -t "$at" -r "$(server 1)" -m
ipvsadm -Ln
ipvsadm -D -t "$at"
ipvsadm -Lnc
