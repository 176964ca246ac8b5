# SPDX-License-Identifier: GPL-2.0-or-later
"""The network of the packet tests: addresses, as of lib/hosts.bash, and the MAC addresses of hosts that are but a
socket."""

CLIENT, CLIENT_MAC = {4: "198.51.100.8", 6: "2001:db8:1::8"}, "02:00:00:00:01:08"
SERVER, SERVER_MAC = {4: "192.0.2.11", 6: "2001:db8:2::11"}, "02:00:00:00:02:11"
MACS = {"client": CLIENT_MAC, "server": SERVER_MAC}
VIP = {4: "198.51.100.10", 6: "2001:db8:1::10"}
ECHO_VIPS = {
    "NAT": {4: "198.51.100.21", 6: "2001:db8:1::21"},
    "DR": {4: "198.51.100.22", 6: "2001:db8:1::22"},
    "FNAT": {4: "198.51.100.23", 6: "2001:db8:1::23"},
}
LOCAL = {4: "192.0.2.100", 6: "2001:db8:2::100"}
# Of SNAT: a host in the servers' network, which speaks to the client's host, and the address that it has there.
INSIDE = {4: "192.0.2.12", 6: "2001:db8:2::12"}
GATEWAY = {4: "198.51.100.100", 6: "2001:db8:1::100"}
MARK = 7
# The director's own addresses towards the client and the server.
WAN, LAN = {4: "198.51.100.2", 6: "2001:db8:1::2"}, {4: "192.0.2.2", 6: "2001:db8:2::2"}
# Routers that report what happened to packets.
CLIENT_ROUTER = {4: "198.51.100.99", 6: "2001:db8:1::99"}
SERVER_ROUTER = {4: "192.0.2.99", 6: "2001:db8:2::99"}
# Whom the markers come from (wire.py).
MARKER_CLIENT = "198.51.100.9"
MARKER_PORT, MARKER_REAL_PORT = 7, 1007
MTU = 9000
DEVICES = {"client": "end0", "server": "end1"}
KERNEL_DEVICES = {"client": "wan0", "server": "lan0"}


def is_v6(address):
    return ":" in address


def family(address):
    return 6 if is_v6(address) else 4


def endpoint(address, port):
    return f"[{address}]:{port}" if is_v6(address) else f"{address}:{port}"


def director_mac(side):
    with open(f"/sys/class/net/{KERNEL_DEVICES[side]}/address", encoding="ascii") as file:
        return file.read().strip()
