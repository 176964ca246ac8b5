#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The packages of Debian: what is in them, and what becomes of a clean system that gets, upgrades and loses them. The tests
# follow one system through its life, each of them takes it where the one before left it.

load lib

binaries=(ipvsd ipvsd-keepalived ipvsd-ipvsadm libipvsd0 libipvsd-dev ipvsd-doc)

setup_file() {
	system_up "$PACKAGES/deb"
}

installed() { # PACKAGE
	[ "$(inside dpkg-query -W -f '${db:Status-Status}' "$1")" = installed ]
}

# Their paths in the system, as words.
files() { # FOLDER PACKAGE...
	local folder=$1
	shift
	inside sh -c "echo $(printf "/$folder/%s_*.deb " "$@")"
}

# A file that has the name of one of our programs, anywhere.
ours_left() {
	inside find / -xdev \( -path /proc -o -path /packages -o -path /var/cache/apt/archives -o -path /var/log \) -prune -o \
		\( -name '*ipvsd*' -o -name '*keepalived*' -o -name '*ipvsadm*' \) -print
}

# The packages as their next revision.
next_revision() { # FOLDER
	local deb parts=$work/parts
	mkdir "$1"
	for deb in "${binaries[@]/%/_*.deb}"; do
		deb=$(echo "$PACKAGES"/deb/$deb)
		rm -rf "$parts"
		dpkg-deb -R "$deb" "$parts"
		sed -i "s/$(version)-1/$(version)-2/g" "$parts/DEBIAN/control"
		dpkg-deb --root-owner-group -Znone -b "$parts" "$1" >/dev/null
	done
}

is_enabled() { # UNIT
	[ "$(inside systemctl is-enabled "$1")" = enabled ]
}

