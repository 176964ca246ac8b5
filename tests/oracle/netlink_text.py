# SPDX-License-Identifier: GPL-2.0-or-later
"""IPVS generic netlink as text, both ways: probes build messages with it, and what was said is printed in one form.

A message is printed whole: each attribute in the order in which it stands, with its name and value; what has not the
length or the type that the kernel's headers say is printed as hexadecimal, so that nothing can differ unseen.
"""
import errno
import socket
import struct

REQUEST, MULTI, ACK, ECHO, CAPPED = 1, 2, 4, 8, 0x100
ROOT, MATCH, DUMP = 0x100, 0x200, 0x300
NLMSG_NOOP, NLMSG_ERROR, NLMSG_DONE, CTRL = 1, 2, 3, 0x10
NESTED = 0x8000

STATS = {
    1: ("CONNS", "number"),
    2: ("INPKTS", "number"),
    3: ("OUTPKTS", "number"),
    4: ("INBYTES", "number"),
    5: ("OUTBYTES", "number"),
    6: ("CPS", "number"),
    7: ("INPPS", "number"),
    8: ("OUTPPS", "number"),
    9: ("INBPS", "number"),
    10: ("OUTBPS", "number"),
    11: ("PAD", "hex"),
}
SERVICE = {
    1: ("AF", "u16"),
    2: ("PROTOCOL", "u16"),
    3: ("ADDR", "hex"),
    4: ("PORT", "be16"),
    5: ("FWMARK", "u32"),
    6: ("SCHED_NAME", "string"),
    7: ("FLAGS", "flags"),
    8: ("TIMEOUT", "u32"),
    9: ("NETMASK", "hex"),
    10: ("STATS", STATS),
    11: ("PE_NAME", "string"),
    12: ("STATS64", STATS),
}
DEST = {
    1: ("ADDR", "hex"),
    2: ("PORT", "be16"),
    3: ("FWD_METHOD", "u32"),
    4: ("WEIGHT", "u32"),
    5: ("U_THRESH", "u32"),
    6: ("L_THRESH", "u32"),
    7: ("ACTIVE_CONNS", "u32"),
    8: ("INACT_CONNS", "u32"),
    9: ("PERSIST_CONNS", "u32"),
    10: ("STATS", STATS),
    11: ("ADDR_FAMILY", "u16"),
    12: ("STATS64", STATS),
    13: ("TUN_TYPE", "u8"),
    14: ("TUN_PORT", "be16"),
    15: ("TUN_FLAGS", "u16"),
}
DAEMON = {
    1: ("STATE", "u32"),
    2: ("MCAST_IFN", "string"),
    3: ("SYNC_ID", "u32"),
    4: ("SYNC_MAXLEN", "u16"),
    5: ("MCAST_GROUP", "hex"),
    6: ("MCAST_GROUP6", "hex"),
    7: ("MCAST_PORT", "u16"),
    8: ("MCAST_TTL", "u8"),
}
TOP = {
    1: ("SERVICE", SERVICE),
    2: ("DEST", DEST),
    3: ("DAEMON", DAEMON),
    4: ("TIMEOUT_TCP", "u32"),
    5: ("TIMEOUT_TCP_FIN", "u32"),
    6: ("TIMEOUT_UDP", "u32"),
}
INFO = {1: ("VERSION", "hex"), 2: ("CONN_TAB_SIZE", "u32")}
CONTROLLER = {
    1: ("FAMILY_ID", "u16"),
    2: ("FAMILY_NAME", "string"),
    3: ("VERSION", "u32"),
    4: ("HDRSIZE", "u32"),
    5: ("MAXATTR", "u32"),
    6: ("OPS", "list"),
    7: ("MCAST_GROUPS", "list"),
}
OPERATION = {1: ("ID", "u32"), 2: ("FLAGS", "u32")}
COMMANDS = {
    n: name
    for n, name in enumerate(
        "UNSPEC NEW_SERVICE SET_SERVICE DEL_SERVICE GET_SERVICE NEW_DEST SET_DEST DEL_DEST GET_DEST NEW_DAEMON "
        "DEL_DAEMON GET_DAEMON SET_CONFIG GET_CONFIG SET_INFO GET_INFO ZERO FLUSH".split()
    )
}
CODES = {name: n for n, name in COMMANDS.items()}
CONTROL_COMMANDS = {1: "NEWFAMILY", 2: "DELFAMILY", 3: "GETFAMILY"}
FLAG_NAMES = ((REQUEST, "request"), (MULTI, "multi"), (ACK, "ack"), (ECHO, "echo"))
SIZES = {"u8": "=B", "u16": "=H", "u32": "=I", "be16": ">H"}
STATS_SIZES = {False: {4: 8, 5: 8}, True: {n: 8 for n in range(1, 11)}}


