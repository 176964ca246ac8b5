# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A service that is added after another was removed begins its round anew.
port=0
for vip in 198.51.100.10 198.51.100.11 198.51.100.10; do
	ipvsadm -A -t $vip:80 -s rr
	for n in 1 2 3; do
		ipvsadm -a -t $vip:80 -r 192.0.2.1$n:80 -m
	done
	client open $vip 80 $((port + 9000)) $((port + 9003))
	client reset $((port + 9000)) $((port + 9003))
	ipvsadm -D -t $vip:80
	port=$((port + 10))
done
