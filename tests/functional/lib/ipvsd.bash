# SPDX-License-Identifier: GPL-2.0-or-later
#
# ipvsd on a director, and the operator's tools against it. Every director has its own configuration, socket, state
# folder and file prefix; the environment IPVSD_HUGEPAGES ("off", "required") says which memory the tests use.

export IPVSD_PRELOAD=$BUILD/netlink-shim/.libs/libipvsd-preload.so
IPVSD_RUN=$BUILD/netlink-shim/ipvsd-run

socket_of() { # DIRECTOR
	echo "$LAB_DIR/$1/ipvs.sock"
}

# Writes $LAB_DIR/DIRECTOR/ipvsd.conf. Settings, each with a default:
#   workers=1  driver=net_af_packet  laddrs="groups of local_addresses"  group=GROUP  connections=64K  hugepages=auto
#   control="further words of control"  marks="rules of marks"  quic_codings="codings"
write_ipvsd_conf() { # DIRECTOR [key=value]...
	local director=$1 dir=$LAB_DIR/$1 workers=1 driver=net_af_packet group='' connections=64K control='' marks=''
	local quic_codings=''
	local hugepages=${IPVSD_HUGEPAGES:-auto}
	local laddrs='{ name = "lan"; port = "lan"; addresses = ( "192.0.2.100-192.0.2.101", "2001:db8:2::100" ); }'
	local "${@:2}"
	[ -z "$group" ] || group="group = \"$group\";"
	mkdir -p "$dir/state"
	cat >"$dir/ipvsd.conf" <<-END
		workers = { count = $workers; idle = "100us"; };
		ports = (
			{ name = "wan"; devices = ( "${driver}_$director-wan,iface=port0" ); kernel = "wan0"; },
			{ name = "lan"; devices = ( "${driver}_$director-lan,iface=port1" ); kernel = "lan0"; }
		);
		local_addresses = ( $laddrs );
		marks = ( $marks );
		quic_codings = ( $quic_codings );
		limits = {
			connections = "$connections"; connections_ipv6 = "$connections"; services = 256; dests = 1024;
			routes = 1024; routes_ipv6 = 1024; neighbours = 1024; mbufs = "8K";
		};
		control = {
			socket = "$dir/ipvs.sock"; state = "$dir/state"; $group $control
		};
		log = { level = "debug"; target = "stderr"; };
		memory = { hugepages = "$hugepages"; file_prefix = "$LAB-$director"; };
	END
}

# Starts ipvsd and waits until its control socket answers. The log is $(log_of DIRECTOR-ipvsd).
start_ipvsd() { # DIRECTOR [key=value]...
	write_ipvsd_conf "$@"
	run_ipvsd "$1"
}

# The same with the configuration that is there.
run_ipvsd() { # DIRECTOR
	start_on "$1" "$1-ipvsd" "$BUILD/ipvsd" -c "$LAB_DIR/$1/ipvsd.conf"
	AWAIT=20 await ipvsd_settled "$1"
	if ! is_running "$1-ipvsd"; then
		tail -30 "$(log_of "$1-ipvsd")" >&2
		return 1
	fi
}

# It answers, or has ended.
ipvsd_settled() { # DIRECTOR
	ipvsd_answers "$1" || ! is_running "$1-ipvsd"
}

ipvsd_answers() { # DIRECTOR
	ipvsdctl_at "$1" counters
}

stop_ipvsd() { # DIRECTOR
	end "$1-ipvsd" TERM
}

# As a crash does it.
kill_ipvsd() { # DIRECTOR
	end "$1-ipvsd" KILL
}

# The distribution's ipvsadm.
ipvsadm_at() { # DIRECTOR ARGUMENT...
	local director=$1
	shift
	on "$director" "$IPVSD_RUN" -s "$(socket_of "$director")" ipvsadm "$@"
}

ipvsdctl_at() { # DIRECTOR ARGUMENT...
	local director=$1
	shift
	"$BUILD/ipvsdctl" -s "$(socket_of "$director")" "$@"
}

# Does ipvsadm -S name this, literally?
is_configured_at() { # DIRECTOR TEXT
	local saved
	saved=$(ipvsadm_at "$1" -Sn) || return 2
	[[ "$saved" == *"$2"* ]]
}

# The value of one counter of ipvsdctl.
counter_at() { # DIRECTOR NAME
	ipvsdctl_at "$1" counters -a | awk -v name="$2" '$1 == name { print $2; found = 1 } END { exit !found }'
}

# What came in, and what became of it: "IN OUT". Both are read from one dump.
accounts_at() { # DIRECTOR
	ipvsdctl_at "$1" counters -a | awk '
		$1 ~ /^(received|generated|from_kernel|taken|split)$/ { n_in += $2; next }
		$1 ~ /^(forwarded|to_kernel|given|merged|held)$|^drop_/ { n_out += $2 }
		END { print n_in + 0, n_out + 0 }'
}

accounts_close_at() { # DIRECTOR
	local n_in n_out
	read -r n_in n_out <<<"$(accounts_at "$1")"
	echo "in $n_in, out $n_out"
	[ "$n_in" -gt 0 ] && [ "$n_in" -eq "$n_out" ]
}

fullnat_dest_add() { # DIRECTOR t|u VIP:PORT REAL:PORT [WEIGHT]
	local protocol=tcp
	[ "$2" = t ] || protocol=udp
	python3 "$LAB_TOOLS/fullnat.py" "$(socket_of "$1")" dest $protocol "$3" "$4" "${5:-1}"
}

# The servers' network of VIP's family; OTHER: of the one that VIP doesn't have.
servers_net() { # VIP [other]
	case $1$2 in
	*:*other) echo "$LAN." ;;
	*other | *:*) echo "$LAN6:" ;;
	*) echo "$LAN." ;;
	esac
}

# A service at a VIP with all three servers. METHOD is -m (NAT) or -g (DR), as for ipvsadm, or fnat, which stock
# ipvsadm has no option for, or cross: full-NAT to the servers' addresses of the other family.
service_add() { # DIRECTOR t|u VIP PORT SCHEDULER METHOD
	local director=$1 protocol=$2 vip port=$4 method=${6/cross/fnat} net n real
	net=$(servers_net "$3" "${6/cross/other}")
	vip=$(in_url "$3"):$port
	ipvsadm_at "$director" -A "-$protocol" "$vip" -s "$5" || return 1
	for n in 11 12 13; do
		real=$(in_url "$net$n"):$port
		if [ "$method" = fnat ]; then
			fullnat_dest_add "$director" "$protocol" "$vip" "$real" || return 1
		else
			ipvsadm_at "$director" -a "-$protocol" "$vip" -r "$real" "$method" || return 1
		fi
	done
}

# The same for each forwarding method and both families.
services_up() { # DIRECTOR t|u PORT [SCHEDULER]
	local vip
	for vip in $NAT_VIP $NAT_VIP6; do
		service_add "$1" "$2" "$vip" "$3" "${4:-rr}" -m || return 1
	done
	for vip in $DR_VIP $DR_VIP6; do
		service_add "$1" "$2" "$vip" "$3" "${4:-rr}" -g || return 1
	done
	for vip in $FNAT_VIP $FNAT_VIP6; do
		service_add "$1" "$2" "$vip" "$3" "${4:-rr}" fnat || return 1
	done
}
