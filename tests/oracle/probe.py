# SPDX-License-Identifier: GPL-2.0-or-later
"""What the scenarios in Python are made of: a raw generic-netlink socket, and what comes back printed.

The same program runs on the kernel and, through the shim, on ipvsd. Each datagram is followed by a question that only
has an error for an answer, so that "nothing came back" is known at once.
"""
import os
import socket
import struct

from netlink_text import (
    ACK,
    CODES,
    CTRL,
    DAEMON,
    DEST,
    DUMP,
    MULTI,
    NLMSG_DONE,
    REQUEST,
    SERVICE,
    TOP,
    Reader,
    attribute,
    fields,
    message,
    messages,
    pack,
)

SENTINEL = 0x7FFFFFF0


class Prober:
    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        self.socket.bind((0, 0))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.settimeout(20)
        self.port = self.socket.getsockname()[0]
        self.record = open(os.environ["ORACLE_RECORD"], "a", encoding="ascii")
        self.reader = Reader()
        self.seq = 0
        self.resolve()

    def resolve(self):
        replies = self.exchange(message(3, attribute(2, b"IPVS\0"), CTRL, seq=self.next_seq()))
        for reply in replies:
            list(self.reader.received(reply))
        self.family = self.reader.family
        assert self.family, "no IPVS family"

    def next_seq(self):
        self.seq += 1
        return self.seq

    def exchange(self, data):
        """Sends a datagram and returns those that came back, without the sentinel's."""
        list(self.reader.sent(data))
        self.record.write(f"S 0 {data.hex()}\n")
        self.socket.send(data)
        self.socket.send(message(3, attribute(2, b"no such family\0"), CTRL, seq=SENTINEL))
        replies, dumping, asked = [], False, True
        while asked or dumping:
            reply = self.socket.recv(1 << 16)
            for header, _, _ in messages(reply):
                _, kind, flags, seq, _ = header
                if seq == SENTINEL:
                    asked = False
                    break
                dumping = bool(flags & MULTI) and kind != NLMSG_DONE
            else:
                replies.append(reply)
                self.record.write(f"R 0 {reply.hex()}\n")
        self.record.flush()
        return replies

    def lines(self, data):
        """What was said and what came back, as text; the record has the rest of what can be seen."""
        lines = list(self.reader.sent(data))
        for number, reply in enumerate(self.exchange(data)):
            here = list(self.reader.received(reply, self.port))
            # of a dump, the division into datagrams depends on their size
            if here and not any(" multi" in line for line in here):
                here[0] += f" (datagram {number + 1})"
            lines += here
        return lines

    def do(self, command, body=b"", flags=REQUEST | ACK, **header):
        """Prints a request and its answers."""
        data = message(
            CODES.get(command, command),
            body,
            header.pop("family", self.family),
            flags,
            header.pop("seq", self.next_seq()),
            **header,
        )
        self.raw(data)

    def raw(self, data):
        for line in self.lines(data):
            print(line)

    def quiet(self, command, body=b"", flags=REQUEST | ACK):
        return self.lines(message(CODES[command], body, self.family, flags, self.next_seq()))

    def state(self):
        """All services, destinations, daemons and timeouts, one a line."""
        lines = []
        services = self.exchange(message(CODES["GET_SERVICE"], b"", self.family, REQUEST | DUMP, self.next_seq()))
        found = []
        for reply in services:
            for header, payload, _ in messages(reply):
                if header[1] == self.family:
                    text = self.reader.body_text(header[1], payload)
                    found.append((text, payload[4:]))
        for text, service in sorted(found):
            lines.append(text)
            for line in self.quiet("GET_DEST", service, REQUEST | DUMP):
                if line.startswith("< IPVS"):
                    lines.append("   " + line[len("< IPVS multi ") :])
        for command, flags in (("GET_DAEMON", REQUEST | DUMP), ("GET_CONFIG", REQUEST)):
            lines += [line[2:] for line in self.quiet(command, b"", flags) if line.startswith("< IPVS")]
        return lines

    def case(self, title, before=None):
        """A heading; then what changed since BEFORE is shown by changes()."""
        print(f"# {title}")
        self.record.write(f"# {title}\n")
        self.before = self.state() if before is None else before

    def changes(self):
        after = self.state()
        if after == self.before:
            print("  changes nothing")
        for line in self.before:
            if line not in after:
                print(f"  - {line}")
        for line in after:
            if line not in self.before:
                print(f"  + {line}")
        return after


def service(**values):
    return attribute(1, pack(fields(SERVICE, **values)))


def dest(**values):
    return attribute(2, pack(fields(DEST, **values)))


def daemon(**values):
    return attribute(3, pack(fields(DAEMON, **values)))


def config(**values):
    return pack(fields(TOP, **values))


KEY = dict(AF=socket.AF_INET, PROTOCOL=6, ADDR="198.51.100.1", PORT=80)
KEY6 = dict(AF=socket.AF_INET6, PROTOCOL=6, ADDR="2001:db8::1", PORT=80)
SETUP = dict(SCHED_NAME="rr", FLAGS=(0, 0xFFFFFFFF), TIMEOUT=0, NETMASK="255.255.255.255")
SETUP6 = dict(SETUP, NETMASK=struct.pack("=I", 128))
DEST_KEY = dict(ADDR="192.0.2.11", PORT=8080)
DEST_SETUP = dict(FWD_METHOD=0, WEIGHT=1, U_THRESH=0, L_THRESH=0)


class Table:
    """What each case of a series finds: a service with a destination, made anew where the case before changed it."""

    def __init__(self, prober, family=socket.AF_INET):
        self.prober = prober
        self.key, self.setup = (KEY, SETUP) if family == socket.AF_INET else (KEY6, SETUP6)
        self.dest_key = DEST_KEY if family == socket.AF_INET else dict(DEST_KEY, ADDR="2001:db8:2::11")
        self.make()

    def make(self):
        p = self.prober
        # No acknowledgement: the kernel forgets it where the thread has not begun yet.
        p.quiet("DEL_DAEMON", daemon(STATE=1), REQUEST)
        p.quiet("DEL_DAEMON", daemon(STATE=2), REQUEST)
        p.quiet("SET_CONFIG", config(TIMEOUT_TCP=900, TIMEOUT_TCP_FIN=120, TIMEOUT_UDP=300))
        p.quiet("FLUSH")
        p.quiet("NEW_SERVICE", service(**self.key, **self.setup))
        p.quiet("NEW_DEST", service(**self.key) + dest(**self.dest_key, **DEST_SETUP))
        self.state = p.state()

    def case(self, title, command, body, flags=REQUEST | ACK, **header):
        self.prober.case(title, self.state)
        self.prober.do(command, body, flags, **header)
        if self.prober.changes() != self.state:
            self.make()
