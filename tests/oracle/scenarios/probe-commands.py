# SPDX-License-Identifier: GPL-2.0-or-later
"""Every command number, as a do and as a dump, with nothing in it, with and without NLM_F_ACK."""
from netlink_text import ACK, DUMP, REQUEST
from probe import Prober

p = Prober()
for command in [*range(0, 20), 255]:
    for flags in (REQUEST, REQUEST | ACK, REQUEST | DUMP, REQUEST | DUMP | ACK):
        p.case(f"command {command}, flags {flags:#x}")
        p.do(command, b"", flags)
        p.changes()
