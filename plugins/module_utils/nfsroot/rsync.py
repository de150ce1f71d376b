# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of rsync, and its output as data, rsync(1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.command import Ended
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.meter import Meter, Totals
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.survey import Changes

VANISHED = 24  # exit code: "Partial transfer due to vanished source files"
DEFAULT_RSH = "ssh -o BatchMode=yes"  # nobody could answer a question of ssh

_ITEM = b"@ "
# In the C locale, rsync writes each unprintable byte as \#ooo. It does the same with a backslash
# that looks like the beginning of such an escape.
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
    """How a tree is copied.

    Attributes:
        excludes: patterns for --exclude.
        delete: whether to delete what the source does not have.
        delete_excluded: whether to delete excluded files in the destination too. By default, rsync
            leaves them as they are.
        one_file_system: whether to stay on one file system.
        checksum: whether to compare files by content.
        rsh: the remote shell, only for a source on another host.
        temporary: a folder for temporary files.
        link_dest: a tree on the file system of the destination. Files that are equal are shared
            with it by hard links.
        dry_run: whether to find only what would change.
        folder_times: whether the times of folders are compared and copied.
        files_from: a file with the names of all that is copied, each ended by a zero byte. Nothing
            is deleted then.
        silence: number of seconds without data from the other host after which rsync ends.
    """

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
    files_from: str | None = None
    silence: int | None = None


def command(src: str, dest: str, options: Options) -> list[str]:
    """Return the rsync command that makes *dest* equal to *src*.

    It keeps owners by number, hard links, ACLs, extended attributes, devices and sparse files.
    """
    return [
        "rsync",
        "-aHAXS",
        *(["--dry-run"] if options.dry_run else []),
        "--numeric-ids",
        "--modify-window=-1",  # nanoseconds; by default, a change in the same second is missed
        *(["--one-file-system"] if options.one_file_system else []),
        *([] if options.folder_times else ["--omit-dir-times"]),
        *([f"--timeout={options.silence}"] if options.silence else []),
        *([f"--files-from={options.files_from}", "--from0"] if options.files_from else []),
        *(["--delete"] if options.delete and not options.files_from else []),
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
    """Run a command of `command`. Each item is added to *changes*.

    Returns how rsync ended, and the numbers of its --stats.
    """
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