def error_name(number):
    return errno.errorcode.get(number, str(number)).replace("ENOTSUP", "EOPNOTSUPP")


# --- building ---------------------------------------------------------------------------------------------------


def attribute(kind, payload, length=None):
    length = 4 + len(payload) if length is None else length
    return struct.pack("=HH", length, kind) + payload + b"\0" * (-len(payload) % 4)


def encode(form, value):
    if isinstance(value, bytes):
        return value
    if form in SIZES:
        size = struct.calcsize(SIZES[form])
        return (value & (1 << 8 * size) - 1).to_bytes(size, "big" if form == "be16" else "little")
    if form == "string":
        return value.encode() + b"\0"
    if form == "flags":
        return struct.pack("=II", *value)
    if form == "hex" and ":" in value:
        return socket.inet_pton(socket.AF_INET6, value)
    if form == "hex":
        return socket.inet_aton(value)
    raise ValueError(f"{form} from {value!r}")


def fields(table, **values):
    """A list of (attribute number, payload) in the order of the arguments."""
    numbers = {name: (number, form) for number, (name, form) in table.items()}
    return [(numbers[name][0], encode(numbers[name][1], value)) for name, value in values.items()]


def pack(attributes):
    return b"".join(attribute(kind, payload) for kind, payload in attributes)


def message(command, body, family, flags=REQUEST | ACK, seq=1, pid=0, version=1, reserved=0, length=None):
    payload = struct.pack("=BBH", command, version, reserved) + body
    return struct.pack("=IHHII", 16 + len(payload) if length is None else length, family, flags, seq, pid) + payload


# --- printing ---------------------------------------------------------------------------------------------------


def split(data):
    """(type with its flag bits, payload) of each attribute; a rest that is none comes as (None, bytes)."""
    while data:
        if len(data) < 4:
            yield None, data
            return
        length, kind = struct.unpack_from("=HH", data)
        if length < 4 or length > len(data):
            yield None, data
            return
        yield kind, data[4:length]
        data = data[(length + 3) & ~3 :]


def value_text(form, kind, payload, wide):
    if form in SIZES and len(payload) == struct.calcsize(SIZES[form]):
        return str(struct.unpack(SIZES[form], payload)[0])
    if form == "number" and len(payload) == STATS_SIZES[wide].get(kind, 4):
        return str(int.from_bytes(payload, "little"))
    if form == "string" and payload.find(b"\0") == len(payload) - 1 and payload[:-1].isascii():
        return payload[:-1].decode()
    if form == "flags" and len(payload) == 8:
        return "{:#x}/{:#x}".format(*struct.unpack("=II", payload))
    return "0x" + payload.hex() if form != "hex" else payload.hex()


def attributes_text(data, table, wide=False):
    words = []
    for kind, payload in split(data):
        if kind is None:
            words.append(f"rest:{payload.hex()}")
            continue
        name, form = table.get(kind & 0x3FFF, (f"#{kind & 0x3FFF}", "hex"))
        mark = "^" if kind & NESTED else ""
        if isinstance(form, dict):
            words.append(f"{name}{mark}{{{attributes_text(payload, form, name == 'STATS64')}}}")
        elif form == "list":
            entries = [f"{k}:{{{attributes_text(p, OPERATION)}}}" for k, p in split(payload)]
            words.append(f"{name}{mark}[{' '.join(entries)}]")
        else:
            words.append(f"{name}{mark}={value_text(form, kind & 0x3FFF, payload, wide)}")
    return " ".join(words)


