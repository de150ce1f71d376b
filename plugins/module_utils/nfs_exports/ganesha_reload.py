# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets NFS-Ganesha have other exports, one by one, and looks whether it serves them.

On SIGHUP, which is what ``systemctl reload`` sends, Ganesha reads all exports again. This takes a
time that grows with the square of their number, and ends long after the command (docs/measured.md).
So only what changed is given to it, over D-Bus: the interface ``org.ganesha.nfsd.exportmgr``, seen
with 4.3, 6.5 and 9.14. What it has is in `LOADED`: a drop-in of its unit copies the file there when
it starts, and we do after each change. Without this copy, all exports are read again.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports.command import run
from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports.error import (
    ReloadError,
    some,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports.ganesha import (
    ExportText,
    read_exports,
)

LOADED = Path("/run/diskless-netboot/nfs_server.loaded")

_LOG = Path("/var/log/ganesha/ganesha.log")
_UNIT = "nfs-ganesha"
_ACTIVE = ("systemctl", "is-active", "--quiet", _UNIT)
_RELOAD = ("systemctl", "reload-or-restart", _UNIT)  # it is started if it is not running
_FINISHED = re.compile(r"Reread exports complete|NFS SERVER INITIALIZED")
_WRONG = re.compile(r":(?:CRIT|FATAL|MAJ) :(.*)")
_CALL = (
    *("busctl", "--system", "--json=short", "call", "org.ganesha.nfsd"),
    *("/org/ganesha/nfsd/ExportMgr", "org.ganesha.nfsd.exportmgr"),
)
_STUB = 'EXPORT {\n  Export_Id = %d;\n  Path = "%s";\n}'
_PAUSE = 0.2
_FEW = 100  # changes that are always told one by one
_SHOWN = 5


@dataclass(frozen=True)
class Steps:
    """What turns the exports that the server has into those that it should have, by number."""

    remove: Sequence[int]
    add: Sequence[int]
    update: Sequence[int]


def steps(
    wanted: Mapping[int, ExportText], loaded: Sequence[ExportText], served: Mapping[int, str]
) -> Steps:
    """Return what is to be done.

    Args:
        wanted: the exports of the file, by number.
        loaded: those that the server has read before, as far as is known.
        served: the paths that it serves, by number. Somebody may have let it read the file since.
    """
    before = {export.number: export for export in loaded}
    ours = {export.path for export in wanted.values()}
    both = wanted.keys() & served.keys()
    moved = {number for number in both & before.keys() if wanted[number].path != served[number]}
    gone = {
        number
        for number in served.keys() - wanted.keys()
        if number in before or served[number] in ours
    }
    new = (wanted.keys() - both) | moved
    changed = {number for number in both - moved if wanted[number] != before.get(number)}
    return Steps(
        # An export is not removed as long as another one is below it, and hides one below it if it
        # is added later.
        sorted(gone | moved, key=lambda number: served[number], reverse=True),
        sorted(new, key=lambda number: wanted[number].path),
        sorted(changed),
    )


def nested(todo: Steps, wanted: Mapping[int, ExportText], served: Mapping[int, str]) -> bool:
    """Return whether an export that stays is below one that is added or removed."""
    stays = [path for number, path in served.items() if number not in todo.remove]
    tops = [
        *(served[number] for number in todo.remove),
        *(wanted[number].path for number in todo.add),
    ]
    return any(path.startswith(f"{top}/") for top in tops for path in stays)


def too_many(todo: Steps, wanted: Mapping[int, ExportText]) -> bool:
    """Return whether it takes longer to tell each change than to read all exports again.

    With Ganesha 4.3, one change among n exports took 4 microseconds times n, and all exports 0.8
    microseconds times the square of n.
    """
    changes = len(todo.remove) + len(todo.add) + len(todo.update)
    return changes > max(_FEW, len(wanted) // 5)


def half_done(todo: Steps, wanted: Mapping[int, ExportText], loaded: Sequence[ExportText]) -> str:
    """Return the note for as long as the steps may have been taken or not.

    Each export that they concern is in it, as one that is like no other.
    """
    concerned = {*todo.remove, *todo.add, *todo.update}
    known = {**wanted, **{export.number: export for export in loaded}}
    return "\n".join(
        _STUB % (number, export.path) if number in concerned else export.text
        for number, export in sorted(known.items())
    )


def reload_ganesha(file: Path, timeout: float) -> None:
    """Let Ganesha serve the exports in *file*.

    Raises:
        ReloadError: an export is missing.
        OSError: a program or a file is missing.
    """
    text = file.read_text("utf-8", "surrogateescape")
    wanted = read_exports(text)
    by_number = {export.number: export for export in wanted}
    start = _LOG.stat().st_size if _LOG.exists() else 0
    deadline = time.monotonic() + timeout
    before = _loaded()
    refused: list[str] = []
    if before is None or run(_ACTIVE).code:
        _all_again(start, deadline)
    else:
        has = _served(deadline)
        todo = steps(by_number, before, has)
        if nested(todo, by_number, has) or too_many(todo, by_number):
            _all_again(start, deadline)
        else:
            _note(half_done(todo, by_number, before))
            refused = _one_by_one(todo, by_number, file.parent)
    served = _served(deadline)
    missing = sorted(one.path for one in wanted if served.get(one.number) != one.path)
    if missing or refused:
        # What it refused, it may say only after it has finished.
        why = [*refused, *_WRONG.findall(_said_since(start))[-_SHOWN:]]
        raise ReloadError(
            f"NFS-Ganesha does not serve {some(missing) or 'what changed'}:"
            f" {'; '.join(why) or f'it did not say why in {_LOG}'}"
        )
    _note(text)


def _one_by_one(todo: Steps, wanted: Mapping[int, ExportText], folder: Path) -> list[str]:
    """Remove, add and update exports, and return what Ganesha said where it refused to."""
    refused = []
    for number in todo.remove:
        refused += _told("RemoveExport", "q", str(number))
    # Ganesha reads the whole file for each export, so each has a file of its own.
    alone = folder / ".netboot-export.conf"
    try:
        for method, numbers in (("AddExport", todo.add), ("UpdateExport", todo.update)):
            for number in numbers:
                alone.write_text(wanted[number].text, "utf-8", "surrogateescape")
                refused += _told(method, "ss", str(alone), f"EXPORT(Export_Id={number})")
    finally:
        alone.unlink(missing_ok=True)
    return refused


def _told(method: str, *arguments: str) -> list[str]:
    ended = run((*_CALL, method, *arguments))
    return [f"{method} {arguments[-1]}: {ended.errors}"] if ended.code else []


def _all_again(start: int, deadline: float) -> None:
    """Let Ganesha read the whole file, or start it, and wait until it has finished."""
    ended = run(_RELOAD)
    if ended.code:
        raise ReloadError(f"{' '.join(_RELOAD)} failed: {ended.errors}")
    while not _FINISHED.search(_said_since(start)):
        if time.monotonic() > deadline:
            raise ReloadError("NFS-Ganesha has not read its exports in time")
        time.sleep(_PAUSE)


def _note(text: str) -> None:
    LOADED.parent.mkdir(parents=True, exist_ok=True)
    staged = LOADED.with_name(f".{LOADED.name}")
    staged.write_text(text, "utf-8", "surrogateescape")
    staged.replace(LOADED)


def _loaded() -> list[ExportText] | None:
    try:
        return read_exports(LOADED.read_text("utf-8", "surrogateescape"))
    except FileNotFoundError:
        return None


def _said_since(start: int) -> str:
    """Return what was written to the log after its first *start* bytes, or all of a new log."""
    try:
        with _LOG.open("rb") as file:
            file.seek(start if start <= _LOG.stat().st_size else 0)
            return file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def _served(deadline: float) -> dict[int, str]:
    """Return the path of each export by its number.

    A Ganesha that has just been started answers when it has read all its exports.
    """
    while (ended := run((*_CALL, "ShowExports"))).code:
        if time.monotonic() > deadline or run(_ACTIVE).code:
            raise ReloadError(f"NFS-Ganesha does not answer over D-Bus: {ended.errors}")
        time.sleep(_PAUSE)
    _time, exports = json.loads(ended.output)["data"]
    return {number: path for number, path, *_rest in exports}
