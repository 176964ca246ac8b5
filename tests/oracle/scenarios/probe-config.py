# SPDX-License-Identifier: GPL-2.0-or-later
"""SET_CONFIG, GET_CONFIG, GET_INFO and FLUSH, and what is not theirs."""
from breakage import broken
from netlink_text import TOP
from probe import KEY, Prober, Table, config, service

GOOD = dict(TIMEOUT_TCP=100, TIMEOUT_TCP_FIN=50, TIMEOUT_UDP=20)
table = Table(Prober())
table.case("good", "SET_CONFIG", config(**GOOD))
for name, value in GOOD.items():
    table.case(f"{name} alone", "SET_CONFIG", config(**{name: value}))
    table.case(f"{name} of a week", "SET_CONFIG", config(**{name: 604800}))
    for bad in (0, 0xFFFFFFFF, 0x80000000, 0x7FFFFFFF):
        table.case(f"{name} {bad:#x} and the others", "SET_CONFIG", config(**dict(GOOD, **{name: bad})))
for title, body in broken(TOP, GOOD):
    table.case(title, "SET_CONFIG", body)
for command in ("GET_CONFIG", "GET_INFO", "FLUSH"):
    table.case("good", command, b"")
    table.case("with a service", command, service(**KEY))
    for title, body in broken(TOP, GOOD):
        table.case(title, command, body)
