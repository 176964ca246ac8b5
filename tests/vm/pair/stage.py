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
# What a package asks may be answered: nobody is there to do it.
QUIETLY = "DEBIAN_FRONTEND=noninteractive "


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


def boot_fresh(machine):
    """A machine after its installation, which has packages in /srv/packages, a source of others, and a keepalived.conf as for
    the kernel's IPVS; up."""
    machine.start()
    machine.await_agent()
    for tag in ("packages", "repository"):
        machine.run(f"mkdir -p /srv/{tag} && mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=262144,cache=loose "
                    f"{tag} /srv/{tag}")
    machine.run("apt-get -qq update", 300)
    director.bring_keepalived_conf(machine, 1)


def install(machine, command="apt install -y ./*.deb"):
    machine.run(f"cd /srv/packages && {QUIETLY}{command}", 900)


def take_into_service(machine, say):
    """The operator's commands, up to a virtual address that is about to answer. Returns the disk after the first one, with
    which ipvsd is installed, and how many there were."""
    commands = ["apt install -y ./*.deb", "editor /etc/ipvsd/ipvsd.conf",
                "systemctl enable --now ipvsd keepalived"]
    start = time.monotonic()
    install(machine, commands[0])
    say(f"{commands[0]} ({time.monotonic() - start:.0f} s)")
    disk = machine.freeze_disk()
    director.edit_ipvsd_conf(machine)
    say(commands[1])
    start = time.monotonic()
    machine.run(commands[2], 240)
    say(f"{commands[2]} ({time.monotonic() - start:.0f} s)")
    return disk, len(commands)


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
