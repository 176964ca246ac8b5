#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Sends frames that no honest host sends, as they are, from an interface to a director.

    junk.py list                             prints the kinds, each as "REASON FAMILY NAME"
    junk.py IFACE MAC VIP LADDR send N KIND  N frames of the kind (a NAME)
    junk.py IFACE MAC VIP LADDR flood N      N frames: all kinds, sound packets, and both with bytes changed at random

VIP and LADDR are of the kind's family. The VIP has a TCP service on port 80 and one without servers on port 99.
"""
import random
import socket
import struct
import sys

TCP, UDP, FRAGMENT, ROUTING = 6, 17, 44, 43
SYN, FIN = 2, 1


class Packets:
    """Makes sound packets from one client to a director, and the parts to spoil."""

    def __init__(self, mac, source, vip, laddr):
        self.family = socket.AF_INET6 if ":" in vip else socket.AF_INET
        self.mac, self.own_mac = bytes.fromhex(mac.replace(":", "")), b"\x02\0\0\0\0\x99"
        self.source, self.vip, self.laddr = (socket.inet_pton(self.family, a) for a in (source, vip, laddr))

    def frame(self, packet, mac=None):
        kind = b"\x08\0" if self.family == socket.AF_INET else b"\x86\xdd"
        return (mac or self.mac) + self.own_mac + kind + packet

    def checksum(self, data):
        total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        return ~total & 0xFFFF

    def ip(self, payload, proto=TCP, source=None, to=None, version=None, ihl=5, length=None, spoil=0, ttl=64, fragment=0):
        source, to = source or self.source, to or self.vip
        if self.family == socket.AF_INET6:
            length = len(payload) if length is None else length
            return struct.pack("!IHBB", (6 if version is None else version) << 28, length, proto, ttl) + source + to + payload
        length = 20 + len(payload) if length is None else length
        first = (4 if version is None else version) << 4 | ihl
        head = struct.pack("!BBHHHBBH4s4s", first, 0, length, 1, fragment, ttl, proto, 0, source, to)
        total = (self.checksum(head) + spoil) & 0xFFFF
        return head[:10] + struct.pack("!H", total) + head[12:] + payload

    def l4_sum(self, payload, proto, source, to):
        return self.checksum((source or self.source) + (to or self.vip) + struct.pack("!II", len(payload), proto) + payload)

    def tcp(self, port=80, flags=SYN, offset=5, source=None, to=None, sport=0):
        sport = sport or random.randrange(1024, 65536)
        head = struct.pack("!HHIIBBHHH", sport, port, 1, 0, offset << 4, flags, 65535, 0, 0)
        return head[:16] + struct.pack("!H", self.l4_sum(head, TCP, source, to)) + head[18:]

    def udp(self, port=99, length=None, data=b"junk"):
        return struct.pack("!HHHH", 4321, port, 8 + len(data) if length is None else length, 0) + data


def both(p):
    """REASON -> NAME -> frame, for what both families have."""
    any_source = lambda text4, text6: socket.inet_pton(p.family, text4 if p.family == socket.AF_INET else text6)
    evil = {"multicast": any_source("224.0.0.9", "ff02::9"), "loopback": any_source("127.0.0.1", "::1"),
            "the-director": any_source("198.51.100.2", "2001:db8:1::2"), "unspecified": any_source("0.0.0.0", "::")}
    yield "not_ours", "another-mac", p.frame(p.ip(p.tcp()), mac=b"\x02\0\0\0\0\x77")
    yield "ip_short", "ip-header-cut-short", p.frame(p.ip(b"")[:12])
    yield "ip_version", "version-5", p.frame(p.ip(p.tcp(), version=5))
    yield "ip_length", "length-beyond-the-frame", p.frame(p.ip(p.tcp(), length=1000))
    for name, source in evil.items():
        yield "ip_source", f"source-{name}", p.frame(p.ip(p.tcp(source=source), source=source))
    yield "ip_land", "source-is-the-vip", p.frame(p.ip(p.tcp(source=p.vip, sport=80), source=p.vip))
    yield "ip_ttl", "ttl-of-1", p.frame(p.ip(p.tcp(), ttl=1))
    yield "l4_short", "tcp-header-cut-short", p.frame(p.ip(p.tcp()[:19]))
    yield "l4_short", "udp-header-cut-short", p.frame(p.ip(p.udp()[:7], proto=UDP))
    yield "l4_short", "no-tcp-header", p.frame(p.ip(b""))
    yield "l4_length", "tcp-offset-4", p.frame(p.ip(p.tcp(offset=4)))
    yield "l4_length", "tcp-offset-15", p.frame(p.ip(p.tcp(offset=15)))
    yield "l4_length", "udp-length-7", p.frame(p.ip(p.udp(length=7), proto=UDP))
    yield "l4_length", "udp-length-beyond", p.frame(p.ip(p.udp(length=200), proto=UDP))
    yield "tcp_flags", "syn-and-fin", p.frame(p.ip(p.tcp(flags=SYN | FIN)))
    yield "no_dest", "service-without-servers", p.frame(p.ip(p.tcp(port=99)))
    yield "laddr_no_conn", "to-a-local-address", p.frame(p.ip(p.tcp(to=p.laddr), to=p.laddr))


def ipv4_only(p):
    yield "ip_header_length", "ihl-4", p.frame(p.ip(p.tcp(), ihl=4))
    yield "ip_header_length", "ihl-beyond-the-frame", p.frame(p.ip(b"", ihl=15))
    yield "ip_checksum", "wrong-header-checksum", p.frame(p.ip(p.tcp(), spoil=1))
    yield "ip_length", "length-under-the-header", p.frame(p.ip(p.tcp(), length=19))
    yield "fragment_length", "fragment-of-20-bytes", p.frame(p.ip(p.tcp(), fragment=0x2000))
    yield "fragment_length", "fragment-beyond-65535", p.frame(p.ip(p.tcp(), fragment=0x1fff))
    yield "fragment_tiny", "ports-in-a-first-fragment", p.frame(p.ip(p.tcp()[:16], fragment=0x2000))


def ipv6_only(p):
    more = struct.pack("!BBHI", TCP, 0, 1, 5)
    chain = b"".join(struct.pack("!BBIH", ROUTING, 0, 0, 0) for _ in range(9))
    yield "ip_extensions", "extension-cut-short", p.frame(p.ip(struct.pack("!BB", TCP, 0), proto=ROUTING))
    yield "ip_extensions", "extension-beyond-the-packet", p.frame(p.ip(struct.pack("!BB6x", TCP, 200), proto=ROUTING))
    yield "ip_extensions", "nine-extensions", p.frame(p.ip(chain + p.tcp(), proto=ROUTING))
    yield "fragment_length", "fragment-of-20-bytes", p.frame(p.ip(more + p.tcp(), proto=FRAGMENT))
    yield "fragment_tiny", "ports-in-a-first-fragment", p.frame(p.ip(more + p.tcp()[:16], proto=FRAGMENT))


def kinds(p):
    yield from both(p)
    yield from (ipv4_only(p) if p.family == socket.AF_INET else ipv6_only(p))


def flood(p, n):
    """Frames to send again and again: a tenth as they are, the rest with bytes changed or cut off."""
    rng = random.Random(7)
    sound = [p.frame(p.ip(p.tcp(port=port))) for port in (80, 81, 99)] + [p.frame(p.ip(p.udp(), proto=UDP))]
    frames = [frame for _, _, frame in kinds(p)] + sound
    for _ in range(2000):
        frame = bytearray(rng.choice(frames))
        for _ in range(rng.randrange(1, 6)):
            frame[rng.randrange(12, len(frame))] = rng.randrange(256)
        frames.append(bytes(frame[:rng.randrange(15, len(frame) + 1)]))
    rng.shuffle(frames)
    return (frames[i % len(frames)] for i in range(n))


def send(iface, frames):
    out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    out.bind((iface, 0))
    sent = 0
    for frame in frames:
        try:
            out.send(frame)
            sent += 1
        except BlockingIOError:
            pass
    print(sent)


def main():
    if sys.argv[1] == "list":
        for number, packets in ((4, Packets("02:00:00:00:00:01", "192.0.2.1", "192.0.2.2", "192.0.2.3")),
                                (6, Packets("02:00:00:00:00:01", "::1", "::2", "::3"))):
            for reason, name, _ in kinds(packets):
                print(reason, number, name)
        return
    iface, mac, vip, laddr, what, n = sys.argv[1:7]
    source = "2001:db8:1::8" if ":" in vip else "198.51.100.8"
    packets = Packets(mac, source, vip, laddr)
    if what == "flood":
        send(iface, flood(packets, int(n)))
    else:
        frame, = (frame for _, name, frame in kinds(packets) if name == sys.argv[7])
        send(iface, [frame] * int(n))


if __name__ == "__main__":
    main()
