# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The same server in several services, with several ports, and added again after a removal.
for port in 80 443; do
	ipvsadm -A -t 198.51.100.1:$port -s wlc
	ipvsadm -a -t 198.51.100.1:$port -r 192.0.2.11:$port -m
	ipvsadm -a -t 198.51.100.1:$port -r 192.0.2.11:8$port -m -w 3
done
ipvsadm -Ln
ipvsadm -d -t 198.51.100.1:80 -r 192.0.2.11:80
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.11:80 -g -w 7
ipvsadm -D -t 198.51.100.1:443
ipvsadm -A -t 198.51.100.1:443 -s rr
ipvsadm -a -t 198.51.100.1:443 -r 192.0.2.11:443 -m
ipvsadm -Ln
ipvsadm -Ln --stats
