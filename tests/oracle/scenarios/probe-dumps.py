# SPDX-License-Identifier: GPL-2.0-or-later
"""Dumps of nothing, of one and of many; the order of destinations is the newest first."""
# covers: rule empty dump, rule dump of several datagrams
from netlink_text import ACK, DUMP, REQUEST
from probe import DEST_SETUP, KEY, SETUP, Prober, dest, service

p = Prober()
p.case("nothing")
for command in ("GET_SERVICE", "GET_DAEMON"):
    p.do(command, b"", REQUEST | DUMP)
    p.do(command, b"", REQUEST | DUMP | ACK)
p.case("one service without destinations")
p.do("NEW_SERVICE", service(**KEY, **SETUP))
p.do("GET_SERVICE", b"", REQUEST | DUMP)
p.do("GET_SERVICE", service(**KEY))
p.do("GET_DEST", service(**KEY), REQUEST | DUMP)
p.case("200 destinations")
for n in range(200):
    p.quiet("NEW_DEST", service(**KEY) + dest(ADDR=f"192.0.2.{n % 250 + 1}", PORT=8000 + n // 7, **DEST_SETUP))
p.do("GET_DEST", service(**KEY), REQUEST | DUMP)
p.case("60 services")
for n in range(60):
    p.quiet("NEW_SERVICE", service(**dict(KEY, PORT=1000 + n), **SETUP))
p.changes()
p.do("FLUSH")
p.changes()
