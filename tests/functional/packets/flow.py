# SPDX-License-Identifier: GPL-2.0-or-later
"""A conversation of the client with a service: what is sent in it, and what each mode has to make of that."""

import lab
from case import Expected, Mismatch
from layout import Layout
from shape import Ends
from tunnels import encapsulated

CASES_MAX = 5000
LOCAL_PORTS = range(1025, 65536)
GUE_PORTS = range(32768, 61000)
VLAN, PADDING = b"\x81\x00", b"\xaa"
ETHER_TYPES = {4: b"\x08\x00", 6: b"\x86\xdd"}


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def ether_type(packet):
    return ETHER_TYPES[packet[0] >> 4]


class Flow:
    """DIRECTOR: its MAC addresses by side. IDENTS: the identifications that it has used so far. A case that is tried
    again has a new connection for each ATTEMPT."""

    def __init__(self, mode, number, director, idents, attempt=0):
        self.mode, self.director, self.idents = mode, director, idents
        self.client_ends = Ends(mode.client_address, mode.vip, 10000 + number + CASES_MAX * attempt, mode.port)
        self.local_port = None
        self.gue_port = None

    def server_ends(self):
        """What the server has: of full-NAT once the local port is known."""
        if self.mode.method == "NAT":
            return self.client_ends._replace(dst=lab.SERVER[self.mode.server], dport=self.mode.real_port)
        if self.mode.method == "SNAT":
            return self.client_ends._replace(src=lab.GATEWAY[self.mode.server], sport=self.local_port or 1)
        if self.mode.method == "FNAT":
            local = lab.LOCAL[self.mode.server]
            return Ends(local, lab.SERVER[self.mode.server], self.local_port or 1, self.mode.real_port)
        return self.client_ends

    # Frames that are sent.

    def frame(self, side, packet, priority=-1, padding=0):
        tag = VLAN + (priority << 13).to_bytes(2, "big") if priority >= 0 else b""
        place = self.mode.place(side)
        return mac(self.director[place]) + mac(lab.MACS[place]) + tag + ether_type(packet) + packet + PADDING * padding

    def asked(self, shape):
        packet = shape.packet(self.mode.client, self.client_ends)
        return self.frame("client", packet, shape.priority, shape.padding)

    def answered(self, shape):
        packet = shape.packet(self.mode.server, self.server_ends().turned())
        return self.frame("server", packet, shape.priority, shape.padding)

    # Frames that are expected.

    def out(self, side, packet, padding=0):
        place = self.mode.place(side)
        return mac(lab.MACS[place]) + mac(self.director[place]) + ether_type(packet) + packet + PADDING * padding

    def new_ident(self, seen):
        """ipvsd counts them: each is used once."""
        ident = Layout(seen).number("ip.id")
        if ident is None or ident in self.idents:
            raise Mismatch(f"identification {ident}, which was used before")
        self.idents.add(ident)
        return ident

    def new_fragment_ident(self, seen):
        """Of what came whole: the upper half is not 0, as it is of a datagram that came in fragments."""
        ident = Layout(seen).number("fragment.id") or 0
        if ident >> 16 == 0:
            raise Mismatch(f"fragment identification {ident}")
        return ident

    def learn_local_port(self, seen, protocol):
        if self.mode.has_local_port and self.local_port is None:
            if protocol == "echo":
                self.local_port = (Layout(seen).number("icmp.rest") or 0) >> 16
            else:
                self.local_port = Layout(seen).number(f"{protocol}.sport")
            if self.local_port not in LOCAL_PORTS:
                raise Mismatch(f"{self.local_port} is no local port")

    def learn_gue_port(self, seen):
        if self.mode.tunnel.startswith("GUE") and self.gue_port is None:
            self.gue_port = Layout(seen).number("udp.sport")
            if self.gue_port not in GUE_PORTS:
                raise Mismatch(f"{self.gue_port} is no source port of a flow")

    def wrapped(self, inner, shape, seen):
        self.learn_gue_port(seen)
        has_ident = self.mode.server == 4 and not (self.mode.client == 4 and shape.dont_fragment)
        ident = self.new_ident(seen) if has_ident else 0
        return encapsulated(self.mode, inner, shape, shape.ttl - 1, ident, self.gue_port)

    def crossed(self, shape, to, seen):
        """In the family TO. A packet that may not be fragmented has no identification."""
        same = shape.crossed(to, 0)
        if to == 6 or same.dont_fragment:
            return same
        return shape.crossed(to, self.new_ident(seen))

    def arrives(self, shape):
        """What the client sends, at the server."""

        def build(seen):
            mode = self.mode
            if mode.method == "TUN":
                inner = shape.packet(mode.client, self.client_ends, hops=1)
                return self.out("server", self.wrapped(inner, shape, seen))
            self.learn_local_port(seen, shape.protocol)
            sent = self.crossed(shape, mode.server, seen) if mode.crosses else shape
            return self.out("server", sent.packet(mode.server, self.server_ends(), hops=1), sent.padding)

        return Expected("server", f"{shape.protocol} to the server", build)

    def returns(self, shape):
        """What the server answers, at the client."""

        def build(seen):
            mode = self.mode
            sent = self.crossed(shape, mode.client, seen) if mode.crosses else shape
            return self.out("client", sent.packet(mode.client, self.client_ends.turned(), hops=1), sent.padding)

        return Expected("client", f"{shape.protocol} to the client", build)
