# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules as Ansible runs them, on a real store."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.diskless.netboot.plugins.modules import (
    nfsroot_release,
    nfsroot_release_info,
)
from ansible_collections.diskless.netboot.tests.unit.plugins.module_utils.release import made

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners of a root are root's to keep")


class Run:
    """Runs a module on a store and keeps its answer."""

    def __init__(self, store: made.Store, capsys: pytest.CaptureFixture[str]) -> None:
        self.store = store
        self._capsys = capsys

    def __call__(self, module: ModuleType, **options: Any) -> dict[str, Any]:
        given = {"store": self.store.path, **options}
        with patch_module_args(given), pytest.raises(SystemExit):
            module.main()
        answer: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        return answer

    def release(self, **options: Any) -> dict[str, Any]:
        source = self.store.source
        files = {"kernel": str(source.kernel), "initrd": str(source.initrd)}
        return self(nfsroot_release, image=made.IMAGE, **files, **options)


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(made.store(tmp_path), capsys)


def test_an_image_is_published_gone_back_from_and_pruned(run: Run) -> None:
    first = run.release(release="one", note="the first")
    (run.store.root / "etc/hostname").write_text("changed")
    planned = run.release(release="two", _ansible_check_mode=True, _ansible_diff=True)
    second = run.release(release="two", _ansible_diff=True)
    back = run.release(state="current", release="previous")
    pruned = run.release(state="pruned", keep=1)

    assert [answer["changed"] for answer in (first, planned, second, back, pruned)] == [
        *[True] * 4,
        False,
    ]
    assert planned["diff"] == second["diff"]
    assert "current: one\n" in second["diff"]["before"]
    assert ">f.st...... etc/hostname\n" in second["diff"]["after"]
    assert second["commands"][0].startswith("rsync ")
    assert (back["release"], back["current"], back["releases"]) == ("one", "one", ["one", "two"])
    assert sorted(pruned["kept"]) == ["one", "two"]


def test_info_says_what_the_manifests_say(run: Run) -> None:
    run.release(release="one", note="the first")
    told = run(nfsroot_release_info, images=[made.IMAGE, "never-published"])
    (release,) = told["images"][made.IMAGE]["releases"]
    assert not told["changed"]
    assert told["images"][made.IMAGE]["current"] == release["name"] == "one"
    assert (release["note"], release["serial"], release["parent"]) == ("the first", 1, None)
    assert release["bytes"] > 5000
    assert told["images"]["never-published"] == {"current": None, "releases": []}


def test_a_fault_is_told_with_the_image_s_name(run: Run) -> None:
    failed = run.release(state="current", release="x")
    assert failed["failed"] and failed["msg"].startswith("library: ")
    failed = run(nfsroot_release_info, images=["a/b", "c d"])
    assert failed["failed"]
    assert "a/b: must be" in failed["msg"] and "c d: must be" in failed["msg"]


def test_publishing_needs_a_kernel_and_an_initrd(run: Run) -> None:
    failed = run(nfsroot_release, image=made.IMAGE)
    assert failed["failed"] and "kernel" in failed["msg"] and "initrd" in failed["msg"]
