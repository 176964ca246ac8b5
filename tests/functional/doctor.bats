#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ipvsd doctor beside a real ipvsd: what it says of its socket, services, servers and keepalived, and that each word of it
# goes away when what is wrong does. What it says of the hardware is in tests/unit/test_doctor_*.c, on machines made of files.

load lib/load

setup_file() {
	lab_up
	segments_up
	server_up server1 11
	director_up director1
	start_ipvsd director1
	director_addresses director1 2
	address_add director1 wan0 $NAT_VIP/32 $FNAT_VIP/32
	service_up
	cp "$(conf)" "$LAB_DIR/good.conf"
}

teardown_file() {
	lab_down
}

conf() {
	echo "$LAB_DIR/director1/ipvsd.conf"
}

# A service that can be reached, so that nothing is wrong with it.
service_up() {
	ipvsadm_at director1 -A -t $NAT_VIP:80 -s rr
	ipvsadm_at director1 -a -t $NAT_VIP:80 -r $LAN.11:80 -m
}

setup() {
	is_running director1-ipvsd || run_ipvsd director1
}

teardown() {
	# It takes its services along.
	[ ! -e "$LAB_DIR/director1-keepalived.pid" ] || ! is_running director1-keepalived || end director1-keepalived
	rm -f "$LAB_DIR/director1-keepalived.pid"
	if is_running director1-ipvsd; then
		kill -CONT "$(pid_of director1-ipvsd)"
		ipvsadm_at director1 -C
		service_up
	fi
	ip -n "$LAB-director1" address replace $NAT_VIP/32 dev wan0
	cp -p "$LAB_DIR/good.conf" "$(conf)"
}

doctor() { # [ARGUMENT...]
	run on director1 "$BUILD/ipvsd" doctor -v -c "$(conf)" "$@"
	echo "$output"
}

# Is there a finding with this level, check and text, and the text in the line of its command?
finds() { # LEVEL CHECK TEXT [COMMAND]
	local found
	found=$(grep -A1 -E "^$1 +$2 " <<<"$output" | grep -F -A1 -- "$3") ||
		{ echo "no finding: $1 $2 $3"; return 1; }
	[ -z "${4-}" ] || grep -qF -- "$4" <<<"$found" || { echo "not to be mended by: $4"; return 1; }
}

nothing_fails() {
	[ "$status" -eq 0 ]
	refute grep -q ^FAIL <<<"$output"
}

@test "where all is well it says so, with the numbers of this machine" {
	doctor
	nothing_fails
	finds ok config "$(conf): 2 ports, 1 worker, 1 group of local addresses"
	finds ok control "ipvsd (pid $(pid_of director1-ipvsd)) answers on $(socket_of director1) in "
	finds ok uptime "ipvsd (pid $(pid_of director1-ipvsd)) runs since"
	finds ok ports 'port wan (line 3): net_af_packet_director1-wan,iface=port0'
	finds ok interfaces 'port lan: kernel interface lan0 is up'
	finds ok services 'services: 1; their addresses: 1, all on this machine'
	finds ok servers 'servers that a route by a port of ipvsd leads to: 1, which is all'
	finds ok versions "Linux $(uname -r)"
	[[ "${lines[-1]}" =~ ^[0-9]+\ ok,\ [0-9]+\ to\ note,\ [0-9]+\ warnings?,\ 0\ failures$ ]]
}

@test "without -v what is good is only counted" {
	run on director1 "$BUILD/ipvsd" doctor -c "$(conf)"
	echo "$output"
	[ "$status" -eq 0 ]
	refute grep -q '^ok ' <<<"$output"
	[[ "${lines[-1]}" == *" ok, "*" to note, "* ]]
}

@test "wrong use is exit status 2" {
	run "$BUILD/ipvsd" doctor --nonsense
	[ "$status" -eq 2 ]
	run "$BUILD/ipvsd" doctor extra
	[ "$status" -eq 2 ]
	run "$BUILD/ipvsd" doctor --root "$LAB_DIR/nowhere"
	[ "$status" -eq 2 ]
	[ "$output" = "ipvsd doctor: --root $LAB_DIR/nowhere: is no folder" ]
	run "$BUILD/ipvsd" doctor --help
	[ "$status" -eq 0 ]
}

