# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Destinations of all methods, weights and thresholds; ports that are left out; the order is that of the listing.
ipvsadm -A -t 198.51.100.1:80 -s wrr
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.11:8080 -m
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.12 -g -w 5
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.13 -i -w 0
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.14
ipvsadm --add-server --tcp-service 198.51.100.1:80 --real-server 192.0.2.15:81 --masquerading --weight 65535
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.16:82 --gatewaying
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.17:82 --ipip -w 2147483647
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.254:90 -m
ipvsadm -a -t 198.51.100.1:80 -r 127.0.0.1:90 -m
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.18:80 -m -x 100 -y 50
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.19:80 -m --u-threshold 10
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.20:80 -m --u-threshold 65535 --l-threshold 65535
ipvsadm -Ln
ipvsadm -Ln --thresholds
ipvsadm -e -t 198.51.100.1:80 -r 192.0.2.11:8080 -g -w 9
ipvsadm --edit-server -t 198.51.100.1:80 -r 192.0.2.18:80 -m -x 0 -y 0
ipvsadm -e -t 198.51.100.1:80 -r 192.0.2.12 -i
ipvsadm -Ln
ipvsadm -Ln --thresholds
ipvsadm -d -t 198.51.100.1:80 -r 192.0.2.11:8080
ipvsadm --delete-server -t 198.51.100.1:80 -r 192.0.2.12
ipvsadm -Ln
ipvsadm -Sn
