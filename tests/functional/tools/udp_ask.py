#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Asks a UDP service with datagrams of given sizes, each from a socket of its own, and compares the answers byte for byte.

    udp_ask.py ADDRESS PORT SIZE...             prints the name of the server that answered, a line each
    udp_ask.py ADDRESS PORT --burst N SIZE      sends N questions before it waits for the answers
    udp_ask.py ADDRESS PORT --split SIZE...     asks in IPv4 packets without DF

Exits with 1 if an answer is missing for five seconds or has other bytes.

In a lab ($LAB_DIR) no two questions come from the same port: a system that takes ports at random would soon meet one of an
earlier test, whose connection a director still has, to a server that is no more.
"""
import fcntl
import os
import socket
import sys


FIRST_PORT, LAST_PORT = 10000, 65535
IP_MTU_DISCOVER, IP_PMTUDISC_DONT = 10, 0


def next_port():
    """A port that nobody in the lab has asked from; 0, which is any, without a lab."""
    if "LAB_DIR" not in os.environ:
        return 0
    with open(os.path.join(os.environ["LAB_DIR"], "last-udp-port"), "a+", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        port = int(file.read() or FIRST_PORT - 1) + 1
        if port > LAST_PORT:
            sys.exit("all ports of the lab have been asked from")
        file.truncate(0)
        file.write(str(port))
    return port


class Question:
    def __init__(self, address, port, size, may_be_split=False):
        self.to = f"{size} bytes to {address} port {port}"
        self.bytes = os.urandom(size)
        self.client = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        self.client.settimeout(5)
        if may_be_split:
            self.client.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT)
        self.client.bind(("", next_port()))
        self.client.connect((address, port))
        self.client.send(self.bytes)

    def answered_by(self):
        try:
            name, _, echo = self.client.recv(65535).partition(b" ")
        except (TimeoutError, ConnectionRefusedError) as error:
            sys.exit(f"{self.to}: {error}")
        if echo != self.bytes:
            sys.exit(f"{self.to} came back as {len(echo)} other bytes")
        return name.decode()


def main():
    address, port, sizes = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    if sizes[0] == "--burst":
        for question in [Question(address, port, int(sizes[2])) for _ in range(int(sizes[1]))]:
            print(question.answered_by())
    else:
        may_be_split = sizes[0] == "--split"
        for size in sizes[may_be_split:]:
            print(Question(address, port, int(size), may_be_split).answered_by())


if __name__ == "__main__":
    main()
