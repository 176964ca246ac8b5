#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Sends a frame that means nothing into each of some tap devices ten times a second, until it is killed.

    nudge_taps.py DEV...

A user-mode Linux guest now and then misses that a frame has come, and takes it with the next one only. Where nobody
sends another one, as in a dialogue of single datagrams, it would never come.
"""
import socket
import sys
import time

LOCAL_EXPERIMENTAL = 0x88B5  # IEEE 802, for what does not leave a network
FRAME = b"\xff" * 6 + b"\x02" + bytes(5) + LOCAL_EXPERIMENTAL.to_bytes(2, "big") + bytes(46)


def main():
    sockets = []
    for dev in sys.argv[1:]:
        sockets.append(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
        sockets[-1].bind((dev, 0))
    while True:
        for to_guest in sockets:
            try:
                to_guest.send(FRAME)
            except OSError:
                pass  # it is not up, or its queue is full
        time.sleep(0.1)


if __name__ == "__main__":
    main()
