# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of loaders' files that know nothing of the code which wrote them."""

from __future__ import annotations

import re
import shlex
from typing import Any

_GLOBALS = ("DEFAULT", "PROMPT", "TIMEOUT", "ONTIMEOUT", "SERIAL", "SYSAPPEND", "UI")


def read_pxelinux(text: str) -> dict[str, Any]:
    """Read an entry as readconfig.c does: 4095 bytes at a time, directives in any case."""
    chunks: list[bytes] = []
    for raw in text.encode().split(b"\n"):
        chunks += [raw[at : at + 4095] for at in range(0, max(len(raw), 1), 4095)]
    lines = iter([chunk.split(b"\r")[0].decode() for chunk in chunks])
    config: dict[str, Any] = {"labels": [], "comments": []}
    label: dict[str, Any] = {}
    for line in lines:
        word, _blank, rest = line.strip(" \t").partition(" ")
        rest = rest.lstrip(" \t")
        directive = word.upper()
        if directive.startswith("#"):
            config["comments"].append(line[1:].strip())
        elif directive == "LABEL":
            label = {"name": rest.split()[0], "append": "", "sysappend": config.get("sysappend")}
            config["labels"].append(label)
        elif directive == "MENU":
            kind, _blank, what = rest.partition(" ")
            if kind == "MASTER":
                kind, what = "MASTER PASSWD", what.removeprefix("PASSWD ")
            ours = label if kind in ("LABEL", "DEFAULT", "PASSWD", "SEPARATOR") else config
            ours[f"menu {kind.lower()}"] = what.lstrip()
        elif directive == "TEXT":
            assert rest == "HELP"
            label["help"] = []
            for inner in lines:
                if inner.upper().split()[:1] == ["ENDTEXT"]:
                    break
                label["help"].append(inner)
        elif directive in ("LINUX", "COM32", "LOCALBOOT", "INITRD", "APPEND"):
            label[directive.lower()] = rest
        elif directive == "INCLUDE":
            config.setdefault("include", []).append(rest)
        elif directive in _GLOBALS:
            config[directive.lower()] = rest
        else:
            assert not directive, f"the loader would read {line!r} as a directive"
    return config


def read_grub(text: str) -> dict[str, Any]:
    """Read an entry as GRUB's shell splits it into words: settings, users and menu entries."""
    config: dict[str, Any] = {"set": {}, "passwords": {}, "commands": [], "entries": []}
    inside: dict[str, Any] | None = None
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if not words:
            continue
        if words[0] == "menuentry":
            assert words[-1] == "{"
            inside = {"title": words[1], "id": words[words.index("--id") + 1], "commands": []}
            if "--users" in words:
                inside["users"] = words[words.index("--users") + 1]
            else:
                assert "--unrestricted" in words
            config["entries"].append(inside)
        elif words == ["}"]:
            inside = None
        elif inside is not None:
            inside["commands"].append(words)
        elif words[0] == "set":
            name, _equals, value = words[1].partition("=")
            config["set"][name] = value
        elif words[0] == "password_pbkdf2":
            config["passwords"][words[1]] = words[2]
        else:
            config["commands"].append(words)
    return config


def kernel_sees(arguments: list[str]) -> list[str]:
    """Return GRUB's arguments as the kernel splits them again: grub-core/lib/cmdline.c puts
    double quotes around one with a blank, and a backslash before quotes and backslashes; the
    kernel's next_arg() takes double quotes off and knows no backslash."""
    line = " ".join(
        f'"{escaped}"' if " " in escaped else escaped
        for escaped in (re.sub(r"""(['"\\])""", r"\\\1", word) for word in arguments)
    )
    seen, quoted, word = [], False, ""
    for letter in line + " ":
        if letter == '"':
            quoted = not quoted
        elif letter == " " and not quoted:
            seen += [word] if word else []
            word = ""
        else:
            word += letter
    return seen
