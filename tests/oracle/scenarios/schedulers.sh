# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The name of every scheduler is known; services change from each to the next.
port=1000
for name in rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh; do
	ipvsadm -A -t 198.51.100.1:$((++port)) -s $name
	ipvsadm -a -t 198.51.100.1:$port -r 192.0.2.11:80 -m -w 2
	ipvsadm -a -t 198.51.100.1:$port -r 192.0.2.12:80 -m
done
ipvsadm -Ln
ipvsadm -Sn
for name in rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh rr; do
	ipvsadm -E -t 198.51.100.1:1001 -s $name
	ipvsadm -e -t 198.51.100.1:1001 -r 192.0.2.12:80 -m -w 3
	ipvsadm -Ln -t 198.51.100.1:1001
done
