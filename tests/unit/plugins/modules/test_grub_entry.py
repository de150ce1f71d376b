# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs from pxelinux_entry, with which grub_entry shares all else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.diskless.netboot.plugins.modules import grub_entry

MAC = "52:54:00:12:34:56"
FILE = "grub/clients/01-52-54-00-12-34-56.cfg"
LABEL = {"name": "linux", "kernel": "vmlinuz", "append": ["ro"]}
MEMORY = {"name": "memory", "com32": "memtest.c32"}


class Run:
    """Runs the module and keeps its answer."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(
        self, root: Path, *entries: Any, check: bool = False, diff: bool = False, **options: Any
    ) -> dict[str, Any]:
        arguments = {"root": str(root), "entries": list(entries), "check_files": False, **options}
        arguments.update(_ansible_check_mode=check, _ansible_diff=diff)
        with patch_module_args(arguments), pytest.raises(SystemExit):
            grub_entry.main()
        answer: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        return answer


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(capsys)


def entry(client: str = MAC, **changes: Any) -> dict[str, Any]:
    return {"client": client, "labels": [LABEL], **changes}


def test_a_client_gets_its_entry_and_the_dispatcher_that_leads_to_it(
    tmp_path: Path, run: Run
) -> None:
    told = run(tmp_path, entry(), check=True, diff=True)
    assert list(tmp_path.iterdir()) == []
    first = run(tmp_path, entry(), diff=True)
    assert told == first
    assert first["entries"] == [{"client": MAC, "path": f"{tmp_path}/{FILE}", "action": "created"}]
    assert "  linux /vmlinuz ro\n" in (tmp_path / FILE).read_text()
    assert "clients/$name.cfg" in (tmp_path / "grub/grub.cfg").read_text()
    assert not run(tmp_path, entry())["changed"]


def test_a_dispatcher_that_was_lost_is_brought_back(tmp_path: Path, run: Run) -> None:
    run(tmp_path, entry())
    (tmp_path / "grub/grub.cfg").unlink()
    told = run(tmp_path, entry())
    assert (told["changed"], told["entries"][0]["action"]) == (True, "unchanged")
    assert (tmp_path / "grub/grub.cfg").exists()


def test_somebody_elses_grub_cfg_stays_and_the_task_fails(tmp_path: Path, run: Run) -> None:
    (tmp_path / "grub").mkdir()
    (tmp_path / "grub/grub.cfg").write_text("menuentry mine {}\n")
    told = run(tmp_path, entry())
    assert "grub/grub.cfg: was written by somebody else" in told["msg"]
    assert [path.name for path in (tmp_path / "grub").iterdir()] == ["grub.cfg"]
    assert (tmp_path / "grub/grub.cfg").read_text() == "menuentry mine {}\n"


def test_what_somebody_else_wrote_in_an_entrys_place_stays_and_the_task_fails(
    tmp_path: Path, run: Run
) -> None:
    mine = tmp_path / FILE
    mine.parent.mkdir(parents=True)
    mine.write_text("set x=y\n")
    told = run(tmp_path, entry())
    assert f"{FILE}: was written by somebody else" in told["msg"]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [mine]
    assert mine.read_text() == "set x=y\n"


def test_purge_and_absent_leave_dispatcher_and_foreign_files(tmp_path: Path, run: Run) -> None:
    run(tmp_path, entry(), entry("default"), entry("10.0.0.1"))
    mine = tmp_path / "grub/clients/mine.cfg"
    mine.write_text("set x=y\n")
    purged = run(tmp_path, entry(), entry("default"), purge=True)
    assert purged["removed"] == [f"{tmp_path}/grub/clients/10.0.0.1.cfg"]
    assert purged["foreign"] == [str(mine)]
    assert run(tmp_path, {"client": "default"}, state="absent")["changed"]
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.cfg"))
    assert left == [FILE, "grub/clients/mine.cfg", "grub/grub.cfg"]


def test_what_is_left_out_is_warned_of_once_for_all_clients(tmp_path: Path, run: Run) -> None:
    labels = [LABEL, MEMORY]
    told = run(tmp_path, *(entry(f"10.0.0.{number}", labels=labels) for number in range(1, 6)))
    assert told["changed"]
    (warning,) = [found for found in told["warnings"] if "Left out" in str(found)]
    assert "Left out for 10.0.0.1 and 4 others: label memory" in str(warning)


def test_what_grub_cannot_do_is_one_error_and_nothing_is_written(tmp_path: Path, run: Run) -> None:
    told = run(tmp_path, entry(sysappend=4), entry("default", labels=[MEMORY]))
    assert told["msg"].startswith("2 faults in the boot entries:\n")
    assert "default: default: 'memory': must be a label with a kernel" in told["msg"]
    assert list(tmp_path.iterdir()) == []
