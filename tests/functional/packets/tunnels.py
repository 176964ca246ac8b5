# SPDX-License-Identifier: GPL-2.0-or-later
"""The packet that carries another one to a real server: IP in IP, GRE and GUE, in either family."""

from scapy.compat import raw
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import GRE
from scapy.packet import Raw

import lab
import modes

CONGESTED = 3


def outer_class(tos):
    """What met congestion says so once, in the inner header (RFC 3168, 9.1.1)."""
    return tos ^ 1 if tos & 3 == CONGESTED else tos


def middle(mode, inner, source_port):
    """Layers between the outer header and the packet, and what the outer header calls them."""
    is_v6 = mode.client == 6
    if mode.tunnel == "IPIP":
        return Raw(inner), 41 if is_v6 else 4
    if mode.tunnel.startswith("GRE"):
        has_sum = mode.tunnel.endswith("checksums")
        return GRE(proto=0x86DD if is_v6 else 0x0800, chksum_present=int(has_sum)) / Raw(inner), 47
    gue = bytes([0, 41 if is_v6 else 4, 0, 0])
    udp = UDP(sport=source_port, dport=modes.GUE_PORT)
    if not mode.tunnel.endswith("checksums"):
        udp.chksum = 0
    return udp / Raw(gue + inner), 17


def encapsulated(mode, inner, shape, ttl, ident, source_port):
    """INNER is the packet as the server will have it; of an IPv4 packet that may be fragmented IDENT is the
    identification."""
    content, protocol = middle(mode, inner, source_port)
    tos = outer_class(shape.tos)
    if mode.server == 6:
        return raw(IPv6(src=lab.LAN[6], dst=lab.SERVER[6], tc=tos, hlim=ttl, nh=protocol) / content)
    whole = mode.client == 4 and shape.dont_fragment
    header = IP(src=lab.LAN[4], dst=lab.SERVER[4], tos=tos, ttl=ttl, proto=protocol)
    header.flags, header.id = ("DF", 0) if whole else (0, ident)
    return raw(header / content)
