#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Both ends of SCTP associations, on a kernel that has SCTP.

    sctp_ends.py serve ADDRESS PORT...    echoes at that address, until it is killed; says "ready"
    sctp_ends.py ask ADDRESS PORT N       N associations, one after the other; each sends 80 messages of all sizes,
                                          compares what comes back, and ends by a shutdown, each third by an abort
"""
import os
import select
import socket
import struct
import sys

PAUSE_S = 10


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def serve(address, *ports):
    listeners, ends = [], []
    for port in ports:
        listener = socket.socket(family_of(address), socket.SOCK_STREAM, socket.IPPROTO_SCTP)
        listener.bind((address, int(port)))
        listener.listen(10)
        listeners.append(listener)
    print("ready", flush=True)
    while True:
        for sock in select.select(listeners + ends, [], [])[0]:
            if sock in listeners:
                ends.append(sock.accept()[0])
                continue
            try:
                data = sock.recv(65536)
            except OSError:
                data = b""
            if data:
                sock.sendall(data)
            else:
                ends.remove(sock)
                sock.close()


def received(sock, length):
    data = b""
    while len(data) < length:
        part = sock.recv(65536)
        if not part:
            raise ConnectionError("ended")
        data += part
    return data


def ask(address, port, times):
    for n in range(int(times)):
        sock = socket.socket(family_of(address), socket.SOCK_STREAM, socket.IPPROTO_SCTP)
        sock.settimeout(PAUSE_S)
        sock.connect((address, int(port)))
        for i in range(80):
            message = os.urandom(1 + (i * i * 7) % 6000)
            sock.sendall(message)
            if received(sock, len(message)) != message:
                sys.exit(f"message {i} of association {n} came back changed")
        if n % 3 == 2:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
    print(f"{times} associations with {address} port {port}: all came back")


{"serve": serve, "ask": ask}[sys.argv[1]](*sys.argv[2:])
