# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Persistent services: timeouts, netmasks, engines.
ipvsadm -A -t 198.51.100.1:80 -s rr -p
ipvsadm -A -t 198.51.100.2:80 -s rr -p 60
ipvsadm -A -t 198.51.100.3:80 -s rr --persistent 360 -M 255.255.255.0
ipvsadm -A -t 198.51.100.4:80 -s rr -p 360 --netmask 255.255.0.0
ipvsadm -A -t 198.51.100.5:0 -s rr -p
ipvsadm -A -u 198.51.100.6 -s wlc -p 100
ipvsadm -A -t '[2001:db8::1]:80' -s rr -p 50
ipvsadm -A -t '[2001:db8::2]:80' -s rr -p 50 -M 64
ipvsadm -A -f 5 -s rr -p 10
ipvsadm -A -f 5 -6 -s rr -p 10 -M 48
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.11:80 -m
ipvsadm -a -t 198.51.100.5:0 -r 192.0.2.11:0 -m
ipvsadm -Ln
ipvsadm -Ln --persistent-conn
ipvsadm -Ln --stats
ipvsadm -Sn
cp out saved
ipvsadm -E -t 198.51.100.1:80 -s rr
ipvsadm -E -t 198.51.100.2:80 -s rr -p 61 -M 255.0.0.0
ipvsadm -Ln
ipvsadm -C
ipvsadm -R <saved
ipvsadm -Sn
