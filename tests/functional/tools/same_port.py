#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Asks web services one after another from the same ports, and says how long the slowest answer took.

    same_port.py FIRST_PORT N ADDRESS:PORT...    from each of N ports, every service; prints "N SLOWEST_MS"

The client closes first: what a server in TIME_WAIT thinks of the next SYN is not asked.
"""
import http.client
import socket
import sys
import time


def ask(port, address, service_port):
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as client:
        client.settimeout(5)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        client.bind(("", port))
        client.connect((address, service_port))
        http_client = http.client.HTTPConnection(address, service_port)
        http_client.sock = client
        http_client.request("GET", "/")
        answer = http_client.getresponse()
        answer.read()
        client.shutdown(socket.SHUT_WR)
        while client.recv(4096):
            pass
        return answer.status


def main():
    first, n, services = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    slowest = 0.0
    for service in services:
        address, service_port = service.rsplit(":", 1)
        for port in range(first, first + n):
            start = time.monotonic()
            try:
                status = ask(port, address.strip("[]"), int(service_port))
            except OSError as error:
                sys.exit(f"from port {port}, {service}: {error}")
            if status != 200:
                sys.exit(f"from port {port}, {service}: status {status}")
            slowest = max(slowest, time.monotonic() - start)
    print(n, round(slowest * 1000))


if __name__ == "__main__":
    main()
