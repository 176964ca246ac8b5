# SPDX-License-Identifier: GPL-2.0-or-later
"""Ways to break a nest of attributes, one at a time. For each of them (title, bytes)."""
import struct

from netlink_text import NESTED, attribute, fields, pack

NATURAL = {"u8": 1, "u16": 2, "be16": 2, "u32": 4}


def lengths(form, payload):
    """The payload in other lengths."""
    size = len(payload)
    longest = size + 5 if form in NATURAL else size + 9
    for length in range(0, longest):
        if length != size:
            yield length, (payload + bytes(longest))[:length]


# Beyond these two kernels differ: TIMEOUT is multiplied by HZ in 32 bits, and thresholds above INT_MAX are refused only
# since a later 6.1 than the guest's (tests/unit/test_ipvs_commands.c has them).
LARGEST = {"TIMEOUT": 4294967, "U_THRESH": 0x7FFFFFFF}


def values(name, form):
    """Numbers at the ends of their ranges."""
    size = NATURAL.get(form)
    if size:
        top = 1 << 8 * size
        largest = LARGEST.get(name, top)
        for value in sorted({0, 1, 2, 3, 255 % top, min(largest, top // 2 - 1), top // 2, top - 1}):
            if value > largest:
                continue
            yield value, value.to_bytes(size, "big" if form == "be16" else "little")


def broken(table, good):
    """GOOD are the attributes (name: value) of a nest that is right."""
    whole = fields(table, **good)
    names = {number: name for number, (name, _) in table.items()}
    for index, (kind, payload) in enumerate(whole):
        name, form = names[kind], table[kind][1]
        before, after = pack(whole[:index]), pack(whole[index + 1 :])
        yield f"{name} missing", before + after
        for length, other in lengths(form, payload):
            yield f"{name} of {length} bytes", before + attribute(kind, other) + after
        for value, other in values(name, form):
            yield f"{name} {value:#x}", before + attribute(kind, other) + after
        yield f"{name} marked as a nest", before + attribute(kind | NESTED, payload) + after
        yield f"{name} marked as network order", before + attribute(kind | 0x4000, payload) + after
        yield f"{name} twice, wrong first", before + attribute(kind, payload[:1]) + attribute(kind, payload) + after
        yield f"{name} twice, wrong last", before + attribute(kind, payload) + attribute(kind, payload[:1]) + after
        yield f"{name} says length 0", before + attribute(kind, payload, length=0) + after
        yield f"{name} says length 3", before + attribute(kind, payload, length=3) + after
        yield f"{name} reaches beyond the end", before + attribute(kind, payload, length=0xFFF0) + after
        yield f"{name} ends the nest early", before + after + attribute(kind, payload, length=4 + len(payload) + 1)
    everything = pack(whole)
    yield "attribute 0 before", attribute(0, b"zero") + everything
    yield "attribute beyond the last", attribute(99, b"unknown") + everything
    yield "attribute 0x3f00, a nest", attribute(0x3F00 | NESTED, attribute(1, b"x")) + everything
    yield "in reverse order", pack(reversed(whole))
    yield "a byte behind", everything + b"\x01"
    yield "three bytes behind", everything + b"\x01\x02\x03"
    yield "nothing", b""
    yield "rubbish", bytes(range(64))
    nest = b"deep"
    for _ in range(100):
        nest = attribute(1 | NESTED, nest)
    yield "nests, 100 deep", nest


def packings(kind, body):
    """Other ways to put a nest into a message."""
    yield "the nest marked as one", attribute(kind | NESTED, body)
    yield "the nest twice, empty first", attribute(kind, b"") + attribute(kind, body)
    yield "the nest twice, empty last", attribute(kind, body) + attribute(kind, b"")
    yield "the nest says length 3", attribute(kind, body, length=3)
    yield "the nest reaches beyond the message", attribute(kind, body, length=0xFFF0)
    yield "the nest of one byte", attribute(kind, b"\x01")
    yield "the nest of three bytes", attribute(kind, b"\x01\x02\x03")
    yield "the nest missing", b""
    yield "bytes behind the nest", attribute(kind, body) + b"\x01\x02"
    yield "an unknown attribute before", attribute(77, struct.pack("=I", 7)) + attribute(kind, body)
    yield "a timeout of one byte before", attribute(4, b"\x01") + attribute(kind, body)
    yield "a timeout of one byte behind", attribute(kind, body) + attribute(4, b"\x01")
