# SPDX-License-Identifier: GPL-2.0-or-later
#
# A real server behind tunnels: Linux as a user-mode guest (tools/tunnel_server.sh), for the kernel here may lack them.

# On the host "guest", whose cables lead to the lan and the wan. The guest has the numbers .14 and .15 there.
guest_up() { # VIP/LENGTH...
	local n segment
	host_add guest
	for n in 0 1; do
		segment=$([ $n -eq 0 ] && echo lan || echo wan)
		plug guest eth$n "$segment"
		# The guest's cards are taps.
		on guest ip tuntap add tap$n mode tap
		on guest ip link add br$n type bridge
		on guest ip link set eth$n master br$n
		on guest ip link set tap$n master br$n
		on guest ip link set tap$n up
		on guest ip link set br$n up
	done
	mkdir -p "$LAB_DIR/served/taken"
	ln -s served/taken "$LAB_DIR/taken"
	[ -e "$LAB_DIR/file" ] || head -c 10M /dev/urandom >"$LAB_DIR/file"
	ln "$LAB_DIR/file" "$LAB_DIR/served/file"
	start_on guest guest-uml "$LAB_TOP/tests/oracle/uml-run" -t 1200 -s "$LAB_DIR/served" -n tap0 -n tap1 \
		-m ipip -m sit -m ip_gre -m ip6_tunnel -m ip6_gre -m fou -m fou6 \
		bash "$LAB_TOOLS/tunnel_server.sh" "$LAB_DIR/served" "$LAB_TOOLS" "$LAN" "$LAN6" "$WAN" "$WAN6" "$@"
	AWAIT=240 await guest_settled
	if ! is_running guest-uml; then
		tail -30 "$(log_of guest-uml)" >&2
		return 1
	fi
}

# It serves, or has ended: a guest does not outlive a SIGSTOP to one of its processes.
guest_settled() {
	[ -e "$LAB_DIR/served/ready" ] || ! is_running guest-uml
}

guest_down() {
	[ -z "${LAB_DIR-}" ] || [ ! -e "$LAB_DIR/guest-uml.pid" ] || ! is_running guest-uml || end guest-uml TERM
}
