# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# covers: rule keepalived 20000 servers
# 2,000 virtual servers with 20,000 real servers: a reload sends no command for what has not changed.
for i in {0..1999}; do
	printf 'virtual_server 198.51.%d.%d %d {\nlvs_sched wlc\nlvs_method NAT\nprotocol TCP\n' $((i % 4)) \
		$((i % 250 + 1)) $((1000 + i))
	for n in {1..10}; do
		printf 'real_server 192.0.2.%d %d {\nweight %d\n}\n' $((n + 10)) $((2000 + i)) "$n"
	done
	echo '}'
done | conf
sent() {
	grep -c '^S' "$ORACLE_RECORD"
}
# keepalived is done: only what has changed is shown of the list.
ipvsadm() {
	[ ! -e all ] || mv all before
	quietly "$(type -P ipvsadm)" -Sn >all
	[ ! -e before ] || diff before all
}
keepalived_starts
expect "22,000 additions, and the questions for the family and the version" [ "$(sent)" -eq 22002 ]
echo "$(sent) messages, $(grep -c ^-A all) services, $(grep -c ^-a all) destinations"
# The start's 22,000 messages have been counted, and are not compared.
: >"$ORACLE_RECORD"
reload_sends() { # NUMBER
	local before
	before=$(sent)
	keepalived_reloads
	expect "$1 messages at this reload" [ "$(($(sent) - before))" -eq "$1" ]
}
say "nothing has changed: only the questions for the family and the version"
reload_sends 2
say "one weight"
sed -i '0,/weight 10/s//weight 77/' keepalived.conf
reload_sends 3
say "one server more, one service with ten servers less"
sed -i '0,/weight 77/s//&\n}\nreal_server 192.0.2.77 2000 {/; /^virtual_server 198.51.3.250 2999/,$d' keepalived.conf
reload_sends 14
