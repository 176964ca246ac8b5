# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Services are added, listed, changed and deleted.
ipvsadm
ipvsadm -A -t 198.51.100.1:80 -s rr
ipvsadm -A -u 198.51.100.1:53 -s wlc
ipvsadm --add-service --tcp-service 198.51.100.2:443 --scheduler wrr
ipvsadm --add-service --udp-service 198.51.100.2:443 --scheduler rr
ipvsadm -A -t 198.51.100.3:http -s rr
ipvsadm -A -t 198.51.100.3
ipvsadm -A -u 198.51.100.3:0 -s rr
ipvsadm -A -t 198.51.100.4:1
ipvsadm -A -t 198.51.100.4:65535
ipvsadm -Ln
ipvsadm -Ln -t 198.51.100.1:80
ipvsadm -Ln -u 198.51.100.1:53
ipvsadm -E -t 198.51.100.1:80 -s wrr
ipvsadm --edit-service -u 198.51.100.1:53 -s rr
ipvsadm -E -t 198.51.100.2:443
ipvsadm -Ln
ipvsadm -D -t 198.51.100.1:80
ipvsadm --delete-service --udp-service 198.51.100.1:53
ipvsadm -Ln
ipvsadm -C
ipvsadm -Ln
ipvsadm --clear
