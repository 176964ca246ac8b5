# SPDX-License-Identifier: GPL-2.0-or-later
#
# Directors that run the files of conf-examples. What is put in place of what a file says is all in here: the NICs are
# cables of the lab, and paths are in the lab's folder.

EXAMPLES=$LAB_TOP/conf-examples

# Starts ipvsd with an example. PORT...: the lab's cables, in the order of the network cards, which are PCI functions
# (0000:03:00.0 is the first) or eth1 and eth2. Workers sleep when they are idle: there may be more of them than processors.
start_example() { # DIRECTOR FILE PORT...
	local director=$1 file=$2 dir=$LAB_DIR/$1 n=0 port edits=()
	for port in "${@:3}"; do
		edits+=(-e "s|\"0000:[0-9a-f]*:00\.$n\"|\"net_af_packet_$director-$n,iface=$port\"|")
		n=$((n + 1))
		edits+=(-e "s|,iface=eth$n\"|,iface=$port\"|")
	done
	edits+=(-e 's|^\(workers = { count = [0-9]\); };|\1; idle = "100us"; };|' -e 's|idle = "0us"|idle = "100us"|')
	edits+=(-e "s|/run/ipvsd/ipvs\.sock|$dir/ipvs.sock|" -e "s|/var/lib/ipvsd|$dir/state|")
	mkdir -p "$dir/state"
	sed "${edits[@]}" "$EXAMPLES/$file" >"$dir/ipvsd.conf"
	example_defaults "$director" >>"$dir/ipvsd.conf"
	run_ipvsd "$director"
}

# Small tables and the lab's paths, for sections that an example leaves at their defaults.
example_defaults() { # DIRECTOR
	local dir=$LAB_DIR/$1
	cat >"$dir/defaults" <<-END
		limits = { connections = "64K"; connections_ipv6 = "64K"; services = 256; dests = 1024; routes = 1024; routes_ipv6 = 1024; mbufs = "8K"; };
		control = { socket = "$dir/ipvs.sock"; state = "$dir/state"; };
		log = { level = "debug"; target = "stderr"; };
		memory = { hugepages = "${IPVSD_HUGEPAGES:-auto}"; file_prefix = "$LAB-$1"; };
	END
	awk 'NR == FNR { if ($2 == "=") set[$1] = 1; next } !($1 in set)' "$dir/ipvsd.conf" "$dir/defaults"
}

# Starts the patched keepalived with an example. The second director of a pair has the same file with "priority 50" and addresses
# of its own, as the files say; where both have the very same, lines with @director1 and @director2 are theirs.
start_keepalived_example() { # DIRECTOR FILE
	local edits=(-e "s|/run/ipvsd/ipvs\.sock|$(socket_of "$1")|")
	[ "$1" = director1 ] || edits+=(-e 's|^\tpriority 100$|\tpriority 50|'
		-e '/@director/!s/^\(\t\|\tmcast_src_ip \)\([0-9a-f.:]*[.:]\)2\(\/[0-9]* dev .*\)\?$/\1\23\3/')
	sed "${edits[@]}" "$EXAMPLES/$2" >"$(keepalived_conf "$1")"
	: >"$(log_of "$1-keepalived")"
	start_keepalived "$1" "$KEEPALIVED" --config-id "$1"
}

# They remove their services and addresses. The standby first, which would take them over.
stop_keepalived_examples() {
	local director
	for director in director2 director1; do
		[ -e "$LAB_DIR/$director-keepalived.pid" ] || continue
		! is_running "$director-keepalived" || end "$director-keepalived" TERM
	done
}

# Runs the commands on its input as an operator of the director does.
as_operator() { # DIRECTOR
	on "$1" env PATH="$BUILD/ipvsadm/sbin:$BUILD:$PATH" IPVSD_SOCKET="$(socket_of "$1")" bash -e
}

