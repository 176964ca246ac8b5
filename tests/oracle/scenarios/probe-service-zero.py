# SPDX-License-Identifier: GPL-2.0-or-later
"""ZERO, broken in each way."""
from breakage import broken, packings
from netlink_text import SERVICE, attribute, fields, pack
from probe import KEY, Prober, Table

GOOD = dict(KEY)
table = Table(Prober())
table.case("good", "ZERO", attribute(1, pack(fields(SERVICE, **GOOD))))
for title, nest in broken(SERVICE, GOOD):
    table.case(title, "ZERO", attribute(1, nest))
for title, body in packings(1, pack(fields(SERVICE, **GOOD))):
    table.case(title, "ZERO", body)
