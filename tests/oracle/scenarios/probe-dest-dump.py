# SPDX-License-Identifier: GPL-2.0-or-later
"""GET_DEST with services that are missing or broken: an empty dump, not an error."""
from breakage import broken, packings
from netlink_text import ACK, DUMP, REQUEST, SERVICE, attribute, fields, pack
from probe import KEY, Prober, Table, service

table = Table(Prober())
for flags in (REQUEST, REQUEST | ACK, REQUEST | DUMP, REQUEST | DUMP | ACK):
    table.case(f"good, flags {flags:#x}", "GET_DEST", service(**KEY), flags)
table.case("the service missing", "GET_DEST", service(**dict(KEY, PORT=99)), REQUEST | DUMP)
for title, nest in broken(SERVICE, KEY):
    table.case(title, "GET_DEST", attribute(1, nest), REQUEST | DUMP)
for title, body in packings(1, pack(fields(SERVICE, **KEY))):
    table.case(title, "GET_DEST", body, REQUEST | DUMP)
