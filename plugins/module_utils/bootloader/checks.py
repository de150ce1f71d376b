# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks for the values in boot entries, and the limits of the loaders.

The limits are those of pxelinux. They are the lowest, so one list of entries is valid for all
loaders. Sources: syslinux 6.04 doc/pxelinux.txt, doc/syslinux.cfg.txt,
com32/elflink/ldlinux/readconfig.c.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.inventory import values
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    Fault,
    nearest,
)

PATH_MAX = 127
"""Maximum bytes of a file's path. Many TFTP servers and PXE stacks support no more
(doc/pxelinux.txt)."""
LINE_MAX = 4094
"""Maximum bytes of a line in a config file. readconfig.c has a buffer of 4096 bytes for the line
with its newline and a final NUL. It reads the rest of a longer line as the next line."""
COMMAND_LINE_MAX = 2047
"""Maximum bytes of a kernel's command line. The limit is the same in pxelinux (core/config.inc,
max_cmd_len) and in Linux's boot protocol on x86, which GRUB uses (COMMAND_LINE_SIZE without the
final NUL)."""

_PATH = re.compile(r"[A-Za-z0-9._+@%=~/-]+", re.ASCII)
_URL = re.compile(r"(?:http|ftp|tftp)://[A-Za-z0-9._+@%=~/:?&-]+", re.ASCII)


def is_url(path: str) -> bool:
    """Return whether *path* is a URL, and not a path below the TFTP root."""
    return bool(_URL.fullmatch(path))


class Checks:
    """Checks that note a fault and continue, so that one run finds all faults."""

    def __init__(self, client: str, faults: list[Fault]) -> None:
        self._client = client
        self._faults = faults

    def fault(self, variable: str, value: Any, expected: str) -> None:
        self._faults.append(Fault(self._client, variable, value, expected))

    def line(self, variable: str, value: str | None, directive: str = "") -> str:
        """Return one line of text that the loader shows or skips."""
        text = value or ""
        if self._printable(variable, text) and value is not None and text != (text.strip() or None):
            self.fault(variable, value, "must be text without blanks at its ends")
        self.length(variable, f"{directive} {text}")
        return text

    def block(self, variable: str, value: str | None, prefix: str = "") -> str:
        """Return a text of several lines."""
        text = (value or "").rstrip("\n")
        for line in text.split("\n"):
            self._printable(variable, line)
            self.length(variable, prefix + line)
        return text

    def _printable(self, variable: str, text: str) -> bool:
        # Lone surrogates, which cannot be encoded, are not printable either.
        if not text.isprintable():
            self.fault(variable, text, "must not hold control characters or line ends")
        return text.isprintable()

    def length(self, variable: str, line: str) -> None:
        size = len(line.encode("utf-8", "replace"))
        if size > LINE_MAX:
            self.fault(variable, None, f"makes a line of {size} bytes, {LINE_MAX} are possible")

    def path(self, variable: str, value: str | None) -> str:
        """Return the path or URL of a file that the loader fetches."""
        path = value or ""
        if value is None or is_url(path):
            pass
        elif not _PATH.fullmatch(path) or path.endswith("/"):
            self.fault(
                variable,
                value,
                "must be a path below the TFTP root of letters, digits and ._+@%=~/-, "
                "or a http, ftp or tftp URL",
            )
        elif ".." in path.split("/"):
            self.fault(variable, value, "must not hold the step '..'")
        if len(path) > PATH_MAX:
            self.fault(variable, value, f"has {len(path)} bytes, {PATH_MAX} are possible")
        return path

    def paths(self, variable: str, value: Iterable[str] | None) -> tuple[str, ...]:
        """Return the paths or URLs of files that the loader fetches."""
        return tuple(
            self.path(f"{variable}[{place}]", path) for place, path in enumerate(value or ())
        )

    def arguments(self, variable: str, value: Any) -> tuple[str, ...]:
        """Return kernel arguments. A string is an error, since Ansible would split it at commas."""
        if value is not None and not isinstance(value, (list, tuple)):
            self.fault(variable, value, "must be a list, one kernel argument each")
            return ()
        return tuple(
            self._argument(f"{variable}[{place}]", item) for place, item in enumerate(value or ())
        )

    def _argument(self, variable: str, value: Any) -> str:
        """Return one kernel argument.

        The kernel supports double quotes, but no other quotes and no escapes (parse_args).
        """
        try:
            text = values.text(value)
        except ValueError as error:
            self.fault(variable, value, str(error))
            return ""
        if not self._printable(variable, text):
            return text
        if text.count('"') % 2:
            self.fault(variable, value, "must close its double quote")
        elif not text.replace('"', "") or " " in "".join(text.split('"')[::2]):
            self.fault(
                variable, value, "must be one argument: blanks are allowed only in double quotes"
            )
        if text == "-":
            self.fault(variable, value, "must not be '-' alone: PXELINUX would drop all arguments")
        if text.lower().startswith("initrd="):
            self.fault(variable, value, "must be given as initrd, which overrides this argument")
        return text

    def number(self, variable: str, value: int | None, allowed: Iterable[int], words: str) -> None:
        if value is not None and value not in allowed:
            self.fault(variable, value, f"must be {words}")

    def one_of(self, variable: str, value: str | None, names: tuple[str, ...], what: str) -> None:
        if value is not None and value not in names:
            near = nearest(str(value), names)
            hint = f"; did you mean {near}?" if near else ""
            self.fault(variable, value, f"must be {what}: " + ", ".join(names) + hint)

    def matches(self, variable: str, value: str | None, form: re.Pattern[str], words: str) -> str:
        if value is not None and not form.fullmatch(value):
            # The value is not shown, since it may be a password that somebody forgot to hash.
            self.fault(variable, None, f"must be {words}")
        return value or ""
