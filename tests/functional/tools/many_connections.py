#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Opens connections and keeps them, then asks something over the first.

  many_connections.py ADDRESS PORT CONNECTIONS
"""
import errno
import resource
import select
import socket
import sys
import time

address, port, wanted = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_NOFILE, (wanted + 64, wanted + 64))
pending, opened = {}, []
poll = select.poll()
for _ in range(wanted):
    sock = socket.socket()
    sock.setblocking(False)
    if sock.connect_ex((address, port)) not in (0, errno.EINPROGRESS):
        sys.exit("connect: " + address)
    pending[sock.fileno()] = sock
    poll.register(sock, select.POLLOUT)
    # One at a time while they are answered at once, so that the order in which they are refused is known.
    for fd, _event in poll.poll(20):
        poll.unregister(fd)
        opened.append(pending.pop(fd))
# Refused SYNs are sent again after one second: whoever was refused is so then, too.
deadline = time.monotonic() + 2.5
while pending and time.monotonic() < deadline:
    for fd, _event in poll.poll(100):
        poll.unregister(fd)
        opened.append(pending.pop(fd))
first = opened[0]
first.setblocking(True)
first.settimeout(2)
first.sendall(b"GET / HTTP/1.0\r\n\r\n")
answers = b"200" in first.recv(4096)
print(f"{len(opened)} open, {len(pending)} refused, the first {'still answers' if answers else 'is dead'}")
