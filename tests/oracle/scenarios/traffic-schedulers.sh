# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Who is chosen by each scheduler that counts, with weights 1, 2 and 5, and when weights change.
# Each has an address of its own: a destination that came back would have the closed connections of the one before.
vip=11
first=7001
for name in rr wrr wlc lc sed nq; do
	at=198.51.100.$vip:80
	ipvsadm -A -t $at -s $name
	ipvsadm -a -t $at -r 192.0.2.11:80 -m -w 1
	ipvsadm -a -t $at -r 192.0.2.12:80 -m -w 2
	ipvsadm -a -t $at -r 192.0.2.13:80 -m -w 5
	client open 198.51.100.$vip 80 $first $((first + 15))
	ipvsadm -e -t $at -r 192.0.2.13:80 -m -w 1
	client open 198.51.100.$vip 80 $((first + 16)) $((first + 25))
	ipvsadm -e -t $at -r 192.0.2.11:80 -m -w 0
	client open 198.51.100.$vip 80 $((first + 26)) $((first + 31))
	ipvsadm -Ln
	client reset $first $((first + 31))
	ipvsadm -D -t $at
	first=$((first + 100))
	vip=$((vip + 1))
done
