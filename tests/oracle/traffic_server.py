#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The three servers of traffic.bash, or those of the addresses given: on TCP and UDP port 80 each tells its own address.

A TCP connection gets the address at its beginning, and for each line "who"; "end" makes the server end first, and after
"stay" it does not end with the client. Else it waits for the client's end, and ends too. A datagram is answered by
the address and what it had.
"""
import selectors
import socket
import sys

ADDRESSES = [f"192.0.2.{n}" for n in (11, 12, 13)] + [f"2001:db8:2::{n}" for n in (11, 12, 13)]
ADDRESSES += ["198.51.100.19", "2001:db8:1::19"]  # the VIP of direct routing
ADDRESSES = sys.argv[1:] or ADDRESSES
staying = set()
selector = selectors.DefaultSelector()


def tells_its_name(connection):
    connection.sendall(connection.getsockname()[0].encode() + b"\n")


def accepts(listener):
    connection, _ = listener.accept()
    tells_its_name(connection)
    selector.register(connection, selectors.EVENT_READ, serves)


def serves(connection):
    try:
        lines = connection.recv(4096)
        for word in lines.split():
            if word == b"who":
                tells_its_name(connection)
            elif word == b"end":
                connection.shutdown(socket.SHUT_WR)
            elif word == b"stay":
                staying.add(connection)
        if lines:
            return
    except ConnectionError:
        staying.discard(connection)
    selector.unregister(connection)
    if connection not in staying:
        connection.close()


def answers(udp):
    data, sender = udp.recvfrom(4096)
    udp.sendto(udp.getsockname()[0].encode() + b" " + data, sender)


for address in ADDRESSES:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for kind, action in ((socket.SOCK_STREAM, accepts), (socket.SOCK_DGRAM, answers)):
        server = socket.socket(family, kind)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((address, 80))
        if kind == socket.SOCK_STREAM:
            server.listen(100)
        selector.register(server, selectors.EVENT_READ, action)
print("ready", flush=True)
while True:
    for key, _ in selector.select():
        key.data(key.fileobj)
