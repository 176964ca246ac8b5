# SPDX-License-Identifier: GPL-2.0-or-later
"""ICMP errors about packets of a connection, of routers and of the hosts themselves, in both directions."""

from dataclasses import replace

from scapy.layers.inet import IPOption_RR
from scapy.layers.inet6 import IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop, PadN

import errors
from case import Case, Expected, Step
from cases_plain import BYTES, STAMPS, opening
from fragments import fragment
from modes import ECHO_MODES, MODES
from shape import Ends, Shape

HEADER = errors.HEADER
# What the errors are about, and how much of it behind the IP header they quote; None: all.
ABOUT = (
    (Shape("UDP", "udp", BYTES[:33], ttl=60), None),
    (Shape("UDP, cut to 8 bytes", "udp", BYTES[:33], ttl=60), 8),
    (Shape("TCP", "tcp", BYTES[:13], STAMPS, ttl=60), None),
    (Shape("TCP, cut to 8 bytes", "tcp", BYTES[:13], STAMPS, ttl=60), 8),
    (Shape("TCP, cut behind the checksum", "tcp", BYTES[:13], STAMPS, ttl=60), 18),
    (Shape("TCP, cut to 25 bytes", "tcp", BYTES[:13], STAMPS, ttl=60), 25),
)
OPTIONS = IPOption_RR(routers=["0.0.0.0"] * 2, pointer=4)
EXTENSIONS = IPv6ExtHdrHopByHop(options=[PadN(optdata=bytes(4))]), IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(4))])
WITH_OPTIONS = Shape("UDP with options", "udp", BYTES[:33], ttl=60, options=(OPTIONS,), extensions=EXTENSIONS)
ABOUT_PING = (
    (Shape("ping", "echo", BYTES[:33], ttl=60), None),
    (Shape("ping, cut to 8 bytes", "echo", BYTES[:33], ttl=60), 8),
)
FIRST = 800
OTHER = {"client": "server", "server": "client"}


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
        """The host at the other end goes by the name that it has here; for a router of the other family the director
        speaks."""
        if source == self.ends(self.side).dst:
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


def reported(side, shape, quoted):
    """All kinds of errors, of a router and of the host itself."""

    def steps(flow):
        yield opening(flow, shape.protocol)
        report = Report(flow, side, shape, quoted)
        for kind in errors.kinds(report.family):
            yield report.step(kind, errors.router(side, report.family))
        yield report.step(errors.kinds(report.family)[1], report.ends(side).dst)

    return steps


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


def about_fragment(side):
    def steps(flow):
        yield opening(flow, "udp")
        report = AboutFragment(flow, side, Shape("", "udp", BYTES[:1200]), None)
        for kind in errors.kinds(report.family)[:2]:
            yield report.step(kind, errors.router(side, report.family))

    return steps


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


def odd(side, shape):
    def steps(flow):
        yield opening(flow, shape.protocol)
        report = Odd(flow, side, shape, None)
        kind, source = errors.kinds(report.family)[0], errors.router(side, report.family)
        quote, header = report.quote(), HEADER[report.family]
        yield report.dropped("icmp_quote", kind, quote[: header + 7], source)
        yield report.dropped("icmp_quote", kind, quote[: header - 1], source)
        yield report.dropped("ip_ttl", kind, quote, source, ttl=1)
        if flow.mode.crosses:
            yield report.dropped("icmp_checksum", kind, quote, source, off=0x0101)
        else:
            yield report.stays_wrong(kind, source, 0x0101)

    return steps


def odd_cases():
    for mode in MODES:
        if mode.answers_pass:
            yield Case("odd errors about questions", mode, "errors", odd("server", ABOUT[2][0]))
            yield Case("odd errors about answers", mode, "errors", odd("client", ABOUT[2][0]))
            yield Case("errors about a question's first fragment", mode, "errors", about_fragment("server"))
            yield Case("errors about an answer's first fragment", mode, "errors", about_fragment("client"))


def error_cases():
    for mode in MODES + ECHO_MODES:
        about = ABOUT_PING if mode.is_echo else ABOUT[:3:2] if mode.is_variant else ABOUT + ((WITH_OPTIONS, None),)
        for shape, quoted in about:
            # Where answers don't pass, the clients' errors about them come here all the same.
            yield Case(f"errors about answers, {shape.name}", mode, "errors", reported("client", shape, quoted))
            if mode.answers_pass:
                yield Case(f"errors about questions, {shape.name}", mode, "errors", reported("server", shape, quoted))
