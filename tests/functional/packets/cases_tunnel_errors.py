# SPDX-License-Identifier: GPL-2.0-or-later
"""ICMP errors about the outer packets of tunnels: the director, which made these, tells the client about what he
sent."""

from dataclasses import replace

import errors
import lab
from case import Case, Expected, Step
from cases_errors import ABOUT
from cases_plain import opening
from modes import MODES
from shape import Ends

UNREACHABLE = {4: (3, 1, bytes(4)), 6: (1, 0, bytes(4))}
USED_UP = {4: (11, 0, bytes(4)), 6: (3, 0, bytes(4))}
SMALLEST_MTU = {4: 68, 6: 1280}


def meaning(mode, kind):
    """What the client is told, or None: what else is said is of no use to him."""
    unreachable, too_big, used_up = ((3,), (3, 4), (11, 0)) if mode.server == 4 else ((1,), (2, 0), (3, 0))
    if kind[:2] == too_big:
        mtu = max(errors.MTU_TOLD - mode.adds, SMALLEST_MTU[mode.client])
        number, code = (3, 4) if mode.client == 4 else (2, 0)
        return number, code, errors.mtu_in_rest(mtu)
    if kind[:1] == unreachable:
        return UNREACHABLE[mode.client]
    return USED_UP[mode.client] if kind[:2] == used_up else None


def told(flow, kind, shape):
    family = flow.mode.client
    quote = shape.packet(family, flow.client_ends, hops=1)
    answer = errors.of_director(family, kind, quote)
    ends = Ends(lab.WAN[family], lab.CLIENT[family], 0, 0)
    frame = flow.out("client", answer.packet(family, ends))
    return Expected("client", "director's error to the client", lambda seen: frame)


def reported(shape):
    def steps(flow):
        mode, outer = flow.mode, []
        arrives = flow.arrives(shape)

        def build(seen):
            frame = arrives.build(seen)
            outer.append(frame[14:])
            return frame

        yield opening(flow, shape.protocol)
        yield Step("client", [flow.asked(shape)], [replace(arrives, build=build)])
        for kind in errors.kinds(mode.server):
            error = errors.error(kind, outer[0])
            ends = Ends(lab.SERVER_ROUTER[mode.server], lab.LAN[mode.server], 0, 0)
            frame = flow.frame("server", error.packet(mode.server, ends))
            said = meaning(mode, kind)
            yield Step("server", [frame], [told(flow, said, shape)] if said else [])

    return steps


def tunnel_error_cases():
    for mode in MODES:
        if mode.method == "TUN":
            for shape, _ in ABOUT[:3:2]:
                shape = replace(shape, dont_fragment=True)
                yield Case(f"errors about the outer packet, {shape.name}", mode, "errors", reported(shape))
