# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode: what would change, and nothing written."""

from __future__ import annotations

from pathlib import Path

from .copies import copy, leftovers
from .everything import walk
from .ways import by_zstd


def test_check_mode_says_what_would_change_and_writes_nothing(
    source: Path, dest: Path, tmp_path: Path
) -> None:
    copy(source, dest)
    (source / "etc/plain").write_text("changed\n")
    before = walk(dest.parent)
    new = tmp_path / "elsewhere/root"

    outcome = copy(source, dest, new, check=True)

    assert [root.changed for root in outcome.roots] == [True, True]
    assert " etc/plain" in outcome.diff and "cd+++++++++ ./" in outcome.diff
    assert walk(dest.parent) == before
    assert not new.parent.exists()
    predicted = outcome.commands
    assert copy(source, dest, new).commands == predicted


def test_check_mode_compares_an_existing_root_with_an_archive(
    source: Path, dest: Path, tmp_path: Path
) -> None:
    src, _options = by_zstd(source, tmp_path)
    copy(src, dest)
    assert not copy(src, dest, check=True).changed
    assert copy(src, dest, force=False).commands == []
    (dest / "bin/own").touch()
    before = walk(dest)

    outcome = copy(src, dest, tmp_path / "new/root", check=True)

    assert "*deleting   bin/own" in outcome.diff
    assert walk(dest) == before
    assert not leftovers(dest)
    assert not (tmp_path / "new").exists()


def test_check_mode_allows_for_a_source_that_an_earlier_task_would_make(
    dest: Path, tmp_path: Path
) -> None:
    outcome = copy(tmp_path / "missing", dest, check=True)

    assert outcome.changed
    assert outcome.diff == f"would copy {tmp_path}/missing to {dest}\n"
    assert not dest.parent.exists()
