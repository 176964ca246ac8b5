# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers that are told their clients' addresses: by options and headers that make packets longer, and, where they
stand among the data, move sequence numbers."""

from dataclasses import replace

import errors
from case import Case, Step
from cases_plain import BYTES
from modes import TELLING_MODES
from reports import Report
from shape import Shape
from tellings import option_length, proxy_header, told

MSS, SEQ, ACK = 1460, 1000, 5000
STAMP = [("NOP", None), ("NOP", None), ("Timestamp", (1, 2))]
# As many datagrams as tell it.
UOA_DATAGRAMS = 3


def tcp(payload, seq, ack, flags="A", options=()):
    return Shape(flags, "tcp", payload, {"seq": seq, "ack": ack, "flags": flags, "options": list(options)})


def syn_options(mss):
    return [("MSS", mss), ("SAckOK", b""), ("Timestamp", (1, 0)), ("NOP", None), ("WScale", 7)]


class Talk:
    """Of a client with a server. What the server has differs by SHIFT bytes, once it was told by a header."""

    def __init__(self, flow):
        self.flow, self.mode = flow, flow.mode
        self.shift = 0
        if self.mode.telling.startswith("PROXY"):
            self.shift = len(proxy_header(int(self.mode.telling[-1]), "tcp", flow.client_ends))

    def mss(self):
        """What the client is told: room for the option is kept."""
        return MSS - (option_length(self.flow.client_ends) if self.mode.telling == "TOA" else 0)

    def ask(self, sent, seen):
        return Step("client", [self.flow.asked(sent)], [self.flow.arrives(seen)])

    def tell(self, sent):
        expected = self.flow.arrives(told(self.mode.telling, sent, self.flow.client_ends))
        return Step("client", [self.flow.asked(sent)], [replace(expected, role="tcp with the client's address")])

    def answer(self, sent, seen):
        return Step("server", [self.flow.answered(sent)], [self.flow.returns(seen)])

    def moved(self, payload, seq, ack, **more):
        """A packet of the client's, behind what told the server, and as the server has it."""
        return tcp(payload, seq, ack, **more), tcp(payload, seq + self.shift, ack, **more)

    def acknowledged(self, payload, seq, ack, **more):
        """One of the server's, and as the client has it."""
        return tcp(payload, seq, ack + self.shift, **more), tcp(payload, seq, ack, **more)

    def opening(self):
        syn = tcp(b"", SEQ, 0, "S", syn_options(MSS))
        yield self.ask(syn, syn)
        yield self.answer(
            tcp(b"", ACK, SEQ + 1, "SA", syn_options(MSS)), tcp(b"", ACK, SEQ + 1, "SA", syn_options(self.mss()))
        )

    def sack(self, end):
        """A block of bytes that came beyond END."""
        return [*STAMP, ("NOP", None), ("NOP", None), ("SAck", (end + 100, end + 200))]

    def steps(self, size):
        yield from self.opening()
        first, answer = BYTES[:size], BYTES[:57]
        end, answer_end = SEQ + 1 + size, ACK + 1 + len(answer)
        yield self.tell(tcp(b"", SEQ + 1, ACK + 1, options=STAMP))
        yield self.tell(tcp(first, SEQ + 1, ACK + 1, "PA", STAMP))
        yield self.answer(*self.acknowledged(answer, ACK + 1, end, flags="PA", options=STAMP))
        yield self.ask(*self.moved(first, end, answer_end, flags="PA", options=STAMP))
        server, client = end + self.shift, end
        yield self.answer(
            tcp(b"", answer_end, server, "A", self.sack(server)), tcp(b"", answer_end, client, "A", self.sack(client))
        )
        yield from self.errors(*self.moved(first, end, answer_end, flags="PA", options=STAMP))
        yield self.ask(*self.moved(b"", end + size, answer_end, flags="FA"))

    def errors(self, sent, seen):
        """About a packet whose number had been moved: of a router, with all of it and the beginning quoted."""
        for quoted in (None, 8):
            report = Report(self.flow, "server", sent, quoted, seen)
            for kind in errors.kinds(report.family)[:3]:
                yield report.step(kind, errors.router("server", report.family))


def hush(flow):
    """The server acknowledges the header, which is sent no more by time then."""
    sent = tcp(b"", ACK + 1, SEQ + 200)
    return Step("server", [flow.answered(sent)])


def tcp_steps(size):
    return lambda flow: Talk(flow).steps(size)


def udp_steps(size):
    def steps(flow):
        times = 1 if flow.mode.telling == "PROXY v2" else UOA_DATAGRAMS
        for n in range(times):
            sent = Shape("", "udp", BYTES[: size + n])
            expected = flow.arrives(told(flow.mode.telling, sent, flow.client_ends))
            yield Step("client", [flow.asked(sent)], [replace(expected, role="udp with the client's address")])
        plain = Shape("", "udp", BYTES[:size])
        yield Step("client", [flow.asked(plain)], [flow.arrives(plain)])
        yield Step("server", [flow.answered(plain)], [flow.returns(plain)])

    return steps


def telling_cases():
    for mode in TELLING_MODES:
        for size in (1, 2, 999, 1300):
            if "tcp" in mode.protocols:
                yield Case(f"TCP, {size} bytes", mode, "telling", tcp_steps(size), hush=hush)
            if "udp" in mode.protocols:
                yield Case(f"UDP, {size} bytes", mode, "telling", udp_steps(size))
