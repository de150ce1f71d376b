# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of roots, made by the real rsync, cp and tar, compared by a walker of our own."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot import job, marker
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.checks import (
    RefusedError,
    Request,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.outcome import Outcome
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.source import Source
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.sync import sync

flush = job._flush
LONG_AGO = 1_000_000_000_123_456_789  # ns
# CAP_NET_RAW, permitted and effective: struct vfs_cap_data, revision 2 (linux/capability.h)
CAPABILITY = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)


def acl(user: int, rights: int) -> bytes:
    """An ACL with a named user, as system.posix_acl_access has it (linux/posix_acl_xattr.h)."""
    nobody = 0xFFFFFFFF
    entries = ((1, 7, nobody), (2, rights, user), (4, 5, nobody), (16, 7, nobody), (32, 0, nobody))
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def build(root: Path) -> Path:
    """A tree with every kind of thing that a root can hold."""
    for folder in ("bin", "etc/deep/er", "dev", "var/empty", "home/anna"):
        (root / folder).mkdir(parents=True)
    (root / "bin/ping").write_bytes(b"\x7fELF" + b"x" * 5000)
    os.setxattr(root / "bin/ping", "security.capability", CAPABILITY)
    (root / "bin/su").write_bytes(b"su")
    os.chown(root / "bin/su", 4001, 4002)
    (root / "bin/su").chmod(0o6755)
    (root / "bin/sudo").hardlink_to(root / "bin/su")
    (root / "etc/deep/er/linked").hardlink_to(root / "bin/su")
    (root / "etc/plain").write_text("plain\n")
    os.setxattr(root / "etc/plain", "user.note", b"of the \x00 librarian")
    os.setxattr(root / "etc/plain", "trusted.note", b"root's own")
    os.setxattr(root / "etc/deep", "system.posix_acl_access", acl(4003, 5))
    os.setxattr(root / "etc/deep", "system.posix_acl_default", acl(4004, 7))
    os.setxattr(root / "etc/plain", "system.posix_acl_access", acl(4005, 4))
    os.mknod(root / "dev/null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.mknod(root / "dev/loop", stat.S_IFBLK | 0o660, os.makedev(7, 7))
    os.mkfifo(root / "dev/fifo", 0o640)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root / "dev/log"))
    (root / "bin/sh").symlink_to("ping")
    (root / "etc/outside").symlink_to("/nowhere/at all")
    os.lchown(root / "etc/outside", 4006, 4007)
    with (root / "var/sparse").open("wb") as file:
        file.truncate(8 << 20)
        file.seek(4 << 20)
        file.write(b"island")
    base = os.fsencode(root)
    for name in (b"new\nline", b"\xff\xfe bad", b"lit\\#012", "é ü".encode(), b" *?[x]", b"-n"):
        Path(os.fsdecode(base + b"/home/anna/" + name)).write_bytes(name)
    (root / "home/anna").chmod(0o1770)
    for number, path in enumerate(sorted([root, *root.rglob("*")], reverse=True)):
        os.utime(path, ns=(LONG_AGO, LONG_AGO + number), follow_symlinks=False)
    return root


def walk(root: Path) -> dict[str, Any]:
    """Everything that can be known of a tree, so that equal trees compare equal."""
    found: dict[str, Any] = {}
    links: dict[tuple[int, int], list[str]] = {}
    for path in sorted([root, *root.rglob("*")]):
        status = path.lstat()
        name = os.path.relpath(path, root)
        kind = stat.S_IFMT(status.st_mode)
        content: object = None
        if kind == stat.S_IFREG:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            if status.st_nlink > 1:
                links.setdefault((status.st_dev, status.st_ino), []).append(name)
        elif kind == stat.S_IFLNK:
            content = str(path.readlink())
        elif kind in (stat.S_IFCHR, stat.S_IFBLK):
            content = status.st_rdev
        found[name] = (
            oct(status.st_mode),
            (status.st_uid, status.st_gid),
            status.st_mtime_ns,
            content,
            status.st_size > status.st_blocks * 512 + 65536,
            {
                key: os.getxattr(path, key, follow_symlinks=False)
                for key in os.listxattr(path, follow_symlinks=False)
            },
        )
    found["hard links"] = sorted(links.values())
    return found


