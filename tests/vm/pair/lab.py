# SPDX-License-Identifier: GPL-2.0-or-later
"""The network around the machines, on the host: two segments, a client on the outer one and servers on the inner one.

        client                 server1 server2         (namespaces)
          |                       |      |
    ------+----- wan -----    ----+------+---- lan ----   (bridges in the namespace "switch")
          |        |                 |       |
      director1 director2        director1 director2      (taps, which QEMU opens)
"""
import os
import signal
import subprocess
import sys

from machine import ENDS_WITH_US

SEGMENTS = ("wan", "lan")
CLIENT, VIP = "198.51.100.2", "198.51.100.100"
GATEWAY, SERVERS = "10.0.0.1", ("10.0.0.11", "10.0.0.12")
HERE = os.path.dirname(os.path.abspath(__file__))


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


class Lab:
    """Makes everything when it is entered, and leaves nothing when it is left."""

    def __init__(self, folder):
        self.folder, self.prefix, self.processes = folder, f"vm{os.getpid()}", []
        self.taps = set()
        self.hosts = ["switch", "client"] + [f"server{n}" for n in range(1, len(SERVERS) + 1)]

    def __enter__(self):
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait()
        for host in self.hosts:
            subprocess.run(["ip", "netns", "del", self.netns(host)], stderr=subprocess.DEVNULL, check=False)

    def netns(self, host):
        return f"{self.prefix}-{host}"

    def on(self, host, *command, quiet=False):
        """What the command wrote; its errors are shown, too, unless `quiet`."""
        return subprocess.run(["ip", "netns", "exec", self.netns(host), *command], check=True, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL if quiet else None).stdout

    def start(self, host, *command, output=None):
        """A program that runs until it is ended, or the lab is."""
        process = subprocess.Popen([*ENDS_WITH_US, "ip", "netns", "exec", self.netns(host), *command], stdin=subprocess.DEVNULL,
                                   stdout=output)
        self.processes.append(process)
        return process

    def end(self, process):
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self.processes.remove(process)

    def _make(self):
        for host in self.hosts:
            ip("netns", "add", self.netns(host))
            ip("-n", self.netns(host), "link", "set", "lo", "up")
            self.on(host, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
        for segment in SEGMENTS:
            ip("-n", self.netns("switch"), "link", "add", segment, "type", "bridge", "mcast_snooping", "0")
            ip("-n", self.netns("switch"), "link", "set", segment, "up")
        self._plug("client", "wan", f"{CLIENT}/24")
        for number, address in enumerate(SERVERS, 1):
            host = f"server{number}"
            self._plug(host, "lan", f"{address}/24")
            ip("-n", self.netns(host), "route", "add", "default", "via", GATEWAY)
            self.start(host, sys.executable, f"{HERE}/server.py", host)

    def _plug(self, host, segment, address):
        """A host's eth0. Frames on veth must carry whole checksums: a network card of QEMU may not add them."""
        ip("-n", self.netns(host), "link", "add", "eth0", "type", "veth", "peer", "name", host, "netns",
           self.netns("switch"))
        for where, device in ((host, "eth0"), ("switch", host)):
            self.on(where, "ethtool", "-K", device, "tx", "off", "gso", "off", "tso", "off", "gro", "off")
            ip("-n", self.netns(where), "link", "set", device, "up")
        ip("-n", self.netns("switch"), "link", "set", host, "master", segment)
        ip("-n", self.netns(host), "address", "add", address, "dev", "eth0")

    def tap(self, name, segment):
        """For a card of a machine that is started in the namespace "switch", and of the next one with this name."""
        if name not in self.taps:
            ip("-n", self.netns("switch"), "tuntap", "add", "mode", "tap", name)
            self.taps.add(name)
        ip("-n", self.netns("switch"), "link", "set", name, "master", segment, "up")
        return name
