# SPDX-License-Identifier: GPL-2.0-or-later
"""A client that asks a virtual address at a fixed rate, until SIGTERM, and writes what came of it, a line of JSON each:

    {"kind": "tcp", "start": T, "connected": T, "end": T, "error": null}   a new connection, a line sent, a line received,
                                                             closed; "connected" is null if it was not even opened
    {"kind": "udp" or "ping", "start": T, "end": T}          a question that was answered
    {"kind": "udp" or "ping", "start": T, "end": null}       one that was not, within two seconds
    {"kind": "arp", "time": T, "mac": M}                     who answers for the address

Times are seconds of CLOCK_MONOTONIC, which is the same for all programs of the host.

    probe.py INTERFACE ADDRESS
"""
import asyncio
import json
import signal
import socket
import struct
import sys
import time

INTERVAL = 0.05
PATIENCE = 5.0          # of one who opens a connection
ANSWER_WITHIN = 2.0


def write(**record):
    print(json.dumps(record), flush=False)


async def connect(address):
    start, connected, error = time.monotonic(), None, None
    writer = None
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(address, 80)
            connected = time.monotonic()
            writer.write(b"hello\n")
            if not (await reader.readline()).startswith(b"server"):
                error = "closed without an answer"
    except (OSError, asyncio.TimeoutError) as failure:
        error = str(failure) or type(failure).__name__
    finally:
        if writer:
            writer.close()
    write(kind="tcp", start=start, connected=connected, end=time.monotonic(), error=error)


async def ask(address):
    """Each from a port of its own, as a resolver does it."""
    loop, start, end = asyncio.get_running_loop(), time.monotonic(), None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect((address, 53))
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                await loop.sock_sendall(sock, b"who?")
                await loop.sock_recv(sock, 100)
                end = time.monotonic()
        except (OSError, asyncio.TimeoutError):
            pass
    write(kind="udp", start=start, end=end)


class Pings:
    """Echo requests with a number each; answers come to one socket."""

    def __init__(self, address):
        self.address, self.sent, self.number = address, {}, 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self.socket.setblocking(False)
        asyncio.get_running_loop().add_reader(self.socket, self._answer)

    def send(self):
        self.number = (self.number + 1) & 0xffff
        header = struct.pack("!BBHHH", 8, 0, 0, 0x4956, self.number)
        total = sum(struct.unpack("!4H", header))
        total = (total & 0xffff) + (total >> 16)
        self.sent[self.number] = time.monotonic()
        try:
            self.socket.sendto(header[:2] + struct.pack("!H", ~total & 0xffff) + header[4:], (self.address, 0))
        except OSError:
            pass
        self._give_up()

    def _answer(self):
        packet = self.socket.recv(2048)
        kind, identifier, number = struct.unpack("!B3xHH", packet[20:28])
        if kind == 0 and identifier == 0x4956 and number in self.sent:
            write(kind="ping", start=self.sent.pop(number), end=time.monotonic())

    def _give_up(self):
        for number, start in list(self.sent.items()):
            if start < time.monotonic() - ANSWER_WITHIN:
                write(kind="ping", start=self.sent.pop(number), end=None)


class Arp:
    """Asks everybody for the address, and hears all who say that they have it."""

    def __init__(self, interface, address):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
        self.socket.bind((interface, 0))
        self.socket.setblocking(False)
        mac = self.socket.getsockname()[4]
        self.wanted = socket.inet_aton(address)
        # A probe, from 0.0.0.0 (RFC 5227): the client's own neighbour entry comes about as it does without us.
        self.request = (b"\xff" * 6 + mac + b"\x08\x06" + struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac + bytes(4) +
                        bytes(6) + self.wanted)
        asyncio.get_running_loop().add_reader(self.socket, self._heard)

    def send(self):
        self.socket.send(self.request)

    def _heard(self):
        frame = self.socket.recv(2048)
        if len(frame) >= 42 and frame[28:32] == self.wanted:
            write(kind="arp", time=time.monotonic(), mac=frame[22:28].hex(":"))


async def main(interface, address):
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    pings, arp, tasks = Pings(address), Arp(interface, address), set()
    turn = time.monotonic()
    while not stop.is_set():
        for coroutine in (connect(address), ask(address)):
            task = asyncio.create_task(coroutine)
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        pings.send()
        arp.send()
        sys.stdout.flush()
        turn = max(turn + INTERVAL, time.monotonic())
        await asyncio.sleep(turn - time.monotonic())
    await asyncio.gather(*tasks)


asyncio.run(main(sys.argv[1], sys.argv[2]))
