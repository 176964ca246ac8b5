# SPDX-License-Identifier: GPL-2.0-or-later
"""Values with rules of their own: addresses, methods, weights, thresholds, tunnels, protocols, schedulers, flags."""
from probe import DEST_KEY, DEST_SETUP, KEY, KEY6, SETUP, SETUP6, Prober, Table, dest, service

p = Prober()
table = Table(p)
for addr in (
    "0.0.0.0",
    "0.1.2.3",
    "127.0.0.1",
    "169.254.1.1",
    "192.0.2.254",
    "192.0.2.0",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
):
    for command in ("NEW_DEST", "SET_DEST", "DEL_DEST"):
        table.case(f"{command} {addr}", command, service(**KEY) + dest(ADDR=addr, PORT=80, **DEST_SETUP))
for method in [*range(0, 16), 0x80, 0x100, 0x800, 0xFFFFFFFF]:
    table.case(
        f"method {method:#x}",
        "NEW_DEST",
        service(**KEY) + dest(ADDR="192.0.2.20", PORT=80, **dict(DEST_SETUP, FWD_METHOD=method)),
    )
for command, key in (("NEW_DEST", dict(DEST_KEY, PORT=90)), ("SET_DEST", DEST_KEY)):
    for weight in (0, 1, 65535, 65536, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF):
        table.case(
            f"{command}, weight {weight:#x}", command, service(**KEY) + dest(**key, **dict(DEST_SETUP, WEIGHT=weight))
        )
    for upper, lower in ((0, 0), (1, 0), (0, 1), (5, 5), (5, 6), (0x7FFFFFFF, 0), (0x7FFFFFFF, 0x7FFFFFFF)):
        table.case(
            f"{command}, thresholds {upper:#x} {lower:#x}",
            command,
            service(**KEY) + dest(**key, **dict(DEST_SETUP, U_THRESH=upper, L_THRESH=lower)),
        )
    for kind in (0, 1, 2, 3, 9, 255):
        for port in (0, 6080):
            for flags in (0, 1, 2, 3, 0xFFFF):
                table.case(
                    f"{command}, tunnel {kind} port {port} flags {flags}",
                    command,
                    service(**KEY)
                    + dest(**key, **dict(DEST_SETUP, FWD_METHOD=2), TUN_TYPE=kind, TUN_PORT=port, TUN_FLAGS=flags),
                )
for protocol in (0, 1, 6, 17, 47, 58, 99, 132, 255, 256, 65535):
    table.case(f"protocol {protocol}", "NEW_SERVICE", service(**dict(KEY, PROTOCOL=protocol, PORT=81), **SETUP))
for port in (0, 1, 65535):
    table.case(f"port {port}", "NEW_SERVICE", service(**dict(KEY, PORT=port), **SETUP))
for addr in ("0.0.0.0", "224.0.0.1", "255.255.255.255"):
    table.case(f"service at {addr}", "NEW_SERVICE", service(**dict(KEY, ADDR=addr), **SETUP))
for name in (
    "rr",
    "wrr",
    "wlc",
    "none",
    "",
    "RR",
    "nonsense",
    "fifteen-letters",
    "sixteen-letters.",
    "r r",
    "ip_vs_rr",
):
    for command, key in (("NEW_SERVICE", dict(KEY, PORT=81)), ("SET_SERVICE", KEY)):
        table.case(f"{command}, scheduler '{name}'", command, service(**key, **dict(SETUP, SCHED_NAME=name)))
for mask in ("0.0.0.0", "255.255.255.0", "255.0.255.0"):
    table.case(f"netmask {mask}", "NEW_SERVICE", service(**dict(KEY, PORT=81), **dict(SETUP, NETMASK=mask)))
for timeout in (0, 1, 300, 86400):
    table.case(f"timeout {timeout}", "NEW_SERVICE", service(**dict(KEY, PORT=81), **dict(SETUP, TIMEOUT=timeout)))
for flags, mask in ((0, 0), (2, 2), (2, 0), (0, 2), (8, 8), (0x38, 0x18), (0x38, 0xFFFFFFFF)):
    for command, key in (("NEW_SERVICE", dict(KEY, PORT=81)), ("SET_SERVICE", KEY)):
        table.case(
            f"{command}, flags {flags:#x} mask {mask:#x}", command, service(**key, **dict(SETUP, FLAGS=(flags, mask)))
        )
p.case("flags that a mask keeps")
p.do("SET_SERVICE", service(**KEY, **dict(SETUP, FLAGS=(0x18, 0x18))))
p.do("SET_SERVICE", service(**KEY, **dict(SETUP, FLAGS=(0, 0x10))))
p.changes()
table.make()
for pe in ("", "nonsense", "x" * 16, "x" * 17):
    table.case(f"persistence engine '{pe}'", "NEW_SERVICE", service(**dict(KEY, PORT=81), **SETUP, PE_NAME=pe))
for addr in (
    "::",
    "::1",
    "::ffff:192.0.2.1",
    "fe80::1",
    "fec0::1",
    "fd00::1",
    "ff02::1",
    "2001:db8:2::254",
    "2001:db8:9::9",
    "2002::1",
    "64:ff9b::1",
):
    p.case(f"IPv6 destination {addr}", table.state)
    p.do("NEW_SERVICE", service(**KEY6, **SETUP6))
    p.do("NEW_DEST", service(**KEY6) + dest(ADDR=addr, PORT=80, **DEST_SETUP))
    p.changes()
    table.make()
