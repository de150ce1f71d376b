# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the other code needs to know about a boot loader."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.model import Entry, Target

MARKER = "# Written by diskless.netboot: what you change here is lost."
"""First line of all files that this collection writes. Somebody else wrote a file without it."""


@dataclass(frozen=True)
class Loader:
    """A boot loader that reads its entries from files, one for each client.

    Attributes:
        name: its usual name.
        folder: the folder of the clients' files, relative to the TFTP root.
        file_name: returns the name of a client's file in that folder.
        render: returns the text of that file.
        faults: returns what this loader cannot do, but what must not be left out. Each fault is an
            option, its value, and what would be right.
        left_out: returns one sentence for each thing that is left out for this loader.
        fetches: returns the files that the loader would fetch. Each is an option, and the path or
            URL in it.
        shared: texts of files that all clients need, by path.
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
    """Return the first lines of a client's file. For all loaders, # begins a comment."""
    return [MARKER, *(f"# {line}".rstrip() for line in comment.split("\n") if comment)]
