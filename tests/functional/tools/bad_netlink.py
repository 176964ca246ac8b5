#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Sends what no honest client sends to the control socket.

    bad_netlink.py SOCKET           exits with 1 if ipvsd takes something of it, or doesn't react
    bad_netlink.py --deaf SOCKET    asks for dumps and never reads; says "ready" when it can't send more

Each datagram must be answered by an error, or by the end of the connection; a good question follows it on the same
connection, and another on a new one.
"""
import os
import random
import socket
import struct
import sys
import time

IPVS, CTRL, REQUEST, ACK, DUMP = 0x1C, 0x10, 1, 4, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
GOOD_SEQ = 99
NEW_SERVICE, GET_SERVICE, NEW_DEST, GET_INFO = 1, 4, 5, 15


def connect(path):
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client.settimeout(3)
    client.connect(path)
    return client


def attribute(kind, payload, length=None):
    length = 4 + len(payload) if length is None else length
    return struct.pack("=HH", length, kind) + payload + b"\0" * (-len(payload) % 4)


def message(command, body, length=None, family=IPVS, flags=REQUEST | ACK, seq=7):
    payload = struct.pack("=BBH", command, 1, 0) + body
    return struct.pack("=IHHII", 16 + len(payload) if length is None else length, family, flags, seq, 0) + payload


def bad_datagrams():
    rng = random.Random(1)
    af = attribute(1, struct.pack("=H", 2))
    yield "length: a byte", b"\1"
    yield "length: a header cut short", message(NEW_SERVICE, b"")[:15]
    yield "a header without a command", struct.pack("=IHHII", 16, IPVS, REQUEST | ACK, 7, 0)
    yield "length: zero", message(NEW_SERVICE, b"", length=0)
    yield "length: beyond the datagram", message(NEW_SERVICE, b"", length=4000)
    yield "length: four billion", message(NEW_SERVICE, b"", length=0xFFFFFFFF)
    yield "an unknown family", message(NEW_SERVICE, b"", family=0x3333)
    yield "an unknown command", message(200, b"")
    yield "no attributes", message(NEW_SERVICE, b"")
    yield "an attribute of length 0", message(NEW_SERVICE, attribute(1, b"", length=0))
    yield "an attribute of length 3", message(NEW_SERVICE, attribute(1, b"", length=3))
    yield "an attribute beyond the message", message(NEW_SERVICE, attribute(1, b"", length=65535))
    yield "a nest of nothing", message(NEW_SERVICE, attribute(1, b""))
    yield "a nest that is too short inside", message(NEW_SERVICE, attribute(1, attribute(1, b"\2")))
    yield "an address of one byte", message(NEW_SERVICE, attribute(1, af + attribute(2, struct.pack("=H", 6)) +
                                                                 attribute(3, b"\1") + attribute(4, b"\0\x50")))
    nest = b""
    for _ in range(500):
        nest = attribute(0x8001, nest)
    yield "nests, 500 deep", message(NEW_SERVICE, nest)
    yield "30,000 bytes of attributes", message(NEW_SERVICE, attribute(77, b"x" * 96) * 300)
    yield "64 KB of attributes", message(NEW_SERVICE, attribute(77, b"x" * 96) * 655)
    yield "a scheduler without an end", message(NEW_SERVICE, attribute(1, af + attribute(6, b"r" * 200)))
    for n in range(300):
        yield f"random bytes {n}", message(rng.randrange(18), rng.randbytes(rng.randrange(200)))


def reaction(path, datagram):
    """What came before the answer to a good question on the same connection: an errno, 0, "nothing" or "closed"."""
    client = connect(path)
    came = "nothing"
    try:
        client.send(datagram)
        client.send(message(GET_INFO, b"", flags=REQUEST, seq=GOOD_SEQ))
        while True:
            answer = client.recv(65536)
            if not answer:
                return "closed"
            kind, _, seq = struct.unpack_from("=HHI", answer, 4)
            if seq == GOOD_SEQ:
                return came if kind == IPVS else f"a good question was answered by kind {kind}"
            came = f"message of kind {kind}"
            if kind in (NLMSG_ERROR, NLMSG_DONE) and len(answer) >= 20:
                came = -struct.unpack_from("=i", answer, 16)[0]
    except ConnectionError:
        return "closed"
    except TimeoutError:
        return "a good question was not answered"
    finally:
        client.close()


def still_there(path):
    return reaction(path, message(GET_INFO, b"", family=0x3333)) != "closed"


def acceptable(what, came):
    if came == "closed":
        return True
    if what.startswith("random"):
        # Random bytes may make a right question, such as FLUSH; only the connection has to go on.
        return not str(came).startswith("a good question")
    if what.startswith("length:"):
        # The kernel passes over these in silence, since it can't tell where the next message would begin.
        return came == "nothing"
    return isinstance(came, int) and came != 0


def torment(path):
    failures = 0
    for what, datagram in bad_datagrams():
        came = reaction(path, datagram)
        if not acceptable(what, came) or not still_there(path):
            print(f"{what}: {came}")
            failures += 1
    return failures


def deaf(path):
    client = connect(path)
    client.settimeout(0.3)
    try:
        while True:
            client.send(message(GET_SERVICE, b"", flags=REQUEST | DUMP))
    except (TimeoutError, ConnectionError, BlockingIOError):
        print("ready", flush=True)
    time.sleep(60)


if __name__ == "__main__":
    if sys.argv[1] == "--deaf":
        deaf(sys.argv[2])
    else:
        sys.exit(1 if torment(sys.argv[1]) else 0)
