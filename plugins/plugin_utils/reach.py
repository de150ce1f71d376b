# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a boot server that cannot be reached.

For Ansible, such a host has not failed: it goes on, and prints the heading of each further play. So
the first tasks of a run fail instead.
"""

from __future__ import annotations


def sentence(host: str, error: Exception) -> str:
    """Return that *host* cannot be reached, with what Ansible said of the connection to it."""
    why = str(error).strip().rstrip(".")
    return (
        f"{host} cannot be reached: {why}. Check that it is on, its ansible_host and your ssh key."
    )
