# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The scheduler "none".
ipvsadm -A -t 198.51.100.1:80 -s none
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.11:80 -m
ipvsadm -Ln
ipvsadm -E -t 198.51.100.1:80 -s rr
ipvsadm -E -t 198.51.100.1:80 -s none
ipvsadm -Sn
