# SPDX-License-Identifier: GPL-2.0-or-later
"""What the client of probe.py saw: how long nobody answered, what failed, and who had the virtual address when."""
import json
import sys
import time

from lab import HERE

# One who waits longer has sent his first packet in vain, and was answered at the second (after a second).
AT_ONCE = 0.9
SLICE = 0.1 # two questions
QUIET = {"tcp": 20, "udp": 20, "ping": 20}


class Observer:
    """A running client. The records that it has written so far are in `records`."""

    def __init__(self, lab, address, interface="eth0", host="client"):
        self.lab, self.records = lab, []
        self.path = f"{lab.folder}/observed.{time.monotonic_ns()}"
        self.output = open(self.path, "w+", encoding="ascii")  # pylint: disable=consider-using-with
        self.process = lab.start(host, sys.executable, f"{HERE}/probe.py", interface, address, output=self.output)
        self.reader = open(self.path, encoding="ascii")  # pylint: disable=consider-using-with
        self.rest = ""

    def read(self):
        lines = (self.rest + self.reader.read()).split("\n")
        self.rest = lines.pop()
        self.records += [json.loads(line) for line in lines]

    def stop(self):
        self.lab.end(self.process)
        self.read()
        self.output.close()
        self.reader.close()

    def await_well(self, mac, since, seconds):
        """Until, of what was asked after `since`, the latest of each kind are answered, and by ARP only from `mac`."""
        deadline = time.monotonic() + seconds
        while not self._is_well(mac, since):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not all is answered by {mac} after {seconds} s; last: {self.summary(since)}")
            time.sleep(0.1)
            self.read()

    def _is_well(self, mac, since):
        for kind, number in QUIET.items():
            latest = [record for record in self.records if record["kind"] == kind and record["start"] > since][-number:]
            if len(latest) < number or not all(answered(record) for record in latest):
                return False
        latest = [record for record in self.records if record["kind"] == "arp" and record["time"] > since][-20:]
        return len(latest) == 20 and all(record["mac"] == mac for record in latest)

    def summary(self, since):
        lines = [f"{kind}: {sum(1 for r in rs if answered(r))} of {len(rs)} answered at once"
                 for kind in QUIET if (rs := [r for r in self.records if r["kind"] == kind and r["start"] > since])]
        macs = sorted({r["mac"] for r in self.records if r["kind"] == "arp" and r["time"] > since})
        return ", ".join(lines + [f"address at {' '.join(macs) or 'nobody'}"])


def answered(record):
    return record["end"] is not None and not record.get("error") and record["end"] - record["start"] < AT_ONCE


def gap(records, kind, begin, end):
    """The longest time in which nothing that was begun was answered at once, in seconds."""
    times = sorted(record["start"] for record in records if record["kind"] == kind and answered(record))
    before = [t for t in times if t <= begin][-1:]
    times = before + [t for t in times if begin < t < end]
    return max((later - earlier for earlier, later in zip(times, times[1:])), default=float("inf"))


def failures(records, begin, end):
    """Connections that failed, and how many of these were in flight: open when the address was given up, or moved, this time or
    before, as one may hang until it is given up. One that was begun in the gap and not opened within the client's patience is
    new."""
    failed = [record for record in records if record["kind"] == "tcp" and record["error"] and
              record["start"] < end and record["end"] > begin]
    times = moves(records) or [(end, end)]
    return len(failed), len([record for record in failed if record["connected"] and
                             any(record["connected"] <= came and record["end"] > left - SLICE for left, came in times)])


def moves(records):
    """Each time: when who had the address answered for it last, and when somebody else did first."""
    times, last = [], None
    for record in records:
        if record["kind"] != "arp":
            continue
        if last and last["mac"] != record["mac"]:
            times.append((last["time"], record["time"]))
        last = record
    return times


def both(records, begin, end):
    """For how long the address was at two machines at once, in seconds: two of them answered within the same slice."""
    slices = {}
    for record in records:
        if record["kind"] == "arp" and begin < record["time"] < end:
            slices.setdefault(int(record["time"] / SLICE), set()).add(record["mac"])
    return SLICE * sum(1 for macs in slices.values() if len(macs) > 1)
