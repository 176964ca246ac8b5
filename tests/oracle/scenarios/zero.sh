# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Zeroing of all and of one.
ipvsadm -Z
ipvsadm -A -t 198.51.100.1:80 -s rr
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.11:80 -m
ipvsadm -Z
ipvsadm --zero
ipvsadm -Z -t 198.51.100.1:80
ipvsadm -Ln --stats
ipvsadm -Z -t 198.51.100.2:80
ipvsadm -Z -u 198.51.100.1:80
