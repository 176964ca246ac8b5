# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# 500 services with 3 destinations each, in one restore.
for i in {1..500}; do
	echo "-A -t 198.51.100.$((i % 5 + 1)):$((1000 + i)) -s wrr"
	for n in 1 2 3; do
		echo "-a -t 198.51.100.$((i % 5 + 1)):$((1000 + i)) -r 192.0.2.1$n:80 -m -w $((i + n))"
	done
done >rules
ipvsadm -R <rules
ipvsadm -Sn
ipvsadm -Ln --stats
ipvsadm -C
ipvsadm -Sn
