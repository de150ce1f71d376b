# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of sources.list(5) for a new system."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_COMPONENTS = {"debian": "main", "ubuntu": "main universe"}
# The label of each archive in apt, and what is added to the name of the release for its suite.
_ARCHIVES = {
    "debian": (("Debian", ""), ("Debian", "-updates"), ("Debian-Security", "-security")),
    "ubuntu": (("Ubuntu", ""), ("Ubuntu", "-updates"), ("Ubuntu", "-security")),
}
# Other sources, such as a file with a list of mirrors or a disc, cannot be used in an image.
_URL = re.compile(r"^https?://[!-~]+", re.MULTILINE)
# mmdebstrap also accepts the name of a file, and would use all options in that file.
_LINE = re.compile(r"deb(?:-src)?\s[^\n]+")
_OPTIONS = re.compile(r"^(deb[-a-z]*)\s+(?:\[([^]]*)\])?\s*")
_UNCHECKED = re.compile(r"\[[^]]*\b(?:trusted|allow-[a-z-]+)\s*=", re.IGNORECASE)
_SIGNED_BY = re.compile(r"\[[^]]*\bsigned-by\s*=", re.IGNORECASE)
# The path is in a line of sources.list(5). An option there ends at white space, ']' or a comma.
_KEYRING = re.compile(r"/[^\s,\]]+")

Run = Callable[[list[str]], str]
"""Runs a command and returns its standard output."""


def faults(mirrors: Sequence[str], keyrings: Sequence[str]) -> list[str]:
    """Return one sentence for each fault in the lines and keyrings that a user gave."""
    found = []
    for line in mirrors:
        if not _LINE.fullmatch(line):
            found.append(f"nfsroot_image_mirrors: '{line}': must be a line that begins with 'deb'")
        elif _UNCHECKED.search(line):
            found.append(
                f"nfsroot_image_mirrors: '{line}': turns the check of signatures off; give the"
                " mirror's key in nfsroot_image_keyrings instead"
            )
    found += [
        f"nfsroot_image_keyrings: '{path}': must be an absolute path without white space, comma or"
        " ']'"
        for path in keyrings
        if not _KEYRING.fullmatch(path)
    ]
    return found


def own(distribution: str, suite: str, run: Run) -> list[str]:
    """Return lines for *suite* with the mirrors from which this host itself gets packages.

    Args:
        distribution: ``debian`` or ``ubuntu``.
        suite: such as ``bookworm``.
        run: runs ``apt-get indextargets``, apt-get(8).
    """
    lines = []
    for label, ending in _ARCHIVES[distribution]:
        asked = ["Created-By: Packages", f"Label: {label}"]
        found = _URL.search(run(["apt-get", "indextargets", "--format", "$(REPO_URI)", *asked]))
        if found:
            lines.append(f"deb {found[0]} {suite}{ending} {_COMPONENTS[distribution]}")
    return lines


def keyring(distribution: str) -> str:
    """Return the path of the distribution's own keys, which are in its keyring package."""
    return f"/usr/share/keyrings/{distribution}-archive-keyring.gpg"


def signed(lines: Sequence[str], keyrings: Sequence[str]) -> list[str]:
    """Return *lines* with the keys that may sign them. A line with signed-by= is not changed."""
    return [line if _SIGNED_BY.search(line) else _signed(line, keyrings) for line in lines]


def _signed(line: str, keyrings: Sequence[str]) -> str:
    def say(found: re.Match[str]) -> str:
        options = " ".join(filter(None, (found[2], f"signed-by={','.join(keyrings)}")))
        return f"{found[1]} [{options}] "

    return _OPTIONS.sub(say, line, count=1)
