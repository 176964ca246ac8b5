#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds one worker of an ipvsd still, as a defect could, until this program ends: hold_thread.py PID"""
import ctypes
import os
import signal
import sys

PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207
WORKERS = ("lcore-worker", "rte-worker", "dpdk-worker")  # DPDK's names for them changed

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request, thread):
    if libc.ptrace(request, thread, None, None) != 0:
        sys.exit(f"ptrace: {os.strerror(ctypes.get_errno())}")


def worker_of(pid):
    for thread in sorted(os.listdir(f"/proc/{pid}/task"), key=int):
        with open(f"/proc/{pid}/task/{thread}/comm", encoding="ascii") as comm:
            if comm.read().startswith(WORKERS):
                return int(thread)
    sys.exit(f"{pid} has no worker")


worker = worker_of(sys.argv[1])
ptrace(PTRACE_SEIZE, worker)
ptrace(PTRACE_INTERRUPT, worker)
print("held", flush=True)
signal.pause()
