# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot entries as a person writes them, for the tests of this room."""

from __future__ import annotations

from typing import Any

MAC = "52:54:00:12:34:56"
PASSWORDS = {
    "pxelinux": "$6$salt$ByLj0OpLrnZVV8BnXMOcQ1cGxCmEzCOYhCWL/9NRpPT2xX1aFQXFlrS8OHaBTo",
    "grub": "grub.pbkdf2.sha512.10000.0D5C8C2A1F.7E4B93A6D1",
}


def entry(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "client": MAC,
        "labels": [{"name": "linux", "kernel": "images/lib/b1/vmlinuz"}],
    }
    return {**found, **changes}


def label(**changes: Any) -> dict[str, Any]:
    return {"name": "linux", "kernel": "vmlinuz", **changes}
