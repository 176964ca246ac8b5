# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the other side refuses, in ipvsadm's words.
ipvsadm -A -t 198.51.100.1:80 -s rr
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.11:80 -m
ipvsadm -A -t 198.51.100.1:80 -s wrr
ipvsadm -D -t 198.51.100.9:80
ipvsadm -D -u 198.51.100.1:80
ipvsadm -E -t 198.51.100.9:80 -s rr
ipvsadm -Z -t 198.51.100.9:80
ipvsadm -Ln -t 198.51.100.9:80
ipvsadm -a -t 198.51.100.9:80 -r 192.0.2.11:80 -m
ipvsadm -e -t 198.51.100.9:80 -r 192.0.2.11:80 -m
ipvsadm -d -t 198.51.100.9:80 -r 192.0.2.11:80
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.11:80 -g
ipvsadm -e -t 198.51.100.1:80 -r 192.0.2.11:81 -m
ipvsadm -e -t 198.51.100.1:80 -r 192.0.2.12:80 -m
ipvsadm -d -t 198.51.100.1:80 -r 192.0.2.11:81
ipvsadm -d -t 198.51.100.1:80 -r 192.0.2.12:80
ipvsadm -A -t 198.51.100.2:80 -s nonsense
ipvsadm -E -t 198.51.100.1:80 -s nonsense
ipvsadm -A -t 198.51.100.2:80 -s ''
ipvsadm -a -t 198.51.100.1:80 -r 224.0.0.1:80 -m
ipvsadm -a -t 198.51.100.1:80 -r 255.255.255.255:80 -m
ipvsadm -a -t 198.51.100.1:80 -r 0.0.0.0:80 -m
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.12:80 -m -x 5 -y 6
ipvsadm -e -t 198.51.100.1:80 -r 192.0.2.11:80 -m -y 6
ipvsadm -a -t 198.51.100.1:80 -r '[2001:db8:2::11]:80' -m
ipvsadm -a -t 198.51.100.1:80 -r '[2001:db8:2::11]:80' -i
ipvsadm --start-daemon master --mcast-interface eth0
ipvsadm -Ln
ipvsadm -Sn
