# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user can say about a copy: what to leave out, to keep, to take over and to remember."""

from __future__ import annotations

import subprocess
from pathlib import Path

from .copies import copy, mark
from .everything import walk


def test_excludes_are_neither_copied_nor_deleted_and_delete_can_be_off(
    source: Path, dest: Path
) -> None:
    copy(source, dest, exclude=["/var", "*anna"])
    (dest / "var").mkdir()
    (dest / "var/own").touch()

    copy(source, dest, exclude=["/var", "*anna"])

    assert not (dest / "home/anna").exists()
    assert (dest / "var/own").exists()
    (dest / "etc/own").touch()
    copy(source, dest, delete=False)
    assert (dest / "etc/own").exists()
    assert (dest / "home/anna").exists()


def test_what_rsync_is_at_work_on_lies_in_a_root_only_where_the_next_run_removes_it(
    source: Path, dest: Path
) -> None:
    copy(source, dest)
    for options, outside in (({}, False), ({"delete": False}, True), ({"exclude": ["*x"]}, True)):
        (command,) = copy(source, dest, **options).commands
        assert ("--temp-dir=" in command) == outside, options


def test_without_force_a_client_keeps_its_own_changes_and_its_label(
    source: Path, dest: Path, tmp_path: Path
) -> None:
    copy(source, dest, label="build 1")
    (dest / "etc/plain").write_text("of this PC\n")
    new = tmp_path / "clients/pc02/root"

    outcome = copy(source, dest, new, force=False, label="build 2")

    kept, made = outcome.roots
    assert (kept.copied, kept.changed, kept.label) == (False, False, "build 1")
    assert (made.copied, made.changed, made.label) == (True, True, "build 2")
    assert (dest / "etc/plain").read_text() == "of this PC\n"
    assert mark(dest)["label"] == "build 1"


def test_a_new_label_is_a_change(source: Path, dest: Path) -> None:
    copy(source, dest, label="build 1")

    assert copy(source, dest, label="build 2").changed
    assert not copy(source, dest, label="build 2").changed
    assert mark(dest) | {"finished": ""} == {
        "format": 1,
        "state": "complete",
        "src": str(source),
        "label": "build 2",
        "finished": "",
    }


def test_one_file_system_is_not_left(source: Path, dest: Path, tmp_path: Path) -> None:
    point = source / "var/empty"
    subprocess.run(["mount", "-t", "tmpfs", "other", str(point)], check=True)
    try:
        (point / "inside").touch()
        copy(source, dest)
        copy(source, dest)
        assert not (dest / "var/empty/inside").exists()
        copy(source, dest, one_file_system=False)
        assert (dest / "var/empty/inside").exists()
    finally:
        subprocess.run(["umount", "--lazy", str(point)], check=True)


def test_a_foreign_tree_is_taken_over_when_told_so(source: Path, dest: Path) -> None:
    dest.mkdir(parents=True)
    (dest / "foreign").touch()

    copy(source, dest, adopt=True)

    assert walk(dest) == walk(source)
    assert not copy(source, dest).changed
