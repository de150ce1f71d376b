# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command lines for work inside an image root, in namespaces that end with it.

Everything is mounted in a private mount namespace (unshare(1)), never on the boot server itself,
and the command lives in a process namespace: whatever kills its parent kills the command and all
its children, and the kernel drops the mounts with the last of them.
"""

from __future__ import annotations

# By whom the tools come, for the message where one is missing.
TOOLS = (("setpriv", "util-linux"), ("unshare", "util-linux"), ("mount", "mount"))

# sh(1), in the image's root: a /dev with what every program expects and no disks. Devices are
# bind mounts since a container may be forbidden to make nodes.
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
    """Return the command that runs the sh(1) *script* with *arguments* in namespaces of its own.

    The kernel kills unshare(1) when its parent dies, and unshare's child with it.
    """
    return [
        *("setpriv", "--pdeathsig", "KILL"),
        *("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"),
        *("sh", "-euc", script, "sh", *arguments),
    ]
