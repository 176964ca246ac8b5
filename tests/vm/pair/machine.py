# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual machine that boots the Debian of tests/vm/build-debian: its QEMU, its monitor and the agent within.

Everything waits for at most the seconds that it is given, and then raises MachineError, which says what the machine's
console had last.
"""
import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time

CMDLINE = "console=ttyS0 panic=-1 mitigations=off nokaslr random.trust_cpu=on systemd.show_status=no quiet loglevel=4"
# Five levels of pages are one more for an emulated processor to walk.
QEMU = ("qemu-system-x86_64 -M q35 -accel tcg,thread=multi,tb-size=256 -cpu max,la57=off,svm=off "
        "-nodefaults -no-user-config -display none -device virtio-serial-pci -device virtio-rng-pci").split()

# Whatever becomes of us.
ENDS_WITH_US = ["setpriv", "--pdeathsig", "KILL"]


class MachineError(Exception):
    """A machine that did not do in time what it should."""


class JsonSocket:
    """A socket of QEMU, to which requests are written and from which answers are read as lines of JSON."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.buffer = b""

    def send(self, message, prefix=b""):
        self.socket.sendall(prefix + json.dumps(message).encode() + b"\n")

    def receive(self, deadline):
        while b"\n" not in self.buffer:
            self.socket.settimeout(max(0.01, deadline - time.monotonic()))
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("closed by QEMU")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line.lstrip(b"\xff"))

    def close(self):
        self.socket.close()


