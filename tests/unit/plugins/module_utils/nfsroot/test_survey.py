# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A look for changes sees all of a tree, though each of two processes sees a part of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.survey import changed_since

NAMES = ("lib", "share", "Local", "7", "+a b-", "\N{LATIN SMALL LETTER E WITH ACUTE}")
PLACES = ["a", "usr/a", *(f"usr/{name}/x/y" for name in NAMES)]


@pytest.mark.parametrize("top", ["root", "r.o+o (t)-[x]"])
@pytest.mark.parametrize("place", PLACES)
def test_a_change_is_seen_wherever_it_is(tmp_path: Path, top: str, place: str) -> None:
    root = tmp_path / top
    for name in PLACES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    newest = max(path.stat().st_ctime_ns for path in [root, *root.rglob("*")])
    since = f"{newest // 10**9}.{newest % 10**9:09d}"
    assert changed_since(str(root), since, [], one_file_system=True) is None

    while (root / place).stat().st_ctime_ns <= newest:  # a clock has its ticks
        (root / place).write_text("changed")

    assert changed_since(str(root), since, [], one_file_system=True) == f"/{place}"
    there = [f"/{place}"]
    assert changed_since(str(root), since, there, one_file_system=True) is None
