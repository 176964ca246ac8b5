# SPDX-License-Identifier: GPL-2.0-or-later
#
# Directors that run the files of conf-examples. What is put in place of what a file says is all in here: the NICs are
# cables of the lab, and paths are in the lab's folder.

EXAMPLES=$LAB_TOP/conf-examples

# Starts ipvsd with an example. PORT...: the lab's cables, in the order of the NICs' PCI functions (0000:03:00.0 is the
# first); DRIVER=net_af_xdp for another driver. Workers sleep when they are idle, as there may be more of them than processors.
start_example() { # DIRECTOR FILE PORT...
	local director=$1 file=$2 dir=$LAB_DIR/$1 driver=${DRIVER:-net_af_packet} n=0 port nics=()
	shift 2
	for port in "$@"; do
		nics+=(-e "s|\"0000:[0-9a-f]*:00\.$n\"|\"${driver}_$director-$n,iface=$port\"|")
		n=$((n + 1))
	done
	mkdir -p "$dir/state"
	{
		sed "${nics[@]}" -e 's|^workers = { count = 2; };|workers = { count = 2; idle = "100us"; };|' "$EXAMPLES/$file"
		example_lab_settings "$director"
	} >"$dir/ipvsd.conf"
	run_ipvsd "$director"
}

# Sections that the examples leave at their defaults.
example_lab_settings() { # DIRECTOR
	local dir=$LAB_DIR/$1
	cat <<-END
		limits = {
			connections = "64K"; connections_ipv6 = "64K"; services = 256; dests = 1024;
			routes = 1024; routes_ipv6 = 1024; neighbours = 1024; mbufs = "8K";
		};
		control = { socket = "$dir/ipvs.sock"; state = "$dir/state"; };
		log = { level = "debug"; target = "stderr"; };
		memory = { hugepages = "${IPVSD_HUGEPAGES:-auto}"; file_prefix = "$LAB-$1"; };
	END
}

# Starts the patched keepalived with an example. The second director of a pair has the same file with "priority 50", as the
# files say; where both have the very same, lines with @director1 and @director2 are theirs.
start_keepalived_example() { # DIRECTOR FILE
	local priority=100
	[ "$1" = director1 ] || priority=50
	sed -e "s|/run/ipvsd/ipvs\.sock|$(socket_of "$1")|" -e "s|^\tpriority 100\$|\tpriority $priority|" \
		"$EXAMPLES/$2" >"$(keepalived_conf "$1")"
	: >"$(log_of "$1-keepalived")"
	start_keepalived "$1" "$KEEPALIVED" --config-id "$1"
}

# It removes its services and addresses.
stop_keepalived_examples() {
	local director
	for director in director1 director2; do
		[ -e "$LAB_DIR/$director-keepalived.pid" ] || continue
		! is_running "$director-keepalived" || end "$director-keepalived" TERM
	done
}

# The commands that an example's comments show with this name, as they stand there.
commands_in() { # FILE NAME
	sed -n "s/^#   \($2 .*\)/\1/p" "$EXAMPLES/$1"
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
	seen=$(for _ in 1 2 3 4 5 6 7 8; do "$@" "$host" "$address" || echo "nobody"; done | sort -u)
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
	await are_answering "$1" "$2" "$3"
}
