#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Connects to a TCP service many times, one connection after another, and says how long the slowest connect took.

    connects.py ADDRESS PORT N CLIENT...    from each of the client's addresses in turn; prints "N SLOWEST_MS"

The server is expected to close first; each connection is read to its end and then closed.
"""
import socket
import sys
import time


def main():
    address, port, n, clients = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
    slowest = 0.0
    for i in range(n):
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as client:
            client.settimeout(10)
            client.bind((clients[i % len(clients)], 0))
            start = time.monotonic()
            client.connect((address, port))
            slowest = max(slowest, time.monotonic() - start)
            while client.recv(4096):
                pass
    print(n, round(slowest * 1000))


if __name__ == "__main__":
    main()
