# SPDX-License-Identifier: GPL-2.0-or-later
#
# keepalived on a director: our patched one, or the distribution's through ipvsd-run.

KEEPALIVED=$BUILD/keepalived/sbin/keepalived

# The head of a configuration. The VRRP instance holds all VIPs and the servers' gateway.
keepalived_head() { # DIRECTOR PRIORITY
	cat <<-END
		global_defs {
			router_id $1
			vrrp_garp_master_delay 1
			$3
		}
	END
}

# VRRP over the wan: the VIPs of all methods and the servers' gateway go to the one who is master.
keepalived_vrrp() { # PRIORITY [STATE]
	cat <<-END
		vrrp_instance pair {
			state BACKUP
			interface wan0
			virtual_router_id 51
			priority $1
			advert_int 1
			virtual_ipaddress {
				$NAT_VIP/32 dev wan0
				$DR_VIP/32 dev wan0
				$FNAT_VIP/32 dev wan0
				$GATEWAY/24 dev lan0
			}
			virtual_ipaddress_excluded {
				$NAT_VIP6/128 dev wan0
				$DR_VIP6/128 dev wan0
				$FNAT_VIP6/128 dev wan0
				$GATEWAY6/64 dev lan0
			}
		}
	END
}

# A virtual server with a health check of all three servers. EXTRA goes into the section of each real server.
keepalived_service() { # VIP METHOD [EXTRA]
	local net=$LAN. n
	[[ "$1" != *:* ]] || net=$LAN6:
	cat <<-END
		virtual_server $1 80 {
			delay_loop 1
			lvs_sched rr
			lvs_method $2
			protocol TCP
	END
	for n in 11 12 13; do
		cat <<-END
			real_server $net$n 80 {
				weight 1
				${3-}
				HTTP_GET {
					url {
						path /
						status_code 200
					}
					connect_timeout 1
					retry 1
					delay_before_retry 1
				}
			}
		END
	done
	echo "}"
}

keepalived_conf() { # DIRECTOR
	echo "$LAB_DIR/$1/keepalived.conf"
}

# Starts the patched keepalived with $(keepalived_conf DIRECTOR). The log is $(log_of DIRECTOR-keepalived).
start_keepalived() { # DIRECTOR [WRAPPER...]
	local director=$1 dir=$LAB_DIR/$1
	shift
	[ $# -gt 0 ] || set -- "$KEEPALIVED"
	start_on "$director" "$director-keepalived" "$@" --dont-fork --log-console --log-detail \
		--use-file "$dir/keepalived.conf" --pid "$dir/keepalived.pid" --checkers_pid "$dir/checkers.pid" \
		--vrrp_pid "$dir/vrrp.pid" --bfd_pid "$dir/bfd.pid"
}

# The distribution's keepalived, which knows nothing of ipvsd.
start_stock_keepalived() { # DIRECTOR
	start_keepalived "$1" "$IPVSD_RUN" -s "$(socket_of "$1")" keepalived
}

# How many destinations are listed for a service.
n_dests() { # DIRECTOR VIP:PORT
	ipvsadm_at "$1" -Ln -t "$2" | grep -c -- '->.*:[0-9]'
}

has_n_dests() { # DIRECTOR VIP:PORT N
	[ "$(n_dests "$1" "$2")" -eq "$3" ]
}

# Milliseconds of CPU time that a process has used.
cpu_ms() { # PID
	awk -v hz="$(getconf CLK_TCK)" '{ print int(($14 + $15) * 1000 / hz) }' "/proc/$1/stat"
}

# All processes of a director's keepalived: the parent, the checkers and, if it has VRRP instances, that of VRRP.
keepalived_pids() { # DIRECTOR
	pid_of "$1-keepalived"
	cat "$LAB_DIR/$1/checkers.pid"
	[ ! -e "$LAB_DIR/$1/vrrp.pid" ] || cat "$LAB_DIR/$1/vrrp.pid"
}

keepalived_cpu_ms() { # DIRECTOR
	local pid sum=0
	for pid in $(keepalived_pids "$1"); do
		sum=$((sum + $(cpu_ms "$pid")))
	done
	echo $sum
}
