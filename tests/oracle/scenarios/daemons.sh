# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The daemons of synchronisation are started, shown and stopped.
ipvsadm -L --daemon
ipvsadm --start-daemon master
ipvsadm -L --daemon
ipvsadm --start-daemon master
ipvsadm --start-daemon backup --mcast-interface eth0 --syncid 17
ipvsadm -L --daemon
ipvsadm --stop-daemon master
ipvsadm --stop-daemon master
ipvsadm -L --daemon
ipvsadm --stop-daemon backup
ipvsadm -L --daemon
ipvsadm --start-daemon master --mcast-interface lo --syncid 255 --sync-maxlen 1400 --mcast-group 224.1.2.3 --mcast-port 9000 --mcast-ttl 8
ipvsadm --start-daemon=backup --mcast-interface=eth0 --mcast-group ff02::8:9 --mcast-port 9001 --sync-maxlen 9000
ipvsadm -L --daemon
ipvsadm --stop-daemon master
ipvsadm --stop-daemon backup
say "faults"
ipvsadm --start-daemon master --mcast-interface nothere
ipvsadm --start-daemon nonsense
ipvsadm --start-daemon
ipvsadm --stop-daemon
ipvsadm --stop-daemon nonsense
ipvsadm --start-daemon master --syncid 256
ipvsadm --start-daemon master --syncid -1
ipvsadm --start-daemon master --mcast-interface eth0 --mcast-group 192.0.2.1
ipvsadm --start-daemon master --mcast-interface eth0 --mcast-group nonsense
ipvsadm --start-daemon master --mcast-interface eth0 --mcast-port 0
ipvsadm --start-daemon master --mcast-interface eth0 --mcast-ttl 300
ipvsadm --start-daemon master --mcast-interface eth0 --sync-maxlen 0
ipvsadm -L --daemon
