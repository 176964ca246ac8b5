#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A control socket with nothing behind it, for the tests of the shim and of the keepalived patches.

It keeps services and destinations in memory, answers as ipvsd does (netlink-shim/wire.h) with the kernel's error
codes, and writes one line for each request to its standard output. What ipvsd itself does not do on demand is its
point: dying in the middle of a request (--die-on), staying silent (--mute-on), refusing (--refuse), lacking the private
family (--no-ipvsx) or an option of services (--lacks).
"""
import argparse
import errno
import os
import selectors
import socket
import struct
import sys

HELLO = struct.Struct("=IHHIIQII")
HELLO_MAGIC = 0x5650494B
NLMSG_ERROR, NLMSG_DONE, GENL_ID_CTRL = 2, 3, 0x10
FAMILIES = {"IPVS": 0x1C, "IPVSX": 0x1D}
NLM_F_MULTI, NLM_F_ACK, NLM_F_DUMP, NLM_F_CAPPED = 2, 4, 0x300, 0x100
COMMANDS = ["UNSPEC", "NEW_SERVICE", "SET_SERVICE", "DEL_SERVICE", "GET_SERVICE", "NEW_DEST", "SET_DEST", "DEL_DEST",
            "GET_DEST", "NEW_DAEMON", "DEL_DAEMON", "GET_DAEMON", "SET_CONFIG", "GET_CONFIG", "SET_INFO", "GET_INFO",
            "ZERO", "FLUSH"]
PRIVATE = ["UNSPEC", "PUSH_BEGIN", "PUSH_END", "NEW_LADDRS", "DEL_LADDRS"]
PROTOCOLS = {6: "tcp", 17: "udp", 132: "sctp"}
OPTIONS = 0x3F00
NUMBERS = {1: "timeout", 2: "quiescent", 4: "client_address", 5: "syn_proxy", 6: "hash_target", 11: "bps", 12: "proportion"}
STRINGS = {3: "laddrs", 7: "quic"}
LISTS = {9: "deny", 10: "allow"}
MATCH = 13
NLM_F_ACK_TLVS, NLMSGERR_ATTR_OFFS = 0x200, 2


def attribute_list(data):
    found = []
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        if length < 4 or length > len(data):
            raise ValueError("bad attribute length")
        found.append((kind & 0x3FFF, data[4:length]))
        data = data[(length + 3) & ~3:]
    return found


def attributes(data):
    return dict(attribute_list(data))


def attribute(kind, payload):
    length = 4 + len(payload)
    return struct.pack("=HH", length, kind) + payload + b"\0" * (-length % 4)


def message(kind, flags, seq, portid, payload):
    return struct.pack("=IHHII", 16 + len(payload), kind, flags, seq, portid) + payload


def number(data):
    return int.from_bytes(data, sys.byteorder)


def address(family, data):
    return socket.inet_ntop(family, data[:4 if family == socket.AF_INET else 16])


def text(data):
    return data.rstrip(bytes(1)).decode()


def any_address(data):
    return address(socket.AF_INET if len(data) == 4 else socket.AF_INET6, data)


def list_entry(kind, value):
    """A line of a list of clients: a range of addresses, or the name of a set."""
    half = len(value) // 2
    return f"{any_address(value[:half])}-{any_address(value[half:])}" if kind == 1 else text(value)


def match_words(match):
    """What a service matches: protocol/source/destination/in/out."""
    if not match:
        return ""
    ranges = (list_entry(1, match[kind]) if kind in match else "" for kind in (2, 3))
    return "/".join([str(number(match[1])), *ranges, text(match[4]), text(match[5])])


def laddrs_words(raw):
    """A group of local addresses."""
    group = attributes(raw)
    words = text(group[1])
    if 2 in group:
        words += f" {text(group[2])} {number(group[4])}-{number(group[5])}"
    return words + "".join(f" {any_address(value)}" for kind, value in attribute_list(raw) if kind == 3)


def options_words(svc):
    """The private options of a service, as they go into the log."""
    words = ""
    for kind, value in sorted(attributes(svc.get(OPTIONS, b"")).items()):
        if kind == MATCH:
            words += f" match={match_words(attributes(value))}"
        elif kind in LISTS:
            words += f" {LISTS[kind]}={','.join(list_entry(*entry) for entry in attribute_list(value))}"
        elif kind in STRINGS:
            words += f" {STRINGS[kind]}={text(value)}"
        else:
            words += f" {NUMBERS[kind]}={number(value)}"
    return words


class Refused(Exception):
    """The request ends with this errno."""


class Tables:
    """Services and destinations: what each request says of them goes back out unchanged in dumps."""

    def __init__(self):
        self.services = {}

    def service(self, raw):
        if raw is None:
            raise Refused(errno.EINVAL)
        svc = attributes(raw)
        family = number(svc[1])
        if 5 in svc:
            return svc, family, f"fwm {number(svc[5])}"
        proto = PROTOCOLS.get(number(svc[2]), str(number(svc[2])))
        return svc, family, f"{proto} {address(family, svc[3])}:{int.from_bytes(svc[4], 'big')}"

    def change(self, command, attrs):
        """Applies a NEW, SET or DEL; returns the log's words for it."""
        svc, family, key = self.service(attrs.get(1))
        name, what = command.split("_")
        words = key
        if what == "SERVICE":
            table, key, entry, missing = self.services, key, {"raw": svc, "dests": {}}, errno.ESRCH
            if name != "DEL":
                words += f" {text(svc[6])}" + options_words(svc)
        else:
            if key not in self.services:
                return words, errno.ESRCH
            dest = attributes(attrs[2])
            dest_family = number(dest[11]) if 11 in dest else family
            key = f"{address(dest_family, dest[1])}:{int.from_bytes(dest[2], 'big')}"
            words += f" -> {key}"
            if name != "DEL":
                words += f" fwd {number(dest[3])} weight {number(dest[4])}"
            table, entry, missing = self.services[self.service(attrs[1])[2]]["dests"], {"raw": dest}, errno.ENOENT
        if name == "NEW" and key in table:
            return words, errno.EEXIST
        if name != "NEW" and key not in table:
            return words, missing
        if name == "DEL":
            del table[key]
        elif key in table:
            table[key]["raw"] = entry["raw"]
        else:
            table[key] = entry
        return words, 0

    def dump(self, command, attrs):
        stats = b"".join(attribute(k, bytes(8 if k in (4, 5) else 4)) for k in range(1, 11))
        if command == "GET_SERVICE":
            return [(1, attribute(1, b"".join(attribute(k, v) for k, v in s["raw"].items()) + attribute(10, stats)))
                    for s in self.services.values()]
        if command == "GET_DEST":
            entry = self.services.get(self.service(attrs.get(1))[2], {"dests": {}})
            zero = b"".join(attribute(k, bytes(4)) for k in (7, 8, 9)) + attribute(10, stats)
            return [(5, attribute(2, b"".join(attribute(k, v) for k, v in d["raw"].items()) + zero))
                    for d in entry["dests"].values()]
        return []


