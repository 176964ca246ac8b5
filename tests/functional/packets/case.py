# SPDX-License-Identifier: GPL-2.0-or-later
"""A case: what is sent, step by step, and what has to come of it.

A step's expectations are made when its outcome is there, since they take from it what ipvsd is free to choose.
They are compared byte for byte, all frames of both sides."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Callable

from scapy.layers.l2 import Ether

import wire

HURRY_S = 0.2


class Mismatch(Exception):
    pass


@dataclass(frozen=True)
class Expected:
    """A frame at SIDE. BUILD gets the frame that came in its place. ROLE: which fields it has (fields.py)."""

    side: str
    role: str
    build: Callable[[bytes], bytes]


@dataclass(frozen=True)
class Step:
    side: str  # from where
    frames: list  # none: nothing more is to come, of all steps before
    expected: list = field(default_factory=list)
    drops: dict = field(default_factory=dict)
    from_kernel: bool = False


NOTHING_MORE = Step("client", [])


@dataclass(frozen=True)
class Case:
    name: str
    mode: object
    group: str
    steps: Callable  # of a Flow: a generator of steps
    number: int = 0
    # Of a case that says nothing if it takes longer than HURRY_S, since ipvsd does something by itself then: the step
    # that ends this, after which the case is begun anew.
    hush: Callable = None


def shown(frame):
    text = Ether(frame).show(dump=True)
    return "\n".join(line for line in text.splitlines() if line.strip())


def difference(frame, expected):
    at = next((i for i, (a, b) in enumerate(zip(frame, expected)) if a != b), min(len(frame), len(expected)))
    return (
        f"differs from byte {at} on (of {len(frame)}, expected are {len(expected)})\n"
        f"came:     {frame[max(0, at - 8) : at + 24].hex(' ')}\n"
        f"expected: {expected[max(0, at - 8) : at + 24].hex(' ')}\n"
        f"{shown(frame[:400])}\n--- expected:\n{shown(expected[:400])}"
    )


def check_side(side, frames, expected):
    for i, one in enumerate(expected):
        if i >= len(frames):
            raise Mismatch(f"{one.role}: frame {i + 1} of {len(expected)} did not come out")
        wanted = one.build(frames[i])
        if frames[i] != wanted:
            raise Mismatch(f"{one.role}: frame {i + 1} {difference(frames[i], wanted)}")
    if len(frames) > len(expected):
        surplus = shown(frames[-1][:400])
        raise Mismatch(f"{side}: {len(frames)} frames came out, expected are {len(expected)}:\n{surplus}")


def check_step(step, outcome):
    for side in wire.SIDES:
        check_side(side, outcome.frames[side], [one for one in step.expected if one.side == side])
    if not step.frames and outcome.drops != step.drops:
        raise Mismatch(f"dropped {outcome.drops}, expected {step.drops}")


def all_steps(case, flow):
    """Those of the case, and the one that looks for what should not be there."""
    drops = Counter()
    for step in case.steps(flow):
        drops.update(step.drops)
        yield step
    yield replace(NOTHING_MORE, drops=dict(drops))
