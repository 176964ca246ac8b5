# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# One-packet scheduling.
ipvsadm -A -u 198.51.100.1:53 -s rr -o
ipvsadm -A -u 198.51.100.2:53 -s rr --ops
ipvsadm -A -t 198.51.100.1:80 -s rr --ops
ipvsadm -A -f 3 -s rr --ops
ipvsadm -A -u '[2001:db8::1]:53' -s rr --ops
ipvsadm -A -u 198.51.100.3:53 -s rr -p 60 --ops
ipvsadm -Ln
ipvsadm -Sn
ipvsadm -E -u 198.51.100.1:53 -s rr
ipvsadm -E -t 198.51.100.1:80 -s rr --ops
ipvsadm -Sn
