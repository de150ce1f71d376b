# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An image made as its options say, and left alone where it is somebody else's."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.files.atomic import TreeError
from ansible_collections.diskless.netboot.plugins.module_utils.tuning import ensure
from ansible_collections.diskless.netboot.plugins.module_utils.tuning.options import Tuning

UNIT = "[Service]\nExecStart=/usr/lib/netboot/spread 1\n\n[Install]\nWantedBy=sysinit.target\n"
SHIPPED = {"spread": "#!/bin/sh\n", "netboot-x.service": UNIT, "netboot-x-user.service": UNIT}
TUNING = Tuning(
    masked_units=("fstrim.timer", "man-db.timer"),
    spread_timers=("fstrim.timer",),
    autofs=({"path": "/demand", "entries": [{"key": "*", "location": "192.0.2.2:/srv/&"}]},),
    mounts=({"src": "192.0.2.2:/srv/homes", "path": "/home"},),
    log_server="192.0.2.3",
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root as Debian makes it, in so far as it matters here."""
    for folder in ("etc/systemd/system", "etc/X11", "usr/lib"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "etc/hostname").write_text("builder\n")
    (tmp_path / "etc/machine-id").write_text("0" * 32)
    (tmp_path / "etc/resolv.conf").write_text("nameserver 192.0.2.1\n")
    return tmp_path


def tune(root: Path, tuning: Tuning = TUNING) -> ensure.TuningPlan:
    plan = ensure.plan(str(root), tuning, SHIPPED)
    plan.apply()
    return plan


def mask(root: Path, unit: str) -> Path:
    return root / "etc/systemd/system" / unit


def test_all_is_there_after_one_run_and_a_second_changes_nothing(root: Path) -> None:
    assert tune(root).changed

    assert not (root / "etc/hostname").exists()
    assert (root / "etc/machine-id").read_text() == ""
    assert (root / "home").is_dir()
    assert (root / "etc/resolv.conf").readlink() == Path("../run/netboot/resolv.conf")
    assert mask(root, "man-db.timer").readlink() == Path("/dev/null")
    assert not mask(root, "fstrim.timer").exists(), "a timer that is spread has to run"
    assert "FixedRandomDelay" in mask(root, "fstrim.timer.d/netboot.conf").read_text()
    assert (
        "/demand /etc/auto.netboot.demand --timeout=300"
        in (root / "etc/auto.master.d/netboot.autofs").read_text().splitlines()
    )
    assert 'target="192.0.2.3"' in (root / "etc/rsyslog.conf").read_text()
    assert not tune(root).changed


def test_programs_are_executable_and_units_enabled_as_they_say(root: Path) -> None:
    tune(root)

    assert stat.S_IMODE((root / "usr/lib/netboot/spread").stat().st_mode) == 0o755
    for manager, unit in (("system", "netboot-x.service"), ("user", "netboot-x-user.service")):
        folder = root / "etc/systemd" / manager
        assert (folder / unit).read_text() == UNIT
        assert (folder / "sysinit.target.wants" / unit).readlink() == Path(f"../{unit}")


def test_check_mode_and_diff_write_nothing_even_where_folders_are_missing(tmp_path: Path) -> None:
    plan = ensure.plan(str(tmp_path), TUNING, SHIPPED)

    assert plan.changed
    assert "etc/fstab" in plan.diff()["prepared"]
    assert list(tmp_path.iterdir()) == []


def test_what_leaves_the_lists_goes(root: Path) -> None:
    tune(root)

    tune(root, Tuning())

    assert not mask(root, "man-db.timer").is_symlink()
    for gone in (
        "etc/systemd/system/fstrim.timer.d/netboot.conf",
        "etc/auto.master.d/netboot.autofs",
        "etc/auto.netboot.demand",
        "etc/rsyslog.conf",
    ):
        assert not (root / gone).exists(), gone
    assert (root / "usr/lib/netboot/spread").exists()
    assert not tune(root, Tuning()).changed


def test_masks_and_settings_of_others_stay(root: Path) -> None:
    for unit in ("man-db.timer", "theirs.timer"):
        mask(root, unit).symlink_to("/dev/null")
    own = mask(root, "own.timer.d/netboot.conf")
    own.parent.mkdir()
    own.write_text("[Timer]\n")
    tune(root)

    tune(root, Tuning())

    assert mask(root, "man-db.timer").is_symlink(), "it was masked before we came"
    assert mask(root, "theirs.timer").is_symlink()
    assert own.read_text() == "[Timer]\n"


def test_a_unit_that_somebody_put_in_place_of_our_mask_stays(root: Path) -> None:
    tune(root)
    mask(root, "man-db.timer").unlink()
    mask(root, "man-db.timer").write_text("[Timer]\n")

    tune(root, Tuning())

    assert mask(root, "man-db.timer").read_text() == "[Timer]\n"


def test_a_killed_run_leaves_no_mask_that_nobody_takes_for_ours(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_plan: object) -> None:
        raise KeyboardInterrupt

    plan = ensure.plan(str(root), TUNING, SHIPPED)
    with monkeypatch.context() as patched:
        patched.setattr(ensure.TuningPlan, "_finish", killed)
        with pytest.raises(KeyboardInterrupt):
            plan.apply()
    assert mask(root, "man-db.timer").is_symlink()

    tune(root, Tuning())

    assert not mask(root, "man-db.timer").is_symlink()


@pytest.mark.parametrize("keep", [False, True])
def test_a_configuration_of_one_card_is_put_out_of_the_way_and_back(root: Path, keep: bool) -> None:
    here, there = root / "etc/X11/xorg.conf", root / "etc/X11/xorg.conf.of-one-card"
    (there if keep else here).write_text("# for one card\n")

    tune(root, replace(TUNING, keep_xorg_conf=keep))

    assert (here if keep else there).read_text() == "# for one card\n"
    assert not (there if keep else here).exists()


def test_a_folder_in_a_file_s_place_is_named_and_nothing_is_written(root: Path) -> None:
    (root / "etc/fstab").mkdir()

    with pytest.raises(TreeError, match="etc/fstab: is a folder"):
        tune(root)

    assert (root / "etc/hostname").exists()
