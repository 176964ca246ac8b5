# SPDX-License-Identifier: GPL-2.0-or-later
"""An ICMP error that somebody sends about a packet of a connection, and as what it comes out on the other side."""

from dataclasses import replace

import errors
from case import Expected, Step
from fragments import fragment
from modes import HEADER
from shape import Ends

OTHER = {"client": "server", "server": "client"}
# Of a datagram whose first fragment is quoted.
FIRST = 800


class Report:
    """An error from SIDE about a packet of SHAPE that went there: its quote as it is sent, and as it must come out."""

    def __init__(self, flow, side, shape, quoted, seen=None):
        """SHAPE is as it was sent; SEEN, if it is another one, as it came to SIDE."""
        self.flow, self.side, self.to, self.shape = flow, side, OTHER[side], shape
        self.seen = seen or shape
        if flow.mode.crosses:
            self.seen = replace(self.seen, options=(), extensions=())
        mode = flow.mode
        self.family = mode.client if side == "client" else mode.server
        self.family_out = mode.server if side == "client" else mode.client
        if mode.method in ("DR", "TUN"):
            self.family = self.family_out = mode.client
        self.quoted = quoted

    def ends(self, side):
        """Of the quoted packet, as it is known there: one that goes to SELF.SIDE."""
        ends = self.flow.client_ends if side == "client" else self.flow.server_ends()
        return ends if self.side == "server" else ends.turned()

    def cut(self, packet, family):
        return packet if self.quoted is None else packet[: HEADER[family] + self.quoted]

    def quote(self):
        shape = self.seen
        if self.flow.mode.crosses and self.family == 4:
            shape = replace(shape, ident=77)
        return self.cut(shape.packet(self.family, self.ends(self.side), hops=1), self.family)

    def quote_out(self):
        shape = errors.as_quoted(self.shape, self.family_out) if self.flow.mode.crosses else self.shape
        quote = self.cut(shape.packet(self.family_out, self.ends(self.to), hops=1), self.family_out)
        return errors.shortened(quote, self.family_out) if self.flow.mode.crosses else quote

    def source_out(self, source):
        """The host at the other end goes by the name that it has here, and so does whatever is inside, behind SNAT;
        for a router of the other family the director speaks."""
        if source == self.ends(self.side).dst or (self.flow.mode.method == "SNAT" and self.side == "client"):
            return self.ends(self.to).dst
        return errors.director(self.to, self.family_out) if self.flow.mode.crosses else source

    def step(self, kind, source):
        flow = self.flow
        sent = errors.error(kind, self.quote(), tos=0xC0, ident=99)
        ends = Ends(source, self.ends(self.side).src, 0, 0)
        frames = [flow.frame(self.side, sent.packet(self.family, ends))]
        comes = errors.crossed(self.family, kind) if flow.mode.crosses else kind
        if comes is errors.DROPPED:
            return Step(self.side, frames, [], {"icmp_wordless": 1})
        return Step(self.side, frames, [self.expected(sent, comes, source)])

    def expected(self, sent, kind, source):
        flow, mode = self.flow, self.flow.mode
        ends = Ends(self.source_out(source), self.ends(self.to).src, 0, 0)
        shape = replace(sent, payload=self.quote_out(), l4=errors.error(kind, b"").l4)

        def build(seen):
            if mode.method == "TUN":
                return flow.out(self.to, flow.wrapped(shape.packet(self.family_out, ends, hops=1), shape, seen))
            out = shape
            if mode.crosses and self.family_out == 4:
                out = replace(shape, ident=flow.new_ident(seen))
            return flow.out(self.to, out.packet(self.family_out, ends, hops=1))

        return Expected(self.to, f"error to the {self.to}", build)


class AboutFragment(Report):
    """Errors about the first fragment of a datagram, which alone tells of which connection it is."""

    ident = 0x5A1234

    def quote(self):
        whole = replace(self.seen, dont_fragment=False).packet(self.family, self.ends(self.side), hops=1)
        return fragment(whole, 0, FIRST, self.ident)

    def quote_out(self):
        whole = replace(self.shape, dont_fragment=False).packet(self.family_out, self.ends(self.to), hops=1)
        ident = self.ident & 0xFFFF if self.flow.mode.crosses else self.ident
        piece = fragment(whole, 0, FIRST, ident)
        return errors.shortened(piece, self.family_out) if self.flow.mode.crosses else piece


class Extended(Report):
    """Errors with an extension behind the quote, which is padded to 128 bytes (RFC 4884); other families lose it."""

    kinds = {4: (11, 0, bytes([0, 128 // 4, 0, 0])), 6: (3, 0, bytes([128 // 8, 0, 0, 0]))}
    extension = bytes.fromhex("2000dfff00080101")

    def quote(self):
        return super().quote().ljust(128, b"\0") + self.extension

    def quote_out(self):
        if not self.flow.mode.crosses:
            return super().quote_out().ljust(128, b"\0") + self.extension
        return super().quote_out().ljust(128 - HEADER[self.family] + HEADER[self.family_out], b"\0")


class Odd(Report):
    """Errors that are not as they should be."""

    def sent(self, kind, quote, source, ttl=64, off=0):
        shape = replace(errors.error(kind, quote, ttl=ttl), sum_is_off=off)
        return self.flow.frame(self.side, shape.packet(self.family, Ends(source, self.ends(self.side).src, 0, 0)))

    def dropped(self, reason, *sent, **more):
        return Step(self.side, [self.sent(*sent, **more)], [], {reason: 1})

    def stays_wrong(self, kind, source, off):
        """The sum of what is rewritten is mended by what has changed."""
        ends = Ends(self.source_out(source), self.ends(self.to).src, 0, 0)
        shape = replace(errors.error(kind, self.quote_out()), sum_is_off=off)
        frame = self.flow.out(self.to, shape.packet(self.family_out, ends, hops=1))
        expected = Expected(self.to, f"error to the {self.to}", lambda seen: frame)
        return Step(self.side, [self.sent(kind, self.quote(), source, off=off)], [expected])
