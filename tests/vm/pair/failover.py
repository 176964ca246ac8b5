# SPDX-License-Identifier: GPL-2.0-or-later
"""What can happen to the master of a pair, and what the client sees of it."""
import time
from dataclasses import dataclass

from director import card_of, mount
from observer import Observer, both, failures, gap

# Under emulation, with everything else that the machine does meanwhile.
SETTLED_WITHIN = 90


@dataclass
class Switch:
    """One change of roles: seconds, and numbers of connections."""
    tcp: float
    udp: float
    ping: float
    failed: int
    in_flight: int
    both: float


@dataclass
class Fault:
    """What happens to the master, and how it is mended; what mends itself has no `mend`."""
    name: str
    strike: callable
    mend: callable = None
    planned: bool = False


def power_on(machine):
    machine.start()


def upgrade(machine):
    """To the next of the revisions that the host has."""
    mount(machine, "upgrade")
    before = machine.run("pidof ipvsd")
    revision = int(machine.run("dpkg-query -W -f '${Version}' ipvsd").rsplit("-", 1)[1]) + 1
    machine.run(f"DEBIAN_FRONTEND=noninteractive apt-get install -y /srv/upgrade/ipvsd_*-{revision}_*.deb", 300)
    assert machine.run("pidof ipvsd") != before, "the replaced program still runs"


FAULTS_OF_BOTH = [
    Fault("power-off", lambda m: m.kill(), power_on),
    Fault("cable pull", lambda m: m.monitor("set_link", name="net0", up=False),
          lambda m: m.monitor("set_link", name="net0", up=True)),
]
FAULTS_WITH_IPVSD = FAULTS_OF_BOTH + [
    Fault("systemctl stop ipvsd", lambda m: m.run("systemctl stop ipvsd", 60), lambda m: m.run("systemctl start ipvsd", 60),
          planned=True),
    Fault("kill -9 of ipvsd", lambda m: m.run("kill -9 $(pidof ipvsd)")),
]
UPGRADE = Fault("apt install of the next ipvsd", upgrade, planned=True)
FAULTS_WITH_KERNEL = FAULTS_OF_BOTH + [
    Fault("systemctl stop keepalived", lambda m: m.run("systemctl stop keepalived", 60),
          lambda m: m.run("systemctl start keepalived", 60), planned=True),
]


def strike(lab, pair, fault, address):
    """The switch to the standby and, if it is mended by hand, the one back; None if it mends itself."""
    master, standby = card_of(1, "wan"), card_of(2, "wan")
    observer = Observer(lab, address)
    try:
        observer.await_well(master, 0, SETTLED_WITHIN)
        struck = time.monotonic()
        fault.strike(pair[1])
        if not fault.mend:
            observer.await_well(master, time.monotonic(), SETTLED_WITHIN)
            return [measure(observer, struck, time.monotonic())]
        observer.await_well(standby, struck, SETTLED_WITHIN)
        mended = time.monotonic()
        fault.mend(pair[1])
        if fault.mend is power_on:
            pair[1].await_agent()
        observer.await_well(master, mended, SETTLED_WITHIN)
        return [measure(observer, struck, mended), measure(observer, mended, time.monotonic())]
    finally:
        observer.stop()


def measure(observer, begin, end):
    observer.read()
    records = observer.records
    return Switch(*(gap(records, kind, begin, end) for kind in ("tcp", "udp", "ping")),
                  *failures(records, begin, end), both(records, begin, end))
