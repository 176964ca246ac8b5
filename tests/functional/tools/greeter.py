#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A protocol in which the server speaks first, as SMTP does, behind the PROXY protocol.

  greeter.py serve PORT           reads the header, greets with the client's address and port, then answers each line
  greeter.py ask ADDRESS PORT     waits for the greeting, then asks; prints its own address and what it got
"""
import ipaddress
import socket
import struct
import sys
import threading

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def exactly(client, n):
    data = b""
    while len(data) < n:
        more = client.recv(n - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def header(client):
    """The client's address and port, of either version."""
    start = exactly(client, len(SIGNATURE))
    if start == SIGNATURE:
        command, family, length = struct.unpack("!BBH", exactly(client, 4))
        rest = exactly(client, length)
        size = 4 if family == 0x11 else 16
        if command != 0x21:
            return "nobody"
        return f"{ipaddress.ip_address(rest[:size])} {struct.unpack_from('!H', rest, 2 * size)[0]}"
    while not start.endswith(b"\r\n"):
        start += exactly(client, 1)
    words = start.decode().split()
    return f"{words[2]} {words[4]}" if words[0] == "PROXY" else "no header"


def converse(client):
    with client:
        try:
            client.sendall(("220 " + header(client) + "\n").encode())
        except (EOFError, OSError):
            return
        for line in client.makefile("r"):
            client.sendall(("250 " + line).encode())


def serve(port):
    server = socket.create_server(("::", port), family=socket.AF_INET6, backlog=512, dualstack_ipv6=True)
    print("ready", flush=True)
    while True:
        threading.Thread(target=converse, args=(server.accept()[0],), daemon=True).start()


def ask(address, port):
    with socket.create_connection((address, port), timeout=20) as server:
        own = server.getsockname()
        print("own", own[0], own[1])
        lines = server.makefile("rw")
        print("told", lines.readline().strip().removeprefix("220 "))
        lines.write("HELO\n")
        lines.flush()
        if lines.readline() != "250 HELO\n":
            sys.exit("another answer than to the question")


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]))
else:
    ask(sys.argv[2], int(sys.argv[3]))
