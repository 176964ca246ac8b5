# SPDX-License-Identifier: GPL-2.0-or-later
"""What the director says itself: hop limits used up, packets that are too long, pings, ARP and neighbour discovery."""

from dataclasses import replace

from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr, ICMPv6NDOptSrcLLAddr, IPv6
from scapy.layers.l2 import ARP, Ether

import errors
import lab
from case import Case, Expected, Step
from cases_errors import ABOUT, ABOUT_PING
from cases_plain import BYTES, OPENS, STAMPS, opening
from fragments import fragment
from modes import ECHO_MODES, MODES
from shape import Ends, Shape

USED_UP = {4: (11, 0, bytes(4)), 6: (3, 0, bytes(4))}


def too_big(family, mtu):
    return (3, 4, mtu.to_bytes(4, "big")) if family == 4 else (2, 0, mtu.to_bytes(4, "big"))


def family_of(mode, side):
    return mode.client if side == "client" else mode.server


def sent_ends(flow, side):
    return flow.client_ends if side == "client" else flow.server_ends().turned()


def sent(flow, side, shape):
    return flow.asked(shape) if side == "client" else flow.answered(shape)


def told(flow, side, kind, shape, was_translated):
    """The director's error to SIDE about a packet of SHAPE that it sent."""
    family, sent_by = family_of(flow.mode, side), sent_ends(flow, side)
    ends = Ends(errors.director(side, family), sent_by.src, 0, 0)

    def build(seen):
        if was_translated:
            quote = errors.as_quoted(shape, family).packet(family, sent_by)
            answer = errors.of_director_crossed(family, kind, quote, flow.new_ident(seen))
        else:
            answer = errors.of_director(family, kind, shape.packet(family, sent_by))
        return flow.out(side, answer.packet(family, ends))

    return Expected(side, f"director's error to the {side}", build)


def is_translated(flow, side):
    """Packets of IPv4 are translated before it is seen that they go no further; but for one that opens a connection."""
    return flow.mode.crosses and family_of(flow.mode, side) == 4


def refused(flow, side, shape, kind, reason, opens=False):
    expected = told(flow, side, kind, shape, is_translated(flow, side) and not opens)
    return Step(side, [sent(flow, side, shape)], [expected], {reason: 1})


def used_up(shape, ttl):
    """The packet that would open a connection, and one of the connection from either side."""
    last = replace(shape, ttl=ttl)

    def steps(flow):
        first = replace(OPENS[shape.protocol], ttl=ttl)
        yield refused(flow, "client", first, USED_UP[flow.mode.client], "ip_ttl", opens=True)
        yield opening(flow, shape.protocol)
        yield refused(flow, "client", last, USED_UP[flow.mode.client], "ip_ttl")
        if flow.mode.answers_pass:
            yield refused(flow, "server", last, USED_UP[flow.mode.server], "ip_ttl")

    return steps


def hop_limit_cases():
    for mode in MODES + ECHO_MODES:
        for shape, _ in (ABOUT_PING if mode.is_echo else ABOUT)[:3:2]:
            for ttl in (1, 0):
                yield Case(f"hop limit {ttl}, {shape.name}", mode, "director", used_up(shape, ttl))


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
        mode, first = flow.mode, (lab.MTU - 20) & ~7
        whole = {}

        def piece(at, length):
            def build(seen):
                if not whole:
                    inner = shape.packet(mode.client, flow.client_ends, hops=1)
                    whole["outer"] = flow.wrapped(inner, shape, seen)
                outer = whole["outer"]
                return flow.out("server", fragment(outer, at, length, int.from_bytes(outer[4:6], "big")))

            return Expected("server", "piece to the server", build)

        length = lab.MTU + mode.adds - 20
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


def dropped(shape):
    def steps(flow):
        yield opening(flow, shape.protocol)
        yield Step("client", [flow.asked(shape)], [], {"too_big": 1})

    return steps


def length_cases():
    for mode in MODES:
        if mode.method == "TUN":
            for shape in (longest(mode.client, dont_fragment=True), longest_tcp(mode.client)):
                yield Case(f"too long, {shape.name}", mode, "director", too_long("client", shape))
        if mode.method == "TUN" and mode.client == 4:
            shape = longest(4)
            steps = split_tunnel(shape) if mode.server == 4 else dropped(shape)
            yield Case(f"too long without DF, {shape.name}", mode, "director", steps)
        if mode.crosses:
            side = "client" if mode.client == 4 else "server"
            for shape in (longest(4, dont_fragment=True), longest_tcp(4)):
                yield Case(f"too long, {shape.name}", mode, "director", too_long(side, shape))
            shape = longest(4)
            yield Case(f"too long without DF, {shape.name}", mode, "director", split_crossed(side, shape))


