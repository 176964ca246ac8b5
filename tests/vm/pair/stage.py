# SPDX-License-Identifier: GPL-2.0-or-later
"""From the tree to a disk on which ipvsd is installed: the image, the packages, and the commands of an operator."""
import glob
import os
import subprocess
import time

import director
from lab import CLIENT, HERE, VIP
from machine import MachineError

VM = os.path.dirname(HERE)
TOP = os.path.dirname(os.path.dirname(VM))


def image():
    return subprocess.run([f"{VM}/build-debian"], check=True, text=True, stdout=subprocess.PIPE).stdout.strip()


def packages(build):
    """The folder with ours: $IPVSD_DEBS, or made now from the tree."""
    folder = os.environ.get("IPVSD_DEBS")
    if not folder:
        folder = f"{build}/vm-packages"
        subprocess.run(["rm", "-rf", folder], check=True)
        subprocess.run([f"{TOP}/packaging/build-deb", folder], check=True, stdout=subprocess.DEVNULL)
    if not glob.glob(f"{folder}/*.deb"):
        raise MachineError(f"no package is in {folder}")
    return os.path.abspath(folder)


def repository(build, image_folder, package_folder):
    """What they need beyond the image."""
    folder = f"{build}/vm-repository"
    subprocess.run([f"{VM}/fill-repository", image_folder, folder, *glob.glob(f"{package_folder}/*.deb")], check=True)
    return folder


def next_revisions(package_folder, folder):
    """A folder with what is released after ours, revisions 2 and 3: the package ipvsd, the daemon's file a new one."""
    [package] = glob.glob(f"{package_folder}/ipvsd_*.deb")
    parts, version = f"{folder}/parts", os.path.basename(package).split("_")[1].rsplit("-", 1)[0]
    subprocess.run(["rm", "-rf", folder], check=True)
    os.makedirs(folder)
    subprocess.run(["dpkg-deb", "-R", package, parts], check=True)
    for revision in (2, 3):
        subprocess.run(["sed", "-i", f"s/^Version: .*/Version: {version}-{revision}/", f"{parts}/DEBIAN/control"], check=True)
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-b", parts, folder], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["rm", "-r", parts], check=True)
    return folder


def shares(image_folder, build):
    """What the host has for a machine: (folder, tag) each."""
    debs = packages(build)
    return [(debs, "packages"), (repository(build, image_folder, debs), "repository"),
            (next_revisions(debs, f"{build}/vm-upgrade"), "upgrade")]


def boot_fresh(machine):
    """A machine after its installation, which has packages in /srv/packages and a source of others; up."""
    machine.start()
    machine.await_agent()
    for tag in ("packages", "repository"):
        director.mount(machine, tag)
    machine.run("apt-get -qq update", 300)


def install(machine, command="apt install ./*.deb"):
    """Where apt asks whether to go on, the operator says yes."""
    machine.run(f"cd /srv/packages && yes | DEBIAN_FRONTEND=noninteractive {command}", 900)


def commands(document):
    """Those of a document that need a machine, as root types them."""
    lines = subprocess.run([f"{TOP}/tests/functional/tools/doc_blocks.py", "vm", f"{TOP}/{document}"], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.splitlines()
    return [line.split(" #")[0].rstrip() for line in lines]


def type_command(machine, command, number):
    """As the administrator of this director does it, who knows what goes into a file. Returns the status."""
    texts = {"/etc/ipvsd/ipvsd.conf": director.ipvsd_conf(), "/etc/keepalived/keepalived.conf": director.keepalived_conf(number)}
    words = command.split()
    if words[0] != "editor":
        return machine.run(command, 240, check=False, status=True)[0]
    for file in words[1:]:
        machine.write(file, texts[file])
    return 0


def take_into_service(machine, say):
    """The README's commands, up to a virtual address that is about to answer. Returns the disk after the first one, with
    which ipvsd is installed, and how many there were."""
    disk, steps = None, commands("README.md")
    steps = steps[:1 + next(index for index, step in enumerate(steps) if step.startswith("systemctl enable"))]
    for step in steps:
        start = time.monotonic()
        if step.startswith("apt "):
            install(machine, step)
            disk = machine.freeze_disk()
        elif type_command(machine, step, 1) != 0:
            raise MachineError(f"{machine.name}: {step} failed")
        say(f"{step} ({time.monotonic() - start:.0f} s)")
    return disk, len(steps)


def await_answer(lab, seconds=60):
    """Until a new connection to the virtual address is answered by a real server, and that is returned."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return lab.on("client", "timeout", "3", "bash", "-c",
                          f"exec 3<>/dev/tcp/{VIP}/80 && echo hello >&3 && head -1 <&3 | grep server", quiet=True).strip()
        except subprocess.CalledProcessError:
            if time.monotonic() > deadline:
                raise MachineError(f"{VIP} does not answer {CLIENT} after {seconds} s") from None
            time.sleep(0.2)
