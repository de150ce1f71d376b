# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""rsync's command line, and what it prints, as data (rsync(1))."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.command import Ended
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.meter import Meter, Totals
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.survey import Changes

VANISHED = 24  # exit code: "Partial transfer due to vanished source files"
DEFAULT_RSH = "ssh -o BatchMode=yes"  # nobody is there to answer a question

_ITEM = b"@ "
# In the C locale each unprintable byte is \#ooo, and so is a backslash that would look like one.
_ESCAPED = re.compile(rb"\\#([0-3][0-7]{2})")
_NUMBERS = {
    b"Number of files": "files",
    b"Number of created files": "created",
    b"Number of deleted files": "deleted",
    b"Total file size": "total_bytes",
    b"Total transferred file size": "transferred_bytes",
}


@dataclass(frozen=True)
class Options:
    """How a tree is copied. rsh is set for a source on another host only; link_dest is a tree on
    the destination's file system, with which what is equal is shared by hard links; silence is for
    how many seconds nothing may come from the other side. By itself rsync leaves alone what is
    excluded and already in the destination; delete_excluded deletes that too."""

    excludes: Sequence[str] = ()
    delete: bool = True
    delete_excluded: bool = False
    one_file_system: bool = True
    checksum: bool = False
    rsh: str | None = None
    temporary: str | None = None
    link_dest: str | None = None
    dry_run: bool = False
    folder_times: bool = True
    silence: int | None = None


def command(src: str, dest: str, options: Options) -> list[str]:
    """The rsync call that makes dest equal to src: owners by number, hard links, ACLs,
    extended attributes, devices, sparse files."""
    return [
        "rsync",
        "-aHAXS",
        *(["--dry-run"] if options.dry_run else []),
        "--numeric-ids",
        "--modify-window=-1",  # compare nanoseconds: by default a change within a second is missed
        *(["--one-file-system"] if options.one_file_system else []),
        *([] if options.folder_times else ["--omit-dir-times"]),
        *([f"--timeout={options.silence}"] if options.silence else []),
        *(["--delete"] if options.delete else []),
        *(["--delete-excluded"] if options.delete_excluded else []),
        *(["--checksum"] if options.checksum else []),
        *([f"--temp-dir={options.temporary}"] if options.temporary else []),
        *([f"--link-dest={options.link_dest}"] if options.link_dest else []),
        *(["--protect-args", f"--rsh={options.rsh}"] if options.rsh else []),
        *[f"--exclude={pattern}" for pattern in options.excludes],
        "--stats",
        "--no-human-readable",
        "--out-format=@ %i %n%L",
        "--",
        src.rstrip("/") + "/",
        dest.rstrip("/") + "/",
    ]


def copy(
    argv: Sequence[str],
    changes: Changes,
    meter: Meter,
    *,
    dest: Path,
    held: Sequence[int] = (),
    totals: Totals | None = None,
) -> tuple[Ended, dict[str, int]]:
    """Run command()'s argv; changes gets each item, the result the numbers of --stats."""
    stats = dict.fromkeys(_NUMBERS.values(), 0)

    def record(line: bytes) -> None:
        if line.startswith(_ITEM):
            changes.add(_ESCAPED.sub(lambda m: bytes([int(m[1], 8)]), line[len(_ITEM) :]))
            return
        name, colon, value = line.partition(b": ")
        if colon and name in _NUMBERS:
            stats[_NUMBERS[name]] = int(value.split()[0])

    ended = meter.run(argv, record, dest=dest, held=held, totals=totals)
    return ended, stats
