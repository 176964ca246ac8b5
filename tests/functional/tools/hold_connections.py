#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Opens connections one after another, says "ready", and holds them until it is ended.

  hold_connections.py ADDRESS PORT CONNECTIONS
"""
import signal
import socket
import sys

address, port, wanted = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
held = [socket.create_connection((address, port), timeout=5) for _ in range(wanted)]
print("ready", flush=True)
signal.pause()
