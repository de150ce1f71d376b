# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rest of the room has to know about a boot loader."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.model import Entry, Target

MARKER = "# Written by diskless.netboot: what you change here is lost."
"""First line of every file of ours. A file without it is somebody else's."""


@dataclass(frozen=True)
class Loader:
    """A boot loader that finds its entries in files, one for each client.

    Attributes:
        name: how people call it.
        folder: where the clients' files lie, relative to the TFTP root.
        file_name: the name of a client's file there.
        render: the text of that file.
        faults: what this loader cannot do for an entry and must not leave out: where it stands,
            its value, and what would be right.
        left_out: what it leaves out, a sentence each.
        fetches: each file that it would fetch: where it is named, and its path or URL.
        shared: files beside the clients', which every client needs, by path.
    """

    name: str
    folder: str
    file_name: Callable[[Target], str]
    render: Callable[[Entry], str]
    faults: Callable[[Entry], Iterable[tuple[str, object, str]]]
    left_out: Callable[[Entry], Iterable[str]]
    fetches: Callable[[Entry], Iterable[tuple[str, str]]]
    shared: Mapping[str, str] = field(default_factory=dict)


def heading(comment: str) -> list[str]:
    """Return the lines with which a client's file begins; every loader takes # for a comment."""
    return [MARKER, *(f"# {line}".rstrip() for line in comment.split("\n") if comment)]
