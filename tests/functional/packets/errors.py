# SPDX-License-Identifier: GPL-2.0-or-later
"""ICMP errors: every type and code, what becomes of it in the other family (RFC 7915, 4.2 and 5.2), and those that the
director makes itself."""

from dataclasses import replace

import lab
from modes import HEADER
from shape import Ends, Shape

MTU_TOLD = 1400
# Type 12's pointer, and type 4's, to a field that both families have: IPv4's TTL, IPv6's hop limit.
POINTERS = {4: 8, 6: 7}
DROPPED = None


def mtu_in_rest(mtu):
    return mtu.to_bytes(4, "big")


def kinds4():
    for code in range(16):
        yield 3, code, mtu_in_rest(MTU_TOLD) if code == 4 else bytes(4)
    yield 4, 0, bytes(4)
    for code in (0, 1):
        yield 11, code, bytes(4)
    for code in (0, 1, 2):
        yield 12, code, bytes([POINTERS[4], 0, 0, 0])


def kinds6():
    for code in range(9):
        yield 1, code, bytes(4)
    yield 2, 0, mtu_in_rest(MTU_TOLD)
    for code in (0, 1):
        yield 3, code, bytes(4)
    for code in (0, 1, 2, 3):
        yield 4, code, bytes([0, 0, 0, POINTERS[6]])


def kinds(family):
    """(type, code, the four bytes behind the checksum)"""
    return list(kinds4() if family == 4 else kinds6())


UNREACHABLE_6 = {0: 0, 1: 0, 3: 4, 5: 0, 6: 0, 7: 0, 8: 0, 9: 1, 10: 1, 11: 0, 12: 0, 13: 1, 15: 1}
UNREACHABLE_4 = {0: 1, 1: 10, 2: 1, 3: 1, 4: 3}


def crossed4(kind, code):
    """An error of IPv4 in IPv6."""
    if kind == 3 and code == 4:
        return 2, 0, mtu_in_rest(MTU_TOLD + 20)
    if kind == 3 and code == 2:
        return 4, 1, bytes([0, 0, 0, 6])
    if kind == 3:
        return (1, UNREACHABLE_6[code], bytes(4)) if code in UNREACHABLE_6 else DROPPED
    if kind == 11:
        return 3, code, bytes(4)
    if kind == 12:
        return (4, 0, bytes([0, 0, 0, POINTERS[6]])) if code in (0, 2) else DROPPED
    return DROPPED


def crossed6(kind, code):
    """An error of IPv6 in IPv4."""
    if kind == 1:
        return (3, UNREACHABLE_4[code], bytes(4)) if code in UNREACHABLE_4 else DROPPED
    if kind == 2:
        return 3, 4, mtu_in_rest(MTU_TOLD - 20)
    if kind == 3:
        return 11, code, bytes(4)
    if code == 1:
        return 3, 2, bytes(4)
    return (12, 0, bytes([POINTERS[4], 0, 0, 0])) if code == 0 else DROPPED


def crossed(family, kind):
    """What KIND, of FAMILY, is in the other one, or None: it is dropped."""
    return (crossed4 if family == 4 else crossed6)(*kind[:2])


def error(kind, quote, **header):
    """A packet's shape."""
    number, code, rest = kind
    head = bytes([number, code, 0, 0]) + rest
    return Shape(f"type {number} code {code}", "icmp", quote, {"head": head}, **header)


NOBODY = Ends("0.0.0.0", "0.0.0.0", 1, 1)
LONGEST = {4: 576, 6: 1280}


def shortened(quote, family):
    """What an error that the director makes has room for (RFC 1812, 4.3.2.3; RFC 4443, 2.4)."""
    return quote[: LONGEST[family] - HEADER[family] - 8]


def of_director(family, kind, quote):
    """Its own errors."""
    header = {"tos": 0xC0, "ident": 0, "dont_fragment": True} if family == 4 else {}
    return error(kind, shortened(quote, family), **header)


def of_director_crossed(family, kind, quote, ident):
    """Those that it made in the other family, about a packet that had been translated, and translated back."""
    return error(kind, shortened(quote, family), ident=ident)


def as_quoted(shape, family):
    """The header that a translated quote has: what the other family doesn't know is lost."""
    if family == 6:
        return replace(shape, label=0, extensions=())
    shape = replace(shape, ident=0, options=())
    return replace(shape, dont_fragment=len(shape.packet(4, NOBODY)) > 1260)


def router(side, family):
    return (lab.CLIENT_ROUTER if side == "client" else lab.SERVER_ROUTER)[family]


def host(side, family):
    return (lab.CLIENT if side == "client" else lab.SERVER)[family]


def director(side, family):
    return (lab.WAN if side == "client" else lab.LAN)[family]