def ping_of(side, address, ttl=64):
    """Of an address of the director, by the kernel or, of a local address, by ipvsd."""
    family = lab.family(address)
    shape = Shape("ping", "echo", BYTES[:57], ttl=ttl)
    by_kernel = address not in lab.LOCAL.values()

    def steps(flow):
        ends = Ends(errors.host(side, family), address, 4711, 0)
        frame = flow.frame(side, shape.packet(family, ends))

        def build(seen):
            answer = replace(shape, ttl=64)
            if by_kernel:
                answer = replace(answer, ident=int.from_bytes(seen[18:20], "big"))
                answer = replace(answer, label=int.from_bytes(seen[15:18], "big") & 0xFFFFF)
            return flow.out(side, answer.packet(family, ends.turned()))

        yield Step(side, [frame], [Expected(side, "ping", build)], from_kernel=by_kernel)

    return steps


# Requests that the director's kernel answers, and what it has to have in its own time.
ASKS_KERNEL = {4: (8, 13), 6: (128,)}


def other_messages(family):
    """All types but errors and what the kernel answers, to the VIP: nobody else gets to see them."""
    known = ASKS_KERNEL[family] + tuple(kind for kind, *_ in errors.kinds(family))

    def steps(flow):
        frames = []
        for kind in range(256):
            if kind not in known:
                message = Shape("", "icmp", bytes(32), {"head": bytes([kind]) + bytes(7)})
                ends = Ends(lab.CLIENT[family], lab.VIP[family], 0, 0)
                frames.append(flow.frame("client", message.packet(family, ends)))
        yield Step("client", frames)

    return steps


def who_has(flow):
    director = flow.director["server"]
    asked = Ether(src=lab.SERVER_MAC, dst="ff:ff:ff:ff:ff:ff") / ARP(
        op=1, hwsrc=lab.SERVER_MAC, psrc=lab.SERVER[4], pdst=lab.LOCAL[4]
    )
    answer = Ether(src=director, dst=lab.SERVER_MAC) / ARP(
        op=2, hwsrc=director, psrc=lab.LOCAL[4], hwdst=lab.SERVER_MAC, pdst=lab.SERVER[4]
    )
    yield Step("server", [bytes(asked)], [Expected("server", "ARP", lambda seen: bytes(answer))])


def solicitation(flow):
    director = flow.director["server"]
    asked = (
        Ether(src=lab.SERVER_MAC, dst="33:33:ff:00:01:00")
        / IPv6(src=lab.SERVER[6], dst="ff02::1:ff00:100", hlim=255)
        / ICMPv6ND_NS(tgt=lab.LOCAL[6])
        / ICMPv6NDOptSrcLLAddr(lladdr=lab.SERVER_MAC)
    )
    answer = (
        Ether(src=director, dst=lab.SERVER_MAC)
        / IPv6(src=lab.LOCAL[6], dst=lab.SERVER[6], hlim=255)
        / ICMPv6ND_NA(tgt=lab.LOCAL[6], R=0, S=1, O=1)
        / ICMPv6NDOptDstLLAddr(lladdr=director)
    )
    yield Step("server", [bytes(asked)], [Expected("server", "neighbour discovery", lambda seen: bytes(answer))])


def of_a_vlan(flow):
    """A port is of no VLAN: such frames are not forwarded, even of a connection."""
    shape = replace(OPENS["udp"], priority=3)
    yield opening(flow, "udp")
    frame = flow.asked(shape)
    yield Step("client", [frame[:15] + b"\5" + frame[16:]])


def own_cases():
    by_family = {mode.client: mode for mode in MODES if mode.method == "FNAT" and not mode.crosses}
    for family, mode in by_family.items():
        yield Case("ping of the VIP", mode, "director", ping_of("client", lab.VIP[family]))
        yield Case("ping of a local address", mode, "director", ping_of("server", lab.LOCAL[family], ttl=9))
        yield Case("a tag of a VLAN", mode, "director", of_a_vlan)
        yield Case("other ICMP messages", mode, "director", other_messages(family))
    yield Case("ARP for a local address", by_family[4], "director", who_has)
    yield Case("a solicitation for a local address", by_family[6], "director", solicitation)


def director_cases():
    yield from hop_limit_cases()
    yield from length_cases()
    yield from own_cases()
