# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A server with an upper threshold gets no more than that, until it is below the lower.
at=198.51.100.12:80
ipvsadm -A -t $at -s rr
ipvsadm -a -t $at -r 192.0.2.11:80 -m -x 3 -y 2
ipvsadm -a -t $at -r 192.0.2.12:80 -m
client open 198.51.100.12 80 8001 8010
ipvsadm -Ln
ipvsadm -Ln --thresholds
ipvsadm -e -t $at -r 192.0.2.11:80 -m -x 5 -y 4
client open 198.51.100.12 80 8011 8018
ipvsadm -Ln
