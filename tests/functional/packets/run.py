# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs cases against ipvsd, and keeps what came out."""

import pickle

from case import Mismatch, check_step
from flow import Flow
from wire import Lost, Wire

FAILURES_SHOWN = 10


def play(case, flow, exchange):
    """Has EXCHANGE (wire.py) do the steps, or repeat what came of them."""
    for step in case.steps(flow):
        check_step(step, exchange(step))


def run_case(case, wire, idents):
    """What came of each step, and why it isn't right, or None."""
    outcomes = []

    def exchange(step):
        awaited = len(step.expected) if step.from_kernel else 0
        outcomes.append(wire.exchange(step.side, step.frames, awaited, bool(step.drops)))
        return outcomes[-1]

    try:
        play(case, Flow(case.mode, case.number, wire.director, idents), exchange)
    except (Mismatch, Lost) as why:
        return outcomes, why
    return outcomes, None


def run(cases, records, counters):
    wire, idents, kept, failed = Wire(counters), set(), {}, 0
    for case in cases:
        kept[case.number], why = run_case(case, wire, idents)
        if why is not None:
            failed += 1
            if failed <= FAILURES_SHOWN:
                print(f"{case.mode.name}: {case.name}: {why}\n")
            if isinstance(why, Lost):
                break
    with open(records, "wb") as file:
        pickle.dump((wire.director, kept), file)
    print(f"{len(kept)} cases of {len(cases)}, {failed} failed")
    return 0 if cases and not failed else 1
