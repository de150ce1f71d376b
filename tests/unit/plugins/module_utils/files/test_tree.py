# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Desired files against a folder, on a real file system."""

from __future__ import annotations

import os
import random
import resource
import signal
import stat
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.files import atomic
from ansible_collections.diskless.netboot.plugins.module_utils.files.atomic import TreeError
from ansible_collections.diskless.netboot.plugins.module_utils.files.tree import (
    FileSpec,
    Plan,
    plan,
)

MARKER = b"# ours\n"


def ours(text: str) -> FileSpec:
    return FileSpec(MARKER + text.encode())


def planned(root: Path, desired: dict[str, FileSpec], **options: object) -> Plan:
    return plan(str(root), desired, managed="cfg", marker=MARKER, **options)  # type: ignore[arg-type]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def snapshot(root: Path) -> dict[str, tuple[int, int, bytes]]:
    return {
        str(path): (path.lstat().st_ino, path.lstat().st_mtime_ns, path.read_bytes())
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_a_plan_alone_writes_nothing(tmp_path: Path) -> None:
    found = planned(tmp_path, {"cfg/a": ours("a")})
    assert found.changed
    assert found.paths("created") == ["cfg/a"]
    assert list(tmp_path.iterdir()) == []


def test_files_and_folders_get_their_modes_whatever_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        planned(tmp_path, {"cfg/a": ours("a"), "cfg/b": FileSpec(b"b", mode=0o640)}).apply()
    finally:
        os.umask(old)
    assert mode(tmp_path / "cfg") == 0o755
    assert mode(tmp_path / "cfg/a") == 0o644
    assert mode(tmp_path / "cfg/b") == 0o640


def test_a_second_run_changes_nothing_and_touches_no_file(tmp_path: Path) -> None:
    desired = {"cfg/a": ours("a"), "cfg/b": ours("b")}
    planned(tmp_path, desired).apply()
    before = snapshot(tmp_path)
    again = planned(tmp_path, desired)
    again.apply()
    assert not again.changed
    assert again.paths("unchanged") == ["cfg/a", "cfg/b"]
    assert snapshot(tmp_path) == before


def test_only_the_file_that_differs_is_replaced(tmp_path: Path) -> None:
    planned(tmp_path, {"cfg/a": ours("a"), "cfg/b": ours("b")}).apply()
    before = snapshot(tmp_path)
    planned(tmp_path, {"cfg/a": ours("a"), "cfg/b": ours("new")}).apply()
    after = snapshot(tmp_path)
    assert after[str(tmp_path / "cfg/a")] == before[str(tmp_path / "cfg/a")]
    assert after[str(tmp_path / "cfg/b")][2] == MARKER + b"new"


def test_a_wrong_mode_is_a_change_and_is_shown(tmp_path: Path) -> None:
    planned(tmp_path, {"cfg/a": ours("a")}).apply()
    (tmp_path / "cfg/a").chmod(0o600)
    again = planned(tmp_path, {"cfg/a": ours("a")})
    assert again.paths("updated") == ["cfg/a"]
    assert again.diff()["before"].startswith("mode: 0600\n")
    assert again.diff()["after"].startswith("mode: 0644\n")
    again.apply()
    assert mode(tmp_path / "cfg/a") == 0o644


def test_what_is_not_asked_for_is_kept_from_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "a").chmod(0o604)
    if os.geteuid() == 0:
        os.chown(tmp_path / "a", 12, 34)
    old = (tmp_path / "a").stat()
    plan(str(tmp_path), {"a": FileSpec(b"new", mode=None)}).apply()
    new = (tmp_path / "a").stat()
    assert (new.st_mode, new.st_uid, new.st_gid) == (old.st_mode, old.st_uid, old.st_gid)
    assert (tmp_path / "a").read_bytes() == b"new"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_an_asked_for_owner_is_set_and_a_wrong_one_is_a_change(tmp_path: Path) -> None:
    desired = {"a": FileSpec(b"a", uid=12, gid=34)}
    plan(str(tmp_path), desired).apply()
    assert ((tmp_path / "a").stat().st_uid, (tmp_path / "a").stat().st_gid) == (12, 34)
    assert not plan(str(tmp_path), desired).changed
    assert plan(str(tmp_path), {"a": FileSpec(b"a", uid=12, gid=35)}).changed


def test_purge_removes_our_files_and_no_others(tmp_path: Path) -> None:
    planned(tmp_path, {"cfg/old": ours("old"), "cfg/kept": ours("kept")}).apply()
    (tmp_path / "cfg/handmade").write_text("LABEL x\n")
    (tmp_path / "cfg/link").symlink_to("old")
    (tmp_path / "cfg/folder").mkdir()
    (tmp_path / "elsewhere").write_bytes(MARKER)
    found = planned(tmp_path, {"cfg/kept": ours("kept")}, purge=True)
    found.apply()
    assert found.paths("removed") == ["cfg/old"]
    assert found.foreign == ("cfg/folder", "cfg/handmade", "cfg/link")
    left = sorted(path.name for path in (tmp_path / "cfg").iterdir())
    assert left == ["folder", "handmade", "kept", "link"]
    assert (tmp_path / "elsewhere").exists()


