# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# IPv6 services and destinations, in every listing.
ipvsadm -A -t '[2001:db8::1]:80' -s rr
ipvsadm -A -u '[2001:db8::1]:53' -s wlc
ipvsadm -A -t 198.51.100.1:80 -s wrr
ipvsadm -a -t '[2001:db8::1]:80' -r '[2001:db8:2::11]:8080' -m
ipvsadm -a -t '[2001:db8::1]:80' -r '[2001:db8:2:3:4:5:6:7]' -g -w 3
ipvsadm -a -t '[2001:db8::1]:80' -r '[2001:db8:2::13]:80' -i -w 5
ipvsadm -a -t '[2001:db8::1]:80' -r '[::1]:80' -m
ipvsadm -a -u '[2001:db8::1]:53' -r '[2001:db8:2::11]:53' -m -x 5 -y 3
ipvsadm -Ln
ipvsadm -Ln --stats
ipvsadm -Ln --rate
ipvsadm -Ln --thresholds
ipvsadm -Ln --persistent-conn
ipvsadm -Ln -t '[2001:db8::1]:80'
ipvsadm -Sn
cp out saved
ipvsadm -e -t '[2001:db8::1]:80' -r '[2001:db8:2::11]:8080' -m -w 77
ipvsadm -E -t '[2001:db8::1]:80' -s wrr
ipvsadm -d -t '[2001:db8::1]:80' -r '[2001:db8:2::13]:80'
ipvsadm -D -u '[2001:db8::1]:53'
ipvsadm -Ln
ipvsadm -C
ipvsadm -R <saved
ipvsadm -Sn
say "faults"
ipvsadm -a -t '[2001:db8::1]:80' -r '[ff02::1]:80' -m
ipvsadm -a -t '[2001:db8::1]:80' -r '[fe80::1]:80' -m
ipvsadm -a -t '[2001:db8::1]:80' -r '[::]:80' -m
ipvsadm -a -t '[2001:db8::1]:80' -r 192.0.2.11:80 -m
ipvsadm -a -t '[2001:db8::1]:80' -r 192.0.2.11:80 -i
ipvsadm -a -t '[2001:db8::9]:80' -r '[2001:db8:2::11]:80' -m
ipvsadm -D -t '[2001:db8::9]:80'
ipvsadm -Ln
