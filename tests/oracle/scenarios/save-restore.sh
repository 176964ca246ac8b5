# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What is saved can be restored, into nothing and over what is there; files with faults.
cat >rules <<-END
	-A -t 198.51.100.1:80 -s wrr
	-a -t 198.51.100.1:80 -r 192.0.2.11:8080 -m -w 3
	-a -t 198.51.100.1:80 -r 192.0.2.12:80 -g -w 5
	-a -t 198.51.100.1:80 -r 192.0.2.13:80 -m -w 1 -x 9 -y 3
	-A -u [2001:db8::1]:53 -s wlc
	-a -u [2001:db8::1]:53 -r [2001:db8:2::11]:53 -m -w 100
	-a -u [2001:db8::1]:53 -r [2001:db8:2::12]:53 -i -w 100
END
ipvsadm -R <rules
ipvsadm -Ln
ipvsadm -Sn
cp out saved
ipvsadm --save --numeric
ipvsadm -S -n -t 198.51.100.1:80
ipvsadm -R <saved
ipvsadm -C
ipvsadm --restore <saved
ipvsadm -Sn
ipvsadm -C
say "faults"
printf '%s\n' '-A -t 198.51.100.1:80 -s rr' '-A -t 198.51.100.1:80 -s rr' '-A -t 198.51.100.2:80 -s rr' >twice
ipvsadm -R <twice
ipvsadm -Sn
ipvsadm -C
printf '%s\n' '-A -t 198.51.100.1:80 -s rr' '' '# a remark' '-A -t 198.51.100.2:80 -s rr' >remarks
ipvsadm -R <remarks
ipvsadm -Sn
ipvsadm -C
printf '%s\n' '-A -t 198.51.100.1:80 -s rr' 'nonsense' >nonsense
ipvsadm -R <nonsense
ipvsadm -Sn
printf '%s\n' '-D -t 198.51.100.1:80' '-C' '-A -t 198.51.100.1:80' '-Z' '-E -t 198.51.100.1:80 -s rr' >commands
ipvsadm -R <commands
ipvsadm -Sn
ipvsadm -R </dev/null
