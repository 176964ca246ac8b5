# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # here
# Direct routing and tunnels whose server is the director itself. Of IPv4 alone: a kernel 6.1 never lets go of the network
# ("unregister_netdevice: waiting for lan0") in which a server of IPv6 was one of its own addresses; local.bats has that.
python3 -S "$here/traffic_server.py" 198.51.100.10 2001:db8:1::10 >director.log 2>&1 &
await grep -q ready director.log
port=5001 open=3
for to in '127.0.0.1 -g' '192.0.2.1 -g' '192.0.2.1 -i'; do
	say "to $to"
	ipvsadm -A -t 198.51.100.10:80 -s rr
	ipvsadm -a -t 198.51.100.10:80 -r "${to% *}:80" "${to#* }"
	client open 198.51.100.10 80 $port $((port + 2))
	connections $open ESTABLISHED
	ipvsadm -Ln
	ipvsadm -D -t 198.51.100.10:80
	port=$((port + 3)) open=$((open + 3))
done
say UDP
ipvsadm -A -u 198.51.100.10:80 -s rr
ipvsadm -a -u 198.51.100.10:80 -r 127.0.0.1:80 -g
client send 198.51.100.10 80 6001 3
