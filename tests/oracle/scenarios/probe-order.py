# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests with several faults: which of them is told."""
from probe import DEST_KEY, DEST_SETUP, KEY, KEY6, SETUP, SETUP6, Prober, Table, dest, service

p = Prober()
table = Table(p)
HERE, ELSEWHERE = KEY, dict(KEY, PORT=99)
for command in ("NEW_SERVICE", "SET_SERVICE"):
    for where, key in (("there", HERE), ("not there", ELSEWHERE)):
        table.case(
            f"{command} {where}, unknown scheduler", command, service(**key, **dict(SETUP, SCHED_NAME="nonsense"))
        )
        table.case(f"{command} {where}, unknown engine", command, service(**key, **SETUP, PE_NAME="nonsense"))
        table.case(
            f"{command} {where}, both unknown",
            command,
            service(**key, **dict(SETUP, SCHED_NAME="nonsense"), PE_NAME="nonsense"),
        )
        table.case(
            f"{command} {where}, no flags",
            command,
            service(**key, SCHED_NAME="rr", TIMEOUT=0, NETMASK="255.255.255.255"),
        )
        table.case(f"{command} {where}, key only", command, service(**key))
    table.case(
        f"{command}, prefix 0 and unknown scheduler",
        command,
        service(**KEY6, **dict(SETUP6, NETMASK=bytes(4), SCHED_NAME="nonsense")),
    )
for command in ("NEW_DEST", "SET_DEST", "DEL_DEST"):
    for svc_where, svc in (("there", HERE), ("not there", ELSEWHERE)):
        for where, key in (
            ("there", DEST_KEY),
            ("not there", dict(DEST_KEY, PORT=9)),
            ("no address", dict(DEST_KEY, ADDR="224.0.0.1")),
        ):
            for title, setup in (
                ("good", {}),
                ("negative weight", dict(WEIGHT=-1)),
                ("bad thresholds", dict(U_THRESH=1, L_THRESH=2)),
                ("GUE without port", dict(TUN_TYPE=1, FWD_METHOD=2)),
                ("GUE, not tunnel", dict(TUN_TYPE=1)),
                ("another family", dict(ADDR_FAMILY=10)),
                ("no family", dict(ADDR_FAMILY=77)),
                ("everything", dict(WEIGHT=-1, U_THRESH=1, L_THRESH=2, TUN_TYPE=1)),
            ):
                table.case(
                    f"{command}: service {svc_where}, destination {where}, {title}",
                    command,
                    service(**svc) + dest(**key, **dict(DEST_SETUP, **setup)),
                )
            table.case(
                f"{command}: service {svc_where}, destination {where}, key only",
                command,
                service(**svc) + dest(**key),
            )
table.case("bad service family, destination broken", "NEW_DEST", service(**dict(KEY, AF=3)) + dest(PORT=1))
table.case("no service, no destination", "NEW_DEST", b"")
