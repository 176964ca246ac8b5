# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Timeouts: 0 leaves one as it is.
ipvsadm -L --timeout
ipvsadm --set 600 60 30
ipvsadm -L --timeout
ipvsadm --set 0 0 0
ipvsadm --set 0 45 0
ipvsadm -L --timeout
ipvsadm --set 1 1 1
ipvsadm -L --timeout
ipvsadm --set 1000000 1000000 1000000
ipvsadm -L --timeout
ipvsadm --set 1 2
ipvsadm --set 1 2 3 4
ipvsadm --set a b c
ipvsadm --set -1 2 3
ipvsadm --set 31536001 2 3
ipvsadm -L --timeout
