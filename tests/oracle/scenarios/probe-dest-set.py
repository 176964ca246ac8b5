# SPDX-License-Identifier: GPL-2.0-or-later
"""SET_DEST, broken in each way."""
from breakage import broken, packings
from netlink_text import DEST, attribute, fields, pack
from probe import DEST_KEY, DEST_SETUP, KEY, Prober, Table, service

GOOD = dict(DEST_KEY, **dict(DEST_SETUP, WEIGHT=7), ADDR_FAMILY=2, TUN_TYPE=0, TUN_PORT=0, TUN_FLAGS=0)
SVC = service(**KEY)
table = Table(Prober())
table.case("good", "SET_DEST", SVC + attribute(2, pack(fields(DEST, **GOOD))))
for title, nest in broken(DEST, GOOD):
    table.case(title, "SET_DEST", SVC + attribute(2, nest))
for title, body in packings(2, pack(fields(DEST, **GOOD))):
    table.case(title, "SET_DEST", SVC + body)
for title, body in packings(1, pack(fields(DEST, **GOOD))):
    table.case("in the service's place: " + title, "SET_DEST", body)
table.case(
    "the service missing", "SET_DEST", service(**dict(KEY, PORT=99)) + attribute(2, pack(fields(DEST, **GOOD)))
)
table.case("the destination before the service", "SET_DEST", attribute(2, pack(fields(DEST, **GOOD))) + SVC)
