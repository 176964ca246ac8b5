#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The client of traffic.bash. Reads one word of it a line, and answers each with a line.

    open ADDRESS PORT FIRST [LAST]   TCP connections from each of these ports of the client: who answers each
    close FIRST [LAST]               ends them; done when the server has ended, too
    reset FIRST [LAST]               ends them by a reset
    from ADDRESS                     whose ports these are from now on, "any": as the route has it
    begin ADDRESS PORT FIRST [LAST]  like open, but waits for nobody
    begun FIRST [LAST]               waits for those: who answers each
    ask FIRST [LAST]                 something over each connection: who answers
    try FIRST [LAST]                 the same, where some may not answer
    hear FIRST [LAST]                an answer that did not come in time
    tell WORD FIRST [LAST]           a word of traffic_server.py, and no answer: end, stay
    half FIRST [LAST]                sends the client's end, and waits for nothing
    send ADDRESS PORT FIRST TIMES    datagrams from this port: who answers each
"""
import select
import socket
import struct
import sys

connections = {}
own_address = ""


def bound(address, kind, port):
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((own_address, port))
    sock.settimeout(5)
    return sock


def comes_from(address):
    global own_address  # pylint: disable=global-statement
    own_address = "" if address == "any" else address
    return "done"


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


def begin(address, port, *which):
    for own in ports(*which):
        sock = bound(address, socket.SOCK_STREAM, own)
        sock.setblocking(False)
        sock.connect_ex((address, int(port)))
        connections[own] = sock
    return "done"


def line_of(own, seconds):
    connections[own].settimeout(seconds)
    try:
        return connections[own].recv(100).decode().strip() or "end"
    except OSError as error:
        return type(error).__name__


def begun(*which):
    for own in ports(*which):
        select.select([], [connections[own]], [], 15)
    return heard(*which)


def asked(*which):
    for own in ports(*which):
        connections[own].sendall(b"who\n")
    return " ".join(line_of(own, 15) for own in ports(*which))


def tried(*which):
    for own in ports(*which):
        connections[own].sendall(b"who\n")
    return " ".join(line_of(own, 1) for own in ports(*which))


def heard(*which):
    return " ".join(line_of(own, 15) for own in ports(*which))


def told(word, *which):
    for own in ports(*which):
        connections[own].sendall(word.encode() + b"\n")
    return "done"


def half_closed(*which):
    for own in ports(*which):
        connections[own].shutdown(socket.SHUT_WR)
    return "done"


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


WORDS = {
    "open": opened,
    "close": closed,
    "reset": reset,
    "from": comes_from,
    "begin": begin,
    "begun": begun,
    "ask": asked,
    "try": tried,
    "hear": heard,
    "tell": told,
    "half": half_closed,
    "send": sent,
}
for line in sys.stdin:
    word, *arguments = line.split()
    try:
        print(WORDS[word](*arguments), flush=True)
    except OSError as error:
        print(type(error).__name__, flush=True)