@test "errors of the configuration are told as ipvsd -t tells them, and the rest is looked at" {
	local errors
	sed -i 's/mbufs = "8K"/mbufs = "8X"/; s/idle = "100us"/idle = "1s"/' "$(conf)"
	errors=$("$BUILD/ipvsd" -t -c "$(conf)" 2>&1) || true
	[ "$(wc -l <<<"$errors")" -eq 2 ]
	doctor
	[ "$status" -eq 1 ]
	while read -r line; do
		finds FAIL config "$line" "ipvsd -t -c $(conf)"
	done <<<"$errors"
	finds note doctor "left out without a configuration: hugepages, ports, "
	finds ok versions "Linux"
}

@test "a configuration that ipvsd has not read yet is told" {
	touch -d '+1 hour' "$(conf)"
	doctor
	nothing_fails
	finds warn uptime "after ipvsd was started" "ipvsd -t -c $(conf)"
}

# ---- the socket ----

@test "a stopped ipvsd does not hold it up" {
	local pid
	pid=$(pid_of director1-ipvsd)
	kill -STOP "$pid"
	doctor
	[ "$status" -eq 1 ]
	finds FAIL control "ipvsd (pid $pid) was stopped by a signal" "kill -CONT $pid"
	finds note doctor "left out without an ipvsd that answers: services, servers"
}

@test "a socket that was left behind is told from one that is not there" {
	kill_ipvsd director1
	doctor
	nothing_fails
	finds warn control "ipvsd is not running; $(socket_of director1) is left from one that ended"
	rm "$(socket_of director1)"
	doctor
	nothing_fails
	finds warn control "ipvsd is not running: there is no $(socket_of director1)"
	finds ok interfaces 'port wan: kernel interface wan0 was kept, and waits for ipvsd'
}

@test "what is no socket, and what is not ipvsd's, is told" {
	kill_ipvsd director1
	rm "$(socket_of director1)"
	: >"$(socket_of director1)"
	doctor
	[ "$status" -eq 1 ]
	finds FAIL control "$(socket_of director1) is there and no socket" "rm $(socket_of director1)"
	rm "$(socket_of director1)"
	start_on director1 stranger python3 -c '
import socket, sys, time
listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
listener.bind(sys.argv[1])
listener.listen()
time.sleep(600)' "$(socket_of director1)"
	await test -S "$(socket_of director1)"
	doctor
	[ "$status" -eq 1 ]
	finds FAIL control "what listens on $(socket_of director1) is not ipvsd"
	end stranger KILL
	rm "$(socket_of director1)"
}

@test "a user who may not ask is told so, and the rest is looked at" {
	run on director1 setpriv --reuid 65534 --regid 65534 --clear-groups "$BUILD/ipvsd" doctor -v -c "$(conf)"
	echo "$output"
	nothing_fails
	finds note control "ipvsd runs, and does not answer uid 65534: root alone may ask" "sudo ipvsd doctor"
	finds ok hugepages "needed"
	finds ok interfaces 'port lan: kernel interface lan0 is up'
}

@test "a group that is not there is told, and a missing folder" {
	sed -i "s|control = {|& group = \"no-such-group\";|; s|state = \"[^\"]*\"|state = \"$LAB_DIR/none/state\"|" "$(conf)"
	doctor
	[ "$status" -eq 1 ]
	finds FAIL config 'there is no group "no-such-group"' "groupadd --system no-such-group"
	finds FAIL config "the folder $LAB_DIR/none is not there" "mkdir -p $LAB_DIR/none"
}

@test "an ipvsd of another network namespace is not measured by this one's addresses" {
	run "$BUILD/ipvsd" doctor -c "$(conf)"
	echo "$output"
	finds note interfaces "is in another network namespace" "nsenter -t $(pid_of director1-ipvsd) -n ipvsd doctor"
	finds note services "is in another network namespace"
	finds note servers "is in another network namespace"
}

# ---- services and servers ----

@test "an address of a service that is on no interface is told" {
	ip -n "$LAB-director1" address del $NAT_VIP/32 dev wan0
	ipvsadm_at director1 -A -t $FNAT_VIP:80
	doctor
	nothing_fails
	finds warn services "addresses of services that are on no interface of this machine: $NAT_VIP" \
		"ip address add $NAT_VIP/32 dev wan0"
}

@test "a service without a server is told" {
	ipvsadm_at director1 -A -t $FNAT_VIP:443
	ipvsadm_at director1 -a -t $FNAT_VIP:443 -r $LAN.11:443 -m -w 0
	doctor
	nothing_fails
	finds warn services "services without a server of a weight above 0: TCP $FNAT_VIP:443"
}

