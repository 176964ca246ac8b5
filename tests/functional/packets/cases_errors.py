# SPDX-License-Identifier: GPL-2.0-or-later
"""ICMP errors about packets of a connection, of routers and of the hosts themselves, in both directions."""

from scapy.layers.inet import IPOption_RR
from scapy.layers.inet6 import IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop, PadN

import errors
from case import Case
from cases_plain import BYTES, STAMPS, opening
from modes import ECHO_MODES, HEADER, MODES
from reports import AboutFragment, Extended, Odd, Report
from shape import Shape

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


def reported(side, shape, quoted):
    """All kinds of errors, of a router and of the host itself."""

    def steps(flow):
        yield opening(flow, shape.protocol)
        report = Report(flow, side, shape, quoted)
        for kind in errors.kinds(report.family):
            yield report.step(kind, errors.router(flow.mode.place(side), report.family))
        yield report.step(errors.kinds(report.family)[1], report.ends(side).dst)

    return steps


def about_fragment(side):
    def steps(flow):
        yield opening(flow, "udp")
        report = AboutFragment(flow, side, Shape("", "udp", BYTES[:1200]), None)
        for kind in errors.kinds(report.family)[:2]:
            yield report.step(kind, errors.router(flow.mode.place(side), report.family))

    return steps


def extended(side, shape):
    def steps(flow):
        yield opening(flow, shape.protocol)
        report = Extended(flow, side, shape, None)
        yield report.step(report.kinds[report.family], errors.router(flow.mode.place(side), report.family))

    return steps


def odd(side, shape):
    def steps(flow):
        yield opening(flow, shape.protocol)
        report = Odd(flow, side, shape, None)
        kind, source = errors.kinds(report.family)[0], errors.router(flow.mode.place(side), report.family)
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
            for shape, _ in ABOUT[:3:2]:
                yield Case(f"extended errors about questions, {shape.name}", mode, "errors", extended("server", shape))
                yield Case(f"extended errors about answers, {shape.name}", mode, "errors", extended("client", shape))
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
