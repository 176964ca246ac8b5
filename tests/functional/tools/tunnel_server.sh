#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A real server behind tunnels, for a user-mode Linux guest (tests/oracle/uml-run): takes every kind that ipvsd sends, has
# the service's addresses on its loopback, and answers clients over its second card. Runs until it is killed.
#
#   tunnel_server.sh FOLDER TOOLS LAN LAN6 WAN WAN6 VIP...
#
# LAN...: prefixes, to which the server's numbers are added: .14 and .15, which takes GRE with checksums. FOLDER holds the
# file to serve, and the folder `taken` for what clients put there; `ready` is written when all runs.
set -euo pipefail

folder=$1 tools=$2 lan=$3 lan6=$4 wan=$5 wan6=$6
shift 6

sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2 net.ipv6.conf.all.accept_dad=0 \
	net.ipv6.conf.default.accept_dad=0
ip address add "$lan.14/24" dev vec0
ip address add "$lan.15/24" dev vec0
ip address add "$lan6:14/64" dev vec0 nodad
ip address add "$lan6:15/64" dev vec0 nodad
ip address add "$wan.14/24" dev vec1
ip address add "$wan6:14/64" dev vec1 nodad
for vip in "$@"; do
	ip address add "$vip" dev lo
done

# What has no tunnel of its own comes out of the first device of its kind; that of IPv6 takes IPv6 alone.
ip link add any6 type ip6tnl mode any local "$lan6:14"
ip link add gre-sum type gre local "$lan.15" icsum
ip link add gre-sum6 type ip6gre local "$lan6:15" icsum
ip fou add port 6080 gue
ip fou add port 6080 gue -6
for dev in vec0 vec1 tunl0 sit0 gre0 ip6tnl0 any6 ip6gre0 gre-sum gre-sum6; do
	ip link set "$dev" up
done
for filter in /proc/sys/net/ipv4/conf/*/rp_filter; do
	echo 0 >"$filter"
done

cat >/run/nginx.conf <<END
	worker_processes 1;
	error_log stderr warn;
	pid /run/nginx.pid;
	user root;
	events { worker_connections 64; }
	http {
		access_log off;
		client_body_temp_path /run/body;
		proxy_temp_path /run/proxy;
		fastcgi_temp_path /run/fastcgi;
		uwsgi_temp_path /run/uwsgi;
		scgi_temp_path /run/scgi;
		server {
			listen 80;
			listen [::]:80;
			root $folder;
			location /taken/ {
				dav_methods PUT;
				client_max_body_size 16m;
			}
		}
	}
END
# It listens when the command is back.
nginx -p /run -c /run/nginx.conf -e stderr
coproc ECHO { exec python3 "$tools/udp_echo.py" guest 7; }
read -r _ <&"${ECHO[0]}"
echo ready >"$folder/ready"
# Until it is killed; nobody writes.
read -r _ <&"${ECHO[0]}"
