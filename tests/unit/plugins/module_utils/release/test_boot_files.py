# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernels and initrds below a TFTP root: whole, or not there."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.release import boot_files

FIRST, SECOND = "images/library/2026-11-24.1", "images/library/2026-11-25.1"
KNOWN = {"library": ["2026-11-24.1", "2026-11-25.1"]}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store on this host with two releases of an image."""
    for release in KNOWN["library"]:
        boot = tmp_path / "netboot/images/library/releases" / release / "boot"
        boot.mkdir(parents=True)
        (boot / "vmlinuz").write_text(f"kernel of {release}")
        (boot / "initrd.img").write_text(f"initrd of {release}")
    return tmp_path / "netboot"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "tftp").mkdir()
    return tmp_path / "tftp"


def lay_out(
    root: Path,
    store: Path,
    *wanted: str,
    known: Mapping[str, list[str]] | None = None,
    purge: bool = False,
) -> boot_files.BootFilesPlan:
    plan = boot_files.plan(str(root), wanted, KNOWN if known is None else known, str(store))
    plan.apply(purge=purge)
    return plan


def test_each_release_that_is_wanted_is_served_and_readable_by_all(root: Path, store: Path) -> None:
    plan = lay_out(root, store, FIRST, SECOND)

    assert list(plan.bring) == [FIRST, SECOND]
    for name, what in (("vmlinuz", "kernel"), ("initrd.img", "initrd")):
        served = root / SECOND / name
        assert served.read_text() == f"{what} of 2026-11-25.1"
        assert stat.S_IMODE(served.stat().st_mode) == 0o644
        source = store / "images/library/releases/2026-11-25.1/boot" / name
        assert not os.path.samestat(served.stat(), source.stat()), "tftpd is confined: no link"
    for folder in ("images", "images/library", FIRST):
        assert stat.S_IMODE((root / folder).stat().st_mode) == 0o755
    assert lay_out(root, store, FIRST, SECOND).bring == {}


@pytest.mark.parametrize("left", ["vmlinuz", "vmlinuz initrd.img", ""])
def test_what_somebody_left_half_made_is_replaced(root: Path, store: Path, left: str) -> None:
    (root / FIRST).mkdir(parents=True)
    for name in left.split():
        (root / FIRST / name).write_text("cut o")

    lay_out(root, store, FIRST)

    assert (root / FIRST / "initrd.img").read_text() == "initrd of 2026-11-24.1"


def test_a_killed_copy_is_nobody_s_release_and_the_next_run_makes_it_whole(
    root: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copyfile = shutil.copyfile

    def killed(source: Path, target: Path) -> None:
        copyfile(source, target)
        if target.name == "initrd.img":
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfile", killed)
        with pytest.raises(KeyboardInterrupt):
            lay_out(root, store, FIRST)
    assert not (root / FIRST).exists()

    lay_out(root, store, FIRST)

    assert (root / FIRST / "vmlinuz").read_text() == "kernel of 2026-11-24.1"
    assert [path.name for path in (root / "images/library").iterdir()] == ["2026-11-24.1"]


def test_a_release_on_another_host_is_missing_until_it_was_fetched(
    root: Path, store: Path, tmp_path: Path
) -> None:
    assert lay_out(root, tmp_path / "nothing", FIRST).missing == (FIRST,)
    fetched = tmp_path / "fetched/images/library/releases/2026-11-24.1/boot"
    shutil.copytree(store / "images/library/releases/2026-11-24.1/boot", fetched)

    lay_out(root, tmp_path / "fetched", FIRST)

    assert lay_out(root, tmp_path / "nothing", FIRST).missing == ()


def test_releases_that_are_no_more_go_when_no_entry_names_them(root: Path, store: Path) -> None:
    lay_out(root, store, FIRST, SECOND)
    (root / "images/theirs/2026-11-20.1").mkdir(parents=True)
    (root / "images/library/notes.txt").write_text("somebody's")

    kept = lay_out(root, store, SECOND, known={"library": []}, purge=False)
    assert kept.superfluous == (FIRST,)
    assert (root / FIRST).exists()

    lay_out(root, store, SECOND, known={"library": []}, purge=True)
    assert not (root / FIRST).exists()
    assert (root / SECOND).exists(), "an entry names it"
    assert (root / "images/theirs/2026-11-20.1").exists()
    assert (root / "images/library/notes.txt").exists()


def test_all_that_is_no_release_s_folder_is_named_and_nothing_is_written(
    root: Path, store: Path
) -> None:
    with pytest.raises(ValueError, match=r"images/\.\./etc, images/library"):
        lay_out(root, store, FIRST, "images/../etc", "images/library")
    assert list(root.iterdir()) == []
