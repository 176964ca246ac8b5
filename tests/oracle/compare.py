#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares what two sides showed of the same scenarios, and prints TAP, and which rows of the reference they cover.

    compare.py FOLDER SCENARIO...

FOLDER/kernel and FOLDER/ipvsd have NAME.text and NAME.wire of each scenario. Beside this program lie

allowed    what may differ: a pattern of scenarios; "text", "wire" or "both"; what is done to both sides; the reason.
           What is done is s/EXPRESSION/REPLACEMENT/; "sort COMMAND" puts the answers of such a dump in order, and
           "sort $ COMMAND LINE" the lines of its output.
           One that changes nothing is a failure.
pending    scenarios of features that ipvsd does not have yet: name, reason. They run, but may differ.
coverage   the rows of the reference: a "[heading]", or tokens, of which any covers the row, and the reason if no
           scenario does. What a scenario covers is read from its messages and command lines, not declared, but for the
           tokens "rule ...", which scenarios name in lines "# covers: rule NAME, rule NAME".

Tabs separate the fields.
"""
import difflib
import fnmatch
import os
import re
import sys

from netlink_text import Reader

HERE = os.path.dirname(os.path.realpath(__file__))


def table(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                yield line.rstrip("\n").split("\t")


def read(path):
    with open(path, encoding="utf-8", errors="backslashreplace") as file:
        return file.read().splitlines()


# --- from a record to text --------------------------------------------------------------------------------------


class Talk:
    """What one process says and hears."""

    def __init__(self):
        self.reader, self.port, self.answers = Reader(), None, 0

    def lines(self, kind, data, family):
        self.reader.family = self.reader.family or family
        if kind == "S":
            self.port = int.from_bytes(data[12:16], "little") or None if len(data) >= 16 else None
            self.answers = 0
            return list(self.reader.sent(data))
        here = list(self.reader.received(data, self.port))
        self.answers += 1
        if here and not any(" multi" in text for text in here):
            here[0] += f" (datagram {self.answers})"
        return here


def wire_lines(path):
    """What processes said at the same time, between two remarks, is put one after the other, in order of the text."""
    lines, talks, part, family = [], {}, {}, None
    for line in read(path) + ["#"]:
        if line.startswith("#"):
            lines += [text for talk in sorted(part.values()) for text in talk] + [line]
            part = {}
            continue
        kind, pid, data = line.split(" ")
        talk = talks.setdefault(pid, Talk())
        part.setdefault(pid, []).extend(talk.lines(kind, bytes.fromhex(data), family))
        family = family or talk.reader.family
    return lines[:-1]


# --- what may differ --------------------------------------------------------------------------------------------


class Allowance:
    def __init__(self, pattern, stream, action, reason):
        self.pattern, self.stream, self.action, self.reason = pattern, stream, action, reason
        self.used = False
        if not action.startswith("sort "):
            _, self.expression, self.replacement, _ = action.split(action[1])
            self.expression = re.compile(self.expression)

    def apply(self, lines):
        if self.action.startswith("sort $"):
            changed = sort_output(lines, self.action[len("sort ") :])
        elif self.action.startswith("sort "):
            changed = sort_dumps(lines, self.action.split()[1])
        else:
            changed = [self.expression.sub(self.replacement, line) for line in lines]
        self.used |= changed != lines
        return changed


def sort_output(lines, command):
    """What such a command prints in order; it is indented."""
    result, block = [], []
    for line in lines:
        if block and line.startswith("  "):
            block.append(line)
            continue
        result += block[:1] + sorted(block[1:])
        block = [line] if line == command else []
        if not block:
            result.append(line)
    return result + block[:1] + sorted(block[1:])


def sort_dumps(lines, command):
    """The answers of each dump of COMMAND in order; an indented line belongs to the one before."""
    result, block = [], None
    for line in lines:
        if block is not None and line.startswith("< IPVS multi"):
            block.append(line)
            continue
        if block is not None:
            result += sorted(block)
            block = None
        if line.startswith("> ") and f" {command} " in line + " " and "dump" in line.split()[2]:
            block = []
        result.append(line)
    return result + sorted(block or [])


def allowed_form(lines, name, stream, allowances):
    for allowance in allowances:
        if allowance.stream in (stream, "both") and fnmatch.fnmatch(name, allowance.pattern):
            lines = allowance.apply(lines)
    return lines


# --- what is covered --------------------------------------------------------------------------------------------

ATTRIBUTE = re.compile(r"([A-Z_0-9#]+)\^?(\{|=([^\s{}]*))|(\})")
SERVICE_FLAGS = (
    (1, "PERSISTENT"),
    (2, "HASHED"),
    (4, "ONEPACKET"),
    (8, "SCHED1"),
    (0x10, "SCHED2"),
    (0x20, "SCHED3"),
)
VALUED = ("AF", "PROTOCOL", "SCHED_NAME", "FWD_METHOD", "TUN_TYPE", "TUN_FLAGS", "ADDR_FAMILY", "STATE", "PE_NAME")


def attribute_tokens(text, way):
    path = []
    for name, opens, value, closes in ATTRIBUTE.findall(text):
        if closes:
            if path:
                path.pop()
            continue
        whole = ".".join(path + [name])
        yield f"attribute {whole} {way}"
        if opens == "{":
            path.append(name)
        elif name == "FLAGS" and path == ["SERVICE"] and "/" in value:
            flags = int(value.split("/")[0], 16)
            for bit, flag in SERVICE_FLAGS:
                if flags & bit:
                    yield f"flag {flag} {way}"
        elif name in VALUED and path:
            yield f"value {whole}={value} {way}"


def wire_tokens(lines):
    command = ""
    for line in lines:
        words = line.split()
        if line.startswith("> ") and len(words) > 3:
            command = words[3]
            yield f"command {command} {'dump' if 'dump' in words[2] else 'do'}"
            for flag in words[2].split("|"):
                yield f"header {flag}"
            if words[1] == "IPVS":
                yield from attribute_tokens(" ".join(words[4:]), "in")
        elif line.startswith("< IPVS") or line.startswith("< nlctrl"):
            yield f"reply {words[3]}"
            if words[1] == "IPVS":
                yield from attribute_tokens(" ".join(words[4:]), "out")
        elif line.startswith("< ") and len(words) > 2:
            yield f"error {command} {words[1]}"
            if line.startswith("< done"):
                yield f"done {command}"
        elif line.startswith("# ipvsadm"):
            yield from (f"option {word.partition('=')[0]}" for word in words[2:] if word.startswith("-"))
        elif line.startswith(("# cat ", "# head ")) and words[-1].startswith("/proc/"):
            yield f"file {words[-1] if '/net/ip_vs' in words[-1] else os.path.dirname(words[-1])}"


SOCKET_OPTION = re.compile(r"\s*([sg]et [A-Z]+) .*: (ok|E[A-Z]+)")


def text_tokens(lines):
    """Of the lines of sockopt_probe."""
    for line in lines:
        match = SOCKET_OPTION.match(line)
        if match:
            yield f"sockopt {match[1]} {match[2]}"


def scenario_tokens(path):
    for line in read(path):
        if line.startswith("# covers: "):
            for name in line[len("# covers: ") :].split(", "):
                yield name.strip()


def print_coverage(covered, pending):
    """Returns the rows that are neither covered nor excused, or excused without need."""
    bad, rows, empty = [], 0, 0
    for row in table("coverage"):
        if row[0].startswith("["):
            print(f"#\n# {row[0]}")
            continue
        rows += 1
        names = sorted({name for token in row[0].split(" | ") for name in covered.get(token, ())})
        ready = [name for name in names if name not in pending]
        reason = row[1] if len(row) > 1 else ""
        if ready:
            cell = ", ".join(ready[:3]) + (f" and {len(ready) - 3} more" if len(ready) > 3 else "")
            if reason:
                bad.append(f"{row[0]}: is covered by {ready[0]}, take its reason out of the table")
        elif names:
            cell = f"pending: {', '.join(names)}"
        else:
            cell = f"- ({reason})"
            empty += 1
            if not reason:
                bad.append(f"{row[0]}: no scenario covers it and no reason is given")
        print(f"#   {row[0]:44} {cell}")
    print(f"#\n# {rows} rows, {empty} of them covered by no scenario")
    return bad


# --- the whole ---------------------------------------------------------------------------------------------------


def differences(kernel, ipvsd):
    return list(difflib.unified_diff(kernel, ipvsd, "kernel", "ipvsd", lineterm="", n=6))


def compared(folder, name, allowances):
    """The differences as lines, the kernel's text, how many messages there were, and they."""
    text = [
        allowed_form(read(f"{folder}/{side}/{name}.text"), name, "text", allowances) for side in ("kernel", "ipvsd")
    ]
    lines = [wire_lines(f"{folder}/{side}/{name}.wire") for side in ("kernel", "ipvsd")]
    wire = [allowed_form(one, name, "wire", allowances) for one in lines]
    diff = differences(*text) or differences(*wire)
    diff = [line for line in text[0] + text[1] if line.startswith("wrong: ")] + diff
    return diff, text[0], sum(line.startswith("> ") for line in lines[0]), lines[0]


