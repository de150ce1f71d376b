# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An image becomes a release: whole or not at all, and never changed again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot import marker, rsync
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.destination import (
    Destination,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.marker import Marker
from ansible_collections.diskless.netboot.plugins.module_utils.release import (
    catalogue,
    current,
    publish,
)
from ansible_collections.diskless.netboot.plugins.module_utils.release.catalogue import ReleaseError
from ansible_collections.diskless.netboot.tests.unit.plugins.module_utils.release import made
from ansible_collections.diskless.netboot.tests.unit.plugins.module_utils.release.made import Store

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners of a root are root's to keep")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return made.store(tmp_path)


def test_the_first_release_holds_root_kernel_initrd_and_manifest_and_is_current(
    store: Store,
) -> None:
    told = store.publish()
    assert told.changed and told.release == told.current == store.known.current
    (release,) = store.known.releases
    folder = store.known.path(release.name)
    assert (folder / "root/etc/hostname").read_text() == "pc\n"
    assert (folder / "boot/vmlinuz").read_text() == "kernel 1"
    assert (folder / "boot/initrd.img").read_text() == "initrd 1"
    assert (release.serial, release.parent) == (1, None)
    assert release.name.endswith(".1")
    assert (store.image / "current").resolve() == folder


def test_hard_links_inside_the_image_are_hard_links_inside_the_release(store: Store) -> None:
    store.publish("first")
    tool = store.known.path("first") / "root/usr/bin/tool"
    assert tool.samefile(tool.with_name("other-name"))
    assert not tool.samefile(store.root / "usr/bin/tool")


def test_host_keys_package_lists_and_temporary_files_are_never_published(store: Store) -> None:
    store.publish("first")
    root = store.known.path("first") / "root"
    assert (root / "etc/ssh").is_dir() and not list((root / "etc/ssh").iterdir())
    assert (root / "var/lib/apt/lists").is_dir()
    assert not list((root / "var/lib/apt/lists").iterdir())
    assert not list((root / "tmp").iterdir())


def test_an_image_that_is_as_in_its_newest_release_is_not_published_again(store: Store) -> None:
    store.publish()
    again = store.publish()
    assert not again.changed
    assert len(store.known.releases) == 1
    # What is never published makes no difference either.
    (store.root / "tmp/new").write_text("x")
    (store.root / "etc/ssh/ssh_host_rsa_key").write_text("x")
    assert not store.publish(check=True).changed


@pytest.mark.parametrize("what", ["content", "rewritten", "mode", "deleted", "kernel", "initrd"])
def test_any_change_makes_a_new_release_and_leaves_the_old_one_as_it_was(
    store: Store, what: str
) -> None:
    store.publish("first")
    before = made.digest(store.known.path("first"))
    file = store.root / "etc/hostname"
    if what == "content":
        file.write_text("other\n")
    elif what == "rewritten":
        # As a program does that edits a file in place and gives it its old time back.
        times = file.stat().st_atime_ns, file.stat().st_mtime_ns
        file.write_text("cp\n")
        os.utime(file, ns=times)
    elif what == "mode":
        file.chmod(0o600)
    elif what == "deleted":
        file.unlink()
    else:
        getattr(store.source, what).write_text("2")

    planned = store.publish("second", check=True)
    assert planned.changed and store.known.names == ["first"]
    told = store.publish("second")

    assert told.changed and store.known.names == ["first", "second"]
    assert store.known.current == "second"
    assert made.digest(store.known.path("first")) == before
    assert "hostname" in told.after or f"boot/{what}" in told.after
    now = store.known.path("second") / "root/etc/hostname"
    assert now.exists() == (what != "deleted")
    assert what != "rewritten" or now.read_text() == "cp\n"
    assert not store.publish().changed


def test_whoever_works_on_the_image_meanwhile_changes_no_release_before(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.publish("first")
    before = made.digest(store.known.path("first"))
    (store.root / "etc/motd").write_text("new\n")
    look = publish._touched

    def touched(*told: Any) -> list[bytes]:
        # A release shares this file with the one before by now.
        if (store.image / "releases/.second.partial").exists():
            (store.root / "etc/hostname").chmod(0o600)
        return look(*told)

    monkeypatch.setattr(publish, "_touched", touched)
    with pytest.raises(ReleaseError, match="changed while"):
        store.publish("second")
    assert made.digest(store.known.path("first")) == before


def test_the_root_is_published_as_one_file_that_no_stranger_may_read(store: Store) -> None:
    told = store.publish("first", squashfs="lz4")
    packed = store.known.path("first") / "boot/root.squashfs"
    assert store.known.releases[0].squashfs == "lz4"
    assert (packed.stat().st_mode & 0o777, packed.group()) == (0o640, "daemon")
    assert any("mksquashfs" in command for command in told.commands)
    unpacked = store.image / "unpacked"
    subprocess.run(["unsquashfs", "-q", "-n", "-d", unpacked, packed], check=True)
    # A squashfs knows times to the second, as rsync compares them by itself.
    same = ["rsync", "-naciHAX", "--delete", f"{packed.parents[1]}/root/", f"{unpacked}/"]
    assert subprocess.check_output(same) == b""
    assert not store.publish(squashfs="lz4").changed


def test_another_way_to_pack_the_root_is_another_release(store: Store) -> None:
    store.publish("first")
    for name, squashfs in (("packed", "lz4"), ("smaller", "zstd"), ("last", None)):
        assert "root.squashfs" in store.publish(name, squashfs=squashfs).after
        packed = store.known.path(name) / "boot/root.squashfs"
        assert packed.exists() == (squashfs is not None)


def test_a_change_between_comparing_and_copying_is_not_published_unseen(store: Store) -> None:
    store.publish("first")
    store.source.initrd.write_text("initrd 2")
    found = publish.compare(store.source, store.known)
    (store.root / "etc/hostname").write_text("late\n")
    lock = os.open(store.image, os.O_RDONLY)
    try:
        with pytest.raises(ReleaseError, match="hostname changed while the release was made"):
            publish.publish(store.source, store.known, "second", "", found, lock)
    finally:
        os.close(lock)
    assert store.known.names == ["first"]


def test_a_root_that_changed_is_packed_again(store: Store) -> None:
    store.publish("first", squashfs="lz4")
    (store.root / "etc/hostname").write_text("other\n")
    store.publish("second", squashfs="lz4")
    packed = store.known.path("second") / "boot/root.squashfs"
    assert subprocess.check_output(["unsquashfs", "-cat", packed, "etc/hostname"]) == b"other\n"


def test_a_root_that_did_not_change_is_not_packed_again(store: Store) -> None:
    store.publish("first", squashfs="lz4")
    store.source.initrd.write_text("initrd 2")
    told = store.publish("second", squashfs="lz4")
    first, second = (store.known.path(name) / "boot/root.squashfs" for name in ("first", "second"))
    assert second.samefile(first)
    assert not any("mksquashfs" in command for command in told.commands)


def test_what_is_excluded_later_is_gone_from_the_next_release_and_its_one_file(
    store: Store,
) -> None:
    (store.root / "etc/secret").write_text("secret")
    store.publish("first", squashfs="lz4")
    store.exclude = ("/etc/secret",)

    told = store.publish("second", squashfs="lz4")

    assert "*deleting   etc/secret" in told.after
    second = store.known.path("second")
    assert not (second / "root/etc/secret").exists()
    listed = subprocess.check_output(["unsquashfs", "-l", second / "boot/root.squashfs"], text=True)
    assert "etc/hostname" in listed and "etc/secret" not in listed
    assert not store.publish(squashfs="lz4").changed


def test_a_boot_server_that_cannot_pack_a_root_is_told_what_to_install(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ReleaseError, match="install squashfs-tools"):
        store.publish(squashfs="zstd")
    assert not store.known.releases


def test_a_group_that_is_not_there_is_told_before_anything_is_made(store: Store) -> None:
    store.squashfs_group = "nobody-has-this"
    with pytest.raises(ReleaseError, match="squashfs_group: there is no group nobody-has-this"):
        store.publish(squashfs="lz4")
    assert not (store.image / "releases").exists()
    assert store.publish().changed  # without that file, no group is asked for


def test_a_release_that_does_not_fit_gives_its_space_back(store: Store) -> None:
    (store.root / "usr/big").write_bytes(os.urandom(3 << 20))
    releases = store.image / "releases"
    releases.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "small", releases], check=True)
    try:
        with pytest.raises(ReleaseError, match="file system is full"):
            store.publish()
        assert not list(releases.iterdir())
    finally:
        subprocess.run(["umount", "--lazy", releases], check=True)


