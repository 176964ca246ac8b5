#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The fenced blocks of the documents for operators, and in manual pages the literal ones (.Bd) and the lines of .Dl: each says
in its first line how it is checked, in a manual page in a comment before it (.\\" ```MARK), which holds up to the next.

    ```text                    nothing to run: a picture, a message. No line is to be typed
    ```ipvsd.conf              `ipvsd -t` takes it; a block without ports gets some. Each group of local addresses says when it is
                               active: both directors of a pair would answer for one that doesn't
    ```keepalived.conf         `keepalived -t` takes it, less the lines that are "..."
    ```unit                    `systemd-analyze verify` takes it in a unit
    ```console lab             run in the lab, see below
    ```console install         run in the clone, on a host of the lab where nothing of ipvsd was installed before
    ```console vm              run in a virtual machine, by tests/vm/pair-tests; also behind "install"
    ```console hardware        needs what no test has: a fresh machine, a network card, a download, somebody in an editor
    ```console by=FILE         run by this file: each command stands in a line there, whole, perhaps with more between its words. A
                               word in capitals is for the reader to replace

Behind "lab", "install" and "vm", "any-status": they may fail; behind "lab" and "install", "stays": it prints the lines and goes on
until it is ended.

A console has lines that begin with "# " (root on the director), "$ " or "HOST# ", and what they print. In the lab each must
end with status 0, and print just the lines that follow, but for the number of blanks; "..." stands for any text, alone
in a line for any lines. Without such lines what is printed is not looked at.

    doc_blocks.py marks FILE...        complains about blocks and marks that are none of these
    doc_blocks.py configurations FILE  checks the blocks of the three kinds of configuration
    doc_blocks.py lab FILE             runs the consoles in the lab of $LAB, $LAB_DIR and $BUILD
    doc_blocks.py install FILE         runs those for a host without ipvsd, in the folder $LAB_DIR/own (docs.bats)
    doc_blocks.py vm FILE              prints the commands of the consoles for the virtual machine, one a line, in their order, as
                                       root types them

Exits with 1 after a complaint, with 0 otherwise.
"""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[3]
PROMPT = re.compile(r"^([a-z]+[0-9]*)?[#$] (.*)$")
PORTS = 'ports = ( { name = "wan"; devices = ( "0000:3b:00.0" ); }, { name = "lan"; devices = ( "0000:3b:00.1" ); } );'
CONFIGURATIONS = ("ipvsd.conf", "keepalived.conf", "unit")
LIMIT = 30  # seconds, of one command


class Block:
    def __init__(self, place, mark):
        self.place, self.mark, self.lines = place, mark, []

    def kind(self):
        return self.mark.split("=")[0]

    def commands(self):
        """[(host, command, lines that it prints)]; a command goes on in the next line after a backslash."""
        found, goes_on = [], False
        for line in self.lines:
            prompt = PROMPT.match(line)
            if goes_on:
                host, command, printed = found.pop()
                found.append((host, command[:-1] + line.strip(), printed))
            elif prompt:
                found.append((prompt[1] or "director1", prompt[2], []))
            elif found:
                found[-1][2].append(line)
            else:
                raise ValueError("the first line has no prompt")
            goes_on = (goes_on or prompt) and line.endswith("\\")
        return found


def manual_blocks_of(path):
    found, mark, literal = [], "", False
    for number, line in enumerate(path.read_text().splitlines(), 1):
        text = line.replace(r"\e", "\\").replace(r"\(dq", '"').replace(r"\-", "-")
        if line.startswith('.\\" ```'):
            mark = line.split("```")[1]
            found.append(Block(f"{path.name}:{number}", mark))
        elif line.startswith((".Bd -literal", ".Dl ")) and not mark:
            found.append(Block(f"{path.name}:{number}", ""))
        if line.startswith(".Dl "):
            found[-1].lines.append("# " + text.removeprefix(".Dl "))
        elif literal and line != ".Ed":
            found[-1].lines.append(text)
        literal = line.startswith(".Bd -literal") or (literal and line != ".Ed")
        if not literal and not line.startswith((".Dl ", '.\\" ```')):
            mark = ""
    return found


def blocks_of(path):
    if path.suffix != ".md":
        return manual_blocks_of(path)
    block, found = None, []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        fence = re.match(r"^\s*```(.*)$", line)
        if not fence:
            if block:
                block.lines.append(line)
        elif block:
            found.append(block)
            block = None
        else:
            block = Block(f"{path.name}:{number}", fence[1].strip())
    if block:
        raise SystemExit(f"{block.place}: the block has no end")
    return found


def is_run_by(block):
    script = TOP / block.mark.split("=", 1)[1]
    if not script.is_file():
        return f"there is no {script.relative_to(TOP)}"
    text = re.sub(r"^\s*#.*$", "", script.read_text(), flags=re.M)
    text = text.replace('"$IPVSD_RUN"', "ipvsd-run").replace("\\\n", "")
    for _, command, _ in block.commands():
        words = shlex.split(command.removeprefix("sudo "), comments=True)
        words = [pathlib.PurePath(words[0]).name] + [word for word in words[1:] if not re.match("[A-Z]", word)]
        if not re.search(r"[^\n]*?".join(rf"(?<![-\w]){re.escape(word)}(?![-\w])" for word in words), text):
            return f"{script.name} does not have '{' '.join(words)}'"
    return None


def check_mark(block):
    kind = block.kind()
    if kind == "text" and any(map(PROMPT.match, block.lines)):
        return "a prompt: commands are in a block of their own"
    if kind in ("text", *CONFIGURATIONS):
        return None
    if kind == "console by":
        return is_run_by(block)
    if re.fullmatch(r"console (lab|install|install vm|vm)( any-status)?|console (lab|install) stays|console hardware", kind):
        return None if block.commands() else "no command"
    return f"no mark of how it is checked: '{block.mark}'"


def active_is_said(text):
    groups = re.search(r"^local_addresses = \((.*?)^\);", text, re.M | re.S)
    return not groups or groups[1].count("{") == len(re.findall(r"\bactive = ", groups[1]))


def check_unit(block):
    if not shutil.which("systemd-analyze"):
        return "there is no systemd-analyze to check it with"
    path = pathlib.Path(os.environ["LAB_DIR"]) / "block.service"
    path.write_text("\n".join(["[Service]", "Type=oneshot", "ExecStart=true", *block.lines, ""]))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=LIMIT, check=False)
    said = [line for line in done.stdout.splitlines() if " is not executable: No such file" not in line]
    return "\n".join(said) or None


