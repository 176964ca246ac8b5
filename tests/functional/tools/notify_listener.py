#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Listens in the place of systemd: prints what a service says by sd_notify(3), a line each.

notify_listener.py SOCKET [COMMAND...]   runs COMMAND as soon as READY=1 has come, and prints what that prints
"""
import os
import socket
import subprocess
import sys

path, command = sys.argv[1], sys.argv[2:]
if os.path.exists(path):
    os.unlink(path)
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(path)
print("listening", flush=True)
while True:
    for line in listener.recv(4096).decode().splitlines():
        if line == "READY=1" and command:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            print(done.stdout + done.stderr, end="")
        print(line, flush=True)