def test_what_did_not_change_is_shared_with_the_release_before(store: Store) -> None:
    store.publish("first")
    (store.root / "etc/hostname").write_text("other\n")
    store.publish("second")
    first, second = (store.known.path(name) for name in ("first", "second"))
    for same in ("root/usr/share/doc/same", "boot/vmlinuz", "boot/initrd.img"):
        assert (first / same).samefile(second / same)
    assert not (first / "root/etc/hostname").samefile(second / "root/etc/hostname")
    assert store.known.releases[1].parent == "first"


def test_a_name_is_given_once(store: Store) -> None:
    store.publish("first")
    (store.root / "etc/hostname").write_text("other\n")
    with pytest.raises(ReleaseError, match="a release is never changed"):
        store.publish("first")
    for name in ("previous", "a/b", "..", ""):
        with pytest.raises(ValueError, match="must"):
            store.publish(name)


def test_what_is_missing_is_one_error_and_in_check_mode_a_change(store: Store) -> None:
    store.source.kernel.unlink()
    store.source.initrd.unlink()
    assert store.publish(check=True).changed
    with pytest.raises(ReleaseError, match=r"kernel: .*; initrd: .* is no file"):
        store.publish()
    assert store.known.names == []


def test_a_root_whose_copy_broke_off_is_not_published_until_it_was_copied_again(
    store: Store,
) -> None:
    store.publish("first")
    (store.root / "etc/hostname").write_text("half\n")
    note, captured = Destination(store.root).marker, "root@192.0.2.50:/"
    marker.write(note, Marker(marker.COPYING, captured))
    with pytest.raises(ReleaseError, match=f"copy of {captured} to {store.root} .* capture.yml"):
        store.publish("second")
    assert store.known.names == ["first"]
    # capture.yml --check would have copied before.
    assert store.publish("second", check=True).changed

    marker.write(note, Marker(marker.COMPLETE, captured, finished="2026-01-02T03:04:05Z"))
    assert store.publish("second").release == "second"


