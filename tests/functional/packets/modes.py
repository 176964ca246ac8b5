# SPDX-License-Identifier: GPL-2.0-or-later
"""Every way of forwarding, and the service that is configured for it. fields.py has what its packets consist of."""

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
# Bytes between the outer IP header and the packet within.
MIDDLE_LENGTH = {"IPIP": 0, "GRE": 4, "GRE with checksums": 8, "GUE": 12, "GUE with checksums": 12}
METHODS = {"NAT": "-m", "DR": "-g", "TUN": "-i", "FNAT": "-b", "SNAT": "-J"}
PROTOCOLS = {"tcp": "-t", "udp": "-u", "sctp": "--sctp-service"}
HEADER = {4: 20, 6: 40}
# How servers hear of their clients' addresses, and for which protocols.
TELLINGS = {
    "TOA": ("--toa", ("tcp",)),
    "PROXY v1": ("--proxy-protocol v1", ("tcp",)),
    "PROXY v2": ("--proxy-protocol v2", ("tcp", "udp")),
    "UOA, own protocol": ("--uoa opp", ("udp",)),
    "UOA, IP option": ("--uoa ipo", ("udp",)),
}


@dataclass(frozen=True)
class Mode:
    method: str  # of METHODS
    client: int  # families
    server: int
    tunnel: str = ""  # of TUNNELS
    number: int = 0
    is_echo: bool = False  # ping as a service: it has a VIP of its own, and no ports
    telling: str = ""  # of TELLINGS

    @property
    def name(self):
        families = f"IPv{self.client}" if self.client == self.server else f"IPv{self.client}>IPv{self.server}"
        way = "ping by " * self.is_echo + (self.tunnel or self.method)
        return f"{way} {families}{self.telling and ' with '}{self.telling}"

    @property
    def crosses(self):
        """Packets are translated from one family to the other."""
        return self.method == "FNAT" and self.client != self.server

    @property
    def is_variant(self):
        """It differs from the tunnel IPIP in the outer headers alone: some series of cases need not be repeated."""
        return self.tunnel not in ("", "IPIP")

    @property
    def answers_pass(self):
        return self.method in ("NAT", "FNAT", "SNAT")

    @property
    def has_local_port(self):
        return self.method in ("FNAT", "SNAT")

    def place(self, side):
        """Where the client or the server of a conversation is: with SNAT the client is the one inside."""
        if self.method != "SNAT":
            return side
        return "server" if side == "client" else "client"

    @property
    def client_address(self):
        return (lab.INSIDE if self.method == "SNAT" else lab.CLIENT)[self.client]

    @property
    def protocols(self):
        if self.is_echo:
            return ("echo",)
        if self.telling:
            return TELLINGS[self.telling][1]
        return ("tcp", "udp") if self.crosses else ("tcp", "udp", "sctp")

    @property
    def vip(self):
        if self.method == "SNAT":
            return lab.CLIENT[self.client]
        return lab.ECHO_VIPS[self.method][self.client] if self.is_echo else lab.VIP[self.client]

    @property
    def port(self):
        return 0 if self.is_echo else 8000 + self.number

    @property
    def real_port(self):
        return 9000 + self.number if self.method in ("NAT", "FNAT") and not self.is_echo else self.port

    @property
    def adds(self):
        """Bytes that the server's packets have more than the client's."""
        if self.tunnel:
            return HEADER[self.server] + MIDDLE_LENGTH[self.tunnel]
        return HEADER[self.server] - HEADER[self.client]

    def service(self):
        """Lines for ipvsadm --restore."""
        if self.method == "SNAT":
            mark = f"-f {lab.MARK}{' -6' * (self.client == 6)}"
            yield f"-A {mark} -s rr"
            yield f"-a {mark} -r {lab.endpoint(lab.GATEWAY[self.client], 0)} {METHODS[self.method]}"
            return
        vip = lab.endpoint(self.vip, self.port)
        real = lab.endpoint(lab.SERVER[self.server], self.real_port)
        for protocol in self.protocols:
            option = PROTOCOLS[protocol]
            yield f"-A {option} {vip} -s rr {TELLINGS.get(self.telling, [''])[0]}".rstrip()
            yield f"-a {option} {vip} -r {real} {METHODS[self.method]} {TUNNELS.get(self.tunnel, '')}".rstrip()

    def echo_service(self):
        """What tools/fullnat.py is called with: ipvsadm has no services of ICMP."""
        protocol = "icmp" if self.client == 4 else "icmpv6"
        vip, real = lab.endpoint(self.vip, 0), lab.endpoint(lab.SERVER[self.server], 0)
        yield f"service {protocol} {vip} rr"
        yield f"dest {protocol} {vip} {real} 1 {self.method.lower().replace('fnat', 'fullnat')}"


def port_modes():
    ways = [(method, family, family, "") for method in ("NAT", "DR", "FNAT", "SNAT") for family in (4, 6)]
    ways += [("FNAT", 6, 4, ""), ("FNAT", 4, 6, "")]
    ways += [("TUN", client, server, tunnel) for tunnel in TUNNELS for client in (4, 6) for server in (4, 6)]
    return [Mode(*way, number) for number, way in enumerate(ways)]


def echo_modes(number):
    ways = [(method, family) for method in ("NAT", "DR", "FNAT") for family in (4, 6)]
    return [Mode(method, family, family, "", number + i, True) for i, (method, family) in enumerate(ways)]


def telling_modes(number):
    families = ((4, 4), (6, 6), (6, 4), (4, 6))
    ways = [("FNAT", *pair, telling) for telling in TELLINGS for pair in families]
    ways += [("NAT", family, family, f"PROXY v{version}") for family in (4, 6) for version in (1, 2)]
    # An IP option has no place in a packet of IPv6.
    ways = [way for way in ways if way[3] != "UOA, IP option" or way[1:3] == (4, 4)]
    return [Mode(*way[:3], "", number + i, telling=way[3]) for i, way in enumerate(ways)]


MODES = port_modes()
ECHO_MODES = echo_modes(len(MODES))
TELLING_MODES = telling_modes(len(MODES) + len(ECHO_MODES))


def services():
    """All that the tests need, for ipvsadm --restore."""
    marker = lab.endpoint(lab.VIP[4], lab.MARKER_PORT)
    yield f"-A -u {marker} -s rr"
    yield f"-a -u {marker} -r {lab.endpoint(lab.SERVER[4], lab.MARKER_REAL_PORT)} -m"
    for mode in MODES + TELLING_MODES:
        yield from mode.service()


def echo_services():
    for mode in ECHO_MODES:
        yield from mode.echo_service()
