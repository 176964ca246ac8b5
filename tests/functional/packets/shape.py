# SPDX-License-Identifier: GPL-2.0-or-later
"""What a packet is like, apart from whom it is from and to. The packet that a mode must make of another one is built
anew from the same shape, with the other addresses and a hop less: nothing of what was sent is copied or mended."""

import functools
from collections import namedtuple
from dataclasses import dataclass, field, replace

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6, in6_chksum
from scapy.layers.sctp import SCTP
from scapy.packet import Raw
from scapy.utils import checksum


class Ends(namedtuple("Ends", "src dst sport dport")):
    def turned(self):
        return Ends(self.dst, self.src, self.dport, self.sport)


# Of an ICMP error the header is l4["head"], with a checksum of 0. An echo is known by the ends, as for ipvsd: a request
# has its identifier as the source's port, a reply as the destination's.
BEFORE_NUMBER = 248
SUM_AT = {"tcp": 16, "udp": 6, "echo": 2, "icmp": 2}
ICMP = ("echo", "icmp")
ICMP_NUMBERS = {4: 1, 6: 58}
ECHO_TYPES = {4: (8, 0), 6: (128, 129)}


def echo_head(family, ends):
    request, reply = ECHO_TYPES[family]
    kind, ident = (request, ends.sport) if ends.dport == 0 else (reply, ends.dport)
    return bytes([kind, 0, 0, 0]) + ident.to_bytes(2, "big") + b"\0\7"


def icmp_sum(family, ends, message):
    """The message with its checksum."""
    if family == 4:
        total = checksum(message)
    else:
        total = in6_chksum(ICMP_NUMBERS[6], IPv6(src=ends.src, dst=ends.dst), message)
    return message[:2] + total.to_bytes(2, "big") + message[4:]


def with_wrong_sum(packet, at, off):
    """What is wrong stays so by as much: sums are ones' complements, modulo 65535."""
    total = (int.from_bytes(packet[at : at + 2], "big") + off) % 0xFFFF
    return packet[:at] + total.to_bytes(2, "big") + packet[at + 2 :]


@dataclass(frozen=True)
class Shape:
    name: str
    protocol: str = "udp"
    payload: bytes = b"payload"
    l4: dict = field(default_factory=dict, hash=False)  # of scapy's layer
    tos: int = 0
    ttl: int = 64
    ident: int = 0x1234
    dont_fragment: bool = False
    label: int = 0
    options: tuple = field(default=(), hash=False)  # of IPv4
    extensions: tuple = field(default=(), hash=False)  # of IPv6
    priority: int = -1  # of a tag without a VLAN
    padding: int = 0
    sum_is_off: int = 0  # so much is added to the transport's checksum
    before: bytes = b""  # between the headers of IP and the transport, as IP's protocol BEFORE_NUMBER

    def transport(self, family, ends):
        if self.protocol == "tcp":
            return TCP(**{"sport": ends.sport, "dport": ends.dport, "seq": 1000, "ack": 2000, **self.l4})
        if self.protocol == "sctp":
            return SCTP(**{"sport": ends.sport, "dport": ends.dport, "tag": 0x01020304, **self.l4})
        if self.protocol == "udp":
            return UDP(**{"sport": ends.sport, "dport": ends.dport, **self.l4})
        head = echo_head(family, ends) if self.protocol == "echo" else self.l4["head"]
        return Raw(icmp_sum(family, ends, head + self.payload)[: len(head)])

    @functools.lru_cache(maxsize=8192)
    def packet(self, family, ends, hops=0):
        """After so many HOPS."""
        content = self.transport(family, ends) / (Raw(self.payload) if self.payload else b"")
        if family == 4:
            header = IP(
                src=ends.src,
                dst=ends.dst,
                ttl=self.ttl - hops,
                tos=self.tos,
                id=self.ident,
                flags="DF" if self.dont_fragment else 0,
                options=list(self.options),
            )
            if self.protocol in ICMP:
                header.proto = ICMP_NUMBERS[4]
        else:
            header = IPv6(src=ends.src, dst=ends.dst, hlim=self.ttl - hops, tc=self.tos, fl=self.label)
            for extension in self.extensions:
                header = header / extension.copy()
            if self.protocol in ICMP:
                header.lastlayer().nh = ICMP_NUMBERS[6]
        packet = bytes(header / content)
        at = len(packet) - len(content)
        if self.sum_is_off:
            packet = with_wrong_sum(packet, at + SUM_AT[self.protocol], self.sum_is_off)
        if not self.before:
            return packet
        header.lastlayer().setfieldval("proto" if family == 4 else "nh", BEFORE_NUMBER)
        return bytes(header / Raw(self.before + packet[at:]))

    def crossed(self, to, ident):
        """In the family TO (RFC 7915): without what the other one has no word for. IDENT is the identification of a
        packet that may be fragmented."""
        shape = replace(self, label=0, options=(), extensions=(), padding=0)
        if to == 6:
            # There no datagram is without a checksum.
            return replace(shape, l4={name: value for name, value in self.l4.items() if name != "chksum"})
        length = len(shape.packet(6, Ends("::", "::", 1, 1))) - 20
        whole = length > 1260
        return replace(shape, dont_fragment=whole, ident=0 if whole else ident)