@test "a server without a route is told" {
	ipvsadm_at director1 -a -t $NAT_VIP:80 -r 203.0.113.9:80 -m
	ipvsadm_at director1 -a -t $NAT_VIP:80 -r 203.0.113.8:80 -m -w 0 # nobody is sent there
	doctor
	[ "$status" -eq 1 ]
	finds FAIL servers "servers without a route: 203.0.113.9" "ip route add 203.0.113.9 via GATEWAY dev wan0"
	ip -n "$LAB-director1" route add 203.0.113.9 via $LAN.11 dev lan0
	doctor
	nothing_fails
	ip -n "$LAB-director1" route del 203.0.113.9
}

@test "a server behind an interface that is no port is told" {
	ip -n "$LAB-director1" link add other type veth peer name other-end
	ip -n "$LAB-director1" link set other up
	address_add director1 other 10.8.0.1/24
	ipvsadm_at director1 -a -t $NAT_VIP:80 -r 10.8.0.2:80 -m
	doctor
	[ "$status" -eq 1 ]
	finds FAIL servers "servers behind an interface that is no port of ipvsd: 10.8.0.2 (other)" "ip route get 10.8.0.2"
	ip -n "$LAB-director1" link del other
}

@test "a server of NAT that is the director itself is told" {
	ipvsadm_at director1 -a -t $NAT_VIP:80 -r $LAN.2:80 -m
	doctor
	[ "$status" -eq 1 ]
	finds FAIL servers "servers of NAT or full NAT that are this machine itself, whose answers don't pass ipvsd: $LAN.2"
	ipvsadm_at director1 -e -t $NAT_VIP:80 -r $LAN.2:80 -g
	doctor
	nothing_fails
}

@test "a neighbour that does not answer is told" {
	ipvsadm_at director1 -a -t $NAT_VIP:80 -r $LAN.99:80 -m
	doctor
	nothing_fails
	finds ok servers "leads to: 2, which is all"
	ip -n "$LAB-director1" neighbour replace $LAN.99 dev lan0 nud failed
	doctor
	nothing_fails
	finds warn servers "neighbours on the way to servers that don't answer ARP or ND: $LAN.99 (lan0)" \
		"ip neighbour show $LAN.99 dev lan0"
	ip -n "$LAB-director1" neighbour del $LAN.99 dev lan0
}

@test "full NAT without a local address on the servers' port is told" {
	ipvsadm_at director1 -A -t $FNAT_VIP:80
	fullnat_dest_add director1 t $FNAT_VIP:80 $LAN.11:80
	doctor
	nothing_fails
	fullnat_dest_add director1 t $FNAT_VIP:80 $WAN.77:80
	doctor
	[ "$status" -eq 1 ]
	finds FAIL servers "servers of full NAT without an active local address of their family on their port: $WAN.77 (wan)" \
		'port = "wan"'
}

@test "many services are looked at" {
	local n
	for n in $(seq 1 100); do
		echo "-A -t $FNAT_VIP:$n -s rr"
		echo "-a -t $FNAT_VIP:$n -r $LAN.11:$n -m"
		echo "-a -t $FNAT_VIP:$n -r 203.0.113.$n:$n -m"
	done | ipvsadm_at director1 -R
	doctor
	[ "$status" -eq 1 ]
	finds FAIL servers "servers without a route: 203.0.113.1, "
	finds FAIL servers " and 95 more"
}

# ---- keepalived ----

# Has a keepalived that was started with VRRP alone, as any can be without IPVS, and its file with TEXT, which it has not read.
keepalived_with() { # PROGRAM TEXT
	cat >"$LAB_DIR/director1/keepalived.conf" <<-END
		vrrp_instance other {
			state BACKUP
			interface lan0
			virtual_router_id 52
			virtual_ipaddress {
				$LAN.200/32
			}
		}
	END
	start_keepalived director1 "$1"
	await test -s "$LAB_DIR/director1/vrrp.pid"
	printf '%s\n' "$2" >>"$LAB_DIR/director1/keepalived.conf"
}

