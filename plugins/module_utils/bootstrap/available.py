# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages that not every release of Debian has, and what to choose without them."""

from __future__ import annotations

from collections.abc import Iterable

# Debian 14 has removed them (its release notes, and tracker.debian.org).
INSTEAD = {
    "isc-dhcp-server": "set 'dhcp_server_backend' to 'kea' or 'dnsmasq'",
    "autofs": "mount these folders at boot, with 'client_tuning_mounts' in place of"
    " 'client_tuning_autofs'",
}


def candidates(policy: str) -> set[str]:
    """Return the packages that apt could install, from what ``apt-cache policy`` prints."""
    found, name = set(), ""
    for line in policy.splitlines():
        if not line.startswith(" "):
            name = line.rstrip(":")
        elif line.strip().startswith("Candidate:") and not line.endswith("(none)"):
            found.add(name)
    return found


def faults(names: Iterable[str], policy: str, system: str) -> list[str]:
    """Return a sentence for each package that apt does not know.

    Args:
        names: of the packages.
        policy: what ``apt-cache policy`` prints of them.
        system: what the host calls itself, ``PRETTY_NAME`` of os-release(5).
    """
    known = candidates(policy)
    return [
        f"{system} has no package {name}" + (f": {INSTEAD[name]}" if name in INSTEAD else "")
        for name in names
        if name not in known
    ]
