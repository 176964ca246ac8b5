# SPDX-License-Identifier: GPL-2.0-or-later
"""A real server: answers each line over TCP (port 80) and each datagram (UDP port 53) with its name.

    server.py NAME [ADDRESS]
"""
import asyncio
import sys


class Answer(asyncio.DatagramProtocol):
    """UDP."""

    def connection_made(self, transport):
        self.transport = transport  # pylint: disable=attribute-defined-outside-init

    def datagram_received(self, data, addr):
        self.transport.sendto(data + NAME, addr)


async def serve(reader, writer):
    try:
        if await asyncio.wait_for(reader.readline(), 10):
            writer.write(NAME)
            await writer.drain()
    except (OSError, asyncio.TimeoutError):
        pass
    finally:
        writer.close()


async def main():
    address = sys.argv[2] if len(sys.argv) > 2 else "0.0.0.0"
    await asyncio.get_running_loop().create_datagram_endpoint(Answer, local_addr=(address, 53))
    server = await asyncio.start_server(serve, address, 80, backlog=1024)
    await server.serve_forever()


NAME = sys.argv[1].encode() + b"\n"
asyncio.run(main())
