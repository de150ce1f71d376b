# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it, on real folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.diskless.netboot.plugins.modules import nfsroot_sync


class Run:
    """Runs the module and keeps its answer."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(
        self, *, check: bool = False, diff: bool = False, **options: Any
    ) -> dict[str, Any]:
        arguments = {**options, "_ansible_check_mode": check, "_ansible_diff": diff}
        with patch_module_args(arguments), pytest.raises(SystemExit):
            nfsroot_sync.main()
        answer: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        return answer


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(capsys)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "source/etc").mkdir(parents=True)
    (tmp_path / "source/etc/hostname").write_text("pc")
    return tmp_path / "source"


def test_many_destinations_are_one_call_with_one_answer(
    run: Run, source: Path, tmp_path: Path
) -> None:
    dest = [str(tmp_path / f"clients/pc{number:02}/root") for number in range(1, 4)]
    options: dict[str, Any] = {"src": str(source), "dest": dest, "label": "build 1"}

    planned = run(check=True, diff=True, **options)
    assert planned["changed"] and not (tmp_path / "clients").exists()
    first = run(diff=True, **options)
    again = run(diff=True, **options)

    assert [root["dest"] for root in first["roots"]] == dest
    assert [first["changed"], again["changed"]] == [True, False]
    assert planned["commands"] == first["commands"]
    assert planned["diff"]["prepared"].count(">f+++++++++ etc/hostname\n") == 3
    assert first["diff"]["prepared"].count(">f+++++++++ etc/hostname\n") == 3
    assert again["diff"] == {"prepared": ""}
    assert {root["label"] for root in again["roots"]} == {"build 1"}


def test_one_destination_that_fails_fails_the_task_but_not_the_others(
    run: Run, source: Path, tmp_path: Path
) -> None:
    good, bad = tmp_path / "good/root", tmp_path / "bad/root"
    bad.parent.mkdir()
    (bad.parent / ".root.partial").write_text("no folder")

    answer = run(src=str(source), dest=[str(bad), str(good)])

    assert answer["failed"]
    assert answer["msg"].startswith(f"dest {str(bad)!r}: ")
    assert [bool(root["error"]) for root in answer["roots"]] == [True, False]
    assert (good / "etc/hostname").exists()


def test_faults_are_one_error(run: Run, source: Path) -> None:
    answer = run(src=str(source), dest=["/", "x"], exclude=["!"])
    assert answer["failed"]
    assert answer["msg"].splitlines()[0] == "3 faults; nothing was written:"
    assert len(answer["msg"].splitlines()) == 4


def test_returns_what_the_documentation_says(run: Run, source: Path, tmp_path: Path) -> None:
    documented = yaml.safe_load(nfsroot_sync.RETURN)
    answer = run(src=str(source), dest=[str(tmp_path / "a/root")])

    assert set(documented) <= set(answer)
    assert set(documented["roots"]["contains"]) == set(answer["roots"][0])
    stats = documented["roots"]["contains"]["stats"]["contains"]
    assert set(stats) == set(answer["roots"][0]["stats"])


def test_options_are_documented_with_their_defaults() -> None:
    documented = yaml.safe_load(nfsroot_sync.DOCUMENTATION)["options"]
    specs: dict[str, dict[str, Any]] = nfsroot_sync.ARGUMENT_SPEC
    assert set(documented) == set(specs)
    for name, spec in specs.items():
        keys = ("type", "elements", "default", "required")
        assert {key: documented[name].get(key) for key in keys} == {
            key: spec.get(key) for key in keys
        }, name


def test_examples_use_options_that_exist() -> None:
    for task in yaml.safe_load(nfsroot_sync.EXAMPLES):
        options = task["diskless.netboot.nfsroot_sync"]
        assert {"src", "dest"} <= set(options) <= set(nfsroot_sync.ARGUMENT_SPEC)