def test_without_purge_nothing_is_removed(tmp_path: Path) -> None:
    planned(tmp_path, {"cfg/old": ours("old")}).apply()
    found = planned(tmp_path, {"cfg/new": ours("new")})
    found.apply()
    assert found.paths("removed") == []
    assert (tmp_path / "cfg/old").exists()


def test_absent_removes_our_file_and_leaves_a_foreign_one(tmp_path: Path) -> None:
    planned(tmp_path, {"cfg/a": ours("a")}).apply()
    (tmp_path / "cfg/b").write_text("by hand")
    found = planned(tmp_path, {}, absent=["cfg/a", "cfg/b", "cfg/c"])
    found.apply()
    assert found.paths("removed") == ["cfg/a"]
    assert found.paths("unchanged") == ["cfg/c"]
    assert found.foreign == ("cfg/b",)
    assert [path.name for path in (tmp_path / "cfg").iterdir()] == ["b"]


def test_a_folder_link_that_leads_out_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "cfg").symlink_to("../outside")
    with pytest.raises(TreeError, match=r"cfg: leads out of .*root to .*outside"):
        planned(root, {"cfg/a": ours("a")})
    assert list(outside.iterdir()) == []


def test_a_path_that_climbs_out_is_refused(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    for path in ("../a", "/etc/a", "cfg/../../a"):
        with pytest.raises(TreeError, match="leads out of"):
            plan(str(tmp_path / "root"), {path: ours("a")})


def test_a_folder_that_becomes_a_link_after_the_plan_is_not_followed(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "cfg").mkdir(parents=True)
    outside.mkdir()
    found = planned(root, {"cfg/a": ours("a")})
    (root / "cfg").rmdir()
    (root / "cfg").symlink_to("../outside")
    with pytest.raises(TreeError):
        found.apply()
    assert list(outside.iterdir()) == []


def test_a_folder_link_that_stays_inside_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "cfg").symlink_to("real")
    planned(tmp_path, {"cfg/a": ours("a")}).apply()
    assert (tmp_path / "real/a").read_bytes() == MARKER + b"a"
    assert (tmp_path / "cfg").is_symlink()


def test_a_link_in_the_place_of_a_file_is_replaced_and_its_goal_is_untouched(
    tmp_path: Path,
) -> None:
    root, goal = tmp_path / "root", tmp_path / "passwd"
    (root / "cfg").mkdir(parents=True)
    goal.write_text("secret")
    (root / "cfg/a").symlink_to(goal)
    found = planned(root, {"cfg/a": ours("a")})
    assert found.diff()["before"] == f"(a link to {goal})\n"
    found.apply()
    assert goal.read_text() == "secret"
    assert not (root / "cfg/a").is_symlink()
    assert (root / "cfg/a").read_bytes() == MARKER + b"a"


def test_a_fifo_that_takes_a_file_s_place_does_not_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(tmp_path, {"cfg/a": ours("a")}).apply()
    look = os.stat

    def swapped(path: Any, **options: Any) -> os.stat_result:
        status = look(path, **options)
        if path == "a":
            (tmp_path / "cfg/a").unlink()
            os.mkfifo(tmp_path / "cfg/a")
        return status

    def late(*_arguments: object) -> None:
        raise TimeoutError

    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", swapped)
        before = signal.signal(signal.SIGALRM, late)
        signal.alarm(5)
        try:
            found = planned(tmp_path, {"cfg/a": ours("a")})
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)
    found.apply()
    assert (tmp_path / "cfg/a").is_file()


def test_a_fault_of_the_system_says_in_which_folder(tmp_path: Path) -> None:
    found = planned(tmp_path, {"cfg/a/x": ours("a"), "cfg/b/x": ours("b"), "cfg/c/x": ours("c")})
    (tmp_path / "cfg/b/x").mkdir(parents=True)
    with pytest.raises(TreeError, match=rf"^{tmp_path}/cfg/b/\.netboot-\w+-x: Is a directory$"):
        found.apply()


def test_every_folder_in_the_place_of_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "cfg/a").mkdir(parents=True)
    (tmp_path / "cfg/b").mkdir()
    with pytest.raises(TreeError) as caught:
        planned(tmp_path, {"cfg/a": ours("a"), "cfg/b": ours("b"), "cfg/c": ours("c")})
    assert len(caught.value.faults) == 2
    assert not (tmp_path / "cfg/c").exists()


