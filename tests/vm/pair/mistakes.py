# SPDX-License-Identifier: GPL-2.0-or-later
"""What an administrator gets wrong, on a machine where systemd starts ipvsd: each is refused in one line with the remedy, and
leaves cards, addresses and routes as they were. Huge pages are made first, and stay for the next start."""
import re
from dataclasses import dataclass

from director import PCI, edit_ipvsd_conf

CONF = "/etc/ipvsd/ipvsd.conf"
IDENTIFIERS = ("ipvsd", "ipvsd-bind", "ipvsd-hugepages")
CONDITION = ("for d in " + " ".join(f"/sys/bus/pci/devices/{address}" for address in PCI.values()) +
             "; do basename $(readlink $d/driver); done; ls /sys/class/net; ip -brief -4 address; ip route; ! pidof ipvsd")
PAGES = "grep HugePages_Total /proc/meminfo"
WAN_CARD = f"$(ls -d /sys/bus/pci/devices/{PCI['wan']}/{{,virtio*/}}net/* 2>/dev/null | xargs -n 1 basename)"


@dataclass
class Mistake:
    """`make` is a command for the shell, `unmake` takes it back."""
    name: str
    make: str
    line: str                   # a regular expression: what is wrong, where, and what to do
    unmake: str = "true"
    cards_are_bound: bool = False
    pages_are_made: bool = True


MISTAKES = (
    Mistake("the wrong address of a card", f"sed -i s/{PCI['lan']}/0000:00:1f.7/ {CONF}",
            rf"{CONF}:4: there is no PCI device 0000:00:1f.7; network devices here: .*{PCI['wan']} \(\w+\)"),
    Mistake("a card that carries the default route",
            f"ip address add 192.0.2.9/24 dev {WAN_CARD} && ip link set {WAN_CARD} up && ip route add default via 192.0.2.1",
            rf"{CONF}:3: {PCI['wan']} is \w+, which carries the default route: .*name another device, or set bind_in_use",
            f"ip link set {WAN_CARD} down; ip address flush dev {WAN_CARD}"),
    Mistake("more huge pages than the machine has memory for",
            f"echo 'memory = {{ hugepages = \"required\"; }};' >>{CONF} && sed -i 's/connections = \"64K\"/connections = \"32M\"/' {CONF}",
            rf"\d+ huge pages of 2 MB are missing on NUMA node 0, .*or lower limits in {CONF}", pages_are_made=False),
    Mistake("a kernel without vhost-net, where the configuration insists on it",
            f"modprobe -r vhost_net && modprobe tun && echo install vhost_net /bin/false >/etc/modprobe.d/none.conf && "
            f"sed -i 's/kernel = \"wan0\"/kernel_path = \"vhost\"; &/' {CONF}",
            r"wan0 \(line 3\): /dev/vhost-net can't be opened: load the module vhost_net, or set kernel_path = \"tap\"",
            "rm /etc/modprobe.d/none.conf && modprobe vhost_net", cards_are_bound=True),
    Mistake("a word that no configuration has", f"sed -i s/workers/wokers/ {CONF}",
            rf"{CONF}:1: wokers: unknown key; allowed here: workers, ", pages_are_made=False),
)


class Journal:
    """What ipvsd and its helpers complain of from now on."""

    def __init__(self, machine):
        self.machine = machine
        self.cursor = machine.run("journalctl --show-cursor -n 0 | sed -n 's/^-- cursor: //p'").strip()

    def errors(self):
        """Different lines."""
        matches = " ".join(f"SYSLOG_IDENTIFIER={name}" for name in IDENTIFIERS)
        lines = self.machine.run(f"journalctl --sync; journalctl -q -o cat -p err --cursor '{self.cursor}' {matches}").splitlines()
        return list(dict.fromkeys(lines))


def is_one_line(lines, expression):
    assert len(lines) == 1 and re.search(expression, lines[0]), "\n".join(["not the one line that it should be:", *lines])


def stop(machine):
    """With what systemd has begun for a start, that after a failure too: units that ipvsd's wants outlive its stop."""
    machine.run("systemctl stop ipvsd")
    machine.await_run("! systemctl list-jobs --no-legend | grep ipvsd", 60)


def release(machine):
    """As if ipvsd had never been started."""
    stop(machine)
    machine.run("systemctl reset-failed && echo 0 >/proc/sys/vm/nr_hugepages && "
                "if [ -s /var/lib/ipvsd/bound ]; then ipvsd-bind --release && udevadm settle; fi")


def refused_at_start(machine, mistake):
    release(machine)
    edit_ipvsd_conf(machine)
    machine.run(mistake.make)
    before, pages, journal = machine.run(CONDITION), machine.run(PAGES), Journal(machine)
    status, _ = machine.run("systemctl start ipvsd", check=False, status=True)
    stop(machine)
    assert status != 0, "it was started"
    is_one_line(journal.errors(), mistake.line)
    if not mistake.cards_are_bound:
        after = machine.run(CONDITION)
        assert after == before, f"before:\n{before}after:\n{after}"
    assert mistake.pages_are_made == (machine.run(PAGES) != pages), machine.run(PAGES)
    machine.run(mistake.unmake)


def refused_at_reload(machine):
    """The old configuration stays in force."""
    pid, journal = machine.run("pidof ipvsd"), Journal(machine)
    machine.run(f"sed -i s/workers/wokers/ {CONF}")
    status, _ = machine.run("systemctl reload ipvsd", check=False, status=True)
    assert status != 0, "the reload is said to have worked"
    is_one_line([line for line in machine.run(
        f"journalctl --sync; journalctl -q -o cat --cursor '{journal.cursor}' -u ipvsd").splitlines() if CONF in line],
        rf"{CONF}:1: wokers: unknown key")
    edit_ipvsd_conf(machine)
    assert machine.run("pidof ipvsd") == pid
    machine.run("systemctl reload ipvsd")


def refused_beside_another(machine):
    """A second one, on the same socket and on another with the same cards; the first goes on."""
    pid = machine.run("pidof ipvsd")
    status, output = machine.run("ipvsd", 60, check=False, status=True)
    assert status != 0
    assert "ipvsd: error: control: /run/ipvsd/ipvs.sock is another ipvsd's: give each instance its own control.socket" in output, output
    machine.run(f"sed 's/wan0/wan9/; s/lan0/lan9/' {CONF} >/tmp/second.conf && "
                "echo 'control = { socket = \"/run/ipvsd/second.sock\"; };' >>/tmp/second.conf")
    status, output = machine.run("ipvsd -c /tmp/second.conf", 60, check=False, status=True)
    assert status != 0
    errors = [line for line in output.splitlines() if line.startswith("ipvsd: error:")]
    is_one_line(errors, rf"wan .*{PCI['wan']}.*{pid.strip()}")
    assert machine.run("pidof ipvsd") == pid and "wan9" not in machine.run("ip link")


def keepalived_alone(machine):
    """It waits, says so with the remedy, and has nothing to do with the kernel's IPVS."""
    machine.run("systemctl stop ipvsd keepalived")
    cursor = Journal(machine).cursor
    machine.run("systemctl start keepalived")
    machine.await_run(f"journalctl --sync; journalctl -q -o cat --cursor '{cursor}' -u keepalived | "
                      "grep 'systemctl start ipvsd'", 30)
    machine.run("systemctl start ipvsd")
    machine.await_run("ipvsadm -Ln | grep -F -- '-> 10.0.0.11:80'", 60)
