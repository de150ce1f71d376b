# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it, with real files and real validation commands."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.diskless.netboot.plugins.modules import config_file

ACCEPT = ["grep", "-q", "good", "%s"]


class Run:
    """Runs the module and keeps its answer."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, path: Path, content: str, check: bool = False, **options: Any) -> Any:
        arguments = {"path": str(path), "content": content, **options}
        arguments.update(_ansible_check_mode=check, _ansible_diff=True)
        with patch_module_args(arguments), pytest.raises(SystemExit):
            config_file.main()
        return json.loads(self._capsys.readouterr().out)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(capsys)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_that_its_command_accepts_is_written(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "kea.conf"
    told = run(path, "good\n", mode="0640", validate=ACCEPT)
    assert (told["changed"], told["action"], told["validated"]) == (True, "created", True)
    assert path.read_text() == "good\n"
    assert mode(path) == 0o640
    again = run(path, "good\n", mode="0640", validate=ACCEPT)
    assert (again["changed"], again["validated"], again["command"]) == (False, False, [])


def test_the_command_sees_the_new_file_in_the_same_folder_with_its_suffix_and_mode(
    tmp_path: Path, run: Run
) -> None:
    log = tmp_path / "log"
    script = f'stat -c "%n %a" "$0" > {log}; cat "$0" >> {log}'
    told = run(tmp_path / "etc.conf", "new\n", mode="0600", validate=["sh", "-c", script, "%s"])
    name, octal = log.read_text().splitlines()[0].split()
    assert (Path(name).parent, Path(name).suffix, octal) == (tmp_path, ".conf", "600")
    assert Path(name).name.startswith(".")
    assert told["command"][-1] == name
    assert log.read_text().endswith("\nnew\n")


def test_a_refused_file_leaves_the_old_one_and_nothing_else(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "a.conf"
    run(path, "good\n", validate=ACCEPT)
    before = path.stat()
    told = run(path, "bad\n", validate=["sh", "-c", 'echo "line 1: no" >&2; exit 3', "%s"])
    assert told["failed"]
    assert not told["changed"]
    assert (told["rc"], told["stderr"], told["validated"]) == (3, "line 1: no\n", False)
    assert "refused the new file with status 3" in told["msg"]
    assert "line 1: no" in told["msg"]
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert [found.name for found in tmp_path.iterdir()] == ["a.conf"]


def test_a_command_that_does_not_exist_leaves_the_old_file(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "a.conf"
    path.write_text("old")
    told = run(path, "new", validate=["/nonexistent/check", "%s"])
    assert told["failed"]
    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["a.conf"]


def test_check_mode_shows_the_diff_and_runs_and_writes_nothing(tmp_path: Path, run: Run) -> None:
    path, mark = tmp_path / "a.conf", tmp_path / "ran"
    path.write_text("old\n")
    told = run(path, "new\n", check=True, validate=["touch", str(mark), "%s"])
    assert (told["changed"], told["validated"]) == (True, False)
    assert told["command"] == ["touch", str(mark), str(path)]
    assert (told["diff"]["before"], told["diff"]["after"]) == ("old\n", "new\n")
    assert [found.name for found in tmp_path.iterdir()] == ["a.conf"]
    assert path.read_text() == "old\n"


def test_a_long_new_file_is_shown_by_its_first_lines_and_a_changed_one_whole(
    tmp_path: Path, run: Run
) -> None:
    text = "".join(f"line {number}\n" for number in range(100))
    shown = run(tmp_path / "a.conf", text)["diff"]["after"].splitlines()
    assert shown == [*(f"line {number}" for number in range(40)), "... and 60 more lines"]
    assert run(tmp_path / "a.conf", f"{text}more\n")["diff"]["after"] == f"{text}more\n"


def test_check_mode_takes_a_missing_folder_and_user_for_ones_to_come(
    tmp_path: Path, run: Run
) -> None:
    told = run(tmp_path / "kea/a.conf", "x", check=True, owner="_nobody_knows", group="_them")
    assert (told["changed"], told["action"]) == (True, "created")
    assert list(tmp_path.iterdir()) == []


def test_missing_folders_are_made(tmp_path: Path, run: Run) -> None:
    assert run(tmp_path / "etc/kea/a.conf", "x")["changed"]
    assert (tmp_path / "etc/kea/a.conf").read_text() == "x"
    assert stat.S_IMODE((tmp_path / "etc").stat().st_mode) == 0o755


def test_mode_and_owner_alone_are_changes_that_need_no_validation(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "a.conf"
    run(path, "x", mode="0600")
    told = run(path, "x", mode="0644", validate=["false", "%s"])
    assert (told["changed"], told["validated"]) == (True, False)
    assert told["diff"]["before"].startswith("mode: 0600\n")
    assert mode(path) == 0o644
    if os.geteuid() == 0:
        assert run(path, "x", owner="nobody", group="65534")["changed"]
        assert not run(path, "x", owner="nobody", group="65534")["changed"]
        assert path.stat().st_gid == 65534
        assert mode(path) == 0o644


def test_every_faulty_option_is_named(tmp_path: Path, run: Run) -> None:
    told = run(
        Path("relative"), "x", owner="_nobody_knows", group="_them", mode="rw", validate=["true"]
    )
    for part in ("path: 'relative'", "owner: '_nobody_knows'", "group: '_them'", "mode: 'rw'"):
        assert part in told["msg"]
    assert "validate: must hold '%s'" in told["msg"]


@pytest.mark.parametrize("octal", ["0640", "640"])
def test_a_mode_is_octal_with_or_without_the_zero(tmp_path: Path, run: Run, octal: str) -> None:
    run(tmp_path / "a", "x", mode=octal)
    assert mode(tmp_path / "a") == 0o640


def test_a_link_is_replaced_and_its_goal_untouched(tmp_path: Path, run: Run) -> None:
    goal, path = tmp_path / "goal", tmp_path / "a.conf"
    goal.write_text("mine")
    path.symlink_to(goal)
    assert run(path, "new")["changed"]
    assert (goal.read_text(), path.is_symlink(), path.read_text()) == ("mine", False, "new")


def test_killed_while_the_command_runs_the_old_file_stays_and_the_next_run_tidies_up(
    tmp_path: Path, run: Run
) -> None:
    path = tmp_path / "a.conf"
    path.write_text("old\n")
    arguments = {"path": str(path), "content": "new\n", "validate": ["sleep", "30", "%s"]}
    arguments["validate"] = ["sh", "-c", "echo $$ > pid; exec sleep 30", "%s"]
    child = subprocess.Popen(
        [sys.executable, "-m", config_file.__name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert child.stdin
    child.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
    child.stdin.close()
    try:
        deadline = time.monotonic() + 20
        while not ((tmp_path / "pid").exists() and (tmp_path / "pid").read_text()):
            assert child.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        child.kill()
        child.wait()
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    (tmp_path / "pid").unlink()
    assert path.read_text() == "old\n"
    assert len(list(tmp_path.iterdir())) == 2
    assert not run(path, "old\n")["changed"]
    assert [found.name for found in tmp_path.iterdir()] == ["a.conf"]


def test_the_documented_options_are_those_that_the_module_takes() -> None:
    documented = yaml.safe_load(config_file.DOCUMENTATION)["options"]
    assert documented.keys() == config_file.ARGUMENT_SPEC.keys()
    taken: Mapping[str, Any] = config_file.ARGUMENT_SPEC
    for name, option in taken.items():
        for key in ("type", "required", "elements"):
            assert documented[name].get(key) == option.get(key), (name, key)


def test_a_change_that_its_service_never_read_stays_a_change(tmp_path: Path, run: Run) -> None:
    path, note = tmp_path / "kea.conf", tmp_path / "run" / "kea"
    assert run(path, "good\n", pending=str(note), check=True)["changed"]
    assert not note.parent.exists()
    assert run(path, "good\n", pending=str(note))["action"] == "created"
    # The run is killed here, before anybody reloads the service.
    told = run(path, "good\n", pending=str(note))
    assert (told["changed"], told["action"]) == (True, "pending")
    assert run(path, "good\n", pending=str(note), check=True)["changed"]
    note.unlink()
    told = run(path, "good\n", pending=str(note))
    assert (told["changed"], told["action"]) == (False, "unchanged")
    # What needs no reading, and what was refused, leaves no note.
    assert run(path, "good\n", pending=str(note), mode="0600")["changed"]
    assert run(path, "bad\n", pending=str(note), validate=ACCEPT)["failed"]
    assert not note.exists()


def test_the_note_is_there_before_the_file_changes(tmp_path: Path, run: Run) -> None:
    note = tmp_path / "a-file" / "note"
    note.parent.write_text("where a folder would have to be")
    path = tmp_path / "kea.conf"
    path.write_text("old\n")
    assert run(path, "new\n", pending=str(note))["failed"]
    assert path.read_text() == "old\n"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a-file", "kea.conf"]
