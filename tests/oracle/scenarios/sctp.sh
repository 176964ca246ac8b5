# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# SCTP services are as good as others to the control interface.
ipvsadm -A --sctp-service 198.51.100.1:80 -s rr
ipvsadm -A -t 198.51.100.1:80 -s rr
ipvsadm -a --sctp-service 198.51.100.1:80 -r 192.0.2.11:80 -m
ipvsadm -Ln
ipvsadm -Ln --sctp-service 198.51.100.1:80
ipvsadm -Sn
ipvsadm -E --sctp-service 198.51.100.1:80 -s wrr
ipvsadm -d --sctp-service 198.51.100.1:80 -r 192.0.2.11:80
ipvsadm -D --sctp-service 198.51.100.1:80
ipvsadm -Ln