def test_a_root_of_which_nobody_knows_whether_it_is_whole_is_not_published(store: Store) -> None:
    Destination(store.root).marker.write_text("{}")
    with pytest.raises(ReleaseError, match="is not a marker of nfsroot_sync; remove it"):
        store.publish()
    assert store.known.names == []


def test_two_runs_do_not_meet(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "ansible_collections.diskless.netboot.plugins.module_utils.release.ensure._LOCK_WAIT", 0.1
    )
    with (
        marker.lock(store.image / ".releases.lock", 0),
        pytest.raises(ReleaseError, match="another run works on the releases of library"),
    ):
        store.publish()


def test_an_image_that_changes_meanwhile_is_not_published(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = rsync.copy

    def meddle(*arguments: Any, **options: Any) -> Any:
        ended = copy(*arguments, **options)
        (store.root / "etc/hostname").write_text("meanwhile\n")
        return ended

    monkeypatch.setattr(rsync, "copy", meddle)
    with pytest.raises(ReleaseError, match=r"/etc.* changed while the release was made"):
        store.publish()
    assert store.known.names == [] and store.known.current is None


def test_a_release_without_its_manifest_is_named_and_nothing_is_published(store: Store) -> None:
    store.publish("first")
    (store.known.path("first") / catalogue.MANIFEST).write_text("{}")
    with pytest.raises(ReleaseError, match=r"first: manifest\.json: is no manifest"):
        store.publish()


KILLED = """
import sys
from ansible_collections.diskless.netboot.tests.unit.plugins.module_utils.release.made import Store
print("ready", flush=True)
Store(sys.argv[1]).publish(sys.argv[2])
"""


def test_a_run_killed_before_its_release_became_current_is_completed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.publish("first")
    (store.root / "etc/hostname").write_text("other\n")
    with monkeypatch.context() as killed:
        killed.setattr(current, "point", lambda *_: sys.exit("killed"))
        with pytest.raises(SystemExit):
            store.publish("second")
    assert store.known.current == "first"
    planned = store.publish(check=True)
    assert (planned.changed, planned.current) == (True, "second")
    assert store.publish().changed
    assert store.known.current == "second"
    assert not store.publish().changed


def test_a_release_that_failed_does_not_become_current_under_its_name_later(store: Store) -> None:
    store.publish("first")
    (store.root / "etc/hostname").write_text("other\n")
    current.stage(store.image, "second")
    store.publish("second", make_current="never")
    assert store.known.current == "first"
    assert not store.publish().changed


def test_a_run_killed_at_any_moment_leaves_a_whole_release_current(store: Store) -> None:
    for number in range(200):
        (store.root / f"usr/share/doc/{number}").write_text(str(number))
    store.publish("first")
    (store.root / "etc/hostname").write_text("other\n")
    taken = 0.0
    for attempt in range(12):
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, store.path, "second"], stdout=subprocess.PIPE
        ) as run:
            begun = time.monotonic()
            (run.stdout or sys.stdin).readline()
            try:
                run.wait(0.02 * attempt)
                taken = time.monotonic() - begun
            except subprocess.TimeoutExpired:
                run.kill()
        known = store.known
        assert known.current is not None
        (store.image / "current/boot/vmlinuz").read_bytes()
        for name in known.names:
            root = known.path(name) / "root"
            assert (root / "usr/share/doc/199").read_text() == "199"
            assert (root / "etc/hostname").read_text() == ("pc\n" if name == "first" else "other\n")
        if taken:
            break
    store.publish()
    assert store.known.names[0] == "first" and len(store.known.names) == 2
    assert store.known.current == store.known.names[1]
    assert not list((store.image / "releases").glob(".*"))