@test "keepalived that is connected to ipvsd is told from one that is not" {
	[ -x "$KEEPALIVED" ] || skip "$KEEPALIVED is not there; make keepalived builds it"
	{
		keepalived_head director1 100 "lvs_control_socket $(socket_of director1)"
		keepalived_service $NAT_VIP NAT
	} >"$LAB_DIR/director1/keepalived.conf"
	start_keepalived director1
	await says "$(log_of director1-keepalived)" "IPVS: connected to"
	doctor
	nothing_fails
	finds ok keepalived "keepalived (pid $(pid_of director1-keepalived), $LAB_DIR/director1/keepalived.conf) is connected"
	finds ok keepalived "keepalived -t has nothing against $LAB_DIR/director1/keepalived.conf"
	# By its file it should be at another ipvsd's.
	end director1-keepalived
	rm -f "$LAB_DIR/director1-keepalived.log"
	sed -i "s|lvs_control_socket .*|lvs_control_socket $LAB_DIR/elsewhere.sock|" "$LAB_DIR/director1/keepalived.conf"
	start_keepalived director1
	await says "$(log_of director1-keepalived)" "trying again"
	doctor
	[ "$status" -eq 1 ]
	finds FAIL keepalived "keepalived looks for ipvsd at $LAB_DIR/elsewhere.sock (lvs_control_socket in $LAB_DIR/director1/keepalived.conf), and control.socket in $(conf) is $(socket_of director1)" \
		"lvs_control_socket $(socket_of director1)|' $LAB_DIR/director1/keepalived.conf"
}

# As the package's service runs it, with a file that says nothing of ipvsd.
keepalived_by_option() { # SOCKET VIRTUAL_SERVER...
	local socket=$1
	shift
	{
		keepalived_head director1 100
		printf '%s\n' "$@"
	} >"$LAB_DIR/director1/keepalived.conf"
	rm -f "$LAB_DIR/director1-keepalived.log"
	start_keepalived director1 "$KEEPALIVED" "--lvs-control-socket=$socket"
}

@test "keepalived that is told by option where ipvsd listens is well" {
	[ -x "$KEEPALIVED" ] || skip "$KEEPALIVED is not there; make keepalived builds it"
	keepalived_by_option "$(socket_of director1)" "$(keepalived_service $NAT_VIP FNAT)"
	await says "$(log_of director1-keepalived)" "IPVS: connected to"
	doctor
	nothing_fails
	finds ok keepalived "keepalived (pid $(pid_of director1-keepalived), $LAB_DIR/director1/keepalived.conf) is connected"
	finds ok keepalived "keepalived -t has nothing against $LAB_DIR/director1/keepalived.conf"
	refute grep -qE '^(warn|FAIL) +keepalived' <<<"$output"
	# What is wrong with the file is to be seen by the command that is given.
	echo 'vrrp_instence pear {' >>"$LAB_DIR/director1/keepalived.conf"
	doctor
	finds warn keepalived "Unknown keyword 'vrrp_instence'" \
		"keepalived -t -f $LAB_DIR/director1/keepalived.conf --lvs-control-socket=$(socket_of director1)"
}

@test "keepalived whose option leads elsewhere is told" {
	[ -x "$KEEPALIVED" ] || skip "$KEEPALIVED is not there; make keepalived builds it"
	keepalived_by_option "$LAB_DIR/elsewhere.sock" "$(keepalived_service $NAT_VIP NAT)"
	await says "$(log_of director1-keepalived)" "trying again"
	doctor
	[ "$status" -eq 1 ]
	finds FAIL keepalived "keepalived looks for ipvsd at $LAB_DIR/elsewhere.sock (its option --lvs-control-socket), and control.socket in $(conf) is $(socket_of director1)" \
		"--lvs-control-socket=$(socket_of director1)"
}

# The doctor, with a folder in the place of /etc.
doctor_with_etc() { # FOLDER
	# shellcheck disable=SC2016 # the inner shell's
	run on director1 unshare --mount sh -c 'mount --bind "$1" /etc && shift && exec "$@"' sh "$1" \
		"$BUILD/ipvsd" doctor -v -c "$(conf)"
	echo "$output"
}

@test "a keepalived that is not running is judged by its service" {
	local etc=$LAB_DIR/etc
	[ -x "$KEEPALIVED" ] || skip "$KEEPALIVED is not there; make keepalived builds it"
	cp -a /etc "$etc"
	mkdir -p "$etc/keepalived" "$etc/systemd/system/keepalived.service.d" "$etc/default"
	rm -f "$etc/systemd/system/keepalived.service" "$etc/default/keepalived"
	keepalived_service $NAT_VIP FNAT >"$etc/keepalived/keepalived.conf"
	sed "s|/usr/sbin/keepalived|$KEEPALIVED|" "$LAB_TOP/packaging/keepalived/keepalived.service" \
		>"$etc/systemd/system/keepalived.service"
	doctor_with_etc "$etc"
	nothing_fails
	finds note keepalived "keepalived is not running, though there is /etc/keepalived/keepalived.conf"
	finds warn keepalived "keepalived looks for ipvsd at /run/ipvsd/ipvs.sock (its option --lvs-control-socket)" \
		"Environment=IPVSD_SOCKET=$(socket_of director1)"
	finds ok keepalived "keepalived -t has nothing against /etc/keepalived/keepalived.conf"
	printf '[Service]\nEnvironment=IPVSD_SOCKET=%s\n' "$(socket_of director1)" \
		>"$etc/systemd/system/keepalived.service.d/socket.conf"
	doctor_with_etc "$etc"
	nothing_fails
	refute grep -qE '^(warn|FAIL) +keepalived' <<<"$output"
	finds ok keepalived "keepalived -t has nothing against /etc/keepalived/keepalived.conf"
}

