# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the fields of a frame are, told by its bytes alone: field names to (offset, length). The names are those of
fields.py; what is within a tunnel's packet or quoted by an ICMP error has a prefix."""

PROTOCOL_NAMES = {1: "icmp", 58: "icmp", 6: "tcp", 17: "udp", 132: "sctp"}
EXTENSIONS = (0, 43, 60)
FRAGMENT, GRE, UDP, IPIP, IPV6, OPP = 44, 47, 17, 4, 41, 248
GUE_PORT = (6080).to_bytes(2, "big")
ERRORS = {4: (3, 4, 5, 11, 12), 6: (1, 2, 3, 4)}

ARP = {
    "hardware": (0, 2),
    "protocol": (2, 2),
    "lengths": (4, 2),
    "operation": (6, 2),
    "sha": (8, 6),
    "spa": (14, 4),
    "tha": (18, 6),
    "tpa": (24, 4),
}
IPV4 = {
    "version": (0, 1),
    "tos": (1, 1),
    "length": (2, 2),
    "id": (4, 2),
    "place": (6, 2),
    "ttl": (8, 1),
    "protocol": (9, 1),
    "checksum": (10, 2),
    "src": (12, 4),
    "dst": (16, 4),
}
# The version and the traffic class share bytes with others: fields are broken in their last bit (mutations.py).
IPV6_HEADER = {
    "version": (0, 1),
    "tos": (1, 1),
    "label": (2, 2),
    "length": (4, 2),
    "protocol": (6, 1),
    "ttl": (7, 1),
    "src": (8, 16),
    "dst": (24, 16),
}
TRANSPORT = {
    "tcp": {
        "sport": (0, 2),
        "dport": (2, 2),
        "seq": (4, 4),
        "ack": (8, 4),
        "flags": (12, 2),
        "window": (14, 2),
        "checksum": (16, 2),
        "urgent": (18, 2),
    },
    "udp": {"sport": (0, 2), "dport": (2, 2), "length": (4, 2), "checksum": (6, 2)},
    "sctp": {"sport": (0, 2), "dport": (2, 2), "tag": (4, 4), "checksum": (8, 4)},
    "icmp": {"type": (0, 1), "code": (1, 1), "checksum": (2, 2), "rest": (4, 4)},
}


class Layout(dict):
    def __init__(self, frame):
        super().__init__({"ether.dst": (0, 6), "ether.src": (6, 6), "ether.type": (12, 2)})
        self.frame = frame
        if frame[12:14] == b"\x08\x06":
            self.put("arp.", ARP, 14)
        elif frame[12:14] in (b"\x08\x00", b"\x86\xdd"):
            try:
                self.packet(14, "")
            except IndexError:
                pass  # it ends there

    def put(self, prefix, fields, at):
        """Those that are there: a quote may end anywhere."""
        for name, (offset, length) in fields.items():
            if at + offset + length <= len(self.frame):
                self[prefix + name] = (at + offset, length)

    def rest(self, name, begin, end):
        if begin < min(end, len(self.frame)):
            self[name] = (begin, min(end, len(self.frame)) - begin)

    def packet(self, at, prefix):
        if self.frame[at] >> 4 == 4:
            family, protocol, behind, is_later = self.ipv4(at, prefix)
        else:
            family, protocol, behind, is_later = self.ipv6(at, prefix)
        if is_later:
            self.rest(prefix + "later.data", behind, len(self.frame))
        elif protocol == GRE:
            self.gre(behind, prefix)
        elif protocol == OPP:
            self.opp(behind, prefix, family)
        elif protocol in (IPIP, IPV6):
            self.packet(behind, prefix + "inner.")
        elif protocol in PROTOCOL_NAMES:
            self.transport(behind, prefix, PROTOCOL_NAMES[protocol], family)

    def ipv4(self, at, prefix):
        frame = self.frame
        behind = at + (frame[at] & 15) * 4
        self.put(prefix + "ip.", IPV4, at)
        self.rest(prefix + "ip.options", at + 20, behind)
        return 4, frame[at + 9], behind, int.from_bytes(frame[at + 6 : at + 8], "big") & 0x1FFF != 0

    def ipv6(self, at, prefix):
        frame = self.frame
        protocol, behind = frame[at + 6], at + 40
        self.put(prefix + "ip.", IPV6_HEADER, at)
        while protocol in EXTENSIONS:
            length = (frame[behind + 1] + 1) * 8
            self.setdefault(prefix + "ip.extensions", (behind, length))
            protocol, behind = frame[behind], behind + length
        if protocol != FRAGMENT:
            return 6, protocol, behind, False
        self.put(prefix + "fragment.", {"next": (0, 1), "place": (2, 2), "id": (4, 4)}, behind)
        is_later = int.from_bytes(frame[behind + 2 : behind + 4], "big") & 0xFFF8 != 0
        return 6, frame[behind], behind + 8, is_later

    def gre(self, at, prefix):
        fields = {"flags": (0, 2), "protocol": (2, 2)}
        if self.frame[at] & 0x80:
            fields |= {"checksum": (4, 2), "reserved": (6, 2)}
        self.put(prefix + "gre.", fields, at)
        self.packet(at + (8 if self.frame[at] & 0x80 else 4), prefix + "inner.")

    def opp(self, at, prefix, family):
        """The header of UOA between those of IP and of UDP."""
        self.put(prefix + "opp.", {"version": (0, 1), "protocol": (1, 1), "reserved": (2, 1), "length": (3, 1)}, at)
        behind = at + self.frame[at + 3]
        self.rest(prefix + "opp.option", at + 4, behind)
        self.transport(behind, prefix, "udp", family)

    def transport(self, at, prefix, name, family):
        self.put(f"{prefix}{name}.", TRANSPORT[name], at)
        begin = at + 8
        if name == "tcp":
            begin = at + (self.frame[at + 12] >> 4) * 4 if at + 12 < len(self.frame) else len(self.frame)
            self.rest(prefix + "tcp.options", at + 20, begin)
        elif name == "sctp":
            begin = at + 12
        elif name == "icmp" and self.frame[at] in ERRORS[family]:
            self.packet(begin, prefix + "quoted.")
            return
        elif name == "udp" and self.frame[at + 2 : at + 4] == GUE_PORT:
            self.put(prefix + "gue.", {"version": (0, 1), "protocol": (1, 1), "flags": (2, 2)}, begin)
            self.packet(begin + 4, prefix + "inner.")
            return
        self.rest(f"{prefix}{name}.data", begin, len(self.frame))

    def number(self, name):
        """Its value, or None."""
        offset, length = self.get(name, (0, 0))
        return int.from_bytes(self.frame[offset : offset + length], "big") if length else None
