# SPDX-License-Identifier: GPL-2.0-or-later
"""What is around the attributes: flags, versions, lengths, numbers of sequence and port, several messages at once."""
# covers: rule no acknowledgement unless asked, rule error always, rule dump is never acknowledged
# covers: rule two messages in a datagram, rule wrong lengths are passed over, rule control messages
from netlink_text import ACK, CODES, CTRL, DUMP, REQUEST, attribute, message
from probe import KEY, SETUP, Prober, Table, service

p = Prober()
table = Table(p)
NEW = service(**dict(KEY, PORT=81), **SETUP)
for bits in [
    0,
    REQUEST,
    ACK,
    REQUEST | ACK,
    *(REQUEST | ACK | 1 << n for n in (1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15)),
    REQUEST | ACK | DUMP,
    REQUEST | ACK | 0x600,
    0xFFFF,
]:
    for command, body in (
        ("NEW_SERVICE", NEW),
        ("GET_SERVICE", service(**KEY)),
        ("GET_DEST", service(**KEY)),
        ("GET_CONFIG", b""),
        ("GET_INFO", b""),
        ("GET_DAEMON", b""),
    ):
        table.case(f"{command}, flags {bits:#x}", command, body, bits)
for version in (0, 2, 255):
    table.case(f"version {version}", "NEW_SERVICE", NEW, version=version)
    table.case(f"version {version}, dump", "GET_SERVICE", b"", REQUEST | DUMP, version=version)
table.case("reserved bits", "NEW_SERVICE", NEW, reserved=0xFFFF)
for pid in (1, 12345, 0xFFFFFFFF):
    table.case(f"port {pid}", "GET_INFO", b"", pid=pid)
for seq in (0, 1, 0xFFFFFFFF):
    table.case(f"sequence number {seq}", "GET_INFO", b"", seq=seq)
for family in (0, 1, 2, 3, 15, 17, 500, 0xFFFF):
    table.case(f"type {family}", "NEW_SERVICE", NEW, family=family)
whole = message(CODES["GET_INFO"], b"", p.family, REQUEST | ACK, 1000)
for length in (0, 1, 15, 16, 17, 19, 20, 21, 24, 100, 0xFFFFFFFF):
    p.case(f"says length {length}", table.state)
    p.raw(message(CODES["GET_INFO"], b"", p.family, REQUEST | ACK, 1001, length=length))
for cut in (0, 1, 15, 16, 17, 19):
    p.case(f"{cut} bytes of a message", table.state)
    p.raw(whole[:cut]) if cut else print("nothing is sent")
p.case("two messages", table.state)
p.raw(whole + message(CODES["GET_CONFIG"], b"", p.family, REQUEST | ACK, 1002))
p.case("a right one, then a broken one", table.state)
p.raw(whole + message(99, b"", p.family, REQUEST | ACK, 1003))
p.case("a broken one, then a right one", table.state)
p.raw(message(99, b"", p.family, REQUEST | ACK, 1004) + whole)
p.case("a right one, then one of no length", table.state)
p.raw(whole + bytes(16))
p.case("bytes behind a message", table.state)
p.raw(whole + b"\x01\x02\x03\x04\x05")
p.case("two additions and a dump", table.state)
p.raw(
    message(CODES["NEW_SERVICE"], NEW, p.family, REQUEST | ACK, 1005)
    + message(CODES["NEW_SERVICE"], NEW, p.family, REQUEST | ACK, 1006)
)
p.changes()
for name, body, flags in (
    ("by name", attribute(2, b"IPVS\0"), REQUEST),
    ("by name, acknowledged", attribute(2, b"IPVS\0"), REQUEST | ACK),
    ("a name without an end", attribute(2, b"IPVS"), REQUEST),
    ("an empty name", attribute(2, b"\0"), REQUEST),
    ("no name", b"", REQUEST),
    ("a long name", attribute(2, b"x" * 16 + b"\0"), REQUEST),
    ("of fifteen letters", attribute(2, b"x" * 15 + b"\0"), REQUEST),
    ("another case", attribute(2, b"ipvs\0"), REQUEST),
    ("a number that nobody has", attribute(1, b"\x77\x77"), REQUEST),
    ("a number of one byte", attribute(1, b"\x10"), REQUEST),
    ("nlctrl itself", attribute(2, b"nlctrl\0"), REQUEST),
):
    p.case(f"family {name}", table.state)
    p.do(3, body, flags, family=CTRL)
p.case("family by its number", table.state)
p.do(3, attribute(1, p.family.to_bytes(2, "little")), family=CTRL)
for command in (0, 1, 2, 4, 7, 8, 9, 10, 11, 255):
    p.case(f"nlctrl's command {command}", table.state)
    p.do(command, b"", family=CTRL)
