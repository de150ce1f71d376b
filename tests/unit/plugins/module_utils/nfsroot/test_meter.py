# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is reported of a copy while the real programs make it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot import command, meter
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.meter import Meter
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.progress import (
    Progress,
    load,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.survey import totals

from .copies import copy
from .everything import walk
from .ways import Way, by_cp, by_gzip, by_rsync, by_squashfs, by_ssh

BIG = 8 << 20  # bytes, many times what fits a pipe


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> list[Progress]:
    """All reports of a run, which come so often that short runs have some."""
    found: list[Progress] = []
    monkeypatch.setattr(meter, "_INTERVAL", 0.0)
    monkeypatch.setattr(command, "TICK", 0.002)
    monkeypatch.setattr(Meter, "_report", lambda _self, progress: found.append(replace(progress)))
    return found


@pytest.mark.parametrize("way", [by_cp, by_rsync, by_ssh, by_gzip, by_squashfs])
def test_bytes_and_files_of_each_kind_of_source_are_reported(
    way: Way, source: Path, dest: Path, tmp_path: Path, reports: list[Progress]
) -> None:
    (source / "var/big").write_bytes(os.urandom(BIG))
    src, options = way(source, tmp_path)

    outcome = copy(src, dest, progress=tmp_path / "progress.json", **options)

    assert reports[0].doing == f"examining {src}"
    working = [report for report in reports if report.size]
    assert {report.doing.rpartition(" ")[2] for report in working} == {str(dest)}
    assert [report.size for report in working] == sorted(report.size for report in working)
    holes = (8 << 20) if way in (by_rsync, by_ssh) else 0
    assert (BIG + holes) * 0.8 <= max(report.size for report in working) <= (BIG + holes) * 1.1
    count = outcome.roots[0].stats.files
    assert count - 3 <= max(report.files for report in working) <= count + 3
    assert walk(dest) == walk(source)


def test_how_much_of_an_archive_was_read_is_reported(
    source: Path, dest: Path, tmp_path: Path, reports: list[Progress]
) -> None:
    (source / "var/big").write_bytes(os.urandom(BIG))
    src, _options = by_gzip(source, tmp_path)
    copy(src, dest, progress=tmp_path / "progress.json")
    read = [report.read for report in reports if report.read is not None]
    assert read and read == sorted(read) and 0 < read[-1] <= 1


def test_what_there_will_be_is_counted_without_what_stays_out(source: Path, tmp_path: Path) -> None:
    (source / "var/big").write_bytes(bytes(3000))
    (source / "var/same").hardlink_to(source / "var/big")
    (tmp_path / "of another release").hardlink_to(source / "var/big")
    everything, less = (totals(str(source), out, True, holes=True) for out in ([], ["/var"]))
    assert everything.files == len(walk(source)) - 1
    assert everything.files - less.files == 5
    assert everything.size - less.size == 3000 + (8 << 20)  # the sparse file, and one of two links
    assert totals(str(source), [], True, holes=False).size < 1 << 20


def test_a_report_is_a_whole_file_that_replaces_the_last(
    source: Path, dest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meter, "_INTERVAL", 0.0)
    folder = tmp_path / "reports"
    folder.mkdir()

    copy(source, dest, progress=folder / "progress.json")

    assert [path.name for path in folder.iterdir()] == ["progress.json"]
    last = load((folder / "progress.json").read_text())
    assert last is not None and last.pid == os.getpid()


def test_reports_that_cannot_be_written_do_not_hinder_the_copy(
    source: Path, dest: Path, tmp_path: Path
) -> None:
    copy(source, dest, progress=tmp_path / "not/there/progress.json")
    assert walk(dest) == walk(source)


def test_check_mode_reports_nothing(source: Path, dest: Path, tmp_path: Path) -> None:
    copy(source, dest, progress=tmp_path / "progress.json", check=True)
    assert not (tmp_path / "progress.json").exists()
