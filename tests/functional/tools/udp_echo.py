#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A UDP server that answers each datagram with its own name, a space and the datagram.

    udp_echo.py NAME PORT [ADDRESS]    says "ready" once it listens; IPv4 and IPv6

Without ADDRESS it answers from the address that it was asked at, as direct routing to a VIP needs it.
"""
import socket
import sys

IPV6_RECVPKTINFO, IPV6_PKTINFO = 49, 50


def main():
    name, port = sys.argv[1].encode(), int(sys.argv[2])
    server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    server.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    server.bind((sys.argv[3] if len(sys.argv) > 3 else "::", port))
    print("ready", flush=True)
    while True:
        data, ancillary, _, client = server.recvmsg(65535, 64)
        answer_from = [(level, kind, info[:16] + bytes(4)) for level, kind, info in ancillary if kind == IPV6_PKTINFO]
        server.sendmsg([name + b" " + data], answer_from, 0, client)


if __name__ == "__main__":
    main()
