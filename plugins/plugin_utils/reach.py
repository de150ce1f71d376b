# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a boot server that cannot be reached.

For Ansible, such a host has not failed: it goes on, and prints the heading of each further play. So
the first tasks of a run fail instead.
"""

from __future__ import annotations


def sentence(host: str, error: Exception) -> str:
    """Return that Ansible cannot work on *host*, why, and what to look at."""
    why = str(error).strip().rstrip(".")
    look = "If it cannot be reached, check that it is on, its ansible_host and your ssh key."
    return f"Ansible cannot work on {host}: {why}. {look}"
