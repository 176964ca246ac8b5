# SPDX-License-Identifier: GPL-2.0-or-later
#
# Checks that several suites make of the services of services_up.
#
# shellcheck disable=SC2154 # bats sets $output and $status

# shellcheck disable=SC2034 # for the tests
ALL_VIPS="$NAT_VIP $NAT_VIP6 $DR_VIP $DR_VIP6 $FNAT_VIP $FNAT_VIP6"

# Round robin: six requests are two for each of the three servers, whichever comes first.
pages_come_from_all_servers() { # VIP
	run who_answers client "$1" 6
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$output" = $'2 server1\n2 server2\n2 server3' ]
}

# The same where each of several workers has a round of its own.
pages_come_from_each_server() { # VIP
	run who_answers client "$1" 12
	echo "$1: $output"
	[ "$status" -eq 0 ]
	[ "$(awk '{ n += $1 } END { print n, NR }' <<<"$output")" = "12 3" ]
}

datagrams_come_back() { # VIP
	run udp_ask client "$1" 0 1 2 17 64 511 512 1000 1400
	echo "$1: $output"
	[ "$status" -eq 0 ]
	[ "$(sort -u <<<"$output")" = $'server1\nserver2\nserver3' ]
}