has_service() { # DIRECTOR VIP:PORT
	ipvsadm_at "$1" -Ln | grep -qF "TCP  $2 "
}

@test "a virtual server that keepalived left out is named" {
	[ -x "$KEEPALIVED" ] || skip "$KEEPALIVED is not there; make keepalived builds it"
	keepalived_by_option "$(socket_of director1)" "$(keepalived_service $NAT_VIP NAT)" \
		"$(keepalived_service $FNAT_VIP FNAT | sed 's/protocol TCP/&\n\tsyn_proxy/')"
	await says "$(log_of director1-keepalived)" "the virtual server is left out"
	doctor
	nothing_fails
	finds ok keepalived "is connected to ipvsd"
	finds warn keepalived "keepalived's virtual servers that ipvsd doesn't have: TCP $FNAT_VIP:80" "journalctl -u keepalived"
	sed -i '/syn_proxy/d' "$LAB_DIR/director1/keepalived.conf"
	kill -HUP "$(pid_of director1-keepalived)"
	await has_service director1 $FNAT_VIP:80
	doctor
	nothing_fails
	refute grep -q "virtual servers that ipvsd doesn't have" <<<"$output"
}

@test "a patched keepalived without the socket in its file is told" {
	[ -x "$KEEPALIVED" ] || skip "$KEEPALIVED is not there; make keepalived builds it"
	keepalived_with "$KEEPALIVED" ''
	doctor
	nothing_fails
	finds ok keepalived "has no virtual_server in $LAB_DIR/director1/keepalived.conf, and no need of ipvsd"
	keepalived_service $NAT_VIP NAT >>"$LAB_DIR/director1/keepalived.conf"
	doctor
	[ "$status" -eq 1 ]
	finds FAIL keepalived "has no lvs_control_socket" "lvs_control_socket $(socket_of director1)"
}

@test "the distribution's keepalived that speaks to the kernel is told" {
	keepalived_with /usr/sbin/keepalived "$(keepalived_service $NAT_VIP NAT)"
	doctor
	[ "$status" -eq 1 ]
	finds FAIL keepalived "keepalived (pid $(pid_of director1-keepalived)) is the distribution's" \
		"ipvsd-run -s $(socket_of director1) keepalived -f $LAB_DIR/director1/keepalived.conf"
}

@test "what keepalived has against its file is told with its lines" {
	keepalived_with /usr/sbin/keepalived 'vrrp_instence pear {'
	doctor
	nothing_fails
	finds warn keepalived "Unknown keyword 'vrrp_instence'" "keepalived -t -f $LAB_DIR/director1/keepalived.conf"
}

@test "on the standby of a pair it is no wonder that the addresses are away" {
	keepalived_with /usr/sbin/keepalived ''
	ip -n "$LAB-director1" address del $NAT_VIP/32 dev wan0
	doctor
	nothing_fails
	finds note services "the addresses of services are not on this machine, as on the standby of a pair: $NAT_VIP"
}

# ---- another machine's files ----

@test "the files of another machine are looked at, and nobody is asked" {
	local root=$LAB_DIR/root
	mkdir -p "$root"/{etc/ipvsd,proc,run/ipvsd,var/lib,dev/net} "$root/sys/bus/pci/devices/0000:01:00.0"
	echo 0x020000 >"$root/sys/bus/pci/devices/0000:01:00.0/class"
	echo 'ports = ( { name = "wan"; devices = ( "0000:3b:00.0" ); } );' >"$root/etc/ipvsd/ipvsd.conf"
	: >"$root/dev/net/tun"
	run "$BUILD/ipvsd" doctor -v --root "$root"
	echo "$output"
	[ "$status" -eq 1 ]
	finds ok config "$root/etc/ipvsd/ipvsd.conf: 1 port"
	finds note control "no ipvsd with this configuration is among the processes"
	finds FAIL ports "0000:3b:00.0: there is no such device; network devices are: 0000:01:00.0 (no driver)"
	finds ok "kernel path" "/dev/net/tun is there"
}
