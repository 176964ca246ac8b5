# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Every form of the listing, of nothing, of all and of one service.
forms() {
	ipvsadm -Ln "$@"
	ipvsadm -Ln --stats "$@"
	ipvsadm -Ln --rate "$@"
	ipvsadm -Ln --thresholds "$@"
	ipvsadm -Ln --persistent-conn "$@"
	ipvsadm -Ln --exact "$@"
	ipvsadm -Ln --stats --exact "$@"
	ipvsadm -Ln --rate --exact "$@"
	ipvsadm -Ln --sort "$@"
	ipvsadm -Ln --stats -o "$@"
	ipvsadm --list --numeric "$@"
	ipvsadm -l -n "$@"
}
forms
ipvsadm -A -t 198.51.100.9:80 -s rr
ipvsadm -a -t 198.51.100.9:80 -r 192.0.2.13:80 -m
ipvsadm -a -t 198.51.100.9:80 -r 192.0.2.11:80 -m
ipvsadm -a -t 198.51.100.9:80 -r 192.0.2.12:80 -m
say "one service, unsorted: destinations in the order in which they are kept"
ipvsadm -Ln --nosort
ipvsadm -Sn --nosort
ipvsadm -A -t 198.51.100.1:80 -s rr
ipvsadm -A -u 198.51.100.1:53 -s wrr
ipvsadm -a -u 198.51.100.1:53 -r 192.0.2.11:53 -g -w 100000
ipvsadm -A -t 198.51.100.1:8080 -s wlc
forms
forms -t 198.51.100.9:80
forms -u 198.51.100.1:53
forms -t 198.51.100.77:80
ipvsadm -Ln --timeout
ipvsadm -Ln --daemon
ipvsadm -L --timeout
ipvsadm -L --daemon
