# SPDX-License-Identifier: GPL-2.0-or-later
"""Hop limits that are used up: the sender is told."""

from dataclasses import replace

from case import Case
from cases_errors import ABOUT, ABOUT_PING
from cases_plain import OPENS, opening
from director import refused
from modes import ECHO_MODES, MODES

USED_UP = {4: (11, 0, bytes(4)), 6: (3, 0, bytes(4))}


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
                yield Case(f"hop limit {ttl}, {shape.name}", mode, "own", used_up(shape, ttl))