# The commands that an example's comments show with this name, as they stand there.
commands_in() { # FILE NAME
	sed -n "s/^#   \($2 .*\)/\1/p" "$EXAMPLES/$1"
}

# What examples with one leg have around the directors: a router between the wan and the lan, which is the clients' way to all but
# the wan.
router_between() { # CLIENT...
	local client
	host_add router
	plug router eth0 wan
	plug router eth1 lan
	address_add router eth0 $WAN.254/24 $WAN6:254/64
	address_add router eth1 $LAN.254/24 $LAN6:254/64
	on router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	for client in "$@"; do
		ip -n "$LAB-$client" route add default via $WAN.254
		ip -n "$LAB-$client" -6 route add default via $WAN6:254
	done
}

# A server with nothing that is a director's doing; the VIP comes with the examples' own commands.
one_arm_server_up() { # HOST NUMBER
	host_add "$1"
	plug "$1" eth0 lan
	address_add "$1" eth0 "$LAN.$2/24" "$LAN6:$2/64"
	ip -n "$LAB-$1" route add default via $LAN.254
	ip -n "$LAB-$1" -6 route add default via $LAN6:254
}

# What the example's comments say that is to be done on the real servers.
prepare_servers() { # FILE SERVER...
	local server
	for server in "${@:2}"; do
		{ commands_in "$1" ip && commands_in "$1" sysctl; } | on "$server" bash -e
	done
}

# nginx on server1 with conf-examples/nginx-proxy-protocol.conf: port 81 wants the header, and a page says who is named there.
proxied_web_up() { # [SED-ARGUMENT...]
	local dir=$LAB_DIR/server1-proxied
	mkdir -p "$dir"
	head -c 2M /dev/urandom >"$dir/file"
	sed -e "s|/usr/share/nginx/html|$dir|" "$@" "$EXAMPLES/nginx-proxy-protocol.conf" >"$dir/site.conf"
	nginx_conf "$dir" "include $dir/site.conf;"
	chmod -R a+rX "$dir"
	start_on server1 proxied nginx -p "$dir" -c "$dir/nginx.conf" -e stderr
	await on server1 curl --silent --fail --max-time 1 --haproxy-protocol --output /dev/null "http://[::1]:81/who"
}

has_address() { # DIRECTOR ADDRESS
	[ -n "$(ip -n "$LAB-$1" -o address show to "$2")" ]
}

lacks_address() { # DIRECTOR ADDRESS
	! has_address "$@"
}

# A cable of a host is pulled out at the switch, or plugged in again.
cable() { # HOST DEV down|up
	ip -n "$LAB-switch" link set "$1-$2" "$3"
}

# These servers answer at the address, and no others. What is asked is "page" or another command with HOST ADDRESS behind it.
are_answering() { # HOST ADDRESS "SERVER..." [COMMAND...]
	local host=$1 address=$2 servers=$3 seen
	shift 3
	[ $# -gt 0 ] || set -- page
	seen=$(for _ in 1 2 3 4 5 6 7 8; do "$@" "$host" "$address" || { echo nobody && break; }; done | sort -u)
	[ "$seen" = "${servers// /$'\n'}" ] || { echo "at $address: ${seen//$'\n'/ }"; return 1; }
}

# A server of a service of director1 whose web server ends is taken out by its health check, and comes back with it. Nobody asks
# meanwhile: each who is refused by a server that answers by itself counts as one of its connections.
health_check_follows() { # HOST ADDRESS "SERVER..." SERVER
	local n service
	n=$(wc -w <<<"$3")
	service=$(in_url "$2"):80
	web_stop "$4"
	AWAIT=20 await has_n_dests director1 "$service" $((n - 1))
	are_answering "$1" "$2" "$(sed "s/ *$4//; s/^ //" <<<"$3")"
	web_start "$4"
	AWAIT=20 await has_n_dests director1 "$service" "$n"
	AWAIT=20 await are_answering "$1" "$2" "$3"
}
