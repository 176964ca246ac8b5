# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Types, ports and checksums of tunnels.
ipvsadm -A -t 198.51.100.1:80 -s rr
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.11 -i --tun-type ipip
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.12 -i --tun-type gue --tun-port 6080
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.13 -i --tun-type gue --tun-port 6080 --tun-nocsum
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.14 -i --tun-type gue --tun-port 6080 --tun-csum
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.15 -i --tun-type gue --tun-port 6080 --tun-remcsum
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.16 -i --tun-type gre
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.17 -i --tun-type gre --tun-csum
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.18 -i --tun-type gue
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.18 -i --tun-type gue --tun-port 0
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.18 -i --tun-type nonsense
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.18 -i --tun-type ipip --tun-port 6080
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.18 -i --tun-type ipip --tun-csum
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.18 -i --tun-type gre --tun-remcsum
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.18 -m --tun-type gre
ipvsadm -Ln
ipvsadm -Ln --tun-info
ipvsadm -Sn
ipvsadm -e -t 198.51.100.1:80 -r 192.0.2.12 -i --tun-type gre --tun-csum
ipvsadm -e -t 198.51.100.1:80 -r 192.0.2.13 -g
ipvsadm -e -t 198.51.100.1:80 -r 192.0.2.14 -i
ipvsadm -Sn
cp out saved
ipvsadm -C
ipvsadm -R <saved
ipvsadm -Sn
