#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The client of traffic.bash. Reads one word of it a line, and answers each with a line.

    open ADDRESS PORT FIRST [LAST]   TCP connections from each of these ports of the client: who answers each
    close FIRST [LAST]               ends them; done when the server has ended, too
    reset FIRST [LAST]               ends them by a reset
    send ADDRESS PORT FIRST TIMES    datagrams from this port: who answers each
"""
import socket
import struct
import sys

connections = {}


def bound(address, kind, port):
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("", port))
    sock.settimeout(5)
    return sock


def ports(first, last=None):
    return range(int(first), int(last or first) + 1)


def opened(address, port, *which):
    names = []
    for own in ports(*which):
        sock = bound(address, socket.SOCK_STREAM, own)
        sock.connect((address, int(port)))
        names.append(sock.recv(100).decode().strip())
        connections[own] = sock
    return " ".join(names)


def closed(*which):
    for own in ports(*which):
        connections[own].shutdown(socket.SHUT_WR)
        while connections[own].recv(100):
            pass
        connections.pop(own).close()
    return "done"


def reset(*which):
    for own in ports(*which):
        connections[own].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connections.pop(own).close()
    return "done"


def sent(address, port, own, times):
    names = []
    sock = bound(address, socket.SOCK_DGRAM, int(own))
    for n in range(int(times)):
        sock.sendto(b"%d" % n, (address, int(port)))
        names.append(sock.recv(100).decode().split()[0])
    sock.close()
    return " ".join(names)


WORDS = {"open": opened, "close": closed, "reset": reset, "send": sent}
for line in sys.stdin:
    word, *arguments = line.split()
    try:
        print(WORDS[word](*arguments), flush=True)
    except OSError as error:
        print(type(error).__name__, flush=True)
