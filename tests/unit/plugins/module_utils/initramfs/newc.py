# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A writer of cpio archives for the tests, by buffer-format.rst, apart from the reader."""

from __future__ import annotations

from collections.abc import Iterable

FILE = 0o100644
FOLDER = 0o040755


def archive(files: Iterable[tuple[str, int, bytes]]) -> bytes:
    out = b""
    for number, (name, mode, data) in enumerate([*files, ("TRAILER!!!", 0, b"")], 1):
        raw = name.encode("utf-8", "surrogateescape") + b"\0"
        fields = [number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(raw), 0]
        out += b"070701" + b"".join(b"%08x" % field for field in fields) + raw
        out += b"\0" * (-len(out) % 4) + data
        out += b"\0" * (-len(out) % 4)
    return out
