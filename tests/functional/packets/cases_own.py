# SPDX-License-Identifier: GPL-2.0-or-later
"""What is for the director itself: pings, ARP and neighbour discovery, other messages; and what is of a VLAN."""

from dataclasses import replace

from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr, ICMPv6NDOptSrcLLAddr, IPv6
from scapy.layers.l2 import ARP, Ether

import errors
import lab
from case import Case, Expected, Step
from cases_plain import BYTES, OPENS, opening
from modes import MODES
from shape import Ends, Shape


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
        yield Case("ping of the VIP", mode, "own", ping_of("client", lab.VIP[family]))
        yield Case("ping of a local address", mode, "own", ping_of("server", lab.LOCAL[family], ttl=9))
        yield Case("a tag of a VLAN", mode, "own", of_a_vlan)
        yield Case("other ICMP messages", mode, "own", other_messages(family))
    yield Case("ARP for a local address", by_family[4], "own", who_has)
    yield Case("a solicitation for a local address", by_family[6], "own", solicitation)
