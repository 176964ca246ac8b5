# SPDX-License-Identifier: GPL-2.0-or-later
"""The header fields that the packets of each mode have, by the role of the packet. They are what mutations.py breaks,
one by one: they say what must be seen, whatever the cases happen to show."""

LINK = ("ether.dst", "ether.src", "ether.type")
NETWORK = {
    4: ("version", "tos", "length", "id", "place", "ttl", "protocol", "checksum", "src", "dst"),
    6: ("version", "tos", "label", "length", "protocol", "ttl", "src", "dst"),
}
TRANSPORT = {
    "tcp": ("sport", "dport", "seq", "ack", "flags", "window", "checksum", "urgent", "options", "data"),
    "udp": ("sport", "dport", "length", "checksum", "data"),
    "sctp": ("sport", "dport", "tag", "checksum", "data"),
    "icmp": ("type", "code", "checksum", "rest"),
}
ARP = ("hardware", "protocol", "lengths", "operation", "sha", "spa", "tha", "tpa")
UDP = ("udp.sport", "udp.dport", "udp.length", "udp.checksum")
GUE = UDP + ("gue.version", "gue.protocol", "gue.flags")
MIDDLE = {
    "IPIP": (),
    "GRE": ("gre.flags", "gre.protocol"),
    "GRE with checksums": ("gre.flags", "gre.protocol", "gre.checksum"),
    "GUE": GUE,
    "GUE with checksums": GUE,
}


def within(prefix, fields):
    return tuple(prefix + name for name in fields)


def network(family):
    return within("ip.", NETWORK[family])


def transport(protocol):
    if protocol == "echo":
        return within("icmp.", TRANSPORT["icmp"] + ("data",))
    return within(f"{protocol}.", TRANSPORT[protocol])


def to_server(mode, content):
    if not mode.tunnel:
        return LINK + network(mode.server) + content
    inner = within("inner.", network(mode.client) + content)
    return LINK + network(mode.server) + MIDDLE[mode.tunnel] + inner


def to_client(mode, content):
    return LINK + network(mode.client) + content


FRAGMENT_HEADER = ("fragment.next", "fragment.place", "fragment.id")


def fragment(family):
    header = FRAGMENT_HEADER if family == 6 else ()
    return header + transport("udp") + ("later.data",)


def error(family, protocols):
    quoted = network(family) + sum((transport(protocol) for protocol in protocols), ())
    return transport("icmp") + within("quoted.", quoted)


def inner_family(mode):
    """Of what the client's packet is at the server, apart from tunnels."""
    return mode.client if mode.tunnel else mode.server


def of_pieces(mode):
    """Of what is too long on the other side, and may be fragmented."""
    if mode.tunnel and mode.client == 4:
        inner = within("inner.", network(4) + transport("udp"))
        outer = network(mode.server) + (FRAGMENT_HEADER if mode.server == 6 else ())
        yield "piece to the server", LINK + outer + MIDDLE[mode.tunnel] + inner + ("later.data",)
    if mode.crosses:
        side = "server" if mode.server == 6 else "client"
        yield f"piece to the {side}", LINK + network(6) + fragment(6)


def of_local_address(mode):
    """What full-NAT answers for its local addresses, and the kernel for the VIPs."""
    if mode.method == "FNAT" and not mode.crosses and not mode.is_echo:
        yield "ping", LINK + network(mode.client) + transport("echo")
        if mode.client == 4:
            yield "ARP", LINK + within("arp.", ARP)
        else:
            yield "neighbour discovery", LINK + network(6) + transport("echo")


OPP = within("opp.", ("version", "protocol", "reserved", "length", "option"))
TOLD_BY = {"UOA, own protocol": OPP, "UOA, IP option": ("ip.options",)}


def of_telling(mode):
    """(role, fields) of modes that tell servers of their clients: with TCP among the options or the data."""
    for protocol in mode.protocols:
        content = transport(protocol)
        yield f"{protocol} with the client's address", to_server(mode, TOLD_BY.get(mode.telling, ()) + content)
        yield f"{protocol} to the server", to_server(mode, content)
        yield f"{protocol} to the client", to_client(mode, content)
    if "tcp" in mode.protocols:
        yield "error to the client", to_client(mode, error(mode.client, ["tcp"]))


def of(mode):
    """(role, fields)"""
    if mode.telling:
        yield from of_telling(mode)
        return
    for protocol in mode.protocols:
        yield f"{protocol} to the server", to_server(mode, transport(protocol))
        if mode.answers_pass:
            yield f"{protocol} to the client", to_client(mode, transport(protocol))
    reported = [protocol for protocol in mode.protocols if protocol != "sctp"]
    yield "error to the server", to_server(mode, error(inner_family(mode), reported))
    yield "director's error to the client", to_client(mode, error(mode.client, reported))
    if mode.answers_pass:
        yield "error to the client", to_client(mode, error(mode.client, reported))
        yield "director's error to the server", to_server(mode, error(mode.server, reported))
    yield from of_pieces(mode)
    yield from of_local_address(mode)
    if not mode.is_echo:
        yield "fragment to the server", to_server(mode, fragment(inner_family(mode)))
        if mode.answers_pass:
            yield "fragment to the client", to_client(mode, fragment(mode.client))
