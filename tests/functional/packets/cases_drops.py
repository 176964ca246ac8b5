# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets that no host should send: each is dropped, for a reason that has a counter, and nobody hears of it."""

from scapy.layers.inet6 import IPv6ExtHdrDestOpt, PadN
from scapy.utils import checksum

import lab
from case import Case, Step
from cases_plain import BYTES, STAMPS, opening
from modes import MODES
from shape import Ends, Shape

UDP = Shape("UDP", "udp", BYTES[:20])
TCP = Shape("TCP", "tcp", BYTES[:20], STAMPS)


def changed(packet, at, value, renewed=True):
    """With VALUE at byte AT. The checksum of an IPv4 header is made anew, unless it is what is wrong."""
    packet = packet[:at] + value + packet[at + len(value) :]
    if packet[0] >> 4 != 4 or not renewed:
        return packet
    header = packet[: max(20, (packet[0] & 15) * 4)]
    total = checksum(header[:10] + b"\0\0" + header[12:])
    return packet[:10] + total.to_bytes(2, "big") + packet[12:]


def of_ipv4(udp, tcp):
    yield "another version", "ip_version", changed(udp, 0, b"\x65")
    yield "a header of 16 bytes", "ip_header_length", changed(udp, 0, b"\x44")
    yield "a header beyond the packet", "ip_header_length", changed(udp, 0, b"\x4f")
    yield "a header's checksum", "ip_checksum", changed(udp, 10, b"\x12\x34", renewed=False)
    yield "a length beyond the frame", "ip_length", changed(udp, 2, b"\x01\x00")
    yield "a length within the header", "ip_length", changed(udp, 2, b"\x00\x13")
    yield "UDP of 7 bytes", "l4_short", changed(udp, 2, b"\x00\x1b")
    yield "TCP of 19 bytes", "l4_short", changed(tcp, 2, b"\x00\x27")


def of_ipv6(udp, tcp):
    yield "another version", "ip_version", changed(udp, 0, b"\x40")
    yield "a length beyond the frame", "ip_length", changed(udp, 4, b"\x01\x00")
    yield "UDP of 7 bytes", "l4_short", changed(udp, 4, b"\x00\x07")
    yield "TCP of 19 bytes", "l4_short", changed(tcp, 4, b"\x00\x13")
    yield "an extension header that is cut", "ip_extensions", changed(udp, 4, b"\0\x07", False)[:6] + b"\x3c" + udp[7:]
    mapped = bytes(10) + b"\xff\xff\xc0\x00\x02\x01"
    # The fast path leaves it to the step that looks at sources.
    yield "a mapped source", "ip_source", changed(udp, 8, mapped)
    behind = udp[:6] + b"\x3c" + udp[7:40] + bytes([17, 0, 1, 4, 0, 0, 0, 0]) + udp[40:]
    yield "a mapped source, with an extension header", "ip_mapped", with_length(changed(behind, 8, mapped))
    yield "a multicast source", "ip_source", changed(udp, 8, b"\xff\x02")


def of_transport(header, udp, tcp):
    yield "UDP's length under 8", "l4_length", changed(udp, header + 4, b"\x00\x07")
    yield "UDP's length beyond the packet", "l4_length", changed(udp, header + 4, b"\x01\x00")
    yield "TCP's data offset under 5", "l4_length", changed(tcp, header + 12, b"\x40")
    yield "TCP's data offset beyond the packet", "l4_length", changed(tcp, header + 12, b"\xf0")[: header + 30]
    yield "SYN and FIN", "tcp_flags", changed(tcp, header + 13, b"\x03")


def with_length(packet):
    """The IP length says what is there."""
    if packet[0] >> 4 == 4:
        return changed(packet, 2, len(packet).to_bytes(2, "big"))
    return changed(packet, 4, (len(packet) - 40).to_bytes(2, "big"))


def broken(flow):
    """(name, reason, packet)"""
    family = flow.mode.client
    udp, tcp = (shape.packet(family, flow.client_ends) for shape in (UDP, TCP))
    yield from of_ipv4(udp, tcp) if family == 4 else of_ipv6(udp, tcp)
    for name, reason, packet in of_transport(20 if family == 4 else 40, udp, tcp):
        yield name, reason, with_length(packet) if "data offset beyond" in name else packet
    vip = flow.client_ends._replace(src=flow.client_ends.dst)
    yield "its own source", "ip_source", UDP.packet(family, flow.client_ends._replace(src=lab.WAN[family]))
    yield "source and destination the same", "ip_land", UDP.packet(family, vip)
    if family == 6:
        headers = (IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(4))]),) * 9
        many = Shape("", "udp", extensions=headers)
        yield "nine extension headers", "ip_extensions", many.packet(family, flow.client_ends)


def dropped(number):
    def steps(flow):
        _, reason, packet = list(broken(flow))[number]
        link = flow.asked(UDP)[:14]
        yield Step("client", [link + packet], [], {reason: 1})

    return steps


def to_another_mac(flow):
    yield opening(flow, "udp")
    frame = flow.asked(UDP)
    yield Step("client", [b"\x02\0\0\0\0\x77" + frame[6:]], [], {"not_ours": 1})


class Nobody:
    """A flow to list the broken packets by."""

    def __init__(self, mode):
        self.mode = mode
        self.client_ends = Ends(lab.CLIENT[mode.client], mode.vip, 1, 1)


def drop_cases():
    for mode in MODES:
        if mode.method in ("NAT", "FNAT"):
            for number, (name, _, _) in enumerate(broken(Nobody(mode))):
                yield Case(f"dropped: {name}", mode, "drops", dropped(number))
            yield Case("dropped: to another MAC address", mode, "drops", to_another_mac)