def flags_text(flags):
    words = [name for bit, name in FLAG_NAMES if flags & bit]
    if flags & DUMP == DUMP:
        words.append("dump")
        flags &= ~DUMP
    rest = flags & ~(REQUEST | MULTI | ACK | ECHO)
    return "|".join(words + ([f"{rest:#x}"] if rest else [])) or "-"


class Reader:
    """Prints what was said on one record of sockets. Knows the family's number, which differs from kernel to kernel."""

    def __init__(self, family=None):
        self.family = family
        self.asked = {}  # seq: the request's bytes

    def kind_text(self, kind):
        return {CTRL: "nlctrl", self.family: "IPVS"}.get(kind, f"family {kind}")

    def body_text(self, kind, payload):
        """Command, version and attributes of a generic-netlink message."""
        if len(payload) < 4:
            return f"cut {payload.hex()}"
        command, version, reserved = struct.unpack_from("=BBH", payload)
        if kind == CTRL:
            text = attributes_text(payload[4:], CONTROLLER)
            name = CONTROL_COMMANDS.get(command, str(command))
            if command == 1:
                for number, value in split(payload[4:]):
                    if number == 1 and b"IPVS\0" in payload:
                        self.family = struct.unpack("=H", value)[0]
                        text = text.replace(f"FAMILY_ID={self.family}", "FAMILY_ID=IPVS")
        else:
            name = COMMANDS.get(command, str(command))
            text = attributes_text(payload[4:], INFO if command == CODES["SET_INFO"] else TOP)
        return f"{name} v{version}{f' reserved {reserved}' if reserved else ''} {text}".rstrip()

    def sent(self, data):
        """Lines for a datagram that was sent."""
        for header, payload, whole in messages(data):
            if header is None:
                yield f"> bytes {payload.hex()}"
                continue
            length, kind, flags, seq, _ = header
            self.asked[seq] = whole
            odd = "" if length == len(whole) else f" length {length}"
            yield f"> {self.kind_text(kind)} {flags_text(flags)}{odd} {self.body_text(kind, payload)}"

    def received(self, data, port=None):
        """Lines for a datagram that came. PORT is what nlmsg_pid has to be, if that is known."""
        for header, payload, whole in messages(data):
            if header is None:
                yield f"< bytes {payload.hex()}"
                continue
            _, kind, flags, seq, pid = header
            odd = "" if seq in self.asked else " of another seq"
            if port is not None and pid != port:
                odd += " to another port"
            if kind == NLMSG_DONE:
                yield f"< done {flags_text(flags)} {payload.hex()}{odd}"
            elif kind == NLMSG_ERROR:
                yield f"< {self.error_text(flags, payload, seq)}{odd}"
            else:
                yield f"< {self.kind_text(kind)} {flags_text(flags)}{odd} {self.body_text(kind, payload)}"

    def error_text(self, flags, payload, seq):
        code = struct.unpack_from("=i", payload)[0]
        copy, asked = payload[4:], self.asked.get(seq, b"")
        copied = (
            "with header"
            if copy == asked[:16]
            else "with request"
            if copy[: len(asked)] == asked and not copy[len(asked) :].strip(b"\0")
            else f"with {copy.hex()}"
        )
        return f"{'ack' if code == 0 else error_name(-code)} {flags_text(flags)} {copied}"


def messages(data):
    """((length, type, flags, seq, pid), payload, all bytes) of each message of a datagram."""
    while data:
        if len(data) < 16:
            yield None, data, data
            return
        header = struct.unpack_from("=IHHII", data)
        length = header[0] if 16 <= header[0] <= len(data) else len(data)
        yield header, data[16:length], data[:length]
        data = data[(length + 3) & ~3 :]