class Client:
    def __init__(self, server, connection):
        self.server, self.connection, self.portid = server, connection, 0

    def say(self, *words):
        print(*words, flush=True)

    def send(self, data):
        try:
            self.connection.send(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client left without waiting for its ACK, as ipvsadm does

    def readable(self):
        """Serves one datagram; returns False when the client is gone."""
        try:
            data = self.connection.recv(65536)
        except ConnectionResetError:
            return False
        if not data:
            return False
        if len(data) == HELLO.size and struct.unpack_from("=I", data)[0] == HELLO_MAGIC:
            _, version, _, self.portid, pid, netns, flags, _ = HELLO.unpack(data)
            self.say(f"hello version {version} portid {self.portid} pid {pid} netns {'known' if netns else 'unknown'}"
                     f" flags {flags}")
            return True
        length, kind, flags, seq, portid = struct.unpack_from("=IHHII", data)
        self.portid = self.portid or portid
        self.request(data[:length], kind, flags, seq)
        return True

    def request(self, data, kind, flags, seq):
        if kind < 0x10:  # as the kernel: control messages are acknowledged and skipped
            self.finish(data, flags, seq, 0)
            return
        command, attrs = data[16], attributes(data[20:])
        if kind == GENL_ID_CTRL:
            self.resolve(data, attrs, flags, seq)
            return
        names = COMMANDS if kind == FAMILIES["IPVS"] else PRIVATE
        name = names[command]
        if name == self.server.options.die_on:
            self.say(name, "dies")
            os._exit(0)
        if name == self.server.options.mute_on:
            self.say(name, "ignored")
            return
        if name == self.server.options.refuse:
            self.say(name, "refused")
            self.finish(data, flags, seq, errno.EPERM)
            return
        if name in ("NEW_SERVICE", "SET_SERVICE"):
            option = self.lacking(data, attrs)
            if option is not None:
                self.say(name, self.server.tables.service(attrs[1])[2], "lacks" + options_words(attributes(attrs[1])))
                self.finish(data, flags, seq, errno.EOPNOTSUPP, option)
                return
        self.serve(data, name, attrs, flags, seq)

    def lacking(self, data, attrs):
        """Where in the request an option stands that there is not; None if it has none."""
        for kind, value in attributes(attributes(attrs[1]).get(OPTIONS, b"")).items():
            if kind in self.server.options.lacks:
                nested = 0x8000 if kind in (*LISTS, MATCH) and value else 0
                return data.index(struct.pack("=HH", 4 + len(value), kind | nested) + value, 20)
        return None

    def resolve(self, data, attrs, flags, seq):
        family = attrs.get(2, b"").rstrip(b"\0").decode()
        if family not in FAMILIES or (family == "IPVSX" and self.server.options.no_ipvsx):
            self.finish(data, flags, seq, errno.ENOENT)
            return
        reply = (struct.pack("=BBH", 1, 2, 0) + attribute(2, family.encode() + b"\0")
                 + attribute(1, struct.pack("=H", FAMILIES[family])) + attribute(3, struct.pack("=I", 1))
                 + attribute(4, bytes(4)) + attribute(5, struct.pack("=I", 6)))
        self.send(message(GENL_ID_CTRL, 0, seq, self.portid, reply))
        self.finish(data, flags, seq, 0)

    def serve(self, data, name, attrs, flags, seq):
        tables = self.server.tables
        kind, words, error = data[4] | data[5] << 8, "", 0
        if flags & NLM_F_DUMP == NLM_F_DUMP:
            self.say("dump", name)
            for command, payload in tables.dump(name, attrs):
                self.send(message(kind, NLM_F_MULTI, seq, self.portid, struct.pack("=BBH", command, 1, 0) + payload))
            self.send(message(NLMSG_DONE, NLM_F_MULTI, seq, self.portid, bytes(4)))
            return
        if name == "GET_INFO":
            self.send(message(kind, 0, seq, self.portid, struct.pack("=BBH", 14, 1, 0)
                              + attribute(1, struct.pack("=I", 0x10201)) + attribute(2, struct.pack("=I", 4096))))
        elif name == "GET_CONFIG":
            self.send(message(kind, 0, seq, self.portid, struct.pack("=BBH", 12, 1, 0) + b"".join(
                attribute(k, struct.pack("=I", v)) for k, v in ((4, 900), (5, 120), (6, 300)))))
        elif name == "FLUSH":
            tables.services.clear()
        elif name.endswith("_LADDRS"):
            words = laddrs_words(attrs[1])
        elif name.endswith(("_SERVICE", "_DEST")):
            words, error = tables.change(name, attrs)
        self.say(*filter(None, (name, words, errno.errorcode[error] if error else "")))
        self.finish(data, flags, seq, error)

    def finish(self, data, flags, seq, error, bad=None):
        if bad is not None:
            self.send(message(NLMSG_ERROR, NLM_F_ACK_TLVS, seq, self.portid, struct.pack("=i", -error) + data
                              + bytes(-len(data) % 4) + attribute(NLMSGERR_ATTR_OFFS, struct.pack("=I", bad))))
        elif error:
            self.send(message(NLMSG_ERROR, 0, seq, self.portid, struct.pack("=i", -error) + data))
        elif flags & NLM_F_ACK:
            self.send(message(NLMSG_ERROR, NLM_F_CAPPED, seq, self.portid, bytes(4) + data[:16]))


class Server:
    def __init__(self, options):
        self.options, self.tables = options, Tables()

    def run(self):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.path.exists(self.options.socket):
            os.unlink(self.options.socket)
        listener.bind(self.options.socket)
        listener.listen()
        selector = selectors.DefaultSelector()
        selector.register(listener, selectors.EVENT_READ)
        print("ready", flush=True)
        while True:
            for key, _ in selector.select():
                if key.fileobj is listener:
                    connection = listener.accept()[0]
                    selector.register(connection, selectors.EVENT_READ, Client(self, connection))
                elif not key.data.readable():
                    selector.unregister(key.fileobj)
                    key.fileobj.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("socket")
    parser.add_argument("--die-on", metavar="COMMAND", help="exit without an answer when this command comes")
    parser.add_argument("--mute-on", metavar="COMMAND", help="never answer this command")
    parser.add_argument("--refuse", metavar="COMMAND", help="answer this command with EPERM")
    parser.add_argument("--no-ipvsx", action="store_true", help="don't know the private family")
    parser.add_argument("--lacks", metavar="N", type=int, action="append", default=[],
                        help="answer services with this option EOPNOTSUPP")
    Server(parser.parse_args()).run()


main()