def copy(src: object, *dest: Path, **options: Any) -> Outcome:
    """Copy, and say at once what failed."""
    outcome = sync(Request(str(src), [str(path) for path in dest], **options))
    assert outcome.errors == []
    return outcome


def mark(dest: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((dest.parent / f".{dest.name}.nfsroot.json").read_text())
    return data


def leftovers(dest: Path) -> set[str]:
    """What lies beside a root, but for what belongs there."""
    names = {path.name for path in dest.parent.iterdir()}
    return names - {dest.name, f".{dest.name}.nfsroot.json", f".{dest.name}.nfsroot.lock"}


@pytest.fixture(autouse=True)
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders that were flushed. To do it for each test would write out whatever else this
    machine has to write; one test does."""
    folders: list[Path] = []
    monkeypatch.setattr(job, "_flush", folders.append)
    monkeypatch.setattr(os, "fsync", lambda _file: None)
    return folders


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return build(tmp_path / "source")


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "clients/pc01/root"


def pack(source: Path, archive: Path, *compress: str) -> Path:
    tar = ["tar", "--create", f"--file={archive}", "--xattrs", "--xattrs-include=*", "--acls"]
    # tar stores no sockets
    (source / "dev/log").unlink()
    os.utime(source / "dev", ns=(LONG_AGO, LONG_AGO))
    subprocess.run(
        [*tar, "--format=pax", "--sparse", *compress, f"--directory={source}", "."], check=True
    )
    return archive


def by_cp(source: Path, _folder: Path) -> tuple[str, dict[str, Any]]:
    return str(source), {}


def by_rsync(source: Path, _folder: Path) -> tuple[str, dict[str, Any]]:
    return str(source), {"exclude": ["/not/there"]}


def by_ssh(source: Path, folder: Path) -> tuple[str, dict[str, Any]]:
    # rsync's own protocol over a remote shell that is a child instead of another host
    shell = folder / "rsh"
    shell.write_text('#!/bin/sh\n[ "$1" = -l ] && shift 2\nshift\nexec sh -c "$*"\n')
    shell.chmod(0o755)
    return f"root@pc01.example:{source}", {"rsh": str(shell)}


def by_gzip(source: Path, folder: Path) -> tuple[str, dict[str, Any]]:
    return str(pack(source, folder / "root.tar.gz", "--gzip")), {}


def by_zstd(source: Path, folder: Path) -> tuple[str, dict[str, Any]]:
    return str(pack(source, folder / "root.tar.zst", "--zstd")), {}


@pytest.mark.parametrize("way", [by_cp, by_rsync, by_ssh, by_gzip, by_zstd])
def test_a_copy_is_equal_in_everything_and_stays_so(
    way: Callable[[Path, Path], tuple[str, dict[str, Any]]],
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


def test_only_checksum_finds_a_difference_that_size_and_time_hide(source: Path, dest: Path) -> None:
    copy(source, dest)
    plain = dest / "etc/plain"
    times = plain.stat()
    plain.write_text("PLAIN\n")
    os.utime(plain, ns=(times.st_atime_ns, times.st_mtime_ns))

    assert not copy(source, dest).changed
    assert copy(source, dest, checksum=True).changed
    assert walk(dest) == walk(source)


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


def test_a_diff_is_bounded(source: Path, dest: Path) -> None:
    for number in range(600):
        (source / f"var/empty/{number}").touch()

    lines = copy(source, dest).diff.splitlines()

    assert len(lines) == 2 + 500 + 1
    assert lines[-1] == f"… and {len(walk(source)) - 1 - 500} more"


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


def test_a_full_disk_is_one_clear_error_and_gives_its_space_back(
    source: Path, dest: Path, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    with (source / "var/big").open("wb") as file:
        file.write(os.urandom(3 << 20))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "small", str(small)], check=True)
    try:
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
    finally:
        subprocess.run(["umount", "--lazy", str(small)], check=True)


def test_a_source_that_changes_meanwhile_is_reported(
    source: Path, dest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    def write_meanwhile(_folder: Path) -> None:
        (source / "var/late").touch()

    assert not copy(source, dest).warnings
    (source / "etc/plain").write_text("changed\n")
    monkeypatch.setattr(job, "_flush", write_meanwhile)

    outcome = copy(source, dest)

    assert outcome.roots[0].source_changed
    assert outcome.warnings == [f"{source} changed while it was copied to {dest}"]


def test_a_change_among_the_excluded_is_not_reported(
    source: Path, dest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    def write_meanwhile(_folder: Path) -> None:
        (source / "etc/plain").write_text("excluded\n")

    monkeypatch.setattr(job, "_flush", write_meanwhile)
    assert not copy(source, dest, exclude=["/etc/pl*n"]).warnings


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


def test_a_copy_is_on_the_disk_before_it_counts_as_complete(
    source: Path, dest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states: list[tuple[str, str, bool]] = []

    def look(folder: Path) -> None:
        flush(folder)
        states.append((folder.name, mark(dest)["state"], dest.exists()))

    monkeypatch.setattr(job, "_flush", look)
    copy(source, dest)
    copy(source, dest)
    (source / "etc/plain").write_text("changed\n")
    copy(source, dest)

    assert states == [(".root.partial", "copying", False), ("root", "copying", True)]


def test_what_must_not_travel_stays_on_the_boot_server(
    source: Path, dest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = [
        "etc/ssh/ssh_host_ed25519_key",
        "etc/machine-id",
        "var/lib/kea/kea-leases4.csv",
        "var/lib/dhcp/dhclient.leases",
        "var/log/nginx/access.log",
        "var/log/syslog.1",
        "swapfile",
        "srv/netboot/images/x",
        "run/lock",
        "tmp/x",
    ]
    for name in [*secrets, "etc/ssh/sshd_config", "var/log/nginx/kept"]:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("secret")
    monkeypatch.setattr(Source, "is_host", True)

    copy(source, dest)

    assert [name for name in secrets if (dest / name).exists()] == ["etc/machine-id"]
    assert (dest / "etc/machine-id").read_bytes() == b""
    assert (dest / "etc/ssh/sshd_config").exists()
    assert (dest / "var/log/nginx").is_dir() and (dest / "run").is_dir()
    assert not copy(source, dest).changed
    (dest / "etc/ssh/ssh_host_rsa_key").write_text("of this PC")
    copy(source, dest)
    assert (dest / "etc/ssh/ssh_host_rsa_key").read_text() == "of this PC"


def test_a_foreign_tree_is_taken_over_when_told_so(source: Path, dest: Path) -> None:
    dest.mkdir(parents=True)
    (dest / "foreign").touch()

    copy(source, dest, adopt=True)

    assert walk(dest) == walk(source)
    assert not copy(source, dest).changed


def test_an_archive_that_is_broken_changes_no_root(
    source: Path, dest: Path, tmp_path: Path
) -> None:
    src, _options = by_gzip(source, tmp_path)
    copy(src, dest)
    before = walk(dest)
    data = Path(src).read_bytes()
    Path(src).write_bytes(data[: len(data) // 2])

    outcome = sync(Request(src, [str(dest), str(tmp_path / "new/root")]))

    assert len(outcome.errors) == 2
    assert all("tar could not unpack" in error for error in outcome.errors)
    assert walk(dest) == before
    assert not leftovers(dest)
