# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs cases against ipvsd, and keeps what came out."""

import pickle
import time
from collections import Counter
from dataclasses import dataclass, field

from case import HURRY_S, Mismatch, all_steps, check_step
from flow import Flow
from wire import SIDES, Lost, Wire

FAILURES_SHOWN = 10
ATTEMPTS = 8


@dataclass
class Record:
    """What came of a case. PLACES: (step, side, number) of each expected frame, and its role."""

    number: int
    outcomes: list = field(default_factory=list)
    places: list = field(default_factory=list)
    attempt: int = 0


def play(case, flow, exchange):
    """Has EXCHANGE do the steps, or repeat what came of them, and checks that."""
    for step in all_steps(case, flow):
        check_step(step, exchange(step))


def note_places(record, step):
    seen = Counter()
    for one in step.expected:
        record.places.append(((len(record.outcomes), one.side, seen[one.side]), one.role))
        seen[one.side] += 1


def exchange_step(wire, step, place):
    """PLACE: at which of the wires the step's sides are (Mode.place())."""
    if step.frames:
        outcome = wire.exchange(place(step.side), step.frames, len(step.expected), step.from_kernel)
    else:
        outcome = wire.finish(bool(step.drops))
    outcome.frames = {side: outcome.frames[place(side)] for side in SIDES}
    return outcome


def try_case(case, flow, wire):
    """Its record, and why it isn't right, or None."""
    record = Record(case.number)

    def exchange(step):
        note_places(record, step)
        record.outcomes.append(exchange_step(wire, step, case.mode.place))
        return record.outcomes[-1]

    try:
        play(case, flow, exchange)
    except (Mismatch, Lost) as why:
        return record, why
    return record, None


def run_case(case, wire, idents):
    """The same, tried again while the machine is too slow for it."""
    for attempt in range(ATTEMPTS if case.hush else 1):
        flow = Flow(case.mode, case.number, wire.director, idents, attempt)
        begin = time.monotonic()
        record, why = try_case(case, flow, wire)
        record.attempt = attempt
        if why is None or isinstance(why, Lost) or time.monotonic() - begin < HURRY_S:
            break
        if case.hush:
            exchange_step(wire, case.hush(flow), case.mode.place)
            wire.finish(False)
    return record, why


def run(cases, path, counters):
    wire, idents, records, failed = Wire(counters), set(), [], 0
    for case in cases:
        record, why = run_case(case, wire, idents)
        records.append(record)
        if why is not None:
            failed += 1
            if failed <= FAILURES_SHOWN:
                print(f"{case.mode.name}: {case.name}: {why}\n")
            if isinstance(why, Lost):
                break
    undeclared = wire.finish(True).drops
    if undeclared:
        print(f"dropped besides: {undeclared}")
        failed += 1
    with open(path, "wb") as file:
        pickle.dump((wire.director, records), file)
    print(f"{len(records)} cases of {len(cases)}, {failed} failed")
    return 0 if cases and not failed else 1
