#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Sends a UDP service on port 7 one datagram of 4,000 bytes in fragments of its own making, and waits for the answer.

    fragments.py ADDRESS forward|reverse|shuffled|duplicate|overlapping|missing|headless

"answered" if the answer has the datagram's bytes, "silence" if none came.
"""
import os
import random
import socket
import sys

from udp_ask import next_port

PIECE, SIZE = 800, 4000


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(int.from_bytes(data[i:i + 2], "big") for i in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def udp_datagram(source, to, port, payload):
    """Header with checksum, and payload."""
    length = 8 + len(payload)
    pseudo = source + to + length.to_bytes(4, "big") + (17).to_bytes(4, "big")
    head = port.to_bytes(2, "big") + (7).to_bytes(2, "big") + length.to_bytes(2, "big")
    total = checksum(pseudo + head + bytes(2) + payload) or 0xffff
    return head + total.to_bytes(2, "big") + payload


def in_order(pieces, order):
    if order == "reverse":
        return pieces[::-1]
    if order == "shuffled":
        return random.sample(pieces, len(pieces))
    if order == "duplicate":
        return [piece for piece in pieces[:-1] for _ in (1, 2)] + pieces[-1:]
    if order == "overlapping":
        first, more, data = pieces[1]
        return pieces[1:2] + [(first + 8, more, data)] + pieces[:1] + pieces[2:]
    if order == "missing":
        return pieces[:2] + pieces[3:]
    if order == "headless":
        return pieces[1:]
    return pieces


def ipv4_fragment(source, to, number, piece):
    first, more, data = piece
    head = bytes((0x45, 0)) + (20 + len(data)).to_bytes(2, "big") + (number & 0xffff).to_bytes(2, "big")
    head += (first // 8 | (0x2000 if more else 0)).to_bytes(2, "big") + bytes((64, 17, 0, 0)) + source + to
    return head[:10] + checksum(head).to_bytes(2, "big") + head[12:] + data


def ipv6_fragment(number, piece):
    """Behind the IPv6 header, which the kernel makes."""
    first, more, data = piece
    return bytes((17, 0)) + (first | more).to_bytes(2, "big") + number.to_bytes(4, "big") + data


def main():
    address, order = sys.argv[1:]
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    payload = os.urandom(SIZE)
    client = socket.socket(family, socket.SOCK_DGRAM)
    client.settimeout(2 if order in ("forward", "reverse", "shuffled", "duplicate") else 0.5)
    client.bind(("", next_port()))
    client.connect((address, 7))
    source, to = (socket.inet_pton(family, end()[0]) for end in (client.getsockname, client.getpeername))
    datagram = udp_datagram(source, to, client.getsockname()[1], payload)
    pieces = [(at, at + PIECE < len(datagram), datagram[at:at + PIECE]) for at in range(0, len(datagram), PIECE)]
    number = random.getrandbits(32)
    if family == socket.AF_INET:
        raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
        packets = [ipv4_fragment(source, to, number, piece) for piece in in_order(pieces, order)]
    else:
        raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_FRAGMENT)
        packets = [ipv6_fragment(number, piece) for piece in in_order(pieces, order)]
    for packet in packets:
        raw.sendto(packet, (address, 0))
    try:
        answer = client.recv(65535)
    except TimeoutError:
        print("silence")
        return
    print("answered" if answer.partition(b" ")[2] == payload else "other bytes")


if __name__ == "__main__":
    main()
