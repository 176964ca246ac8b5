# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets cut into fragments (RFC 791, 8200), and what the modes make of these: the pieces of the packet that they
would make of the whole."""

from dataclasses import replace

from scapy.utils import checksum

from case import Expected

FRAGMENT_HEADER = 44
MORE4, MORE6 = 0x2000, 1


def fragment4(packet, first, length, ident):
    header, data = packet[:20], packet[20:]
    place = first // 8 | (MORE4 if first + length < len(data) else 0)
    piece = data[first : first + length]
    header = header[:2] + (20 + len(piece)).to_bytes(2, "big") + (ident & 0xFFFF).to_bytes(2, "big")
    header += place.to_bytes(2, "big") + packet[8:10] + b"\0\0" + packet[12:20]
    return header[:10] + checksum(header).to_bytes(2, "big") + header[12:] + piece


def fragment6(packet, first, length, ident):
    data = packet[40:]
    piece = data[first : first + length]
    place = first | (MORE6 if first + length < len(data) else 0)
    header = packet[:4] + (8 + len(piece)).to_bytes(2, "big") + bytes([FRAGMENT_HEADER]) + packet[7:40]
    return header + bytes([packet[6], 0]) + place.to_bytes(2, "big") + ident.to_bytes(4, "big") + piece


def fragment(packet, first, length, ident):
    """Of a packet without options or extension headers."""
    return (fragment4 if packet[0] >> 4 == 4 else fragment6)(packet, first, length, ident)


class Datagram:
    """A packet of a shape that is sent from SIDE in fragments, each a (first byte, length)."""

    def __init__(self, flow, side, shape, ident):
        self.flow, self.side, self.shape = flow, side, replace(shape, dont_fragment=False)
        self.ident = ident

    def sent(self, piece):
        flow, mode = self.flow, self.flow.mode
        if self.side == "client":
            packet = self.shape.packet(mode.client, flow.client_ends)
        else:
            packet = self.shape.packet(mode.server, flow.server_ends().turned())
        return flow.frame(self.side, fragment(packet, *piece, self.ident))

    def comes(self, piece):
        """The same fragment on the other side."""
        flow, mode = self.flow, self.flow.mode
        to = "server" if self.side == "client" else "client"

        def build(seen):
            if mode.method == "TUN":
                inner = self.shape.packet(mode.client, flow.client_ends, hops=1)
                return flow.out(to, flow.wrapped(fragment(inner, *piece, self.ident), self.shape, seen))
            if to == "server":
                if piece[0] == 0:
                    flow.learn_local_port(seen, self.shape.protocol)
                family, ends = mode.server, flow.server_ends()
            else:
                family, ends = mode.client, flow.client_ends.turned()
            packet = self.shape.packet(family, ends, hops=1)
            # The lower half is the identification in the other family (RFC 7915, 5.1.1).
            ident = self.ident & 0xFFFF if mode.crosses else self.ident
            return flow.out(to, fragment(packet, *piece, ident))

        return Expected(to, f"fragment to the {to}", build)