def main(folder, scenarios):
    allowances = [Allowance(*row) for row in table("allowed")]
    pending = dict(table("pending"))
    covered, number = {}, 0
    print(f"1..{len(scenarios) + 2}")
    for number, path in enumerate(scenarios, 1):
        name = os.path.splitext(os.path.basename(path))[0]
        diff, text, n_messages, lines = compared(folder, name, allowances)
        for token in list(wire_tokens(lines)) + list(text_tokens(text)) + list(scenario_tokens(path)):
            if name == "usage" and token.startswith("option"):
                continue  # wrong uses cover nothing
            covered.setdefault(token, set()).add(name)
        if len(text) < 2:
            diff.append("nothing was seen")
        ms = max(int(read(f"{folder}/{side}/{name}.ms")[0]) for side in ("kernel", "ipvsd"))
        what = f"{name}: {len(text)} lines, {n_messages} messages in {ms}ms"
        if name in pending:
            reason = pending[name] if diff else f"{pending[name]} (passes now: take it out of tests/oracle/pending)"
            print(f"ok {number} - {what} # SKIP {reason}")
            if not diff or not os.environ.get("ORACLE_PENDING"):
                continue
        else:
            print(f"{'not ok' if diff else 'ok'} {number} - {what}")
        for line in diff[: int(os.environ.get("ORACLE_DIFF", "80"))]:
            print(f"#   {line}")
        if len(diff) > 80:
            print(f"#   and {len(diff) - 80} lines more")
    unused = [f"{a.pattern} {a.action}" for a in allowances if not a.used]
    unused += [
        f"pending {name}: no such scenario"
        for name in pending
        if not any(os.path.basename(path).startswith(name + ".") for path in scenarios)
    ]
    whole = os.environ.get("ORACLE_ALL") == "yes"
    verdict(number + 1, "each difference that is allowed was there", unused, whole)
    bad = print_coverage(covered, pending) if whole else []
    verdict(number + 2, "each row of the reference is covered, or says why not", bad, whole)


def verdict(number, what, bad, whole):
    if not whole:
        print(f"ok {number} - {what} # SKIP only some scenarios ran")
        return
    print(f"{'not ok' if bad else 'ok'} {number} - {what}")
    for line in bad:
        print(f"#   {line}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
