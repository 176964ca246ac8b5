# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The persistence engine sip, and those that are not there.
ipvsadm -A -u 198.51.100.6:5060 -s rr -p 60 --pe sip
ipvsadm -A -u 198.51.100.7:5060 -s rr --pe sip
ipvsadm -A -t 198.51.100.6:5060 -s rr -p 60 --pe sip
ipvsadm -A -u 198.51.100.8:5060 -s rr -p 60 --pe nonsense
ipvsadm -Ln
ipvsadm -Sn
ipvsadm -E -u 198.51.100.6:5060 -s rr -p 60
ipvsadm -Sn
ipvsadm -E -u 198.51.100.6:5060 -s rr -p 60 --pe sip
ipvsadm -Sn
