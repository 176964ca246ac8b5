#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a real server is told of its clients by TOA and UOA, read from the packets themselves.

  told.py serve PORT           TCP: answers each client with the address and port that TOA named, then echoes.
                               UDP: prints what UOA named: "opp ADDRESS PORT LENGTH" or "ipo ADDRESS PORT LENGTH"
  told.py ask ADDRESS PORT     connects, sends two lines and prints what it got
"""
import ipaddress
import socket
import struct
import sys
import threading

TOA, UOA, OPP = 254, 31, 248
told = {}
changed = threading.Condition()


def options(data):
    """Kind and contents of each option in a list of TCP's or IP's."""
    at = 0
    while at < len(data) and data[at] != 0:
        if data[at] == 1:
            at += 1
            continue
        if at + 2 > len(data) or data[at + 1] < 2 or at + data[at + 1] > len(data):
            return
        yield data[at], data[at + 2:at + data[at + 1]]
        at += data[at + 1]


def named(contents):
    return f"{ipaddress.ip_address(contents[2:])} {struct.unpack('!H', contents[:2])[0]}"


def ip_parts(frame):
    """Source address, options, protocol and rest of an IP packet."""
    ether_type = struct.unpack_from("!H", frame, 12)[0]
    if ether_type == 0x0800:
        header = (frame[14] & 15) * 4
        end = 14 + struct.unpack_from("!H", frame, 16)[0]
        return ipaddress.ip_address(frame[26:30]), frame[34:14 + header], frame[23], frame[14 + header:end]
    if ether_type == 0x86DD:
        end = 54 + struct.unpack_from("!H", frame, 18)[0]
        return ipaddress.ip_address(frame[22:38]), b"", frame[20], frame[54:end]
    return None, b"", 0, b""


def look(frame, port):
    source, ip_options, protocol, rest = ip_parts(frame)
    if protocol == socket.IPPROTO_TCP and struct.unpack_from("!H", rest, 2)[0] == port:
        for kind, contents in options(rest[20:(rest[12] >> 4) * 4]):
            if kind == TOA:
                with changed:
                    told[str(source), struct.unpack_from("!H", rest)[0]] = named(contents)
                    changed.notify_all()
    elif protocol == OPP and rest[1] == socket.IPPROTO_UDP:
        length = struct.unpack_from("!H", rest, 2)[0]
        for kind, contents in options(rest[4:length]):
            if kind == UOA and struct.unpack_from("!H", rest, length + 2)[0] == port:
                print("opp", named(contents), len(rest) - length - 8, flush=True)
    elif protocol == socket.IPPROTO_UDP and struct.unpack_from("!H", rest, 2)[0] == port:
        for kind, contents in options(ip_options):
            if kind == UOA:
                print("ipo", named(contents), len(rest) - 8, flush=True)


def watch(port):
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    while True:
        frame, where = packets.recvfrom(65536)
        if where[2] != socket.PACKET_OUTGOING:
            look(frame, port)


def converse(client, peer):
    key = (str(ipaddress.ip_address(peer[0].removeprefix("::ffff:"))), peer[1])
    with changed:
        changed.wait_for(lambda: key in told, timeout=3)
    with client:
        client.sendall((told.get(key, "nothing") + "\n").encode())
        while data := client.recv(65536):
            client.sendall(data)


def serve(port):
    server = socket.create_server(("::", port), family=socket.AF_INET6, backlog=512, dualstack_ipv6=True)
    udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    udp.bind(("::", port))
    threading.Thread(target=watch, args=(port,), daemon=True).start()
    print("ready", flush=True)
    while True:
        threading.Thread(target=converse, args=server.accept(), daemon=True).start()


def ask(address, port):
    with socket.create_connection((address, port), timeout=5) as server:
        own = server.getsockname()
        print("own", own[0], own[1])
        lines = server.makefile("rw")
        print("told", lines.readline().strip())
        for text in ("x" * 5000, "end"):
            lines.write(text + "\n")
            lines.flush()
            if lines.readline() != text + "\n":
                sys.exit("the echo is another text")


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]))
else:
    ask(sys.argv[2], int(sys.argv[3]))
