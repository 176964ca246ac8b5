# SPDX-License-Identifier: GPL-2.0-or-later
"""Every way of forwarding, the service that is configured for it, and which header fields its packets have.

The lists of fields are what mutations.py breaks one by one: they say what must be seen, whatever the cases happen to
show."""

from dataclasses import dataclass

import lab

TUNNELS = {
    "IPIP": "",
    "GRE": "--tun-type gre",
    "GRE with checksums": "--tun-type gre --tun-csum",
    "GUE": "--tun-type gue --tun-port 6080",
    "GUE with checksums": "--tun-type gue --tun-port 6080 --tun-csum",
}
GUE_PORT = 6080
OPTIONS = {"NAT": "-m", "DR": "-g", "TUN": "-i", "FNAT": "-b"}
PROTOCOL_OPTIONS = {"tcp": "-t", "udp": "-u", "sctp": "--sctp-service"}

LINK = ("ether.dst", "ether.src", "ether.type")
NETWORK = {
    4: ("ip.version", "ip.tos", "ip.length", "ip.id", "ip.place", "ip.ttl", "ip.protocol", "ip.checksum", "ip.src", "ip.dst"),
    6: ("ip.version", "ip.tos", "ip.label", "ip.length", "ip.protocol", "ip.ttl", "ip.src", "ip.dst"),
}
TRANSPORT = {
    "tcp": (
        "tcp.sport",
        "tcp.dport",
        "tcp.seq",
        "tcp.ack",
        "tcp.flags",
        "tcp.window",
        "tcp.checksum",
        "tcp.urgent",
        "tcp.options",
        "tcp.data",
    ),
    "udp": ("udp.sport", "udp.dport", "udp.length", "udp.checksum", "udp.data"),
    "sctp": ("sctp.sport", "sctp.dport", "sctp.tag", "sctp.checksum", "sctp.data"),
}
FRAGMENT = {4: (), 6: ("fragment.next", "fragment.place", "fragment.id")}
ERROR = ("icmp.type", "icmp.code", "icmp.checksum", "icmp.rest")
MIDDLE = {
    "IPIP": (),
    "GRE": ("gre.flags", "gre.protocol"),
    "GRE with checksums": ("gre.flags", "gre.protocol", "gre.checksum"),
    "GUE": ("udp.sport", "udp.dport", "udp.length", "udp.checksum", "gue.version", "gue.protocol", "gue.flags"),
    "GUE with checksums": (
        "udp.sport",
        "udp.dport",
        "udp.length",
        "udp.checksum",
        "gue.version",
        "gue.protocol",
        "gue.flags",
    ),
}

MIDDLE_LENGTH = {"IPIP": 0, "GRE": 4, "GRE with checksums": 8, "GUE": 12, "GUE with checksums": 12}


def within(prefix, fields):
    return tuple(prefix + name for name in fields)


@dataclass(frozen=True)
class Mode:
    method: str  # of OPTIONS
    client: int  # families
    server: int
    tunnel: str = ""  # of TUNNELS
    number: int = 0

    @property
    def name(self):
        families = f"IPv{self.client}" if self.client == self.server else f"IPv{self.client}>IPv{self.server}"
        return f"{self.tunnel or self.method} {families}"

    @property
    def crosses(self):
        """Packets are translated from one family to the other."""
        return self.method == "FNAT" and self.client != self.server

    @property
    def answers_pass(self):
        return self.method in ("NAT", "FNAT")

    @property
    def protocols(self):
        return ("tcp", "udp") if self.crosses else ("tcp", "udp", "sctp")

    @property
    def port(self):
        return 8000 + self.number

    @property
    def real_port(self):
        return 9000 + self.number if self.answers_pass else self.port

    @property
    def adds(self):
        """Bytes that the server's packets have more than the client's."""
        outer = {4: 20, 6: 40}
        if self.tunnel:
            return outer[self.server] + MIDDLE_LENGTH[self.tunnel]
        return outer[self.server] - outer[self.client]

    def service(self):
        """Lines for ipvsadm --restore."""
        vip = lab.endpoint(lab.VIP[self.client], self.port)
        real = lab.endpoint(lab.SERVER[self.server], self.real_port)
        for protocol in self.protocols:
            option = PROTOCOL_OPTIONS[protocol]
            yield f"-A {option} {vip} -s rr"
            yield f"-a {option} {vip} -r {real} {OPTIONS[self.method]} {TUNNELS.get(self.tunnel, '')}".rstrip()

    def fields(self):
        """Of its packets, by role (case.py): all header fields."""
        for protocol in self.protocols:
            yield f"{protocol} to the server", self.forwarded(TRANSPORT[protocol])
            if self.answers_pass:
                yield f"{protocol} to the client", LINK + NETWORK[self.client] + TRANSPORT[protocol]

    def forwarded(self, transport):
        if not self.tunnel:
            return LINK + NETWORK[self.server] + transport
        return (
            LINK
            + NETWORK[self.server]
            + MIDDLE[self.tunnel]
            + within("inner.", NETWORK[self.client])
            + within("inner.", transport)
        )


def all_modes():
    ways = [(method, family, family, "") for method in ("NAT", "DR", "FNAT") for family in (4, 6)]
    ways += [("FNAT", 6, 4, ""), ("FNAT", 4, 6, "")]
    ways += [("TUN", client, server, tunnel) for tunnel in TUNNELS for client in (4, 6) for server in (4, 6)]
    return [Mode(*way, number) for number, way in enumerate(ways)]


MODES = all_modes()


def services():
    """All that the tests need, for ipvsadm --restore."""
    marker = lab.endpoint(lab.VIP[4], lab.MARKER_PORT)
    yield f"-A -u {marker} -s rr"
    yield f"-a -u {marker} -r {lab.endpoint(lab.SERVER[4], lab.MARKER_REAL_PORT)} -m"
    for mode in MODES:
        yield from mode.service()
