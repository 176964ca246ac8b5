# SPDX-License-Identifier: GPL-2.0-or-later
"""Breaks each field of each mode once in what ipvsd put out, and has the cases look at it again: one of them must notice.
Which fields there are says the description of the mode (Mode.fields()), so that one which no case shows is found, too."""

import copy
import pickle
from collections import defaultdict

import run as cases_run
from case import Mismatch
from flow import Flow
from layout import Layout

# The version and the traffic class of IPv6 have no last byte of their own: which bit is flipped.
BITS = {"version": 0x10, "tos6": 0x10}


class Record:
    """What came of a case."""

    def __init__(self, case, director, outcomes):
        self.case, self.director, self.outcomes = case, director, outcomes

    def replay(self, outcomes, roles=None):
        """Looks at OUTCOMES as if they came out now. ROLES gets (step, side, number, role) of each frame."""
        rest = iter(outcomes)
        n = 0

        def exchange(step):
            nonlocal n
            if roles is not None:
                seen = defaultdict(int)
                for one in step.expected:
                    roles.append((n, one.side, seen[one.side], one.role))
                    seen[one.side] += 1
            n += 1
            return next(rest)

        cases_run.play(self.case, Flow(self.case.mode, self.case.number, self.director, set()), exchange)

    def passes(self, outcomes):
        try:
            self.replay(outcomes)
        except Mismatch:
            return False
        return True

    def broken(self, place, field):
        """The outcomes with FIELD of the frame at PLACE broken, or None if it has none."""
        step, side, number = place
        frame = self.outcomes[step].frames[side][number]
        at = Layout(frame).get(field)
        if at is None:
            return None
        outcomes = list(self.outcomes)
        outcomes[step] = copy.deepcopy(self.outcomes[step])
        outcomes[step].frames[side][number] = flipped(frame, field, at)
        return outcomes


def flipped(frame, field, at):
    offset, length = at
    name = field.rsplit(".", 1)[1]
    if name == "tos" and frame[offset - 1] >> 4 == 6:
        name = "tos6"
    broken = bytearray(frame)
    broken[offset + length - 1] ^= BITS.get(name, 1)
    return bytes(broken)


def read(cases, paths):
    records = []
    by_number = {case.number: case for case in cases}
    for path in paths:
        with open(path, "rb") as file:
            director, kept = pickle.load(file)
        records += [Record(by_number[number], director, outcomes) for number, outcomes in kept.items()]
    return records


def places_by_role(records):
    """(mode, role) to the frames that have it; what is unbroken must pass."""
    places = defaultdict(list)
    for record in records:
        roles = []
        record.replay(record.outcomes, roles)
        for step, side, number, role in roles:
            places[record.case.mode, role].append((record, (step, side, number)))
    return places


def who_notices(places, field):
    """The first case that does, and how many frames were broken until then."""
    n = 0
    for record, place in places:
        outcomes = record.broken(place, field)
        if outcomes is None:
            continue
        n += 1
        if not record.passes(outcomes):
            return record.case, n
    return None, n


def run(cases, paths):
    places = places_by_role(read(cases, paths))
    n = unnoticed = 0
    for mode in sorted({case.mode for case in cases}, key=lambda mode: mode.number):
        for role, fields in mode.fields():
            for field in fields:
                case, tried = who_notices(places[mode, role], field)
                n += 1
                unnoticed += case is None
                verdict = case.name if case else "NOBODY NOTICED" if tried else "NO CASE SHOWS IT"
                print(f"{mode.name:28} {role:20} {field:24} {verdict}")
    print(f"{n} fields broken, {unnoticed} unnoticed")
    return 0 if n and not unnoticed else 1
