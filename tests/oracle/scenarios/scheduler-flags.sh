# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Flags of sh and mh, by their names and by numbers.
ipvsadm -A -t 198.51.100.1:80 -s sh -b sh-port
ipvsadm -A -t 198.51.100.2:80 -s sh -b sh-fallback
ipvsadm -A -t 198.51.100.3:80 -s sh -b sh-port,sh-fallback
ipvsadm -A -t 198.51.100.4:80 -s mh -b mh-port,mh-fallback
ipvsadm -A -t 198.51.100.5:80 -s mh --sched-flags mh-port
ipvsadm -A -t 198.51.100.6:80 -s rr -b flag-1,flag-2,flag-3
ipvsadm -A -t 198.51.100.7:80 -s sh -b mh-port
ipvsadm -A -t 198.51.100.8:80 -s mh -b nonsense
ipvsadm -A -t '[2001:db8::1]:80' -s sh -b sh-port -p 60
ipvsadm -Ln
ipvsadm -Sn
cp out saved
ipvsadm -E -t 198.51.100.1:80 -s sh -b sh-fallback
ipvsadm -E -t 198.51.100.3:80 -s sh
ipvsadm -E -t 198.51.100.4:80 -s wrr -b flag-3
ipvsadm -Sn
ipvsadm -C
ipvsadm -R <saved
ipvsadm -Sn
