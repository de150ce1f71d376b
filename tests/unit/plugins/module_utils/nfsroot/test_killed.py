# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that are killed, and two runs at once."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot import marker
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.checks import Request
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.destination import (
    Destination,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.source import Source
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.sync import sync

from .copies import copy, leftovers, mark
from .everything import walk
from .ways import Way, by_cp, by_rsync, by_squashfs, by_ssh, by_zstd

# Runs one copy as a process of its own, which a test can kill.
RUN = textwrap.dedent(
    """
    import sys
    from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.checks import Request
    from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.sync import sync
    outcome = sync(Request(sys.argv[1], sys.argv[2:], exclude=["/x"], lock_wait=0.1))
    sys.exit("\\n".join(outcome.errors) or 0)
    """
)


def start(src: object, *dest: Path) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    argv = [sys.executable, "-c", RUN, str(src), *map(str, dest)]
    return subprocess.Popen(argv, env=environment, stderr=subprocess.PIPE, text=True)


def stuck_shell(folder: Path) -> Path:
    """A program called rsync that starts to write, and then hangs."""
    bin_ = folder / "bin"
    bin_.mkdir()
    (bin_ / "rsync").write_text(
        '#!/bin/sh\nfor last; do :; done\nmkdir -p "$last"\n'
        'echo half > "$last/half"\ntouch "$0.hangs"\nexec sleep 60\n'
    )
    (bin_ / "rsync").chmod(0o755)
    return bin_


@pytest.fixture
def hanging(
    source: Path, dest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> subprocess.Popen[str]:
    """A run that hangs in the middle of a first copy."""
    bin_ = stuck_shell(tmp_path)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", f"{bin_}:{os.environ['PATH']}")
        run = start(source, dest)
    until = time.monotonic() + 10
    while not (bin_ / "rsync.hangs").exists():
        assert time.monotonic() < until, run.poll()
        time.sleep(0.01)
    return run


def test_a_killed_first_copy_is_invisible_and_the_next_run_completes_it(
    hanging: subprocess.Popen[str], source: Path, dest: Path
) -> None:
    hanging.send_signal(signal.SIGKILL)
    hanging.communicate()

    assert not dest.exists()
    assert mark(dest)["state"] == "copying"
    assert (dest.parent / ".root.partial/half").exists()
    outcome = copy(source, dest, force=False, delete=False)
    assert walk(dest) == walk(source)
    assert outcome.roots[0].copied
    assert not leftovers(dest)


def test_what_is_excluded_only_after_a_killed_run_is_not_in_the_root(
    source: Path, dest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Source, "is_host", True)
    src, options = by_ssh(source, tmp_path)
    partial = dest.parent / ".root.partial"
    (partial / "etc").mkdir(parents=True)
    (partial / "etc/plain").write_text("secret")

    outcome = copy(src, dest, exclude=["/etc/plain"], **options)

    assert not (dest / "etc/plain").exists()
    assert (dest / "etc/deep").exists()
    # The empty machine-id, which only the copy has, is no change of the host.
    assert (dest / "etc/machine-id").exists() and not outcome.warnings
    # In a root it may be the client's own.
    (dest / "etc/plain").write_text("of this PC\n")
    assert not copy(src, dest, exclude=["/etc/plain"], **options).warnings
    assert (dest / "etc/plain").read_text() == "of this PC\n"


def test_two_runs_are_kept_apart_and_other_destinations_go_on(
    hanging: subprocess.Popen[str], source: Path, dest: Path, tmp_path: Path
) -> None:
    other = tmp_path / "clients/pc02/root"

    outcome = sync(Request(str(source), [str(dest), str(other)], lock_wait=0.1))

    assert outcome.errors == [
        f"dest {str(dest)!r}: another run is copying to it; wait for it to end"
    ]
    assert walk(other) == walk(source)
    hanging.send_signal(signal.SIGKILL)
    hanging.communicate()


def test_a_run_that_waited_for_another_sees_what_that_one_did(
    source: Path, dest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lock(path: Path, wait: float) -> AbstractContextManager[int]:
        monkeypatch.undo()
        copy(source, dest, label="the other's")
        (dest / "etc/plain").write_text("of this PC\n")
        return marker.lock(path, wait)

    monkeypatch.setattr(marker, "lock", lock)

    (root,) = copy(source, dest, force=False).roots

    assert (root.copied, root.label) == (False, "the other's")
    assert (dest / "etc/plain").read_text() == "of this PC\n"


def test_what_somebody_made_of_a_destination_meanwhile_is_not_written(
    source: Path, dest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lock(path: Path, wait: float) -> AbstractContextManager[int]:
        dest.mkdir(exist_ok=True)
        (dest / "theirs").touch()
        return marker_lock(path, wait)

    marker_lock = marker.lock
    monkeypatch.setattr(marker, "lock", lock)

    (root,) = sync(Request(str(source), [str(dest)])).roots

    assert root.error is not None
    assert "was not made by nfsroot_sync" in root.error
    assert [path.name for path in dest.iterdir()] == ["theirs"]


def test_the_writers_of_a_killed_run_die_before_the_next_one_starts(
    hanging: subprocess.Popen[str], source: Path, dest: Path
) -> None:
    hanging.send_signal(signal.SIGKILL)
    hanging.communicate()

    with (dest.parent / ".root.nfsroot.lock").open() as lock:
        until = time.monotonic() + 3
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                assert time.monotonic() < until, "a child of the killed run holds the lock"
                time.sleep(0.01)


def killed_after(seconds: float, src: str, dest: Path, options: dict[str, Any]) -> bool:
    """Run a copy in a child and kill it after some time; whether it was still working."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = len(sync(Request(src, [str(dest)], **options)).errors)
        finally:
            os._exit(status)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    ended = os.waitpid(child, 0)[1]
    # What it started dies of that too, though not at once; it shares the lock until then.
    if dest.parent.is_dir():
        with marker.lock(Destination(dest).lock, 10):
            pass
    return os.WIFSIGNALED(ended)


@pytest.mark.parametrize("way", [by_cp, by_rsync, by_zstd, by_squashfs])
@pytest.mark.parametrize("exists", [False, True])
def test_killed_at_any_moment_it_can_be_run_again(
    way: Way, exists: bool, source: Path, dest: Path, tmp_path: Path
) -> None:
    src, options = way(source, tmp_path)
    before = time.monotonic()
    copy(src, tmp_path / "measured/root", **options)
    whole = time.monotonic() - before
    if exists:
        copy(src, dest, **options)
    killed = 0
    for tenth in range(1, 10, 2):
        if exists:
            (dest / "etc/plain").write_text(f"of this PC {tenth}")
            (dest / "var/own").touch()
        killed += killed_after(whole * tenth / 10, src, dest, options)
        assert not dest.exists() or walk(dest)
        if dest.exists() and not exists:
            assert walk(dest) == walk(source), "a first copy was seen before it was whole"

    copy(src, dest, **options)

    assert walk(dest) == walk(source)
    assert not leftovers(dest)
    assert killed


def test_an_interrupted_update_is_taken_up_without_force(source: Path, dest: Path) -> None:
    copy(source, dest)
    file = dest.parent / ".root.nfsroot.json"
    file.write_text(file.read_text().replace('"complete"', '"copying"'))
    (dest / "etc/plain").write_text("half")
    (dest.parent / ".root.tmp").mkdir()
    (dest.parent / ".root.tmp/.plain.x").touch()

    copy(source, dest, force=False)

    assert walk(dest) == walk(source)
    assert not leftovers(dest)
    assert mark(dest)["state"] == "complete"
