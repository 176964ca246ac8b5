# SPDX-License-Identifier: GPL-2.0-or-later
"""How a client's address is written, for real servers to read: DPVS's options, and the PROXY protocol's headers."""

import ipaddress
from dataclasses import replace

from scapy.layers.inet import IPOption

TOA_KIND, UOA_KIND, UDP = 254, 31, 17
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def packed(address):
    return ipaddress.ip_address(address).packed


def port(number):
    return number.to_bytes(2, "big")


def option(ends):
    """Without kind and length."""
    return port(ends.sport) + packed(ends.src)


def option_length(ends):
    return 2 + len(option(ends))


def proxy_header(version, protocol, ends):
    family = 6 if ":" in ends.src else 4
    if version == 1:
        return f"PROXY TCP{family} {ends.src} {ends.dst} {ends.sport} {ends.dport}\r\n".encode("ascii")
    kind = (2 if family == 6 else 1) << 4 | (1 if protocol == "tcp" else 2)
    addresses = packed(ends.src) + packed(ends.dst) + port(ends.sport) + port(ends.dport)
    return SIGNATURE + bytes([0x21, kind]) + port(len(addresses)) + addresses


def with_toa(shape, ends):
    options = [(TOA_KIND, option(ends)), *shape.l4.get("options", [])]
    return replace(shape, l4={**shape.l4, "options": options})


def with_proxy(shape, ends, version):
    header = proxy_header(version, shape.protocol, ends)
    l4 = {**shape.l4, "flags": "PA"} if shape.protocol == "tcp" else shape.l4
    return replace(shape, payload=header + shape.payload, l4=l4)


def with_uoa(shape, ends, own_protocol):
    if not own_protocol:
        return replace(shape, options=(IPOption(copy_flag=0, optclass=0, option=UOA_KIND, value=option(ends)),))
    content = bytes([UOA_KIND, option_length(ends)]) + option(ends)
    version = 2 if ":" in ends.src else 1
    return replace(shape, before=bytes([version << 4, UDP, 0, 4 + len(content)]) + content)


def told(telling, shape, ends):
    """The shape of a packet that tells the server. ENDS: the client's."""
    if telling == "TOA":
        return with_toa(shape, ends)
    if telling.startswith("PROXY"):
        return with_proxy(shape, ends, int(telling[-1]))
    return with_uoa(shape, ends, telling == "UOA, own protocol")
