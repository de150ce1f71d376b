# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a command in an image's root that it cannot write, in namespaces that end with it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, cast

from ansible_collections.diskless.netboot.plugins.module_utils.image import namespace
from ansible_collections.diskless.netboot.plugins.module_utils.image.error import ImageError

Stream = AbstractContextManager[IO[bytes]]

# The path of the work folder in the image.
WORK = "/run/netboot"

# The image itself is read-only, so a hook that wants to change it fails. /sys and /etc/fstab are
# empty, so that the result does not depend on the boot server's hardware and the image's disks.
_SETUP = (
    """
root=$1 work=$2
shift 2
mount --rbind "$root" "$root"
cd "$root"
mount -t proc -o nosuid,nodev,noexec proc ./proc
mount -t tmpfs -o mode=0755,size=64k sys ./sys
"""
    + namespace.DEVICES
    + """
mount -t tmpfs -o mode=0755 run ./run
mount -t tmpfs -o mode=1777 tmp ./tmp
if [ -n "$work" ]; then
    mkdir ./run/netboot
    mount --bind "$work" ./run/netboot
fi
if [ -f ./etc/fstab ] && [ ! -L ./etc/fstab ]; then
    mount --bind /dev/null ./etc/fstab
fi
mount -o remount,bind,ro .
exec chroot . "$@"
"""
)
_MOUNT_POINTS = ("proc", "sys", "dev", "run", "tmp")


def _prepare(root: Path, argv: Sequence[str], work: Path | None) -> list[str]:
    wrong = [
        name for name in _MOUNT_POINTS if (root / name).is_symlink() or not (root / name).is_dir()
    ]
    if wrong:
        raise ImageError(f"{root}: not a folder of its own: {', '.join(wrong)}")
    absent = [
        f"{tool} (package {package})" for tool, package in namespace.TOOLS if not shutil.which(tool)
    ]
    if absent:
        raise ImageError(f"the boot server lacks {', '.join(absent)}")
    return namespace.private(_SETUP, str(root), str(work or ""), *argv)


def _environment(extra: dict[str, str] | None) -> dict[str, str]:
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {"PATH": path, "LC_ALL": "C", "HOME": "/", **(extra or {})}


def shown(root: Path, argv: Sequence[str]) -> str:
    """Return the command as a user would type it on the boot server."""
    return shlex.join(["chroot", str(root), *argv])


def run(
    root: Path,
    argv: Sequence[str],
    *,
    work: Path | None = None,
    environment: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command in ROOT until it ends.

    :param work: a folder that the command sees as /run/netboot, or None.
    :returns: exit status and output. A status other than 0 does not raise an exception.
    :raises ImageError: a tool is missing on the boot server, or a folder in the image.
    """
    return subprocess.run(  # pylint: disable=ansible-bad-function
        _prepare(root, argv, work),
        env=_environment(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


@contextmanager
def stream(root: Path, argv: Sequence[str], stdin: IO[bytes]) -> Iterator[IO[bytes]]:
    """Yield the output of a command in ROOT while it runs.

    :param stdin: the file that the command reads, from its current position.
    :raises OSError: the command failed.
    """
    os.lseek(stdin.fileno(), stdin.tell(), os.SEEK_SET)  # the buffer has already read more
    with subprocess.Popen(  # pylint: disable=ansible-bad-function
        _prepare(root, argv, None),
        env=_environment(None),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        output, errors = cast(IO[bytes], process.stdout), cast(IO[bytes], process.stderr)
        yield output
        output.read()
        message = errors.read().decode("utf-8", "replace").strip()
    if process.returncode:
        raise OSError(f"{argv[0]}: {message or process.returncode}")
