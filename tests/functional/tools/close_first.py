#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A TCP server that says hello and closes first, so that its sockets, not the client's, go to TIME_WAIT.

    close_first.py PORT    says "ready" once it listens; IPv4 and IPv6
"""
import socket
import sys


def main():
    server = socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6, backlog=512, dualstack_ipv6=True)
    print("ready", flush=True)
    while True:
        client, _ = server.accept()
        client.sendall(b"hello\n")
        client.close()


if __name__ == "__main__":
    main()
