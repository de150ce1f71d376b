# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab's command says to a person where no lab is running."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.tests.lab import cli, places
from ansible_collections.diskless.netboot.tests.lab.places import Lab

LAB = Path(__file__).resolve().parents[3] / "lab"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the lab needs root")


def lab(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(LAB), "--name", "nobodys", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "arguments", [["run", "true"], ["client", "--mac", "52:54:00:00:00:01"]], ids=" ".join
)
def test_it_says_that_no_lab_is_running_and_how_to_start_one(arguments: list[str]) -> None:
    ended = lab(*arguments)

    assert ended.returncode == 1
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert line.startswith("lab: no lab 'nobodys' is running. Start it with 'tests/lab/lab --name")


def test_a_run_of_nothing_is_answered_with_an_example() -> None:
    ended = lab("run")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "lab: say which command, such as 'tests/lab/lab run journalctl'\n"


def test_all_are_those_of_this_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for module in (cli, places):
        monkeypatch.setattr(module, "RUN", tmp_path)
    for name, owner in (("ours", places.PROJECT), ("theirs", tmp_path), ("old", None)):
        Lab(name).run.mkdir()
        if owner:
            Lab(name).owner.write_text(str(owner))
    assert cli._own_labs() == ["old", "ours"]


def test_to_end_one_that_is_not_running_is_no_fault() -> None:
    assert lab("down").returncode == 0
