#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Sends HTTP requests one after the other, each over a connection of its own.

  requests.py ADDRESS PORT REQUESTS [FILE]

With a FILE, at least so many, and until it exists.
Prints a line for each: the time when it began, in ms since 1970, and the status, 000 if none came within 2 s.
"""
import os
import socket
import sys
import time


def ask(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as sock:
        sock.settimeout(2)
        try:
            sock.connect((address, port))
            sock.sendall(b"GET / HTTP/1.0\r\nConnection: close\r\n\r\n")
            answer = b""
            while part := sock.recv(65536):
                answer += part
        except OSError:
            return "000"
    head, _, body = answer.partition(b"\r\n\r\n")
    words = head.split()
    return words[1].decode() if len(words) > 1 and body else "000"


address, port, requests, file = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
while requests > 0 or (file and not os.path.exists(file[0])):
    began = time.time_ns() // 1000000
    print(began, ask(address, port))
    requests -= 1
