# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small readers of NFS servers' files that know nothing of the code which wrote them."""

from __future__ import annotations

import re
from typing import Any

# ganesha-config(8): comments, quoted strings with backslash escapes, punctuation, words.
_TOKEN = re.compile(r'#[^\n]*|"(?:[^"\\\n]|\\.)*"|%include "[^"\n]*"|[{};=,]|[^\s{};=,"#%]+|(\S)')
Block = dict[str, list[Any]]


def read_ganesha(text: str) -> Block:
    """Return names to lists of what they are given: lists of words, or blocks."""
    stack: list[Block] = [{}]
    words: list[str] = []
    for match in _TOKEN.finditer(text):
        assert match[1] is None, match
        token = match.group()
        if token.startswith("#"):
            continue
        if token.startswith("%include "):
            stack[-1].setdefault("%include", []).append(token.split('"')[1])
        elif token == "{":
            (name,) = words
            inner: Block = {}
            stack[-1].setdefault(name, []).append(inner)
            stack.append(inner)
            words = []
        elif token == "}":
            assert not words
            stack.pop()
        elif token == ";":
            name, equals, *values = words
            assert equals == "="
            assert values[1::2] == [","] * (len(values) // 2)
            stack[-1].setdefault(name, []).append([value.strip('"') for value in values[::2]])
            words = []
        else:
            words.append(token)
    assert not words
    assert len(stack) == 1
    return stack[0]


def read_exports(text: str) -> dict[str, dict[str, list[str]]]:
    """Return path to client to options, by exports(5)."""
    found: dict[str, dict[str, list[str]]] = {}
    assert text.endswith("\n")
    for line in text.replace("\\\n", "").split("\n"):
        words = line.partition("#")[0].split()
        if not words:
            continue
        raw = re.sub(rb"\\([0-7]{3})", lambda octal: bytes([int(octal[1], 8)]), words[0].encode())
        path = raw.decode()
        assert path not in found
        found[path] = {}
        for word in words[1:]:
            match = re.fullmatch(r"([^()]+)\(([^()]*)\)", word)
            assert match, word
            found[path][match[1]] = match[2].split(",")
    return found
