# SPDX-License-Identifier: GPL-2.0-or-later
"""DEL_DEST, broken in each way."""
from breakage import broken, packings
from netlink_text import DEST, attribute, fields, pack
from probe import DEST_KEY, KEY, Prober, Table, service

GOOD = dict(DEST_KEY, ADDR_FAMILY=2)
SVC = service(**KEY)
table = Table(Prober())
table.case("good", "DEL_DEST", SVC + attribute(2, pack(fields(DEST, **GOOD))))
for title, nest in broken(DEST, GOOD):
    table.case(title, "DEL_DEST", SVC + attribute(2, nest))
for title, body in packings(2, pack(fields(DEST, **GOOD))):
    table.case(title, "DEL_DEST", SVC + body)
for title, body in packings(1, pack(fields(DEST, **GOOD))):
    table.case("in the service's place: " + title, "DEL_DEST", body)
table.case(
    "the service missing", "DEL_DEST", service(**dict(KEY, PORT=99)) + attribute(2, pack(fields(DEST, **GOOD)))
)
table.case("the destination before the service", "DEL_DEST", attribute(2, pack(fields(DEST, **GOOD))) + SVC)