@test "lintian finds no error" {
	run lintian --allow-root --fail-on error "$PACKAGES"/deb/*.changes
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "every package has the version of configure.ac" {
	local deb n=0
	for deb in "$PACKAGES"/deb/*.deb; do
		[ "$(dpkg-deb -f "$deb" Version)" = "$(version)-1" ]
		n=$((n + 1))
	done
	[ $n -ge 6 ]
}

@test "no file tells where it was built" {
	local deb
	for deb in "$PACKAGES"/deb/*.deb; do
		dpkg-deb -x "$deb" "$work/unpacked"
	done
	run grep -rlE "/tmp/ipvsd-|$top|_build/" "$work/unpacked"
	echo "$output"
	[ "$status" -eq 1 ]
}

@test "all that make install installs is in the packages" {
	make -s -C "$BUILD" install DESTDIR="$work/by-make" >"$work/make.log" 2>&1
	run comm -23 \
		<(find "$work/by-make" ! -type d ! -name '*.la' -printf '%f\n' | sort -u) \
		<(find "$work/unpacked" ! -type d -printf '%f\n' | sed 's/\.gz$//' | sort -u)
	echo "$output"
	[ -z "$output" ]
	[ -e "$work/unpacked/usr/sbin/ipvsd" ]
}

@test "a clean system installs them, without what is only recommended" {
	[ -z "$(ours_left)" ]
	apt_inside install $(files packages "${binaries[@]}")
	[ -z "$(inside dpkg --audit)" ]
	[[ "$(inside getent passwd ipvsd)" == *:/usr/sbin/nologin ]]
	inside getent group ipvsd
	inside ipvsd -t
	[ "$(inside ipvsd -V)" = "ipvsd $(version)" ]
	for page in ipvsd ipvsd.conf ipvsd-run ipvsdctl ipvsd-proc ipvsd-sysctl keepalived keepalived.conf ipvsadm; do
		inside man -w "$page"
	done
}

@test "nothing is enabled or started by that" {
	[ "$(inside systemctl is-enabled ipvsd.service)" = disabled ]
	[ "$(inside systemctl is-enabled keepalived.service)" = disabled ]
	not pgrep -x ipvsd
	not pgrep -x keepalived
}

@test "enabling is systemctl enable ipvsd keepalived" {
	inside systemctl enable ipvsd keepalived
	[ "$(inside systemctl is-enabled ipvsd.service)" = enabled ]
	[ "$(inside systemctl is-enabled keepalived.service)" = enabled ]
}

@test "an upgraded library restarts neither ipvsd nor keepalived" {
	local rules unit
	for unit in ipvsd keepalived; do
		rules=$(cat "$system"/etc/needrestart/conf.d/ipvsd*.conf)
		perl -we 'our %nrconf; eval $ARGV[0]; die $@ if $@;
			exit !grep { $ARGV[1] =~ $_ && !$nrconf{override_rc}{$_} } keys %{$nrconf{override_rc}}' "$rules" "$unit.service"
	done
}

@test "the programs that were installed work with each other" {
	start_ipvsd
	inside ipvsadm -A -t 192.0.2.1:80 -s wlc
	inside ipvsadm -a -t 192.0.2.1:80 -r 10.0.0.11:8080 -b
	[[ "$(inside ipvsadm -Ln)" == *10.0.0.11:8080*FullNat* ]]
	[[ "$(inside ipvsd-run cat /proc/net/ip_vs)" == *"TCP  C0000201:0050 wlc"* ]]
	inside mkdir /tmp/proc
	inside ipvsd-proc -1 /tmp/proc
	[[ "$(inside cat /tmp/proc/net/ip_vs)" == *"TCP  C0000201:0050 wlc"* ]]
	stop_ipvsd
}

has_service() { # ADDRESS:PORT
	inside ipvsadm -Ln | grep -F "$1"
}

@test "the unit's keepalived configures ipvsd, without a word about it in keepalived.conf" {
	local command
	cat >"$system/etc/keepalived/keepalived.conf" <<-END
		virtual_server 192.0.2.1 80 {
			lb_algo rr
			lb_kind FNAT
			protocol TCP
			real_server 10.0.0.11 8080 {
			}
		}
	END
	# shellcheck disable=SC2016 # the variables are the unit's
	command=$(sed -n 's/^ExecStart=//p' "$system/lib/systemd/system/keepalived.service" |
		sed 's,${IPVSD_SOCKET},/run/ipvsd/ipvs.sock,; s/ \$.*//')
	start_ipvsd
	# shellcheck disable=SC2086 # its words
	"${enter[@]}" unshare --net $command --check --log-console >"$work/keepalived.log" 2>&1 3>&- &
	keepalived_pid=$!
	await has_service 192.0.2.1:80
	kill "$keepalived_pid"
	wait "$keepalived_pid" || [ $? -eq 143 ] # ended by that signal, as it says itself
	keepalived_pid=
	stop_ipvsd
	rm "$system/etc/keepalived/keepalived.conf"
}

@test "an upgrade keeps what was edited, the NICs, and what was stopped by hand" {
	local before
	before=$(sha256sum <"$system/etc/ipvsd/ipvsd.conf")
	is_enabled ipvsd.service
	is_enabled keepalived.service
	next_revision "$system/next"
	bind_absent_nic
	pretend_systemd 0

	apt_inside install $(files next "${binaries[@]}")

	[ "$(inside dpkg-query -W -f '${Version}' ipvsd)" = "$(version)-2" ]
	[ "$(sha256sum <"$system/etc/ipvsd/ipvsd.conf")" = "$before" ]
	inside grep -q 'daemon-reload' /started
	inside grep -q '^settings 50-ipvsd.conf' /started
	not inside grep -E '^(re|try-re)?(start|stop) ' /started
	nic_is_bound
	end_pretence
	is_enabled ipvsd.service
	is_enabled keepalived.service
}

