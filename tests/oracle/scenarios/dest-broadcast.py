# SPDX-License-Identifier: GPL-2.0-or-later
"""Destinations at broadcast addresses: of the director's own subnets, of lo, and what is none."""
from probe import DEST_SETUP, KEY, SETUP, Prober, dest, service

p = Prober()
p.case("a service")
p.do("NEW_SERVICE", service(**KEY, **SETUP))
for address in ("192.0.2.255", "192.0.2.0", "127.255.255.255", "127.0.0.9", "192.0.3.255", "0.1.2.3", "192.0.2.254"):
    p.case(address)
    p.do("NEW_DEST", service(**KEY) + dest(ADDR=address, PORT=80, **DEST_SETUP))
    p.do("SET_DEST", service(**KEY) + dest(ADDR=address, PORT=80, **DEST_SETUP))
    p.do("DEL_DEST", service(**KEY) + dest(ADDR=address, PORT=80))
p.changes()
