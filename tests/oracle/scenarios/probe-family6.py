# SPDX-License-Identifier: GPL-2.0-or-later
"""IPv6 services and destinations, broken in each way, and families that do not fit each other."""
import socket
import struct

from breakage import broken
from netlink_text import DEST, SERVICE, attribute
from probe import DEST_SETUP, KEY, KEY6, SETUP, SETUP6, Prober, Table, daemon, dest, service

p = Prober()
table = Table(p, socket.AF_INET6)
for title, nest in broken(SERVICE, dict(KEY6, PORT=81, **SETUP6)):
    table.case(title, "NEW_SERVICE", attribute(1, nest))
for title, nest in broken(DEST, dict(ADDR="2001:db8:2::12", PORT=80, **DEST_SETUP, ADDR_FAMILY=10)):
    table.case(title, "NEW_DEST", service(**KEY6) + attribute(2, nest))
for prefix in (0, 1, 64, 127, 128, 129, 0xFFFFFFFF, 0x80000000):
    for command in ("NEW_SERVICE", "SET_SERVICE"):
        key = dict(KEY6, PORT=81) if command == "NEW_SERVICE" else KEY6
        table.case(
            f"{command}, prefix {prefix:#x}",
            command,
            service(**key, **dict(SETUP6, NETMASK=struct.pack("=I", prefix))),
        )
for family in (0, 1, 2, 3, 10, 11, 0xFFFF):
    for method in range(6):
        for svc, addr in ((KEY6, "2001:db8:2::13"), (KEY6, "192.0.2.13")):
            body = service(**svc) + dest(
                ADDR=addr, PORT=80, **dict(DEST_SETUP, FWD_METHOD=method), ADDR_FAMILY=family
            )
            table.case(f"family {family}, method {method}, {addr}", "NEW_DEST", body)
table = Table(p)
MIXED = service(**KEY) + dest(ADDR="2001:db8:2::13", PORT=80, **dict(DEST_SETUP, FWD_METHOD=2), ADDR_FAMILY=10)
DAEMON = daemon(STATE=1, MCAST_IFN="eth0", SYNC_ID=1)
p.case("a mixed destination and a daemon")
p.do("NEW_DEST", MIXED)
p.do("NEW_DAEMON", DAEMON)
p.do("SET_DEST", MIXED)
p.do("DEL_DEST", service(**KEY) + dest(ADDR="2001:db8:2::13", PORT=80, ADDR_FAMILY=10))
p.do("NEW_DAEMON", DAEMON)
p.do("NEW_DEST", MIXED)
p.do("DEL_DEST", service(**KEY) + dest(ADDR="2001:db8:2::13", PORT=80, ADDR_FAMILY=10))
p.changes()
table.case("an IPv6 service of IPv4's settings", "NEW_SERVICE", service(**dict(KEY6, PORT=85), **SETUP))
table.case(
    "an address of 16 bytes for IPv4", "NEW_SERVICE", service(**dict(KEY, PORT=85, ADDR="2001:db8::1"), **SETUP)
)
