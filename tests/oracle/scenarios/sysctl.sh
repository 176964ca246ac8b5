# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The knobs of /proc/sys/net/ipv4/vs and their defaults; those that are a question of memory and of the build are left out.
for name in am_droprate amemthresh backup_only cache_bypass conn_reuse_mode conntrack drop_entry drop_packet \
	expire_nodest_conn expire_quiescent_template ignore_tunneled nat_icmp_send pmtu_disc run_estimation schedule_icmp \
	secure_tcp sloppy_sctp sloppy_tcp snat_reroute sync_persist_mode sync_ports sync_refresh_period sync_retries \
	sync_sock_size sync_threshold sync_version; do
	show cat /proc/sys/net/ipv4/vs/$name
done
for setting in expire_nodest_conn=1 conn_reuse_mode=0 drop_entry=3 drop_entry=4 secure_tcp=-1 sync_threshold='5 60' \
	sync_threshold='60 5' sync_ports=3 sync_version=2 sync_retries=9; do
	show sh -c "echo ${setting#*=} >/proc/sys/net/ipv4/vs/${setting%%=*}"
	show cat "/proc/sys/net/ipv4/vs/${setting%%=*}"
done
