# SPDX-License-Identifier: GPL-2.0-or-later
"""All cases."""

from dataclasses import replace

from cases_plain import option_cases, plain_cases

SOURCES = (plain_cases, option_cases)


def all_cases():
    """Each has a number, by which its connection has a port of its own."""
    cases = (case for source in SOURCES for case in source())
    return [replace(case, number=number) for number, case in enumerate(cases)]


def of_group(group):
    return [case for case in all_cases() if case.group == group]
