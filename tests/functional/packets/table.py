# SPDX-License-Identifier: GPL-2.0-or-later
"""All cases."""

from dataclasses import replace

from cases_drops import drop_cases
from cases_errors import error_cases, odd_cases
from cases_fragments import fragment_cases
from cases_hop_limits import hop_limit_cases
from cases_lengths import length_cases
from cases_own import own_cases
from cases_plain import jumbo_cases, option_cases, plain_cases
from cases_telling import telling_cases
from cases_tunnel_errors import tunnel_error_cases
from flow import CASES_MAX

SOURCES = (
    plain_cases,
    jumbo_cases,
    option_cases,
    fragment_cases,
    error_cases,
    odd_cases,
    tunnel_error_cases,
    hop_limit_cases,
    length_cases,
    own_cases,
    telling_cases,
    drop_cases,
)


def all_cases():
    """Each has a number, by which its connection has a port of its own."""
    cases = (case for source in SOURCES for case in source())
    numbered = [replace(case, number=number) for number, case in enumerate(cases)]
    assert len(numbered) <= CASES_MAX
    return numbered


def of_group(group):
    return [case for case in all_cases() if case.group == group]
