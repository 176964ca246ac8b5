#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Sleeps 50 ms at a time, and says how much longer it took at most, in ms: a line for each new maximum."""
import time

SLEEP = 0.05

longest = 0
print(longest)
while True:
    began = time.monotonic()
    time.sleep(SLEEP)
    over = round((time.monotonic() - began - SLEEP) * 1000)
    if over > longest:
        longest = over
        print(longest)
