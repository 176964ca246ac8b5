#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Opens connections one after another, says "ready", and holds them until it is ended; with "reset", the
connections end by a reset.

  hold_connections.py ADDRESS PORT CONNECTIONS [reset]
"""
import signal
import socket
import struct
import sys

address, port, wanted = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
held = [socket.create_connection((address, port), timeout=5) for _ in range(wanted)]
if sys.argv[4:] == ["reset"]:
    for sock in held:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
print("ready", flush=True)
signal.pause()
