# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of roots, made by the real rsync, cp and tar, compared by a walker of our own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.checks import Request
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.sync import sync

from .copies import copy, leftovers
from .everything import walk
from .ways import Way, by_cp, by_gzip, by_rsync, by_squashfs, by_ssh, by_zstd


@pytest.mark.parametrize("way", [by_cp, by_rsync, by_ssh, by_gzip, by_zstd, by_squashfs])
def test_a_copy_is_equal_in_everything_and_stays_so(
    way: Way,
    source: Path,
    tmp_path: Path,
    dest: Path,
) -> None:
    src, options = way(source, tmp_path)
    second = tmp_path / "clients/pc02/root"

    first = copy(src, dest, second, **options)

    assert walk(dest) == walk(source)
    assert walk(second) == walk(source)
    assert [root.changed for root in first.roots] == [True, True]
    assert first.roots[0].stats.files == len(walk(source)) - 1
    again = copy(src, dest, second, **options)
    assert not again.changed
    assert (again.diff, again.roots[0].stats.transferred_bytes) == ("", 0)
    assert not leftovers(dest)


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [
        ("tar", "cat"),
        ("tar.gz", "gzip"),
        ("tgz", "gzip"),
        ("tar.bz2", "bzip2"),
        ("tbz2", "bzip2"),
        ("tar.xz", "xz"),
        ("txz", "xz"),
        ("tar.lzma", "xz --format=lzma"),
        ("tar.zst", "zstd"),
        ("tar.lz4", "lz4"),
    ],
)
def test_an_archive_of_any_usual_compression_is_read(
    suffix: str, compress: str, dest: Path, tmp_path: Path
) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/plain").write_text("plain\n")
    archive = tmp_path / f"root.{suffix}"
    subprocess.run(
        f"tar --create --directory={tmp_path} etc | {compress} > {archive}", shell=True, check=True
    )

    copy(archive, dest)

    assert (dest / "etc/plain").read_text() == "plain\n"


@contextmanager
def immutable(file: Path) -> Iterator[None]:
    subprocess.run(["chattr", "+i", file], check=True)
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", file], check=True)


@pytest.mark.parametrize("way", [by_cp, by_rsync])
def test_of_an_immutable_file_all_is_copied_but_that_it_is_immutable(
    way: Way, source: Path, dest: Path, tmp_path: Path
) -> None:
    src, options = way(source, tmp_path)
    with immutable(source / "etc/plain"):
        copy(src, dest, **options)

        assert walk(dest) == walk(source)
        assert not copy(src, dest, **options).changed
    with (dest / "etc/plain").open("a") as file:
        file.write("which can be changed")


def test_an_immutable_file_in_the_way_is_named(source: Path, dest: Path) -> None:
    copy(source, dest)
    (source / "etc/plain").write_text("changed\n")
    with immutable(dest / "etc/plain"):
        (error,) = sync(Request(str(source), [str(dest)])).errors
    assert "etc/plain" in error and "chattr -i" in error
    copy(source, dest)
    assert walk(dest) == walk(source)


def test_a_change_in_the_source_is_copied_and_itemised(source: Path, dest: Path) -> None:
    copy(source, dest)
    (source / "etc/plain").write_text("changed\n")
    (source / "bin/sh").unlink()
    (source / "home/anna/new\nline").chmod(0o600)

    outcome = copy(source, dest)

    assert walk(dest) == walk(source)
    shown = outcome.diff.splitlines()
    assert shown[:2] == [f"--- {dest}", f"+++ {source}"]
    assert "*deleting   bin/sh" in shown
    assert ".f...p..... home/anna/new\\x0aline" in shown
    assert any(line.startswith(">f.st") and line.endswith(" etc/plain") for line in shown)
    assert outcome.roots[0].stats.deleted == 1


def test_only_checksum_finds_a_difference_that_size_and_time_hide(source: Path, dest: Path) -> None:
    copy(source, dest)
    plain = dest / "etc/plain"
    times = plain.stat()
    plain.write_text("PLAIN\n")
    os.utime(plain, ns=(times.st_atime_ns, times.st_mtime_ns))

    assert not copy(source, dest).changed
    assert copy(source, dest, checksum=True).changed
    assert walk(dest) == walk(source)


def test_a_diff_is_bounded(source: Path, dest: Path) -> None:
    for number in range(600):
        (source / f"var/empty/{number}").touch()

    lines = copy(source, dest).diff.splitlines()

    assert len(lines) == 2 + 500 + 1
    assert lines[-1] == f"… and {len(walk(source)) - 1 - 500} more"
