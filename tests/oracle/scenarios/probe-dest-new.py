# SPDX-License-Identifier: GPL-2.0-or-later
"""NEW_DEST, broken in each way."""
from breakage import broken, packings
from netlink_text import DEST, attribute, fields, pack
from probe import DEST_KEY, DEST_SETUP, KEY, Prober, Table, service

GOOD = dict(DEST_KEY, PORT=8081, **DEST_SETUP, ADDR_FAMILY=2, TUN_TYPE=0, TUN_PORT=0, TUN_FLAGS=0)
SVC = service(**KEY)
table = Table(Prober())
table.case("good", "NEW_DEST", SVC + attribute(2, pack(fields(DEST, **GOOD))))
for title, nest in broken(DEST, GOOD):
    table.case(title, "NEW_DEST", SVC + attribute(2, nest))
for title, body in packings(2, pack(fields(DEST, **GOOD))):
    table.case(title, "NEW_DEST", SVC + body)
for title, body in packings(1, pack(fields(DEST, **GOOD))):
    table.case("in the service's place: " + title, "NEW_DEST", body)
table.case(
    "the service missing", "NEW_DEST", service(**dict(KEY, PORT=99)) + attribute(2, pack(fields(DEST, **GOOD)))
)
table.case("the destination before the service", "NEW_DEST", attribute(2, pack(fields(DEST, **GOOD))) + SVC)