def test_a_missing_folder_can_be_planned_for_but_not_written_to(tmp_path: Path) -> None:
    found = planned(tmp_path / "none", {"cfg/a": ours("a")}, purge=True)
    assert found.paths("created") == ["cfg/a"]
    with pytest.raises(TreeError, match="none: does not exist"):
        found.apply()


def test_a_refused_file_leaves_nothing_replaced_and_nothing_staged(tmp_path: Path) -> None:
    planned(tmp_path, {"cfg/a": ours("old"), "cfg/b": ours("old")}).apply()
    seen = []

    def refuse(path: str, staged: str) -> None:
        seen.append((path, Path(staged).read_bytes(), Path(staged).parent))
        if path == "cfg/b":
            raise KeyError(path)

    with pytest.raises(KeyError):
        planned(tmp_path, {"cfg/a": ours("new"), "cfg/b": ours("new")}).apply(refuse)
    assert seen[0] == ("cfg/a", MARKER + b"new", tmp_path / "cfg")
    assert sorted(path.name for path in (tmp_path / "cfg").iterdir()) == ["a", "b"]
    assert (tmp_path / "cfg/a").read_bytes() == MARKER + b"old"


def test_a_full_disk_leaves_the_old_files_and_nothing_staged(tmp_path: Path) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(tmp_path)], check=False
    )
    if mounted.returncode != 0:
        pytest.skip("no right to mount a tmpfs here")
    try:
        planned(tmp_path, {"cfg/a": ours("old")}).apply()
        desired = {"cfg/a": ours("new"), "cfg/b": FileSpec(b"x" * 100_000)}
        with pytest.raises(TreeError, match="No space left"):
            planned(tmp_path, desired).apply()
        assert [path.name for path in (tmp_path / "cfg").iterdir()] == ["a"]
        assert (tmp_path / "cfg/a").read_bytes() == MARKER + b"old"
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


@pytest.mark.parametrize("count", [8, 40])
def test_a_run_killed_at_any_moment_leaves_old_or_new_files_and_the_next_finishes(
    tmp_path: Path, count: int
) -> None:
    chance = random.Random(count)
    names = [f"cfg/{number}" for number in range(count)]
    planned(tmp_path, {name: ours("round 0") for name in names}).apply()
    cut_short = 0
    span = 0.05
    for turn in range(1, 13):
        old, new = MARKER + b"round %d" % (turn - 1), MARKER + b"round %d" % turn
        found = planned(tmp_path, {name: FileSpec(new) for name in names})
        child = os.fork()
        if child == 0:
            found.apply()
            os._exit(0)
        time.sleep(chance.random() * span)
        os.kill(child, signal.SIGKILL)
        killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
        cut_short += killed
        # Kills shall fall within the work, however fast the machine is.
        span = span * 1.5 if killed else span / 2
        assert {(tmp_path / name).read_bytes() for name in names} <= {old, new}
        planned(tmp_path, {name: FileSpec(new) for name in names}).apply()
        assert {(tmp_path / name).read_bytes() for name in names} == {new}
    assert cut_short
    assert not planned(tmp_path, {name: FileSpec(new) for name in names}).changed


def test_what_a_killed_run_left_staged_goes_with_the_next_run_that_has_nothing_to_do(
    tmp_path: Path,
) -> None:
    planned(tmp_path, {"cfg/a": ours("a")}).apply()
    handle = os.open(tmp_path / "cfg", os.O_RDONLY)
    atomic.stage(handle, "a", b"half", 0o644, None, None)
    os.close(handle)
    (tmp_path / "cfg/.netboot-notes").write_text("not a staged file")
    found = planned(tmp_path, {"cfg/a": ours("a")})
    assert found.foreign == ("cfg/.netboot-notes",)
    found.apply()
    assert sorted(path.name for path in (tmp_path / "cfg").iterdir()) == [".netboot-notes", "a"]


def test_two_runs_at_once_do_not_remove_each_others_staged_files(tmp_path: Path) -> None:
    children = []
    for writer in range(4):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                for turn in range(15):
                    text = f"{writer} {turn}"
                    planned(tmp_path, {f"cfg/{name}": ours(text) for name in range(5)}).apply()
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    assert len(list((tmp_path / "cfg").iterdir())) == 5


def test_thousands_of_folders_need_no_thousands_of_open_files(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    desired = {f"clients/{number}/name": FileSpec(b"x") for number in range(1000)}
    resource.setrlimit(resource.RLIMIT_NOFILE, (400, limits[1]))
    try:
        plan(str(tmp_path), desired).apply()
        assert not plan(str(tmp_path), desired).changed
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert len(list(tmp_path.glob("clients/*/name"))) == 1000
