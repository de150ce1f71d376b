# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person sees of a long copy, by the real ansible-playbook with and without a terminal.

The copies are long because the remote shell, by which rsync reaches the source, waits first.
"""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

HANGS = "while read -r line; do :; done"  # and ends, as ssh does, when nobody is left to talk to
PROGRESS = re.compile(r"^(.*): copying to (\S+): .*\d+ m?s", re.MULTILINE)


class Playbook:
    """A running ansible-playbook, and what it said so far."""

    def __init__(self, folder: Path, tasks: list[dict[str, Any]], *, terminal: bool) -> None:
        (folder / "source/etc").mkdir(parents=True)
        (folder / "source/etc/hostname").write_text("pc")
        play = {"hosts": "all", "gather_facts": False, "tasks": tasks}
        (folder / "play.yml").write_text(yaml.safe_dump([play]))
        variables = {"ansible_python_interpreter": sys.executable, "folder": str(folder)}
        argv = ["ansible-playbook", "-i", "boot,other,", "-l", "boot", "-c", "local"]
        argv += ["-e", yaml.safe_dump(variables, default_flow_style=True, width=10**6).strip()]
        self.folder, self.said = folder, ""
        self._reading, writing = pty.openpty() if terminal else os.pipe()
        self.process = subprocess.Popen(
            [*argv, str(folder / "play.yml")],
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            env=os.environ
            | {
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_LOCAL_TEMP": str(folder / "local"),
                "ANSIBLE_REMOTE_TMP": str(folder / "remote"),
                "ANSIBLE_ASYNC_DIR": str(folder / "jobs"),
            },
        )
        os.close(writing)

    def until(self, words: str) -> None:
        """Read on until it says words, or has ended."""
        while words not in self.said:
            data = b""
            with suppress(OSError):  # of a terminal whose other end is closed
                data = os.read(self._reading, 4096)
            if not data:
                return
            self.said += data.decode().replace("\r", "")

    def end(self) -> str:
        """Read to the end; returns all that it said."""
        self.until("nothing that it says")
        self.process.wait()
        os.close(self._reading)
        return self.said

    def module(self) -> list[int]:
        """The process of the module."""
        return processes(f"^[^ ]+ {self.folder}/[^ ]*AnsiballZ_nfsroot_sync.py$")

    def copying(self) -> list[int]:
        """The processes of the module and of the copy, which has the remote shell in its words."""
        return self.module() + processes(f"{self.folder}/rsh-")


def processes(pattern: str) -> list[int]:
    """Whose command lines match."""
    found = subprocess.run(["pgrep", "-f", pattern], stdout=subprocess.PIPE, check=False)
    return [int(word) for word in found.stdout.split()]


def task(folder: Path, name: str, waits: str, **options: Any) -> dict[str, Any]:
    """A copy to dest NAME whose remote shell waits first."""
    shell = folder / f"rsh-{name}"
    shell.write_text(f'#!/bin/sh\n{waits}\n[ "$1" = -l ] && shift 2\nshift\nexec sh -c "$*"\n')
    shell.chmod(0o755)
    dest = [f"{folder}/{name}/root"]
    src = f"pc01.example:{folder}/source"
    return {
        "name": name,
        "diskless.netboot.nfsroot_sync": {"src": src, "dest": dest, "rsh": str(shell), **options},
        "register": "copied",
    }


def check(*that: str) -> dict[str, Any]:
    return {"ansible.builtin.assert": {"that": list(that)}}


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Callable[..., Playbook]]:
    """Starts a playbook, which does not outlive the test."""
    started: list[Playbook] = []

    def start(*tasks: dict[str, Any], terminal: bool) -> Playbook:
        started.append(Playbook(tmp_path, list(tasks), terminal=terminal))
        return started[0]

    yield start
    for playbook in started:
        playbook.process.kill()
        playbook.process.wait()


def test_at_a_terminal_a_long_copy_shows_how_far_it_is(
    play: Callable[..., Playbook], tmp_path: Path
) -> None:
    playbook = play(
        task(tmp_path, "shown", "sleep 3") | {"diff": True},
        check("copied is changed", "copied.roots[0].copied", "'ansible_job_id' not in copied"),
        task(tmp_path, "checked", "sleep 3") | {"check_mode": True},
        terminal=True,
    )
    said = playbook.end()
    assert playbook.process.returncode == 0, said
    lines = PROGRESS.findall(said)
    assert ("boot", f"{tmp_path}/shown/root") in lines, said
    assert len(lines) <= 3, said
    assert ">f+++++++++ etc/hostname" in said  # the diff
    assert not (tmp_path / "checked").exists() and "checked/root:" not in said
    assert not list((tmp_path / "jobs").iterdir())


def test_without_a_terminal_only_who_asks_is_shown_how_far_it_is(
    play: Callable[..., Playbook], tmp_path: Path
) -> None:
    playbook = play(
        task(tmp_path, "silent", "sleep 2.5"),
        task(tmp_path, "asked", "sleep 3", progress=True) | {"delegate_to": "other"},
        terminal=False,
    )
    said = playbook.end()
    assert playbook.process.returncode == 0, said
    assert set(PROGRESS.findall(said)) == {("boot -> other", f"{tmp_path}/asked/root")}, said


def test_a_module_that_is_killed_is_one_clear_error(
    play: Callable[..., Playbook], tmp_path: Path
) -> None:
    playbook = play(task(tmp_path, "hanging", HANGS), terminal=True)
    playbook.until("copying to")
    (module,) = playbook.module()
    os.kill(module, signal.SIGKILL)
    said = playbook.end()
    assert "nfsroot_sync ended without an answer" in said and "run it again" in said
    assert "Traceback" not in said
    assert playbook.process.returncode == 2
    assert not list((tmp_path / "jobs").iterdir())


def test_a_copy_ends_when_the_playbook_is_stopped(
    play: Callable[..., Playbook], tmp_path: Path
) -> None:
    playbook = play(task(tmp_path, "hanging", HANGS), terminal=True)
    playbook.until("copying to")
    assert len(playbook.copying()) > 1
    playbook.process.send_signal(signal.SIGINT)
    playbook.end()
    until = time.monotonic() + 10
    while playbook.copying():
        assert time.monotonic() < until, "the copy goes on"
        time.sleep(0.05)
    assert not list((tmp_path / "jobs").iterdir())
