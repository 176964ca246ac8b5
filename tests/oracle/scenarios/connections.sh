# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The list of connections, when there are none.
ipvsadm -Lnc
ipvsadm -L -c
ipvsadm --list --connection --numeric
ipvsadm -Lnc -t 198.51.100.1:80
ipvsadm -Lnc --persistent-conn
