# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# covers: rule keepalived takes out and brings back, rule keepalived sorry server, rule keepalived quorum
# covers: rule keepalived inhibit_on_failure, rule keepalived alpha and omega
# Servers fail and come back: they are taken out, inhibited, replaced by a sorry server, and counted for the quorum.
# One of them by a program, which is dear in a guest, the others by a file.
check() { # NUMBER
	printf '%s\n' 'FILE_CHECK {' "	track_file up$1" '	weight 0' '}'
}
goes() { # NUMBER TEXT
	say "server $1 fails"
	echo 1 >"down$1"
	await_list "${3:-not_listed}" "$2"
	keepalived_is_done
}
comes() { # NUMBER TEXT
	say "server $1 is back"
	echo 0 >"down$1"
	await_list listed "$2"
	keepalived_is_done
}
{
	for n in 11 12 13 21 22; do
		echo 0 >down$n
		printf '%s\n' "track_file up$n {" "file \"$PWD/down$n\"" '}'
	done
	cat <<-END
		virtual_server 198.51.100.1 80 {
			lvs_sched rr
			lvs_method NAT
			protocol TCP
			sorry_server 192.0.2.99 80
			quorum 2
			hysteresis 0
			quorum_up "/bin/true up"
			quorum_down "/bin/true down"
	END
	for n in 11 12 13; do
		printf '%s\n' "real_server 192.0.2.$n 80 {" "weight 1" "$(check $n)" "}"
	done
	cat <<-END
		}
		virtual_server 198.51.100.2 80 {
			lvs_sched rr
			lvs_method NAT
			protocol TCP
	END
	for n in 21 22; do
		printf '%s\n' "real_server 192.0.2.$n 80 {" "weight 4" "inhibit_on_failure" "$(check $n)" "}"
	done
	cat <<-END
		}
		virtual_server 198.51.100.3 80 {
			lvs_sched rr
			lvs_method DR
			protocol TCP
			sorry_server 192.0.2.98 80
			sorry_server_inhibit
			sorry_server_lvs_method NAT
			alpha
			omega
			real_server 192.0.2.31 80 {
				MISC_CHECK {
					misc_path "/usr/bin/grep -q 0 $PWD/down31"
					misc_timeout 10
					warmup 0
					delay_loop 1
					retry 0
				}
			}
		}
	END
} | conf
echo 0 >down31
keepalived_starts '-t 198.51.100.3:80 -r 192.0.2.31:80'
goes 11 '192.0.2.11:80'
goes 12 '192.0.2.13:80'
comes 12 '192.0.2.12:80'
comes 11 '192.0.2.11:80'
goes 21 '-t 198.51.100.2:80 -r 192.0.2.21:80 -m -w 0' listed
goes 22 '-t 198.51.100.2:80 -r 192.0.2.22:80 -m -w 0' listed
comes 21 '-t 198.51.100.2:80 -r 192.0.2.21:80 -m -w 4'
goes 31 '-t 198.51.100.3:80 -r 192.0.2.98:80 -m -w 1' listed
comes 31 '-t 198.51.100.3:80 -r 192.0.2.31:80 -g -w 1'
say "a reload while one is down"
goes 13 '192.0.2.13:80'
keepalived_reloads
comes 13 '192.0.2.13:80'
keepalived_stops
