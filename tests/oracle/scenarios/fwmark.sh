# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Services by mark.
ipvsadm -A -f 1 -s rr
ipvsadm -A --fwmark-service 4294967295 -s wrr
ipvsadm -A -f 1 -6 -s rr
ipvsadm -A --ipv6 -f 2 -s rr
ipvsadm -A -f 1 -s wlc
ipvsadm -a -f 1 -r 192.0.2.11:0 -m
ipvsadm -a -f 1 -r 192.0.2.12 -g -w 3
ipvsadm -a -f 1 -r 192.0.2.13:8080 -m
ipvsadm -a -f 1 -6 -r '[2001:db8:2::11]:0' -m
ipvsadm -a -f 2 -6 -r '[2001:db8:2::11]:80' -i
ipvsadm -Ln
ipvsadm -Ln --stats
ipvsadm -Ln --rate
ipvsadm -Ln --thresholds
ipvsadm -Ln -f 1
ipvsadm -Ln -f 1 -6
ipvsadm -Sn
cp out saved
ipvsadm -E -f 1 -s wrr
ipvsadm -e -f 1 -r 192.0.2.12 -g -w 9
ipvsadm -d -f 1 -r 192.0.2.13:8080
ipvsadm -Z -f 1
ipvsadm -D -f 1 -6
ipvsadm -Ln
ipvsadm -C
ipvsadm -R <saved
ipvsadm -Sn
ipvsadm -D -f 9
ipvsadm -a -f 9 -r 192.0.2.1 -m
