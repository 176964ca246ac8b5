# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Wrong uses, which ipvsadm refuses by itself; still its way to find out about the other side is compared.
ipvsadm -h
ipvsadm --help
ipvsadm --version
ipvsadm -v
ipvsadm nonsense
ipvsadm --nonsense
ipvsadm -A
ipvsadm -A -s rr
ipvsadm -A -t
ipvsadm -A -t 198.51.100.1:80 -u 198.51.100.1:80
ipvsadm -A -t 198.51.100.1:80 -t 198.51.100.1:80
ipvsadm -A -D -t 198.51.100.1:80
ipvsadm -A -t 198.51.100.1:80 -r 192.0.2.1:80
ipvsadm -A -t 198.51.100.1:80 -w 1
ipvsadm -A -t 198.51.100.1:80 -m
ipvsadm -A -t 198.51.100.1:80 extra
ipvsadm -a -t 198.51.100.1:80
ipvsadm -a -r 192.0.2.1:80
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.1:80 -s rr
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.1:80 -m -g
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.1:80 -m -i
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.1:80 -w -1
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.1:80 -w 2147483648
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.1:80 -w many
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.1:80 -x -1
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.1:80 -x 4294967296
ipvsadm -a -t 198.51.100.1:80 -r 192.0.2.1:80 -y many
ipvsadm -a -t 198.51.100.1:80 -r nonsense:80
ipvsadm -d -t 198.51.100.1:80
ipvsadm -d -t 198.51.100.1:80 -r 192.0.2.1:80 -w 1
ipvsadm -D
ipvsadm -D -t 198.51.100.1:80 -s rr
ipvsadm -C -t 198.51.100.1:80
ipvsadm -Z -r 192.0.2.1:80
ipvsadm -Ln -s rr
ipvsadm -Ln --stats --rate
ipvsadm -Ln --timeout --daemon
ipvsadm -Ln --stats -c
ipvsadm -Ln --thresholds --persistent-conn
ipvsadm -Ln -t nonsense
ipvsadm -S --stats
ipvsadm -f 0 -A
ipvsadm -A -f 0
ipvsadm -A -f -1
ipvsadm -A -f nonsense
ipvsadm -A -f 4294967296
ipvsadm -A -t 198.51.100.1:80 -p -1
ipvsadm -A -t 198.51.100.1:80 -p nonsense
ipvsadm -A -t 198.51.100.1:80 -p 0
ipvsadm -A -t 198.51.100.1:80 -M 255.255.255.0
ipvsadm -A -t 198.51.100.1:80 -p -M nonsense
ipvsadm -A -t '[2001:db8::1]:80' -p -M 129
ipvsadm -A -t 198.51.100.1:80 -b sh-port
ipvsadm -A -t 198.51.100.1:80 -s rr -b nonsense
ipvsadm -A -t '[2001:db8::1]'
ipvsadm -A -t '[2001:db8::1:80'
ipvsadm -A -t 2001:db8::1:80
ipvsadm -A -t '[fe80::1]:80' -s rr
ipvsadm -6 -A -t 198.51.100.1:80
ipvsadm -Ln
