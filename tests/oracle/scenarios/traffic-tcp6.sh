# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# traffic-tcp for IPv6.
vip=2001:db8:1::10 at='[2001:db8:1::10]:80'
# shellcheck source-path=SCRIPTDIR source=traffic-tcp.sh
. "${BASH_SOURCE[0]%6.sh}.sh"
