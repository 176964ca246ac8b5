# SPDX-License-Identifier: GPL-2.0-or-later
"""Failovers as a table in Markdown: the least, the median and the most of all repetitions."""
from statistics import median

COLUMNS = ("what happens to the master", "IPVS", "times", "no new connection (s)", "no UDP answer (s)", "no ping (s)",
           "connections failed", "of them in flight", "address at both (s)")


def spread(values, form):
    return " / ".join(form.format(value) for value in (min(values), median(values), max(values)))


def row(name, who, switches):
    cells = [name, who, str(len(switches))]
    for kind in ("tcp", "udp", "ping"):
        cells.append(spread([getattr(switch, kind) for switch in switches], "{:.1f}"))
    for kind in ("failed", "in_flight"):
        cells.append(spread([getattr(switch, kind) for switch in switches], "{:.0f}"))
    cells.append(spread([switch.both for switch in switches], "{:.1f}"))
    return line(cells)


def line(cells):
    return "| " + " | ".join(cells) + " |"


def table(results):
    """`results` are (name, who, switches)."""
    return "\n".join([line(COLUMNS), line(["---"] * len(COLUMNS)), *(row(*result) for result in results)]) + "\n"