def check_configuration(block):
    if block.kind() not in CONFIGURATIONS:
        return None
    if block.kind() == "unit":
        return check_unit(block)
    text = "\n".join(line for line in block.lines if line.strip() != "...") + "\n"
    path = pathlib.Path(os.environ["LAB_DIR"]) / block.kind()
    if block.kind() == "ipvsd.conf":
        if not active_is_said(text):
            return "a group of local_addresses without 'active'"
        path.write_text(text if re.search(r"^ports\b", text, re.M) else PORTS + text)
        command = ["ipvsd", "-t", "-c", path]
    else:
        path.write_text(text)
        command = ["keepalived", "-t", "-f", path, "--lvs-control-socket=/run/ipvsd/ipvs.sock"]
    done = run_at("director1", " ".join(map(str, command)))
    return None if done.returncode == 0 else f"{done.stdout}(status {done.returncode})"


def at_place(host, places, environment, command):
    """What subprocess needs to run a command on a host, after the mounts that make its files those of the place."""
    return {
        "args": ["ip", "netns", "exec", f"{os.environ['LAB']}-{host}", "bash", "-c",
                 f'{places} && exec bash -o pipefail -c "$1"', "places", command],
        "env": {**environment, "LC_ALL": "C.UTF-8"}, "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}


def at_director(host, command):
    """As it is on a director where ipvsd is installed: programs in the path, its files where they are looked for."""
    folder, build = os.environ["LAB_DIR"], os.environ["BUILD"]
    places = f"""
        mount -t tmpfs tmpfs /run && mkdir /run/ipvsd && ln -s {folder}/director1/ipvs.sock /run/ipvsd/ &&
        ln -s ipvs.sock /run/ipvsd/second.sock &&
        mount --bind {folder}/etc /etc"""
    path = f"{build}/keepalived/sbin:{build}/ipvsadm/sbin:{build}:{build}/netlink-shim:{os.environ['PATH']}"
    return at_place(host, places, {**os.environ, "PATH": path}, command)


def run_at(host, command):
    return subprocess.run(**at_director(host, command), timeout=LIMIT, check=False)


def at_own_place(command):
    """As root types it on a host that has only what was installed there before."""
    own = f"{os.environ['LAB_DIR']}/own"
    places = f"""
        mount -t overlay overlay -o lowerdir=/usr,upperdir={own}/usr,workdir={own}/work /usr &&
        mount --bind {own}/etc /etc && mount --bind {own}/var /var && mount --bind {own}/run /run && cd {own}/clone"""
    path = f"{own}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return at_place("director2", places, {"PATH": path, "HOME": "/root"}, command.replace("sudo ", ""))


def complaint_of(command, done, any_status=False):
    if done.returncode != 0 and not any_status:
        return f"'{command}' ended with status {done.returncode}:\n{done.stdout}"
    return None


def stays(at, command, lines):
    """It goes on after it has printed the lines, until it is ended, and then ends well."""
    deadline, printed = time.monotonic() + LIMIT, ""
    with tempfile.TemporaryFile("w+") as file, subprocess.Popen(**{**at, "stdout": file}) as process:
        while process.poll() is None and time.monotonic() < deadline and not re.match(pattern_of(lines), printed):
            time.sleep(0.05)
            file.seek(0)
            printed = blanks_once(file.read())
        was_there = process.poll() is None and re.match(pattern_of(lines), printed)
        process.terminate()
        try:
            process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    if not lines or not was_there or process.returncode != 0:
        return f"'{command}' does not print that and stay, or does not end well (status {process.returncode}):\n{printed}"
    return None


def check_install(block):
    if not block.kind().startswith("console install"):
        return None
    for _, command, lines in block.commands():
        if block.kind().endswith("stays"):
            complaint = stays(at_own_place(command), command, lines)
        else:
            done = subprocess.run(**at_own_place(command), timeout=4 * LIMIT, check=False)
            complaint = complaint_of(command, done, block.kind().endswith("any-status"))
        if complaint:
            return complaint
    return None


def blanks_once(text):
    return "".join(" ".join(line.split()) + "\n" for line in text.splitlines())


def pattern_of(lines):
    parts = []
    for line in lines:
        if line.strip() == "...":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append(re.escape(" ".join(line.split())).replace(r"\.\.\.", "[^\n]*") + "\n")
    return "".join(parts)


def check_lab(block):
    if not block.kind().startswith("console lab"):
        return None
    for host, command, lines in block.commands():
        if block.kind().endswith("stays"):
            complaint = stays(at_director(host, command), command, lines)
            lines = []
        else:
            done = run_at(host, command)
            complaint = complaint_of(command, done, block.kind().endswith("any-status"))
        if complaint:
            return complaint
        if lines and not re.fullmatch(pattern_of(lines), blanks_once(done.stdout)):
            return f"'{command}' prints something else:\n{done.stdout}"
    return None


def print_vm(path):
    for block in blocks_of(pathlib.Path(path)):
        if re.fullmatch(r"console (install )?vm( any-status)?", block.kind()):
            for _, command, _ in block.commands():
                print(command.removeprefix("sudo "))
    return 0


def main(what, paths):
    if what == "vm":
        return max(map(print_vm, paths))
    check = {"marks": check_mark, "configurations": check_configuration, "lab": check_lab, "install": check_install}[what]
    complaints = checked = 0
    for path in paths:
        for block in blocks_of(pathlib.Path(path)):
            checked += 1
            try:
                complaint = check(block)
            except (ValueError, subprocess.TimeoutExpired) as error:
                complaint = str(error)
            if complaint:
                complaints += 1
                print(f"{block.place}: {complaint}")
    print(f"{checked} blocks, {complaints} complaints")
    return 1 if complaints or not checked else 0


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in ("marks", "configurations", "lab", "install", "vm"):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
