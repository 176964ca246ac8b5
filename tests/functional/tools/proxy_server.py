#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A server that takes a connection, or a datagram, only with a header of the PROXY protocol, and writes a line about each.

  proxy_server.py tcp|http|udp PORT
  proxy_server.py ssl PORT CERTIFICATE-WITH-KEY

What has no header is closed at once, or not answered. http and ssl answer a request with an empty page, udp with "pong".
"""
import re
import socket
import ssl
import sys

V2 = bytes.fromhex("0d0a0d0a000d0a515549540a")
V1 = re.compile(rb"PROXY TCP[46] (\S+) (\S+) (\d+) (\d+)\r\n")


def describe(data):
    """The header in words, and its length; no words if there is none."""
    if data[:12] == V2 and len(data) >= 16:
        return f"v2 {'LOCAL' if data[12] == 0x20 else 'PROXY'}", 16 + int.from_bytes(data[14:16], "big")
    if match := V1.match(data):
        src, dst, _, port = (word.decode() for word in match.groups())
        return f"v1 {src} -> {dst}:{port}", match.end()
    return "", 0


def take_header(connection):
    """Reads the header, and not a byte behind it."""
    data = b""
    while len(data) < 108:
        byte = connection.recv(1)
        if not byte:
            break
        data += byte
        words, length = describe(data)
        if words and len(data) >= length:
            return words
        if data[:12] != V2[:len(data)] and not b"PROXY ".startswith(data[:6]):
            break
    return ""


def answer(connection):
    request = b""
    while b"\r\n\r\n" not in request:
        got = connection.recv(4096)
        if not got:
            return
        request += got
    print("request", request.split(b"\r\n")[0].decode(), flush=True)
    connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")


def serve(kind, listener, context):
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(5)
        words = take_header(connection)
        print(words or "no header", flush=True)
        if not words or kind == "tcp":
            return
        if context:
            with context.wrap_socket(connection, server_side=True) as wrapped:
                answer(wrapped)
        else:
            answer(connection)


def main():
    kind, port = sys.argv[1], int(sys.argv[2])
    context = None
    if kind == "udp":
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", port))
        print("ready", flush=True)
        while True:
            data, peer = sock.recvfrom(65536)
            words, length = describe(data)
            print(f"{words} {data[length:].hex()}" if words else "no header", flush=True)
            if words:
                sock.sendto(b"pong", peer)
    if kind == "ssl":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[3])
    listener = socket.create_server(("127.0.0.1", port))
    print("ready", flush=True)
    while True:
        try:
            serve(kind, listener, context)
        except OSError as error:
            print("error", error, flush=True)


main()
