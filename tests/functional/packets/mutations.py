# SPDX-License-Identifier: GPL-2.0-or-later
"""Breaks each field of each mode once in what ipvsd put out, and has the cases look at it again: one of them must
notice. Which fields there are says fields.py, so that one which no case shows is found, too."""

import copy
import pickle
import sys
from collections import defaultdict

import fields
from case import Mismatch
from flow import Flow
from layout import Layout
from run import play

# The version and the traffic class of IPv6 have no last byte of their own: which bit is flipped.
BITS = {"version": 0x10, "tos6": 0x10}
UNNOTICED, UNSEEN = "NO CASE NOTICED", "NO CASE HAS IT"


class Played:
    """A case, and what came of it."""

    def __init__(self, case, director, record):
        self.case, self.director = case, director
        self.outcomes, self.attempt = record.outcomes, record.attempt
        self.is_sound = None

    def complaint(self, outcomes):
        """What is wrong with OUTCOMES if they are what came out, or None."""
        rest = iter(outcomes)
        flow = Flow(self.case.mode, self.case.number, self.director, set(), self.attempt)
        try:
            play(self.case, flow, lambda step: next(rest))
        except Mismatch as why:
            return why
        return None

    def check_unbroken(self):
        if self.is_sound is None:
            why = self.complaint(self.outcomes)
            if why:
                sys.exit(f"{self.case.mode.name}: {self.case.name}: unbroken, and yet: {why}")
            self.is_sound = True

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


def frames_by_role(cases, paths):
    """(mode, role) to the frames that have it, those first that come early in their case."""
    by_number = {case.number: case for case in cases}
    frames = defaultdict(list)
    for path in paths:
        with open(path, "rb") as file:
            director, records = pickle.load(file)
        for record in records:
            played = Played(by_number[record.number], director, record)
            for place, role in record.places:
                frames[played.case.mode, role].append((played, place))
    for among in frames.values():
        among.sort(key=lambda frame: frame[1][0])
    return frames


def who_notices(frames, field):
    """The first case that does, and how many frames were broken until then."""
    n = 0
    for played, place in frames:
        outcomes = played.broken(place, field)
        if outcomes is None:
            continue
        n += 1
        played.check_unbroken()
        if played.complaint(outcomes):
            return played.case, n
    return None, n


def verdicts(cases, paths):
    """(mode, role, field, the case that noticed or None, how many frames were broken)"""
    frames = frames_by_role(cases, paths)
    for mode in sorted({case.mode for case in cases}, key=lambda mode: mode.number):
        for role, names in fields.of(mode):
            for field in names:
                yield mode, role, field, *who_notices(frames[mode, role], field)


def run(cases, table, paths):
    n = unnoticed = 0
    with open(table, "w", encoding="utf-8") as file:
        for mode, role, field, case, tried in verdicts(cases, paths):
            verdict = case.name if case else UNNOTICED if tried else UNSEEN
            line = f"{mode.name:36} {role:32} {field:24} {verdict}"
            print(line, file=file)
            n += 1
            if not case:
                unnoticed += 1
                print(line)
    print(f"{n} fields broken, {unnoticed} unnoticed; all are in {table}")
    return 0 if n and not unnoticed else 1
