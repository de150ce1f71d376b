# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small readers of DHCP servers' files that know nothing of the code which wrote them."""

from __future__ import annotations

import re
from typing import Any

# dhcpd.conf(5): comments, quoted strings with backslash escapes, punctuation, words.
_TOKEN = re.compile(r'#[^\n]*|"(?:[^"\\\n]|\\.)*"|[{};,]|[^\s{};,"#]+|(?P<bad>\S)')
Block = dict[str, Any]


def read_dhcpd(text: str) -> Block:
    """Return statements as text to True, and blocks as their head to what is in them."""
    stack: list[Block] = [{}]
    words: list[str] = []
    for match in _TOKEN.finditer(text):
        assert match["bad"] is None, match
        token = match.group()
        if token.startswith("#"):
            continue
        if token == ";":
            assert words
            _add(stack[-1], " ".join(words), True)
            words = []
        elif token == "{":
            inner: Block = {}
            _add(stack[-1], " ".join(words), inner)
            stack.append(inner)
            words = []
        elif token == "}":
            assert not words
            stack.pop()
        else:
            words.append(token)
    assert not words
    assert len(stack) == 1
    return stack[0]


def _add(block: Block, key: str, value: Any) -> None:
    assert key not in block, f"{key} is said twice"
    block[key] = value


def read_dnsmasq(text: str) -> dict[str, list[str]]:
    """Return each directive's values, in order: one on a line, ``#`` begins a comment."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _equals, value = line.partition("=")
            assert name.strip() == name
            assert not set(value) & set(' #"\\'), line
            found.setdefault(name, []).append(value)
    return found
