# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command lines for work in an image's root, in namespaces that end with the command.

Everything is mounted in a private mount namespace (unshare(1)), never on the boot server itself.
The command runs in a process namespace. If its parent is killed, the command and all its children
are killed too. When the last of them has ended, the kernel removes the mounts.
"""

from __future__ import annotations

# The tools and their packages, for the message if one is missing.
TOOLS = (("setpriv", "util-linux"), ("unshare", "util-linux"), ("mount", "mount"))

# A script for sh(1) in the image's root. It makes a /dev with what all programs expect, but without
# disks. Devices are bind mounts, since a container may not be allowed to make device nodes.
DEVICES = """
mount -t tmpfs -o mode=0755,size=1m dev ./dev
for node in null zero full random urandom; do
    : > "./dev/$node"
    mount --bind "/dev/$node" "./dev/$node"
done
ln -s /proc/self/fd ./dev/fd
ln -s /proc/self/fd/0 ./dev/stdin
ln -s /proc/self/fd/1 ./dev/stdout
ln -s /proc/self/fd/2 ./dev/stderr
"""


def private(script: str, *arguments: str) -> list[str]:
    """Return the command that runs a script for sh(1) in namespaces of its own.

    When the parent of unshare(1) ends, the kernel kills unshare and its child.

    Args:
        script: the text of the script.
        arguments: its arguments.
    """
    return [
        *("setpriv", "--pdeathsig", "KILL"),
        *("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"),
        *("sh", "-euc", script, "sh", *arguments),
    ]
