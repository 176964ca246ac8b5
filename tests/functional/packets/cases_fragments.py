# SPDX-License-Identifier: GPL-2.0-or-later
"""Fragments in every order that a network or an attacker can bring them in."""

from dataclasses import replace

from case import NOTHING_MORE, Case, Step
from cases_plain import BYTES, opening
from fragments import Datagram
from modes import MODES
from shape import Shape

# UDP of 3000 bytes with its header, in four pieces; one that overlaps the second.
DATAGRAM = Shape("a datagram", "udp", BYTES[:2992])
AFTER = Shape("another one", "udp")
PIECES = ((0, 800), (800, 800), (1600, 800), (2400, 600))
OVERLAPS = (808, 800)

# Which pieces are sent, which come out in which order, and what is dropped why; last, if that is another thing, what is
# dropped of what was not sent to an address of the director's: there it is the first one that tells that it is not the
# kernel's. Those that wait for the first one go after it in the order in which they came.
ORDERS = (
    ("in order", (0, 1, 2, 3), (0, 1, 2, 3), {}),
    ("in reverse order", (3, 2, 1, 0), (0, 3, 2, 1), {}),
    ("first one last", (1, 2, 3, 0), (0, 1, 2, 3), {}),
    ("shuffled", (2, 0, 3, 1), (0, 2, 3, 1), {}),
    ("one twice", (0, 1, 1, 2, 3), (0, 1, 2, 3), {"fragment_duplicate": 1}),
    ("the first one twice", (0, 0, 1, 2, 3), (0, 1, 2, 3), {"fragment_duplicate": 1}),
    ("one twice while it waits", (1, 1, 0, 2, 3), (0, 1, 2, 3), {"fragment_duplicate": 1}, {}),
    ("overlapping", (0, 1, "overlaps", 2, 3), (0, 1), {"fragment_overlap": 3}),
    ("overlapping while they wait", (1, "overlaps", 0, 2, 3), (), {"fragment_overlap": 5}, {"fragment_overlap": 4}),
    ("the last one missing", (0, 1, 2), (0, 1, 2), {}),
    ("one missing", (0, 1, 3), (0, 1, 3), {}),
)


def piece(which):
    return OVERLAPS if which == "overlaps" else PIECES[which]


def step(flow, side, ident, order):
    _, sent, comes, drops, *others = order
    datagram = Datagram(flow, side, DATAGRAM, ident)
    frames = [datagram.sent(piece(which)) for which in sent]
    if others and (flow.mode.method, side) in (("NAT", "server"), ("SNAT", "client")):
        drops = others[0]
    return Step(side, frames, [datagram.comes(piece(which)) for which in comes], drops)


def idents(number):
    """Two identifications that no other case has; those of IPv6 have an upper half."""
    return 0x5A0000 + 2 * number, 0x5A0001 + 2 * number


def ordered(number, order):
    asked, answered = idents(number)

    def steps(flow):
        yield opening(flow, "udp")
        yield step(flow, "client", asked, order)
        if flow.mode.answers_pass:
            yield step(flow, "server", answered, order)

    return steps


def waiting(number):
    """Without the first one none comes out. It comes when that is seen, so that none is left to be dropped by time."""
    missing, late = ("", (1, 2, 3), (), {}), ("", (0,), (0, 1, 2, 3), {})

    def steps(flow):
        yield opening(flow, "udp")
        for side, ident in zip(("client", "server") if flow.mode.answers_pass else ("client",), idents(number)):
            yield step(flow, side, ident, missing)
            yield NOTHING_MORE
            yield step(flow, side, ident, late)

    return steps


def opened_by(number, order):
    def steps(flow):
        yield step(flow, "client", idents(number)[0], order)
        yield Step("client", [flow.asked(AFTER)], [flow.arrives(AFTER)])

    return steps


def refused(number, shape, pieces, reason):
    """A first fragment that is dropped."""

    def steps(flow):
        yield opening(flow, shape.protocol)
        datagram = Datagram(flow, "client", shape, idents(number)[0])
        yield Step("client", [datagram.sent(one) for one in pieces], [], {reason: len(pieces)})

    return steps


def refusals():
    tcp = Shape("TCP", "tcp", BYTES[:100], {"options": [("MSS", 1460)]})
    yield "TCP's header cut", tcp, ((0, 16),), "fragment_tiny"
    yield "TCP's options cut", replace(tcp, l4={"dataofs": 8}), ((0, 24),), "fragment_tiny"
    yield "a length that is no multiple of 8", DATAGRAM, ((0, 801), (800, 33)), "fragment_length"


def mode_cases(mode):
    """(name, steps by the case's number)"""
    for order in ORDERS[:2] if mode.is_variant else ORDERS:
        yield order[0], lambda number, order=order: ordered(number, order)
    yield "the first one missing", waiting
    for order in ORDERS[:2]:
        yield f"{order[0]}, which open a connection", lambda number, order=order: opened_by(number, order)
    for name, *refusal in () if mode.is_variant or mode.method == "SNAT" else refusals():
        yield name, lambda number, refusal=refusal: refused(number, *refusal)
    if mode.crosses and mode.client == 4:
        shape = Shape("no checksum", "udp", BYTES[:800], {"chksum": 0})
        yield "no checksum", lambda number: refused(number, shape, ((0, 400),), "fragment_family")


def fragment_cases():
    cases = ((mode, case) for mode in MODES for case in mode_cases(mode))
    for number, (mode, (name, steps)) in enumerate(cases):
        yield Case(f"fragments, {name}", mode, "fragments", steps(number))
