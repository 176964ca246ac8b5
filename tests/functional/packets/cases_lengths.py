# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets that the mode makes longer than the MTU: their senders are told, or they are fragmented."""

import errors
import lab
from case import Case, Expected, Step
from cases_plain import BYTES, STAMPS, opening
from director import family_of, refused, sent
from fragments import fragment
from modes import MODES
from shape import Shape


def too_big(family, mtu):
    return (3, 4, mtu.to_bytes(4, "big")) if family == 4 else (2, 0, mtu.to_bytes(4, "big"))


def longest(family, **header):
    size = lab.MTU - errors.HEADER[family] - 8
    return Shape(f"UDP of {lab.MTU} bytes", "udp", BYTES[:size], **header)


def longest_tcp(family):
    size = lab.MTU - errors.HEADER[family] - 32
    return Shape(f"TCP of {lab.MTU} bytes", "tcp", BYTES[:size], STAMPS, dont_fragment=True)


def too_long(side, shape):
    """From SIDE, and it must not be fragmented."""

    def steps(flow):
        mode = flow.mode
        yield opening(flow, shape.protocol)
        room = lab.MTU - (mode.adds if side == "client" else -mode.adds)
        yield refused(flow, side, shape, too_big(family_of(mode, side), room), "too_big")

    return steps


def split_tunnel(shape):
    """The outer packet is fragmented."""

    def steps(flow):
        yield opening(flow, shape.protocol)
        mode = flow.mode
        first = (lab.MTU - (20 if mode.server == 4 else 48)) & ~7
        whole = {}

        def piece(at, length):
            def build(seen):
                if not whole:
                    inner = shape.packet(mode.client, flow.client_ends, hops=1)
                    outer = whole["outer"] = flow.wrapped(inner, shape, seen)
                    ident = int.from_bytes(outer[4:6], "big") if mode.server == 4 else flow.new_fragment_ident(seen)
                    whole["ident"] = ident
                return flow.out("server", fragment(whole["outer"], at, length, whole["ident"]))

            return Expected("server", "piece to the server", build)

        length = lab.MTU + mode.adds - errors.HEADER[mode.server]
        pieces = [piece(0, first), piece(first, length - first)]
        yield Step("client", [flow.asked(shape)], pieces)

    return steps


def split_crossed(side, shape):
    """Of IPv4 and without DF, it becomes fragments of IPv6 (RFC 7915, 4.1)."""

    def steps(flow):
        yield opening(flow, shape.protocol)
        to = "server" if side == "client" else "client"
        first = (lab.MTU - 48) & ~7
        ident = []

        def piece(at, length):
            def build(seen):
                ident.append(flow.new_fragment_ident(seen) if not ident else ident[0])
                ends = flow.server_ends() if side == "client" else flow.client_ends.turned()
                packet = shape.packet(6, ends, hops=1)
                return flow.out(to, fragment(packet, at, length, ident[0]))

            return Expected(to, f"piece to the {to}", build)

        length = len(shape.payload) + 8
        yield Step(side, [sent(flow, side, shape)], [piece(0, first), piece(first, length - first)])

    return steps


def length_cases():
    for mode in MODES:
        if mode.method == "TUN":
            for shape in (longest(mode.client, dont_fragment=True), longest_tcp(mode.client)):
                yield Case(f"too long, {shape.name}", mode, "own", too_long("client", shape))
        if mode.method == "TUN" and mode.client == 4:
            shape = longest(4)
            yield Case(f"too long without DF, {shape.name}", mode, "own", split_tunnel(shape))
        if mode.crosses:
            side = "client" if mode.client == 4 else "server"
            for shape in (longest(4, dont_fragment=True), longest_tcp(4)):
                yield Case(f"too long, {shape.name}", mode, "own", too_long(side, shape))
            shape = longest(4)
            yield Case(f"too long without DF, {shape.name}", mode, "own", split_crossed(side, shape))
