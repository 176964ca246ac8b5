# SPDX-License-Identifier: GPL-2.0-or-later
"""The two directors: which machine each is, and what their administrator writes into which file."""
import time

from lab import GATEWAY, SERVERS, VIP
from machine import Machine, network_card, new_disk

# Cards of different makes, each with its driver for DPDK. With an IOMMU the cards are vfio-pci's.
CARDS = {
    1: {"driver": "vfio-pci", "wan": "e1000e", "lan": "e1000e"},
    2: {"driver": "uio_pci_generic", "wan": "vmxnet3", "lan": "virtio-net-pci"},
}
PCI = {"wan": "0000:00:10.0", "lan": "0000:00:11.0"}
PRIORITY = {1: 150, 2: 100}

IPVSD_CONF = """\
workers = {{ count = 1; idle = "100us"; }};
ports = (
	{{ name = "wan"; devices = ( "{wan}" ); kernel = "wan0"; }},
	{{ name = "lan"; devices = ( "{lan}" ); kernel = "lan0"; }}
);
limits = {{ connections = "64K"; connections_ipv6 = "4K"; mbufs = "8K"; templates = "4K"; services = "1K"; dests = "4K"; }};
"""

KEEPALIVED_CONF = """\
global_defs {{
	router_id director{number}
	vrrp_version 3
}}

static_ipaddress {{
	198.51.100.1{number}/24 dev wan0
	10.0.0.2{number}/24 dev lan0
}}

vrrp_sync_group both {{
	group {{
		outside
		inside
	}}
}}

vrrp_instance outside {{
	state BACKUP
	interface wan0
	mcast_src_ip 198.51.100.1{number}
	virtual_router_id 51
	priority {priority}
	advert_int 1
	virtual_ipaddress {{
		{vip}/24 dev wan0
	}}
}}

vrrp_instance inside {{
	state BACKUP
	interface lan0
	mcast_src_ip 10.0.0.2{number}
	virtual_router_id 52
	priority {priority}
	advert_int 1
	virtual_ipaddress {{
		{gateway}/24 dev lan0
	}}
}}
{services}"""

SERVICE = """
virtual_server {vip} {port} {{
	delay_loop 2
	lvs_sched rr
	lvs_method NAT
	protocol {protocol}
{servers}}}
"""

REAL_SERVER = """\
	real_server {address} {port} {{
		weight 1
		TCP_CHECK {{
			connect_port 80
			connect_timeout 2
			retry 2
			delay_before_retry 1
		}}
	}}
"""

# Without the control socket that the unit names, and with cards that nobody else brings up.
WITHOUT_IPVSD = """\
[Service]
ExecStart=
ExecStart=/usr/sbin/keepalived --dont-fork
ExecStartPre=/bin/sh -c 'until ip link set wan0 up && ip link set lan0 up; do sleep 0.1; done'
"""

# With MSI-X the kernel does not hear from QEMU's e1000e that the cable is out.
MODPROBE_CONF = "options e1000e IntMode=0,0\n"

LINK_FILE = """\
[Match]
MACAddress={mac}
[Link]
Name={name}
"""


def card_of(number, segment):
    return f"52:54:00:00:{number:02x}:0{('wan', 'lan').index(segment)}"


def director(lab, image, number, base, base_format="qcow2", shares=()):
    """The machine with a new disk; off."""
    name, disk = f"director{number}", f"{lab.folder}/director{number}.{time.monotonic_ns()}"
    new_disk(disk, base, base_format)
    cards = [network_card(index, CARDS[number][segment], lab.tap(f"d{number}{segment}", segment),
                          card_of(number, segment)) for index, segment in enumerate(("wan", "lan"))]
    return Machine(name, image, lab.folder, disk, cards=cards, netns=lab.netns("switch"), shares=shares,
                   iommu=CARDS[number]["driver"] == "vfio-pci")


def mount(machine, tag):
    """What the host has under this name, at /srv/TAG."""
    options = "ro,trans=virtio,version=9p2000.L,msize=262144,cache=loose"
    machine.run(f"mkdir -p /srv/{tag} && mountpoint -q /srv/{tag} || mount -t 9p -o {options} {tag} /srv/{tag}")


def ipvsd_conf():
    return IPVSD_CONF.format(**PCI)


def keepalived_conf(number, more=""):
    """The same with ipvsd and with the kernel's IPVS."""
    services = ""
    for protocol, port in (("TCP", 80), ("UDP", 53)):
        servers = "".join(REAL_SERVER.format(address=address, port=port) for address in SERVERS)
        services += SERVICE.format(vip=VIP, port=port, protocol=protocol, servers=servers)
    return KEEPALIVED_CONF.format(number=number, priority=PRIORITY[number], vip=VIP, gateway=GATEWAY,
                                  services=services + more)


def bring_keepalived_conf(machine, number):
    """What its administrator has already."""
    machine.write("/etc/keepalived/keepalived.conf", keepalived_conf(number))


def edit_ipvsd_conf(machine):
    machine.write("/etc/ipvsd/ipvsd.conf", ipvsd_conf())


def prepare_ipvsd(machine, number):
    """Makes a director of a machine on which the packages are installed."""
    bring_keepalived_conf(machine, number)
    edit_ipvsd_conf(machine)
    if CARDS[number]["driver"] == "uio_pci_generic":
        machine.run("install -D -m 644 /usr/share/ipvsd/systemd-uio.conf /etc/systemd/system/ipvsd.service.d/uio.conf && "
                    "systemctl daemon-reload")
    machine.run("systemctl enable --now ipvsd keepalived && sync", 240)


def prepare_kernel(machine, number):
    """The same director with the kernel's IPVS, up after the next boot: the cards have the names of ipvsd's interfaces."""
    bring_keepalived_conf(machine, number)
    for segment in PCI:
        machine.write(f"/etc/systemd/network/10-{segment}.link",
                      LINK_FILE.format(mac=card_of(number, segment), name=f"{segment}0"))
    machine.write("/etc/modprobe.d/e1000e.conf", MODPROBE_CONF)
    machine.write("/etc/systemd/system/keepalived.service.d/kernel.conf", WITHOUT_IPVSD)
    machine.write("/etc/sysctl.d/router.conf", "net.ipv4.ip_forward = 1\n")
    machine.run("systemctl --no-reload disable ipvsd; systemctl --no-reload enable keepalived")
    machine.reboot()
