# SPDX-License-Identifier: GPL-2.0-or-later
"""What must pass the kernel interface besides IPv4 without a tag: a VLAN, and a macvlan with a MAC address of its own.

The peer of a director in the VLAN is the other director, as a host without 802.1Q in its kernel can be neither.
"""
import subprocess
import sys

from director import card_of, keepalived_conf
from lab import CLIENT, HERE, VIP
from machine import MachineError

VLAN, VLAN_VIP, VMAC_VIP = 7, "203.0.113.100", "198.51.100.101"
VMAC = "00:00:5e:00:01:35"      # of router 53 (RFC 5798, 7.3)
SEEN_WITHIN = 60

VRRP = """
vrrp_instance {name} {{
	state BACKUP
	interface {interface}
	{more}
	virtual_router_id {router}
	priority {priority}
	advert_int 1
	virtual_ipaddress {{
		{vip}/24
	}}
}}
"""

# Its real server has no other purpose than to be looked at.
CHECKED = """
virtual_server {vip} {port} {{
	delay_loop 1
	lvs_sched rr
	lvs_method NAT
	protocol TCP
	real_server {server} {server_port} {{
		weight 1
		TCP_CHECK {{
			connect_timeout 2
			retry 0
			{more}
		}}
	}}
}}
"""


def configure(pair, more_of):
    for number, machine in pair.items():
        machine.write("/etc/keepalived/keepalived.conf", keepalived_conf(number, more=more_of(number)))
        machine.run("keepalived -t && systemctl reload keepalived")


def await_captured(lab, expression, seconds=SEEN_WITHIN):
    """A frame of this kind arrives at the client: what tcpdump says of it."""
    try:
        return lab.on("client", "timeout", str(seconds), "tcpdump", "-q", "-nn", "-e", "-c", "1", "-i", "eth0", expression,
                      quiet=True)
    except subprocess.CalledProcessError:
        raise MachineError(f"no frame in {seconds} s: {expression}") from None


def await_master(pair, number, vip):
    pair[number].await_run(f"ip -4 address | grep -wF {vip}", SEEN_WITHIN)
    pair[3 - number].await_run(f"! ip -4 address | grep -wF {vip}", SEEN_WITHIN)


def vlan(lab, pair):
    """Director 2 is checked by director 1 and asks for it, both through their VLAN."""
    for number, machine in pair.items():
        machine.run(f"modprobe 8021q && ip link add link wan0 name wan0.{VLAN} type vlan id {VLAN} && "
                    f"ip link set wan0.{VLAN} up && ip address add 203.0.113.1{number}/24 dev wan0.{VLAN}")
    pair[2].run("systemctl unmask ssh && systemctl start ssh")

    def more(number):
        return (VRRP.format(name="tagged", interface=f"wan0.{VLAN}", more="", router=54, vip=VLAN_VIP,
                            priority=(150, 100)[number - 1]) +
                CHECKED.format(vip=VIP, port=22, server="203.0.113.12", server_port=22, more=""))

    configure(pair, more)
    await_captured(lab, f"vlan {VLAN} and ether src {card_of(1, 'wan')} and ip proto 112")
    await_master(pair, 1, VLAN_VIP)
    pair[1].await_run("ipvsadm -Ln | grep -F -- '-> 203.0.113.12:22'", SEEN_WITHIN)
    pair[2].run(f"ping -c 3 -W 5 {VLAN_VIP} && ping -c 3 -W 5 -s 1400 203.0.113.11")
    # The check fails when the server does not listen any more.
    pair[2].run("systemctl stop ssh.service ssh.socket")
    pair[1].await_run("! ipvsadm -Ln | grep -F -- '-> 203.0.113.12:22'", SEEN_WITHIN)
    pair[2].run("systemctl start ssh")
    banner(pair[1], "203.0.113.12")
    # The master of this instance changes without its cable.
    pair[1].run(f"ip link set wan0.{VLAN} down")
    await_master(pair, 2, VLAN_VIP)
    banner(pair[1], VLAN_VIP, expect=False)
    pair[1].run(f"ip link set wan0.{VLAN} up")
    await_master(pair, 1, VLAN_VIP)


def banner(machine, address, expect=True):
    """Somebody who administers the host at the address reaches its sshd."""
    code, output = machine.run(f"timeout 10 bash -c 'exec 3<>/dev/tcp/{address}/22 && head -1 <&3'", check=False, status=True)
    if ("SSH-2.0" in output) != expect:
        raise MachineError(f"{machine.name}: ssh at {address}: status {code}: {output}")


def macvlan(lab, pair):
    """The client is looked at by the master's health check, from the macvlan."""
    lab.start("client", sys.executable, f"{HERE}/server.py", "client", CLIENT)
    for machine in pair.values():
        # What the kernel sends from the macvlan's address goes out by wan0, of which others must not learn it (doc/keepalived.md).
        machine.run("modprobe macvlan && sysctl -qw net.ipv4.conf.wan0.arp_announce=2 && systemctl unmask ssh && systemctl start ssh")

    def more(number):
        return (VRRP.format(name="vmac", interface="wan0", more=f"use_vmac vrrp.53\n\tmcast_src_ip 198.51.100.1{number}", router=53, vip=VMAC_VIP,
                            priority=(150, 100)[number - 1]) +
                CHECKED.format(vip=VMAC_VIP, port=80, server="10.0.0.11", server_port=80, more="") +
                CHECKED.format(vip=VMAC_VIP, port=81, server=CLIENT, server_port=80,
                               more=f"bindto {VMAC_VIP}\n\t\t\tbind_if vrrp.53"))

    configure(pair, more)
    serves_by_macvlan(lab, pair, 1)
    pair[1].run("systemctl stop keepalived")
    serves_by_macvlan(lab, pair, 2)
    pair[1].run("systemctl start keepalived")
    serves_by_macvlan(lab, pair, 1)


def serves_by_macvlan(lab, pair, master):
    await_master(pair, master, VMAC_VIP)
    await_captured(lab, f"ether src {VMAC} and ip proto 112 and src host 198.51.100.1{master}")
    pair[master].await_run(f"ipvsadm -Ln | grep -F -- '-> {CLIENT}:80'", SEEN_WITHIN)
    pair[master].await_run("ipvsadm -Ln | grep -c -- '-> 10.0.0.11:80' | grep -x 2", SEEN_WITHIN)
    lab.on("client", "ping", "-c", "3", "-W", "5", VMAC_VIP)
    neighbour = lab.on("client", "ip", "neighbour", "show", VMAC_VIP)
    assert VMAC in neighbour, neighbour
    # The kernel answers the one, the dataplane the other.
    assert "SSH-2.0" in answer(lab, VMAC_VIP, 22)
    assert "server1" in answer(lab, VMAC_VIP, 80)


def answer(lab, address, port):
    return lab.on("client", "timeout", "10", "bash", "-c", f"exec 3<>/dev/tcp/{address}/{port} && echo hello >&3 && head -1 <&3")
