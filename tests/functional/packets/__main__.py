# SPDX-License-Identifier: GPL-2.0-or-later
"""Packet tests of ipvsd: every frame that comes out is compared as a whole with what a model makes of the one sent.

    packets services                            lines for ipvsadm --restore
    packets echo-services                       words for tools/fullnat.py
    packets run GROUP RECORDS COUNTERS...       runs the cases of a group, in the director's network namespace
    packets mutations TABLE RECORDS...          breaks each field once in what came out, and has the cases notice

COUNTERS... is the command that shows ipvsd's counters. RECORDS is a file: what came out. TABLE gets a line for each
field: which case noticed.
"""
import sys

import mutations
import run
import table
from modes import echo_services, services


def main():
    command, arguments = sys.argv[1], sys.argv[2:]
    if command == "services":
        print("\n".join(services()))
        return 0
    if command == "echo-services":
        print("\n".join(echo_services()))
        return 0
    if command == "run":
        return run.run(table.of_group(arguments[0]), arguments[1], arguments[2:])
    if command == "mutations":
        return mutations.run(table.all_cases(), arguments[0], arguments[1:])
    print(__doc__, file=sys.stderr)
    return 2


sys.exit(main())
