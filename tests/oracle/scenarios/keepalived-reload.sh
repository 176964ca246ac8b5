# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016 # words of sed
# covers: rule keepalived reloads each kind of change
# Each kind of change, by a reload.
change() { # TITLE SED_EXPRESSION...
	say "$1"
	shift
	sed -i -E "$@" keepalived.conf
	keepalived_reloads
}
conf <<-END
	virtual_server 198.51.100.1 80 {
		lvs_sched rr
		lvs_method NAT
		protocol TCP
		real_server 192.0.2.11 80 {
			weight 1
		}
		real_server 192.0.2.12 80 {
			weight 2
		}
		# more
	}
	virtual_server 198.51.100.2 80 {
		lvs_sched wlc
		lvs_method DR
		protocol TCP
		real_server 192.0.2.11 80 {
			weight 1
		}
	}
	# services
END
keepalived_starts
change "a weight" '/192.0.2.12/,/weight/s/weight 2/weight 9/'
change "weight 0 and back" '/192.0.2.12/,/weight/s/weight 9/weight 0/'
change "back" '/192.0.2.12/,/weight/s/weight 0/weight 2/'
change "a server more" 's/# more/real_server 192.0.2.13 80 {\n weight 5\n}\n# more/'
change "a server less" '/real_server 192.0.2.11 80/,/\}/{/198.51.100.1/,$d;s/192.0.2.11/192.0.2.21/}'
change "another port" 's/real_server 192.0.2.13 80/real_server 192.0.2.13 8080/'
change "another scheduler" 's/lvs_sched rr/lvs_sched wrr/'
change "another method" 's/lvs_method DR/lvs_method NAT/'
change "the method of one server" 's/(real_server 192.0.2.12 80 \{)/\1\nlvs_method TUN/'
change "thresholds" 's/(real_server 192.0.2.12 80 \{)/\1\nuthreshold 10\nlthreshold 5/'
change "no thresholds" '/threshold/d'
change "persistence" 's/lvs_sched wrr/&\npersistence_timeout 50/'
change "longer persistence" 's/persistence_timeout 50/persistence_timeout 500/'
change "granularity" 's/persistence_timeout 500/&\npersistence_granularity 255.255.0.0/'
change "no persistence" '/persistence/d'
change "another protocol" '0,/protocol TCP/s//protocol UDP/'
change "one-packet scheduling" '0,/protocol UDP/s//&\nops/'
change "none of that" '/^ops$/d'
change "another address" 's/198.51.100.2 80/198.51.100.3 80/'
change "a service more" 's/# services/virtual_server 2001:db8::1 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\nreal_server 2001:db8:2::11 80 {\n}\n}/'
change "timeouts" '0,/router_id oracle/s//&\nlvs_timeouts tcp 700 tcpfin 70 udp 7/'
ipvsadm -L --timeout
change "no timeouts" '/lvs_timeouts/d'
ipvsadm -L --timeout
change "no services but one" '/virtual_server 198.51.100.3/,$d'
keepalived_stops
