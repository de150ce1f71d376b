# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a copy is, as a person reads it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.progress import (
    Progress,
    dump,
    duration,
    line,
    load,
)
from hypothesis import given, settings
from hypothesis import strategies as st

MIB, GIB = 1 << 20, 1 << 30


def made(**known: Any) -> Progress:
    return Progress("copying to /a/root", 1, **known)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({}, "0 s so far"),
        ({"seconds": 0.4, "size": 5000}, "4.9 KiB, 0 s so far"),
        (
            {"seconds": 10, "size": 5 * MIB, "files": 50},
            "5.0 MiB, 50 files, 512 KiB/s, 10 s so far",
        ),
        (
            {"seconds": 10, "size": GIB, "files": 50, "total_size": 4 * GIB, "total_files": 900},
            "1.0 of 4.0 GiB, 50 of 900 files, 102 MiB/s, 30 s left",
        ),
        # a root that is brought up to date: nobody knows how many bytes will change
        (
            {"seconds": 8, "size": 7, "files": 10, "total_files": 30},
            "7 B, 10 of 30 files, 1 B/s, 16 s left",
        ),
        # a packed source: nobody knows how much is in it, but how much of it was read
        (
            {"seconds": 9, "size": 9 * MIB, "read": 0.75},
            "9.0 MiB, 1.0 MiB/s, 75% of the source read, 3 s left",
        ),
        # a clone of blocks (reflink) writes no bytes
        ({"seconds": 9, "files": 3, "total_size": GIB, "total_files": 4}, "3 of 4 files, 3 s left"),
        ({"seconds": 9, "size": MIB, "total_size": MIB}, "1.0 MiB, 114 KiB/s, nearly done"),
        # what grew since it was counted
        ({"seconds": 9, "size": 2 * MIB, "total_size": MIB}, "2.0 MiB, 228 KiB/s, nearly done"),
    ],
)
def test_a_line_says_bytes_files_rate_and_time_left_as_far_as_they_are_known(
    known: dict[str, Any], words: str
) -> None:
    assert line(made(**known)) == f"copying to /a/root: {words}"


def test_time_is_said_the_more_roughly_the_more_there_is() -> None:
    said = [duration(seconds) for seconds in (0.6, 99.4, 100, 3600, 5999, 6000, 90000)]
    assert said == ["1 s", "99 s", "2 min", "60 min", "100 min", "1 h 40 min", "25 h 0 min"]


@given(
    seconds=st.floats(0, 1e6),
    size=st.integers(0, 1 << 60),
    files=st.integers(0, 10**9),
    total_size=st.none() | st.integers(0, 1 << 60),
    total_files=st.none() | st.integers(0, 10**9),
    read=st.none() | st.floats(0, 2),
)
@settings(max_examples=100, deadline=None)
def test_whatever_was_measured_crosses_to_the_controller_and_is_one_line(**known: Any) -> None:
    progress = made(**known)
    assert load(dump(progress)) == progress
    assert "\n" not in line(progress)
    assert progress.left is None or progress.left >= 0


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"doing": "x"}', '{"x": 1}'])
def test_what_is_no_report_is_nothing(text: str) -> None:
    assert load(text) is None
