# SPDX-License-Identifier: GPL-2.0-or-later
"""Errors that the director makes itself, about a packet that goes no further."""

import errors
from case import Expected, Step
from shape import Ends


def family_of(mode, side):
    return mode.client if side == "client" else mode.server


def sent_ends(flow, side):
    return flow.client_ends if side == "client" else flow.server_ends().turned()


def sent(flow, side, shape):
    return flow.asked(shape) if side == "client" else flow.answered(shape)


def told(flow, side, kind, shape, was_translated):
    """The director's error to SIDE about a packet of SHAPE that it sent."""
    family, sent_by = family_of(flow.mode, side), sent_ends(flow, side)
    ends = Ends(errors.director(flow.mode.place(side), family), sent_by.src, 0, 0)

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
