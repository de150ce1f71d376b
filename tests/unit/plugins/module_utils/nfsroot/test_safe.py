# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a copy does not do, whatever happens while it works."""

from __future__ import annotations

import os
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot import coreutils
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.checks import (
    RefusedError,
    Request,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.job import Job
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.sync import sync
from ansible_collections.diskless.netboot.tests.unit.plugins.module_utils.release import made

from .copies import copy, leftovers, mark
from .everything import walk
from .ways import Way, by_gzip, by_squashfs, by_ssh

flush = Job._flush


def test_a_link_in_the_destination_leads_nothing_outside(
    source: Path, dest: Path, tmp_path: Path
) -> None:
    copy(source, dest)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "deep").mkdir()
    (outside / "mine").write_text("mine")
    for path in sorted((dest / "etc").rglob("*"), reverse=True):
        path.unlink() if path.is_symlink() or not path.is_dir() else path.rmdir()
    (dest / "etc").rmdir()
    (dest / "etc").symlink_to(outside)

    copy(source, dest)

    assert sorted(path.name for path in outside.rglob("*")) == ["deep", "mine"]
    assert walk(dest) == walk(source)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB."""
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "small", str(small)], check=True)
    yield small
    subprocess.run(["umount", "--lazy", str(small)], check=True)


def _grow(source: Path, mebibytes: int) -> None:
    (source / "var/big").write_bytes(os.urandom(mebibytes << 20))


def test_a_full_disk_is_one_clear_error_and_gives_its_space_back(
    source: Path, dest: Path, small: Path, tmp_path: Path
) -> None:
    _grow(source, 3)
    with pytest.raises(RefusedError, match="3 MiB to copy, 2 MiB free"):
        copy(source, small / "a/root", dest)
    assert not dest.parent.exists()
    options = by_ssh(source, tmp_path)[1]  # whose size is not known before
    outcome = sync(
        Request(f"pc01:{source}", [str(small / "a/root"), str(dest)], rsh=options["rsh"])
    )
    assert len(outcome.errors) == 1
    assert "file system is full" in outcome.errors[0]
    assert not (small / "a/.root.partial").exists()
    assert walk(dest) == walk(source)


def test_a_disk_that_others_fill_while_it_is_copied_to_is_one_clear_error(
    source: Path, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _grow(source, 1)
    around("cp", tmp_path, monkeypatch, before=f"head -c 1500k /dev/zero > {small}/others")

    outcome = sync(Request(str(source), [str(small / "a/root")]))

    assert len(outcome.errors) == 1
    assert "file system is full" in outcome.errors[0]
    assert sorted(path.name for path in (small / "a").iterdir() if path.is_dir()) == []


def test_an_update_that_does_not_fit_is_one_clear_error_and_can_be_run_again(
    source: Path, small: Path
) -> None:
    dest = small / "a/root"
    copy(source, dest)
    _grow(source, 3)

    outcome = sync(Request(str(source), [str(dest)]))

    assert len(outcome.errors) == 1
    assert "file system is full" in outcome.errors[0]
    assert mark(dest)["state"] == "copying"
    (source / "var/big").unlink()
    copy(source, dest)
    assert walk(dest) == walk(source)


def around(
    program: str, folder: Path, patch: pytest.MonkeyPatch, *, before: str = "", after: str = ""
) -> None:
    """Let a program run a shell command before it does its work, and one before it ends."""
    wrapper = folder / "bin" / program
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\nPATH="${{PATH#*:}}"\n{before}\n{program} "$@"\n{after}\n')
    wrapper.chmod(0o755)
    patch.setenv("PATH", f"{wrapper.parent}:{os.environ['PATH']}")


@pytest.mark.parametrize("program", ["cp", "rsync"])
def test_a_source_that_changes_meanwhile_is_reported(
    program: str, source: Path, dest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if program == "rsync":
        assert not copy(source, dest).warnings
        (source / "etc/plain").write_text("changed\n")
    around(program, tmp_path, monkeypatch, after=f"touch {source}/var/late")

    outcome = copy(source, dest)

    assert outcome.roots[0].source_changed
    (warning,) = outcome.warnings
    assert warning.startswith(f"{source} changed while it was copied to {dest} (/var")


@pytest.mark.parametrize(
    ("meanwhile", "named"),
    [
        # rsync(1), EXIT VALUES; the second time all is as it was.
        pytest.param(
            'case "$*" in *--server*) ;; *) mkdir {folder}/once 2> /dev/null && exit 24 ;; esac;'
            " true",
            "",
            id="vanished",
        ),
        pytest.param("touch {source}/etc/plain", " (etc/plain, for one)", id="changed"),
        pytest.param("touch {source}/var/late", " (var/late, for one)", id="came"),
    ],
)
def test_a_host_that_changes_while_it_is_copied_is_reported(
    meanwhile: str,
    named: str,
    source: Path,
    dest: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rsh = by_ssh(source, tmp_path)[1]["rsh"]
    request = Request(f"pc01:{source}", [str(dest)], rsh=rsh)
    assert not sync(request).warnings
    (source / "etc/plain").write_text("changed\n")
    around("rsync", tmp_path, monkeypatch, after=meanwhile.format(source=source, folder=tmp_path))
    outcome = sync(request)
    assert outcome.roots[0].source_changed
    assert outcome.warnings == [f"pc01:{source} changed while it was copied to {dest}{named}"]


def test_a_log_that_is_left_out_is_no_change_of_a_host(
    source: Path, dest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rsh = by_ssh(source, tmp_path)[1]["rsh"]
    around("rsync", tmp_path, monkeypatch, after=f"touch {source}/var/$$.log")
    request = Request(f"pc01:{source}", [str(dest)], rsh=rsh, exclude=["*.log"])
    assert not sync(request).warnings


def test_a_host_that_is_gone_after_its_copy_is_told_apart_from_one_that_changed(
    source: Path, dest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rsh = by_ssh(source, tmp_path)[1]["rsh"]
    around("rsync", tmp_path, monkeypatch, after=f"status=$?; chmod 000 {rsh}; exit $status")
    outcome = sync(Request(f"pc01:{source}", [str(dest)], rsh=rsh))
    (warning,) = outcome.warnings
    assert warning.startswith(f"pc01:{source} could not be looked at once more")
    assert not outcome.roots[0].source_changed
    assert outcome.roots[0].copied
    assert mark(dest)["state"] == "complete"


def test_a_change_among_the_excluded_is_not_reported(
    source: Path, dest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    around("rsync", tmp_path, monkeypatch, after=f"echo excluded > {source}/etc/plain")
    assert not copy(source, dest, exclude=["/etc/pl*n"]).warnings


@pytest.mark.parametrize("named", ["releases/first", "current"])
def test_a_release_does_not_change_where_another_shares_its_files(
    named: str, dest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = made.store(tmp_path)
    store.publish("first")
    root = store.image / named / "root"
    around("cp", tmp_path, monkeypatch, after=f"ln {root}/etc/hostname {tmp_path}/shared")

    outcome = copy(root, dest)

    assert not outcome.warnings and not outcome.roots[0].source_changed


def test_a_copy_is_on_the_disk_before_it_counts_as_complete(
    source: Path, dest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states: list[tuple[str, str, bool]] = []

    def look(self: Job, folder: Path) -> None:
        flush(self, folder)
        states.append((folder.name, mark(dest)["state"], dest.exists()))

    monkeypatch.setattr(Job, "_flush", look)
    copy(source, dest)
    copy(source, dest)
    (source / "etc/plain").write_text("changed\n")
    copy(source, dest)

    assert states == [(".root.partial", "copying", False), ("root", "copying", True)]


def test_a_long_copy_is_written_out_while_it_goes_on(
    source: Path, dest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coreutils, "_WRITE_OUT", 0.01)
    asked = tmp_path / "asked"
    # On a busy machine it is asked for the first time before there is anything to write out.
    wait = f"for _time in $(seq 500); do grep -qs partial {asked} && break; sleep 0.01; done"
    around("cp", tmp_path, monkeypatch, after=wait)
    spy = tmp_path / "bin/sync"
    spy.write_text(f'#!/bin/sh\necho "$@" $(ls -A {dest.parent}) >> {asked}\n')
    spy.chmod(0o755)

    copy(source, dest)

    words = asked.read_text().split()
    assert words[:3] == ["--file-system", "--", str(dest.parent)]
    assert ".root.partial" in words


@pytest.mark.parametrize(("way", "program"), [(by_gzip, "tar"), (by_squashfs, "unsquashfs")])
def test_an_archive_that_is_broken_changes_no_root(
    way: Way, program: str, source: Path, dest: Path, tmp_path: Path
) -> None:
    src, _options = way(source, tmp_path)
    copy(src, dest)
    before = walk(dest)
    os.truncate(src, 200)

    outcome = sync(Request(src, [str(dest), str(tmp_path / "new/root")]))

    assert len(outcome.errors) == 2
    assert all(f"{program} could not unpack" in error for error in outcome.errors)
    assert walk(dest) == before
    assert not leftovers(dest)


def test_an_archive_that_changes_while_it_is_unpacked_is_one_clear_error(
    source: Path, dest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    src, _options = by_gzip(source, tmp_path)
    around("tar", tmp_path, monkeypatch, after=f"echo more >> {src}")

    outcome = sync(Request(src, [str(dest)]))

    assert outcome.errors == [f"dest {str(dest)!r}: {src} changed while it was unpacked; run again"]
    assert not dest.exists() and not leftovers(dest)


@pytest.mark.parametrize("way", [by_gzip, by_squashfs])
def test_a_packed_root_that_does_not_fit_is_one_clear_error(
    way: Way, source: Path, small: Path, tmp_path: Path
) -> None:
    # Packed so small that it seems to fit.
    (source / "var/big").write_bytes(b"x" * (3 << 20))
    src, _options = way(source, tmp_path)
    outcome = sync(Request(src, [str(small / "a/root")]))
    assert len(outcome.errors) == 1
    assert f"is full: {src} does not fit" in outcome.errors[0]
    assert not leftovers(small / "a/root")


def test_an_archive_writes_nothing_outside(dest: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    with tarfile.open(tmp_path / "evil.tar", "w") as archive:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, str(outside)
        archive.addfile(link)
        for name in ("link/through", f"{outside}/absolute", "../../../outside/above"):
            archive.addfile(tarfile.TarInfo(name))

    sync(Request(str(tmp_path / "evil.tar"), [str(dest)]))

    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("name", [".root.partial", ".root.tmp", ".root.nfsroot.json.new"])
@pytest.mark.parametrize("exists", [False, True])
def test_a_link_beside_a_destination_leads_nothing_outside(
    name: str, exists: bool, source: Path, dest: Path, tmp_path: Path
) -> None:
    if exists:
        copy(source, dest)
        (source / "etc/plain").write_text("changed\n")
    dest.parent.mkdir(parents=True, exist_ok=True)
    outside = tmp_path / "outside"
    outside.write_text("mine") if name.endswith(".new") else outside.mkdir()
    (dest.parent / name).symlink_to(outside)

    outcome = sync(Request(str(source), [str(dest)]))

    assert len(outcome.errors) == 1 and name in outcome.errors[0]
    assert outside.read_text() == "mine" if outside.is_file() else not list(outside.iterdir())
