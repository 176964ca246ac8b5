#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Sends ICMP errors of every kind about a UDP conversation through a VIP, and compares what becomes of them byte for byte.

    icmp_errors.py CLIENT-NETNS SERVER-NETNS VIP...

The client's eth0 and the server's eth0 are on the director's two networks. There is one real server, which echoes at
UDP port 7 of each VIP. Routers that nobody has (.99 of each network) report what the two sides send each other: those on
the client's side about the server's answers, those on the server's side about the client's questions (not where answers
pass the director by: direct routing). What is expected is made by scapy of what was seen on the other side.

Prints a line for each VIP and side, and exits with 1 at the first difference.
"""
import ctypes
import os
import select
import socket
import sys
import time

from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import (ICMPv6DestUnreach, ICMPv6PacketTooBig, ICMPv6ParamProblem, ICMPv6TimeExceeded, IPv6)
from scapy.layers.l2 import Ether
from scapy.packet import Raw

CLONE_NEWNET = 0x40000000
ETH_P_ALL = 3
PORT = 7


def enter(netns):
    fd = os.open(f"/run/netns/{netns}", os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(fd, CLONE_NEWNET) != 0:
        sys.exit(f"{netns}: {os.strerror(ctypes.get_errno())}")
    os.close(fd)


class Wire:
    """The eth0 of a host, as its cable sees it."""

    def __init__(self, netns):
        enter(netns)
        self.netns = netns
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.socket.bind(("eth0", ETH_P_ALL))
        self.mac = self.socket.getsockname()[4]

    def frames(self, seconds=5):
        end = time.monotonic() + seconds
        while select.select([self.socket], [], [], max(0, end - time.monotonic()))[0]:
            yield Ether(self.socket.recv(65535))

    def find(self, what, wanted):
        for frame in self.frames():
            if wanted(frame):
                return frame
        sys.exit(f"{self.netns}: {what} did not come")

    def send(self, to, packet):
        self.socket.send(bytes(Ether(src=":".join(f"{byte:02x}" for byte in self.mac), dst=to) / packet))


def layer(frame):
    return frame[IP] if IP in frame else frame[IPv6] if IPv6 in frame else None


def is_udp(frame, **ports):
    packet = layer(frame)
    return packet is not None and "UDP" in packet and "ICMP" not in packet and all(
        getattr(packet["UDP"], name) == port for name, port in ports.items())


def with_ttl(packet, ttl):
    """The packet as it is a few hops further on; scapy's checksums."""
    packet = packet.__class__(bytes(packet))
    if IP in packet:
        packet.ttl = ttl
        del packet.chksum
    else:
        packet.hlim = ttl
    return packet.__class__(bytes(packet))


def kinds(v6):
    if not v6:
        for kind, codes in ((3, range(16)), (4, (0,)), (11, (0, 1)), (12, (0, 1, 2))):
            for code in codes:
                yield f"type {kind} code {code}", ICMP(type=kind, code=code, unused=0)
        return
    for code in range(9):
        yield f"type 1 code {code}", ICMPv6DestUnreach(code=code)
    yield "type 2", ICMPv6PacketTooBig(mtu=1400)
    for code in (0, 1):
        yield f"type 3 code {code}", ICMPv6TimeExceeded(code=code)
    for code in range(3):
        yield f"type 4 code {code}", ICMPv6ParamProblem(code=code, ptr=40)


def error(v6, src, dst, ttl, icmp, quote):
    header = IPv6(src=src, dst=dst, hlim=ttl) if v6 else IP(src=src, dst=dst, ttl=ttl, id=99)
    packet = header / icmp / Raw(bytes(quote))
    return packet.__class__(bytes(packet))


def compare(what, v6, got, expected):
    got = bytes(layer(got))[:len(bytes(expected))]
    if got != bytes(expected):
        packet = IPv6 if v6 else IP
        sys.exit(f"{what}: not as expected\n{packet(got).show(dump=True)}\n{packet(bytes(expected)).show(dump=True)}")


class Talk:
    """One question and its answer, as both hosts saw them."""

    def __init__(self, client, server, vip):
        self.v6 = ":" in vip
        enter(client.netns)
        with socket.socket(socket.AF_INET6 if self.v6 else socket.AF_INET, socket.SOCK_DGRAM) as question:
            question.connect((vip, PORT))
            port = question.getsockname()[1]
            question.send(b"what is quoted, of an odd length")
            asked = client.find("the question", lambda frame: is_udp(frame, sport=port))
            got = server.find("the question", lambda frame: is_udp(frame, dport=PORT))
            back = client.find("the answer", lambda frame: is_udp(frame, dport=port))
        self.asked, self.got, self.back = layer(asked), layer(got), layer(back)
        self.direct = self.got.dst == vip
        self.client_to, self.server_to = asked.dst, got.src
        self.answered = self.back if self.direct else layer(
            server.find("the answer", lambda frame: is_udp(frame, sport=PORT, dport=self.got["UDP"].sport)))

    def report(self, what, sender, to, receiver, quoted, original, src):
        """The error about what was sent as QUOTED comes out as one about ORIGINAL."""
        seen = quoted.hlim if self.v6 else quoted.ttl
        for name, icmp in kinds(self.v6):
            sender.send(to, error(self.v6, src, quoted.src, 64, icmp, quoted))
            out = receiver.find(f"{what}: {name}", lambda frame: layer(frame) is not None and layer(frame).src == src)
            compare(f"{what}: {name}", self.v6, out,
                    error(self.v6, src, original.src, 63, icmp, with_ttl(original, seen)))
        print(f"{what}: as expected")


def main():
    client, server = Wire(sys.argv[1]), Wire(sys.argv[2])
    for vip in sys.argv[3:]:
        talk = Talk(client, server, vip)
        src = ("2001:db8:1::99", "2001:db8:2::99") if talk.v6 else ("198.51.100.99", "192.0.2.99")
        talk.report(f"{vip}, from the client's side", client, talk.client_to, server, talk.back, talk.answered, src[0])
        if not talk.direct:
            talk.report(f"{vip}, from the server's side", server, talk.server_to, client, talk.got, talk.asked, src[1])


if __name__ == "__main__":
    main()
