# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The socket options, which older clients use instead of netlink: each of them, and each mistake.
show "$PROBES/sockopt_probe"
ipvsadm -A -t 198.51.100.1:80 -s wrr -p 100
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.11:8080 -m -w 3
ipvsadm -a -t 198.51.100.1:80 -r '[2001:db8:2::11]:8080' -i
ipvsadm -A -t '[2001:db8:1::1]:80' -s rr
ipvsadm -A -f 5 -s rr
show "$PROBES/sockopt_probe" list
