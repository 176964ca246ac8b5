# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Addresses and ports by their names.
ipvsadm -A -t localhost:http -s rr
ipvsadm -a -t localhost:http -r localhost:https -m
ipvsadm -A -u 127.0.0.1:domain -s rr
ipvsadm -L
ipvsadm -L --stats
ipvsadm -S
ipvsadm -L -t localhost:80
ipvsadm -Ln
ipvsadm -A -t localhost:nonsense -s rr
ipvsadm -A -t 127.0.0.1:65536 -s rr
ipvsadm -A -t 127.0.0.256:80 -s rr
ipvsadm -A -t :80 -s rr
