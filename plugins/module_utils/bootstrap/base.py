# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The archive of a new system. It is made once, for all images with the same packages."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.bootstrap import complaints
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.command import run

# With this variable, the scripts of Debian's kernel package make no initrd. No PC would use it.
_COMMAND = ("env", "INITRD=No", "mmdebstrap")
# Host keys and the machine-id belong to one machine, so they are removed. The package lists are not
# removed, so that more packages can be installed. They are never published.
_OPTIONS = (
    "--variant=apt",
    "--skip=cleanup/apt/lists",
    '--aptopt=APT::Install-Recommends "false"',
    '--customize-hook=rm -f "$1"/etc/ssh/ssh_host_*_key*',
    '--customize-hook=truncate --size 0 "$1/etc/machine-id"',
    '--customize-hook=rm -f "$1/var/lib/dbus/machine-id" "$1/etc/resolv.conf" "$1/etc/hostname"',
)


class BaseError(Exception):
    """The archive could not be made. The text tells the user why."""


@dataclass(frozen=True)
class Base:
    """A new system.

    Attributes:
        suite: the distribution's release, such as ``bookworm``.
        packages: the packages to install.
        sources: lines of apt's sources, which the system keeps.
        keyrings: absolute paths of files with keys, which the system gets at the same paths.
    """

    suite: str
    packages: Sequence[str]
    sources: Sequence[str]
    keyrings: Sequence[str] = ()

    def options(self) -> list[str]:
        """Return the options for mmdebstrap(1)."""
        keys = [
            f'--customize-hook=install -D -m 0644 {shlex.quote(key)} "$1"{shlex.quote(key)}'
            for key in self.keyrings
        ]
        return [*_OPTIONS, f"--include={','.join(self.packages)}", *keys]

    def archive(self, folder: str) -> Path:
        """Return the path of its archive. Its name depends on the packages, sources and keys.

        Raises:
            BaseError: a keyring cannot be read.
        """
        try:
            keys = [hashlib.sha256(Path(key).read_bytes()).hexdigest() for key in self.keyrings]
        except OSError as error:
            raise BaseError(
                f"nfsroot_image_keyrings: '{error.filename}': {error.strerror}"
            ) from error
        made_of = json.dumps([_COMMAND, self.options(), list(self.sources), keys]).encode()
        return Path(folder, f"{self.suite}-{hashlib.sha256(made_of).hexdigest()[:12]}.tar")

    def make(self, archive: Path) -> bool:
        """Make the archive if it does not exist. It gets its name only when it is complete.

        If another run, or the mmdebstrap of a run that was killed, is making it, this waits.

        Returns whether it was made here.

        Raises:
            BaseError: mmdebstrap failed.
            OSError: the folder cannot be written.
        """
        archive.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        staged = archive.with_name(f"{archive.name}.new.tar")
        with _locked(archive.with_name(f"{archive.name}.lock")) as lock:
            if archive.exists():
                return False
            command = [*_COMMAND, *self.options(), self.suite, str(staged)]
            try:
                ended = run([*command, "\n".join(self.sources)], held=[lock])
                if ended.code != 0:
                    why = complaints.explain(ended.stderr)
                    raise BaseError(f"mmdebstrap made no system of {self.suite}:\n{why}")
                staged.rename(archive)
            finally:
                staged.unlink(missing_ok=True)
        return True


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[int]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()