@test "an upgrade restarts the ipvsd that it replaced, when systemd knows the new unit" {
	start_ipvsd
	pretend_systemd "$ipvsd_pid"
	apt_inside reinstall $(files next ipvsd)
	rm -r "$system/next"

	[ "$(inside grep -cE '(start|stop) ' /started)" -eq 1 ]
	inside sed -n '/daemon-reload/,$p' /started | grep -q '^try-restart ipvsd.service'
	kill -0 "$ipvsd_pid" # nobody has killed it before its unit hands over
	stop_ipvsd
	end_pretence
}

@test "the same revision again restarts nothing that has the installed program" {
	start_ipvsd
	pretend_systemd "$ipvsd_pid"
	inside dpkg-reconfigure ipvsd
	[ -s "$system/started" ]
	not inside grep start /started
	stop_ipvsd
	end_pretence
}

@test "removal stops, gives the NICs back and keeps the configuration, and purging leaves nothing" {
	mkdir -p "$system/var/lib/ipvsd" "$system/etc/keepalived"
	touch "$system/var/lib/ipvsd/state" "$system/etc/keepalived/keepalived.conf"
	nic_is_bound
	pretend_systemd 0
	apt_inside remove '^ipvsd.*' '^libipvsd.*'
	inside grep -qx 'stop .*ipvsd.service, NICs are bound' /started
	inside grep -q '^stop keepalived.service' /started
	not nic_is_bound
	[ ! -e "$system/run/systemd/network/05-ipvsd.network" ]
	end_pretence
	[ -e "$system/etc/ipvsd/ipvsd.conf" ]
	[ -e "$system/var/lib/ipvsd/state" ]
	not installed ipvsd

	apt_inside purge '^ipvsd.*' '^libipvsd.*'
	# The operator's own file, which no package has brought.
	run ours_left
	echo "$output"
	[ "$output" = "$(printf '%s\n' /etc/keepalived /etc/keepalived/keepalived.conf)" ]
	rm -r "$system/etc/keepalived"
}

@test "they take the place of the distribution's keepalived and ipvsadm" {
	apt_inside install keepalived ipvsadm
	echo 'global_defs { }' >"$system/etc/keepalived/keepalived.conf"
	is_enabled keepalived.service

	apt_inside install $(files packages ipvsd-keepalived ipvsd-ipvsadm)

	not installed keepalived
	not installed ipvsadm
	[ -z "$(inside dpkg --audit)" ]
	[ -z "$(inside dpkg --verify ipvsd-keepalived ipvsd-ipvsadm)" ]
	[ "$(cat "$system/etc/keepalived/keepalived.conf")" = 'global_defs { }' ]
	is_enabled keepalived.service
}

@test "and give it back" {
	apt_inside install keepalived ipvsadm
	not installed ipvsd-keepalived
	not installed ipvsd-ipvsadm
	[ -z "$(inside dpkg --verify keepalived ipvsadm)" ]
	[ "$(cat "$system/etc/keepalived/keepalived.conf")" = 'global_defs { }' ]
	is_enabled keepalived.service
}

@test "what one keepalived leaves can be purged while the other one is enabled" {
	apt_inside purge ipvsd-keepalived
	is_enabled keepalived.service

	apt_inside install $(files packages ipvsd-keepalived)
	apt_inside purge keepalived
	installed ipvsd-keepalived
	is_enabled keepalived.service

	apt_inside install --purge keepalived
	is_enabled keepalived.service
	apt_inside install --purge $(files packages ipvsd-keepalived)
	is_enabled keepalived.service
}

@test "a keepalived that was disabled stays so when the other one comes" {
	inside systemctl disable keepalived
	apt_inside install keepalived
	[ "$(inside systemctl is-enabled keepalived.service)" = disabled ]
	apt_inside install $(files packages ipvsd-keepalived)
	[ "$(inside systemctl is-enabled keepalived.service)" = disabled ]
}

@test "nothing of either is left enabled when both are purged" {
	inside systemctl enable keepalived
	apt_inside remove ipvsd-keepalived
	apt_inside purge keepalived ipvsd-keepalived
	run inside find /etc/systemd /var/lib/systemd -name '*keepalived*'
	echo "$output"
	[ -z "$output" ]
}
