#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Adds destinations of full-NAT, SNAT and LOCAL, and services of ICMP, which stock ipvsadm has no option for.

  fullnat.py SOCKET service PROTOCOL VIP:PORT SCHEDULER [CLIENT_ADDRESS]
  fullnat.py SOCKET dest PROTOCOL VIP:PORT REAL:PORT [WEIGHT [METHOD]]

METHOD is nat, local, dr, fullnat or snat. PROTOCOL is tcp, udp, sctp, icmp or icmpv6; the last two have port 0. With the
PROTOCOL mark VIP:PORT is a number, "7", or of IPv6 "7/6". IPv6 addresses stand in brackets.
CLIENT_ADDRESS is one of none, toa, proxy-v1, proxy-v2, proxy-v1-insecure, proxy-v2-insecure, uoa-opp, uoa-ipo.
"""
import ipaddress
import os
import socket
import struct
import sys

FAMILY_IPVS, NEW_SERVICE, NEW_DEST, REQUEST_ACK = 0x1C, 1, 5, 5
METHODS = {"nat": 0, "local": 1, "dr": 3, "fullnat": 5, "snat": 6}
PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "icmpv6": 58, "sctp": 132}
OPTIONS, OPTION_CLIENT_ADDRESS, NESTED = 0x3F00, 4, 0x8000
WAYS = ["none", "toa", "proxy-v1", "proxy-v2", "proxy-v1-insecure", "proxy-v2-insecure", "uoa-opp", "uoa-ipo"]
HELLO = struct.pack("=IHHIIQII", 0x5650494B, 1, 32, os.getpid(), os.getpid(), 0, 1, 0)


def attribute(kind, data):
    return struct.pack("=HH", len(data) + 4, kind) + data + b"\0" * (-len(data) % 4)


def endpoint(text):
    address, port = text.rsplit(":", 1)
    return ipaddress.ip_address(address.strip("[]")), struct.pack("!H", int(port))


def padded(address):
    return address.packed.ljust(16, b"\0")


def service_key(protocol, text):
    if protocol == "mark":
        mark, _, six = text.partition("/")
        key = attribute(1, struct.pack("=H", 10 if six else 2)) + attribute(5, struct.pack("=I", int(mark)))
        return ipaddress.ip_address("::" if six else "0.0.0.0"), key
    address, port = endpoint(text)
    family = 2 if address.version == 4 else 10
    return address, (attribute(1, struct.pack("=H", family)) + attribute(2, struct.pack("=H", PROTOCOLS[protocol])) +
                     attribute(3, padded(address)) + attribute(4, port))


def request(sock, command, body):
    message = struct.pack("=BBH", command, 1, 0) + body
    sock.send(struct.pack("=IHHII", len(message) + 16, FAMILY_IPVS, REQUEST_ACK, 1, os.getpid()) + message)
    answer = sock.recv(32768)
    error = -struct.unpack_from("=i", answer, 16)[0]
    if error:
        sys.exit("fullnat.py: " + os.strerror(error))


def main():
    if len(sys.argv) < 6:
        sys.exit(__doc__)
    path, what, protocol, vip, last = sys.argv[1:6]
    address, key = service_key(protocol, vip)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.settimeout(5)
    sock.connect(path)
    sock.send(HELLO)
    if what == "service":
        mask = b"\xff" * 4 if address.version == 4 else struct.pack("=I", 128)
        full = (attribute(6, last.encode() + b"\0") + attribute(7, struct.pack("=II", 0, 0xFFFFFFFF)) +
                attribute(8, struct.pack("=I", 0)) + attribute(9, mask))
        if len(sys.argv) > 6:
            way = bytes([WAYS.index(sys.argv[6])])
            full += attribute(OPTIONS | NESTED, attribute(OPTION_CLIENT_ADDRESS, way))
        request(sock, NEW_SERVICE, attribute(1, key + full))
    else:
        real, port = endpoint(last)
        weight = int(sys.argv[6]) if len(sys.argv) > 6 else 1
        method = METHODS[sys.argv[7] if len(sys.argv) > 7 else "fullnat"]
        dest = (attribute(1, padded(real)) + attribute(2, port) + attribute(3, struct.pack("=I", method)) +
                attribute(4, struct.pack("=I", weight)) + attribute(5, struct.pack("=I", 0)) +
                attribute(6, struct.pack("=I", 0)) +
                attribute(11, struct.pack("=H", 2 if real.version == 4 else 10)))
        request(sock, NEW_DEST, attribute(1, key) + attribute(2, dest))


main()
