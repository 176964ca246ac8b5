# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets as hosts send them: lengths, flags, checksums, priorities; IP options and extension headers."""

from scapy.layers.inet import IPOption_NOP, IPOption_RR, IPOption_Router_Alert, IPOption_Timestamp
from scapy.layers.inet6 import (
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    PadN,
    RouterAlert,
)
from scapy.layers.sctp import SCTPChunkData, SCTPChunkInit

import lab
from case import Case, Step
from modes import ECHO_MODES, MODES
from shape import Shape

SYN = Shape("SYN", "tcp", b"", {"flags": "S", "ack": 0, "options": [("MSS", 1460), ("WScale", 7), ("SAckOK", b"")]})
INIT = Shape("INIT", "sctp", bytes(SCTPChunkInit(init_tag=1)), {"tag": 0})
STAMPS = {"flags": "PA", "options": [("NOP", None), ("NOP", None), ("Timestamp", (1, 2))]}
OPENS = {"tcp": SYN, "udp": Shape("a datagram"), "sctp": INIT, "echo": Shape("ping", "echo")}
BYTES = bytes(i * 7 % 251 for i in range(lab.MTU))


def data(n):
    return bytes(SCTPChunkData(data=BYTES[:n], tsn=7, stream_id=1))


def plain_shapes():
    for n in (0, 1, 2, 3, 17, 1399, 1400):
        yield Shape(f"UDP, {n} bytes", "udp", BYTES[:n])
        yield Shape(f"TCP, {n} bytes", "tcp", BYTES[:n], STAMPS)
        yield Shape(f"SCTP, {n} bytes", "sctp", data(n))
        yield Shape(f"ping, {n} bytes", "echo", BYTES[:n])
    yield Shape("UDP without a checksum", "udp", BYTES[:33], {"chksum": 0})
    yield Shape("UDP that ends before the packet", "udp", BYTES[:40], {"len": 20})
    for protocol in ("tcp", "udp", "echo"):
        yield Shape(f"a wrong checksum, {protocol.upper()}", protocol, BYTES[:21], sum_is_off=0x1111)
    for flags in ("A", "PA", "FA", "R", "RA", "PAU", "EC", "SA"):
        yield Shape(f"TCP {flags}", "tcp", b"", {"flags": flags, "urgptr": 5 if "U" in flags else 0})
    yield Shape("DSCP and ECN", "tcp", BYTES[:5], STAMPS, tos=0xB9, label=0x12345)
    yield Shape("DSCP and ECN, ping", "echo", BYTES[:5], tos=0xB9, label=0x12345)
    yield Shape("priority tag 3, ping", "echo", BYTES[:9], priority=3)
    yield Shape("congestion", "udp", tos=0x03)
    yield Shape("DF", "udp", dont_fragment=True, ident=0)
    yield Shape("hop limit 2", "udp", ttl=2)
    yield Shape("hop limit 255", "udp", ttl=255)
    yield Shape("padding of a short frame", "udp", b"1", padding=17)
    for priority in (0, 5, 7):
        yield Shape(f"priority tag {priority}, UDP", "udp", BYTES[:9], priority=priority)
        yield Shape(f"priority tag {priority}, TCP", "tcp", BYTES[:9], STAMPS, priority=priority)


def option_shapes():
    four = {
        "record route": (IPOption_RR(routers=["0.0.0.0", "0.0.0.0"], pointer=4),),
        "timestamp": (IPOption_Timestamp(length=12, pointer=5, flg=0, timestamp=[0, 0]),),
        "router alert": (IPOption_Router_Alert(),),
        "no-ops": (IPOption_NOP(),) * 4,
        "40 bytes of options": (IPOption_NOP(),) * 40,
    }
    six = {
        "hop by hop": (IPv6ExtHdrHopByHop(options=[RouterAlert(value=0)]),),
        "destination options": (IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(12))]),),
        "a routing header that is done": (IPv6ExtHdrRouting(type=0, segleft=0, addresses=["2001:db8:3::1"]),),
        "a fragment header of a whole packet": (IPv6ExtHdrFragment(id=7),),
        "all extension headers": (
            IPv6ExtHdrHopByHop(options=[PadN(optdata=bytes(4))]),
            IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(4))]),
            IPv6ExtHdrRouting(type=0, segleft=0, addresses=["2001:db8:3::1", "2001:db8:3::2"]),
            IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(20))]),
        ),
    }
    for protocol in ("udp", "tcp", "sctp"):
        l4, payload = (STAMPS if protocol == "tcp" else {}), data(11) if protocol == "sctp" else BYTES[:11]
        for name, options in four.items():
            yield 4, Shape(f"{name}, {protocol.upper()}", protocol, payload, l4, options=options)
        for name, extensions in six.items():
            yield 6, Shape(f"{name}, {protocol.upper()}", protocol, payload, l4, extensions=extensions)


def opening(flow, protocol):
    shape = OPENS[protocol]
    return Step("client", [flow.asked(shape)], [flow.arrives(shape)])


def both_ways(shape, asks=True, answers=True):
    """Opens a connection, and has the shape pass in it: there and back, if the mode's answers pass the director."""

    def steps(flow):
        yield opening(flow, shape.protocol)
        if asks:
            yield Step("client", [flow.asked(shape)], [flow.arrives(shape)])
        if answers and flow.mode.answers_pass:
            yield Step("server", [flow.answered(shape)], [flow.returns(shape)])

    return steps


def jumbo_shapes(family, adds):
    """The longest packets of a family that pass: the MTU of both sides, if ADDS bytes come to them on the way."""
    room = min(lab.MTU, lab.MTU - adds)
    for length in (room, room - 1, 4001):
        for protocol, headers in (("udp", 8), ("tcp", 32), ("echo", 8)):
            size = length - (20 if family == 4 else 40) - headers
            l4 = STAMPS if protocol == "tcp" else {}
            yield Shape(f"{protocol.upper()} of {length} bytes", protocol, BYTES[:size], l4, dont_fragment=True)


def plain_cases():
    for mode in MODES + ECHO_MODES:
        for shape in plain_shapes():
            if shape.protocol in mode.protocols:
                yield Case(shape.name, mode, "plain", both_ways(shape))


def jumbo_cases():
    for mode in MODES + ECHO_MODES:
        for shape in jumbo_shapes(mode.client, mode.adds):
            if shape.protocol in mode.protocols:
                yield Case(f"{shape.name}, asked", mode, "jumbo", both_ways(shape, answers=False))
        for shape in jumbo_shapes(mode.server, -mode.adds):
            if shape.protocol in mode.protocols and mode.answers_pass:
                yield Case(f"{shape.name}, answered", mode, "jumbo", both_ways(shape, asks=False))


def option_cases():
    for mode in MODES:
        for family, shape in option_shapes():
            if shape.protocol in mode.protocols:
                asks, answers = family == mode.client, family == mode.server
                if asks or (answers and mode.answers_pass):
                    yield Case(shape.name, mode, "options", both_ways(shape, asks, answers))
