# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a configuration file after a command of its service has accepted it.

A run can be killed after the file was changed and before the service was reloaded. The next run
would find nothing to change, and would not reload the service. So a note is created before the
change, and whatever reloads the service removes it.
"""

from __future__ import annotations

import grp
import posixpath
import pwd
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.files import tree

_MODE = re.compile(r"0?[0-7]{3}", re.ASCII)
SHOWN = 40  # maximum number of lines of a new file in a diff
PLACE = "%s"
"""Stands for the path of the staged file in a validation command."""


class OptionError(ValueError):
    """Some options are wrong. The text lists all faults."""


class RefusedError(Exception):
    """The validation command did not accept the new file.

    Attributes:
        result: ``command``, ``rc``, ``stdout`` and ``stderr``.
    """

    def __init__(self, command: list[str], rc: int, stdout: str, stderr: str) -> None:
        self.result = {"command": command, "rc": rc, "stdout": stdout, "stderr": stderr}
        said = (stderr.strip() or stdout.strip() or "it said nothing").replace("\r", "")
        super().__init__(
            f"{shlex.join(command)} refused the new file with status {rc}, "
            f"the old one is untouched: {said}"
        )


@dataclass(frozen=True)
class ConfigPlan:
    """The changes to the file.

    Attributes:
        command: the validation command with the path of the file, or [] if nothing is tested.
        pending: path of the note which says that the service has not read the file yet, or None.
        waiting: whether this note exists from an earlier run.
    """

    inner: tree.Plan
    name: str
    validate: tuple[str, ...]
    pending: Path | None
    waiting: bool

    @property
    def changed(self) -> bool:
        return self.inner.changed or self.waiting

    @property
    def action(self) -> str:
        return "pending" if self.waiting and not self.inner.changed else self._change.action

    @property
    def command(self) -> list[str]:
        return self._command(posixpath.join(self.inner.folder, self.name))

    def diff(self) -> dict[str, str]:
        """Return the diff for Ansible's diff mode. A long new file is shown by its first lines."""
        diff = self.inner.diff()
        lines = diff.get("after", "").splitlines(keepends=True)
        if self._change.action == tree.CREATED and len(lines) > SHOWN:
            more = f"... and {len(lines) - SHOWN} more lines\n"
            diff["after"] = "".join([*lines[:SHOWN], more])
        return diff

    def apply(self, run: Callable[[list[str]], tuple[int, str, str]]) -> list[str]:
        """Test the new file and put it in its place.

        Args:
            run: runs a command; returns status, standard output and standard error.

        Returns:
            The command that accepted the file, or [] if none was needed.

        Raises:
            RefusedError: the command did not accept the file. The old file is not changed.
            files.TreeError: the file could not be written.
            OSError: the note could not be made.
        """
        ran: list[str] = []

        def test(_path: str, staged: str) -> None:
            ran[:] = self._command(staged)
            if ran:
                rc, stdout, stderr = run(ran)
                if rc != 0:
                    raise RefusedError(ran, rc, stdout, stderr)
            if self.pending and self._change.content_differs:
                self.pending.parent.mkdir(parents=True, exist_ok=True)
                self.pending.touch()

        self.inner.apply(test)
        return ran

    @property
    def _change(self) -> tree.Change:
        return self.inner.changes[self.name]

    def _command(self, path: str) -> list[str]:
        if not self._change.content_differs:
            return []
        return [part.replace(PLACE, path) for part in self.validate]


def plan(
    path: str,
    content: str,
    owner: str | None = None,
    group: str | None = None,
    mode: str | None = None,
    validate: Sequence[str] | None = None,
    pending: str | None = None,
    check: bool = False,
) -> ConfigPlan:
    """Compare the file at *path* with the wanted file. Nothing is written.

    Args:
        path: absolute path.
        content: the wanted content.
        owner: name or number of the user. None keeps the user of an existing file.
        group: name or number of the group. None keeps the group of an existing file.
        mode: octal digits. None keeps the mode of an existing file, and means 0644 for a new one.
        validate: the validation command, with `PLACE` for the path of the file.
        pending: path of the note which says that the service has not read the file yet.
        check: whether this is check mode. Then unknown users and groups are accepted, since an
            earlier task may create them.

    Raises:
        OptionError: some options are wrong; the text lists all of them.
        files.TreeError: something that is not a file is at *path*.
    """
    faults: list[str] = []
    if not path.startswith("/") or path.endswith("/"):
        faults.append(f"path: '{path}': must be an absolute path of a file")
    if mode is not None and not _MODE.fullmatch(mode):
        faults.append(f"mode: '{mode}': must be three octal digits in quotes, such as '0640'")
    if validate is not None and not any(PLACE in part for part in validate):
        faults.append(f"validate: must hold '{PLACE}', which stands for the staged file")
    uid = _number("owner", owner, lambda name: pwd.getpwnam(name).pw_uid, check, faults)
    gid = _number("group", group, lambda name: grp.getgrnam(name).gr_gid, check, faults)
    if faults:
        raise OptionError("; ".join(faults))
    # The base is /, so that all missing folders of the path are created.
    name = posixpath.normpath(path).lstrip("/")
    spec = tree.FileSpec(content.encode(), int(mode, 8) if mode else None, uid, gid)
    note = Path(pending) if pending else None
    waiting = note is not None and note.exists()
    inner = tree.plan("/", {name: spec})
    return ConfigPlan(inner, name, tuple(validate or ()), note, waiting)


def _number(
    option: str, value: str | None, look_up: Callable[[str], Any], check: bool, faults: list[str]
) -> int | None:
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return int(value)
    try:
        return int(look_up(value))
    except KeyError:
        if not check:
            faults.append(f"{option}: '{value}': is not known on this host")
        return None
