# SPDX-License-Identifier: GPL-2.0-or-later
"""Both ends of the director's cables: raw sockets that send frames and take what comes out.

At the end of a case goes a marker: a datagram of a connection of its own to the server, which sends it back. Within a
burst ipvsd may let one packet overtake another, but no burst: when a second marker is back, which was sent after the
first one had come back, nothing that the frames caused is still to come, but for what the director's kernel answers."""

import select
import socket
import struct
import subprocess
import time
from dataclasses import dataclass, field

from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

import lab

ETH_P_ALL = 3
SO_RCVBUFFORCE = 33
PACKET_IGNORE_OUTGOING, SOL_PACKET = 23, 263
SIDES = ("client", "server")
MARKER = b"marker"
# A lost marker is a failure; the time is for a busy machine.
PATIENCE_S = 30
SLICE_S = 0.1
# What has not come by then is looked for behind a marker.
SOON_S = 0.2


class Lost(Exception):
    pass


@dataclass
class Outcome:
    """What came of an exchange: frames by side, and drops by reason."""

    frames: dict = field(default_factory=lambda: {side: [] for side in SIDES})
    drops: dict = field(default_factory=dict)


def is_noise(frame):
    """What the director and its kernel say by themselves: announcements, multicast listeners, neighbour discovery."""
    return frame[0] & 1 != 0


class Wire:
    def __init__(self, counters):
        """COUNTERS: the command that shows ipvsd's."""
        self.counters_command = counters
        self.sockets = {side: self.open(lab.DEVICES[side]) for side in SIDES}
        self.director = {side: lab.director_mac(side) for side in SIDES}
        self.counted = self.drops()
        self.markers = 0
        self.markers_seen = {side: -1 for side in SIDES}
        self.question = bytes(
            Ether(src=lab.CLIENT_MAC, dst=self.director["client"])
            / IP(src=lab.MARKER_CLIENT, dst=lab.VIP[4])
            / UDP(sport=lab.MARKER_PORT, dport=lab.MARKER_PORT, chksum=0)
            / MARKER
            / bytes(4)
        )
        self.reply = bytes(
            Ether(src=lab.SERVER_MAC, dst=self.director["server"])
            / IP(src=lab.SERVER[4], dst=lab.MARKER_CLIENT)
            / UDP(sport=lab.MARKER_REAL_PORT, dport=lab.MARKER_PORT, chksum=0)
            / MARKER
            / bytes(4)
        )

    @staticmethod
    def open(device):
        wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        wire.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        wire.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        wire.bind((device, ETH_P_ALL))
        wire.setblocking(False)
        return wire

    def take(self, side, outcome):
        """All that is there."""
        while True:
            try:
                frame = self.sockets[side].recv(65535)
            except BlockingIOError:
                return
            if frame[-10:-4] == MARKER:
                self.markers_seen[side] = struct.unpack(">I", frame[-4:])[0]
            elif not is_noise(frame):
                outcome.frames[side].append(frame)

    def await_until(self, what, outcome, is_there, patience=PATIENCE_S):
        """Time counts only while it is waited for: all of us may have been stopped for a while."""
        while True:
            for side in SIDES:
                self.take(side, outcome)
            if is_there():
                return
            if patience <= 0:
                raise Lost(f"{what} did not come")
            begin = time.monotonic()
            select.select(self.sockets.values(), [], [], min(patience, SLICE_S))
            patience -= min(time.monotonic() - begin, SLICE_S)

    def send(self, side, frame):
        select.select([], [self.sockets[side]], [], PATIENCE_S)
        self.sockets[side].send(frame)

    def flush(self, outcome):
        for _ in range(2):
            self.markers += 1
            number = struct.pack(">I", self.markers)
            self.send("client", self.question[:-4] + number)
            self.await_until("the marker", outcome, lambda: self.markers_seen["server"] == self.markers)
            self.send("server", self.reply[:-4] + number)
            self.await_until("the marker's answer", outcome, lambda: self.markers_seen["client"] == self.markers)

    def drops(self):
        text = subprocess.run(self.counters_command, check=True, capture_output=True, text=True).stdout
        counts = (line.split()[:2] for line in text.splitlines() if line.startswith("drop_"))
        return {name[5:]: int(count) for name, count in counts}

    def exchange(self, side, frames, awaited, from_kernel):
        """Sends FRAMES from SIDE and takes what comes out, AWAITED frames or what has come when a marker is back.
        FROM_KERNEL: the director's kernel answers, in its own time."""
        outcome = Outcome()
        for frame in frames:
            self.send(side, frame)
        patience = PATIENCE_S if from_kernel else SOON_S
        try:
            self.await_until("answer", outcome, lambda: sum(map(len, outcome.frames.values())) >= awaited, patience)
        except Lost:
            self.flush(outcome)
        return outcome

    def finish(self, count_drops):
        """What else has come out, and the drops since they were last counted."""
        outcome = Outcome()
        self.flush(outcome)
        if count_drops:
            before, self.counted = self.counted, self.drops()
            outcome.drops = {name: n - before.get(name, 0) for name, n in self.counted.items() if n != before.get(name)}
        return outcome