class Machine:
    """One machine, on or off. `cards` are arguments for QEMU, as network_card() makes them."""

    def __init__(self, name, image, folder, disk, *, cards=(), memory=1536, cpus=2, netns=None, shares=(), iommu=False):
        self.name, self.image, self.folder, self.disk = name, image, folder, disk
        self.cards, self.memory, self.cpus, self.netns = list(cards), memory, cpus, netns
        self.shares, self.iommu = list(shares), iommu
        self.process = self.agent = None
        self.console = f"{folder}/{name}.console"

    def _command(self):
        command = ENDS_WITH_US + (["ip", "netns", "exec", self.netns] if self.netns else [])
        command += QEMU + ["-name", self.name, "-smp", str(self.cpus), "-m", str(self.memory),
                           "-kernel", f"{self.image}/vmlinux", "-initrd", f"{self.image}/initrd",
                           "-append", CMDLINE + (" intel_iommu=on" if self.iommu else ""),
                           "-drive", f"id=disk,file={self.disk},format=qcow2,if=virtio,cache=unsafe",
                           "-chardev", f"file,id=console,path={self.console}", "-serial", "chardev:console",
                           "-qmp", f"unix:{self._path('qmp')},server=on,wait=off",
                           "-chardev", f"socket,id=agent,path={self._path('agent')},server=on,wait=off",
                           "-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"]
        if self.iommu:
            command += ["-device", "intel-iommu,intremap=on,caching-mode=on"]
        for number, (source, tag) in enumerate(self.shares):
            command += ["-virtfs", f"local,id=share{number},mount_tag={tag},security_model=none,multidevs=remap,"
                                   f"readonly=on,path={source}"]
        for card in self.cards:
            command += card
        return command

    def _path(self, what):
        return f"{self.folder}/{self.name}.{what}"

    def start(self):
        with open(self._path("qemu"), "w") as log:
            # In a session of its own, as the kernel shares its processors out among sessions.
            self.process = subprocess.Popen(self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True)

    def kill(self):
        """The power is gone."""
        if self.process:
            self.process.kill()
            self.process.wait()
        self._forget()

    def shut_down(self, seconds=60):
        """As an operator does it, so that all is on the disk. The caller starts it again."""
        self._systemctl("poweroff")
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise self._error(f"is not off after {seconds} s") from None
        self._forget()

    def reboot(self, seconds=240):
        """As an operator does it; back when another kernel answers."""
        before, deadline = self._boot(), time.monotonic() + seconds
        self._systemctl("reboot")
        while True:
            try:
                self.await_agent(max(1, deadline - time.monotonic()))
                if self._boot() != before:
                    return
            except (OSError, ValueError, MachineError):
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.5)

    def _boot(self):
        return self.run("cat /proc/sys/kernel/random/boot_id", 20)

    def _systemctl(self, verb):
        """Not waited for: the agent may be gone before it can answer."""
        self.agent.send({"execute": "guest-exec", "arguments": {"path": "/bin/systemctl", "arg": ["--no-block", verb]}})

    def _forget(self):
        if self.agent:
            self.agent.close()
        self.process = self.agent = None

    def _error(self, what):
        with open(self._path("qemu")) as log, open(self.console, errors="replace") as console:
            return MachineError(f"{self.name} {what}\n{log.read()[-2000:]}{console.read()[-3000:]}")

    def await_agent(self, seconds=180):
        """Until somebody answers within, also after a restart of the machine."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise self._error(f"ended with {self.process.returncode}")
            try:
                if self.agent is None:
                    self.agent = JsonSocket(self._path("agent"))
                self._synchronise(time.monotonic() + 1)
                return
            except (OSError, ValueError):
                if self.agent:
                    self.agent.close()
                self.agent = None
                time.sleep(0.1)
        raise self._error(f"is not up after {seconds} s")

    def _synchronise(self, deadline):
        number = int.from_bytes(os.urandom(4), "big")
        self.agent.send({"execute": "guest-sync-delimited", "arguments": {"id": number}}, prefix=b"\xff")
        while self.agent.receive(deadline) != {"return": number}:
            pass

    def _ask(self, command, deadline, **arguments):
        self.agent.send({"execute": command, "arguments": arguments})
        answer = self.agent.receive(deadline)
        if "return" not in answer:
            raise MachineError(f"{self.name}: {command}: {answer}")
        return answer["return"]

    def run(self, command, seconds=120, check=True, status=False):
        """What the shell command wrote; with `status` its exit status, too."""
        deadline = time.monotonic() + seconds
        try:
            pid = self._ask("guest-exec", deadline, path="/bin/bash", arg=["-c", "exec 2>&1\n" + command],
                            **{"capture-output": True})["pid"]
            while not (answer := self._ask("guest-exec-status", deadline, pid=pid))["exited"]:
                if time.monotonic() > deadline:
                    raise TimeoutError
                time.sleep(0.05)
        except TimeoutError:
            raise self._error(f"has not done in {seconds} s: {command}") from None
        output = base64.b64decode(answer.get("out-data", "")).decode(errors="replace")
        code = answer.get("exitcode", -1)
        if check and code != 0:
            raise MachineError(f"{self.name}: status {code} of: {command}\n{output}")
        return (code, output) if status else output

    def write(self, path, text):
        encoded = base64.b64encode(text.encode()).decode()
        self.run(f"mkdir -p $(dirname {path}) && base64 -d >{path} <<<{encoded}")

    def await_run(self, command, seconds=120):
        """Runs it again and again until it succeeds."""
        deadline = time.monotonic() + seconds
        while True:
            code, output = self.run(command, seconds=max(5, deadline - time.monotonic()), check=False, status=True)
            if code == 0:
                return output
            if time.monotonic() > deadline:
                raise MachineError(f"{self.name}: not in {seconds} s: {command}\n{output}")
            time.sleep(0.1)

    def monitor(self, command, **arguments):
        """One command for QEMU's monitor, such as set_link."""
        deadline = time.monotonic() + 10
        monitor = JsonSocket(self._path("qmp"))
        try:
            monitor.receive(deadline)
            for request in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
                monitor.send(request)
                while "return" not in (answer := monitor.receive(deadline)):
                    if "error" in answer:
                        raise MachineError(f"{self.name}: {command}: {answer['error']}")
        finally:
            monitor.close()


    def freeze_disk(self):
        """The disk as it is now, for other machines to stand upon; this one goes on with a new one upon it."""
        frozen, self.disk = self.disk, f"{self.disk}.{time.monotonic_ns()}"
        self.run("sync")
        self.monitor("blockdev-snapshot-sync", device="disk", format="qcow2", **{"snapshot-file": self.disk})
        return frozen


def network_card(number, model, tap, mac):
    """Card `number`, at the PCI address 0000:00:1N.0, plugged into the host's `tap`."""
    return ["-netdev", f"tap,id=net{number},ifname={tap},script=no,downscript=no",
            "-device", f"{model},netdev=net{number},id=card{number},mac={mac},romfile=,addr=0x1{number}"]


def new_disk(path, base, base_format):
    """A disk of its own upon another one, which must stay as it is."""
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", base_format, "-b", base, path], check=True)


def end_on_signals():
    """What was made is taken down as at a usual end."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))
