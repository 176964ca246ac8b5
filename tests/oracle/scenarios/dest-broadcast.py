# SPDX-License-Identifier: GPL-2.0-or-later
"""A destination at the broadcast address of one of the director's own subnets."""
from probe import DEST_SETUP, KEY, SETUP, Prober, dest, service

p = Prober()
p.case("the broadcast address of eth0")
p.do("NEW_SERVICE", service(**KEY, **SETUP))
p.do("NEW_DEST", service(**KEY) + dest(ADDR="192.0.2.255", PORT=80, **DEST_SETUP))
p.changes()
