# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes files to folders: each file is staged beside its place, synced and renamed.

If the writer is killed or the power fails, a reader sees either the old file or the new one. All
functions use open folders. So if somebody replaces a folder with a link meanwhile, the link is not
followed.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import posixpath
import re
import secrets
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

_STAGED = re.compile(r"\.netboot-[0-9a-f]{16}-.+", re.DOTALL)
# For about this number of files or more, one syncfs(2) is faster than one fsync(2) for each file.
# For fewer files, syncfs would have to wait for other data too that a busy server has to write.
_MANY = 64
_OPEN = 256
# At most this number of bytes is read from a file, unless the desired content is longer. It is
# enough for a diff, and a file that is longer than the desired content differs anyway.
_SHOWN = 1 << 20
# Somebody may have put a link or a FIFO there meanwhile. A link is not followed, and a FIFO does
# not block.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
FOLDER_MODE = 0o755


class TreeError(Exception):
    """The files cannot be written as planned.

    Attributes:
        faults: one sentence for each fault. It begins with the path.
    """

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = list(faults)
        super().__init__("; ".join(self.faults))


@dataclass(frozen=True)
class Found:
    """What is at a path now.

    Attributes:
        kind: type of the file, as in stat(2).
        mode: permissions.
        uid: number of the user.
        gid: number of the group.
        content: content of a file, or the text for a link. If a file is longer than the wanted
            one, only a part of it is read.
    """

    kind: int
    mode: int
    uid: int
    gid: int
    content: bytes

    @property
    def regular(self) -> bool:
        return stat.S_ISREG(self.kind)


def is_staged(name: str) -> bool:
    """Return whether *name* is a staged file's. `sweep` removes it if its writer was killed."""
    return _STAGED.fullmatch(name) is not None


@contextlib.contextmanager
def locked(folder: int) -> Iterator[None]:
    """Hold a lock, so that writers to *folder* (an open directory) wait for each other.

    The lock is on the folder itself, so there is no lock file. It ends with its holder (flock(2)).
    """
    fcntl.flock(folder, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(folder, fcntl.LOCK_UN)


def sweep(folder: int) -> None:
    """Remove the staged files that killed writers left in *folder*. Its lock must be held."""
    for name in os.listdir(folder):
        if is_staged(name):
            # A staged file is never a folder. If it is missing, somebody else has removed it.
            with contextlib.suppress(IsADirectoryError, FileNotFoundError):
                os.unlink(name, dir_fd=folder)


def stage(
    folder: int, name: str, content: bytes, mode: int, uid: int | None, gid: int | None
) -> str:
    """Write *content* beside its place and return the name of the staged file.

    The name begins with a dot and ends with *name*, for validators that read the suffix. Owner and
    mode are set before the file is renamed to its place.

    Args:
        folder: descriptor of the folder.
        name: name of the file.
        content: its content.
        mode: its permissions.
        uid: number of its user. None leaves the user of this process.
        gid: number of its group. None leaves the group of this process.

    Raises:
        OSError: it cannot be written. The staged file was removed.
    """
    staged = f".netboot-{secrets.token_hex(8)}-{name[-200:]}"
    fd = os.open(
        staged,
        os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC,
        0o600,
        dir_fd=folder,
    )
    try:
        with os.fdopen(fd, "wb") as stream:
            stream.write(content)
            stream.flush()
            if uid is not None or gid is not None:
                os.fchown(fd, -1 if uid is None else uid, -1 if gid is None else gid)
            os.fchmod(fd, mode)
    except BaseException:
        os.unlink(staged, dir_fd=folder)
        raise
    return staged


def link_text(target: str) -> bytes:
    """Return the text that is used as the content of a symbolic link to *target*."""
    return f"(a link to {target})\n".encode("utf-8", "surrogateescape")


def stage_link(folder: int, name: str, target: str) -> str:
    """Make a symbolic link to *target* beside its place and return its name, as for `stage`.

    Raises:
        OSError: it cannot be made.
    """
    staged = f".netboot-{secrets.token_hex(8)}-{name[-200:]}"
    os.symlink(target, staged, dir_fd=folder)
    return staged


class Folders:
    """Folders below a base. They are opened step by step, and links are not followed.

    The folders that were used last stay open. Their number is well below the usual limit of 1024
    open files. A descriptor is valid until many other folders have been opened.
    """

    def __init__(self, base: str, real: Mapping[str, tuple[str, ...]]) -> None:
        self._path = base
        self._real = real
        self._open: dict[tuple[str, ...], int] = {}  # the folder that was used last is the last one

    def __enter__(self) -> Folders:
        with contextlib.suppress(FileNotFoundError):
            self._open[()] = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        return self

    def __exit__(self, *_error: object) -> None:
        for handle in self._open.values():
            os.close(handle)

    @property
    def present(self) -> bool:
        return () in self._open

    @property
    def base(self) -> int:
        if not self.present:
            raise TreeError([f"{self._path}: does not exist"])
        return self._open[()]

    def where(self, error: OSError) -> str:
        """Return the path of an error, which has only a name in the folder that was used last."""
        name = (error.filename,) if isinstance(error.filename, str) else ()
        return posixpath.join(self._path, *next(reversed(self._open), ()), *name)

    def open(self, parent: str, create: bool = False) -> int:
        """Return the descriptor of the folder *parent*.

        Raises:
            OSError: it is missing and *create* is false, or it cannot be opened.
        """
        handle = self.base
        self._open[()] = self._open.pop(())
        steps = self._real[parent]
        for end in range(1, len(steps) + 1):
            known = self._open.pop(steps[:end], None)
            if known is None:
                known = self._step(handle, steps[end - 1], create)
            handle = self._open[steps[:end]] = known
        while len(self._open) > _OPEN + len(steps):
            os.close(self._open.pop(next(key for key in self._open if key)))
        return handle

    def sync_files(self, names: Mapping[str, Sequence[str]]) -> None:
        """Wait until the data of these files (names by their folder) is on the disk."""
        if sum(map(len, names.values())) >= _MANY and self._syncfs(names):
            return
        for parent, inside in names.items():
            for name in inside:
                handle = os.open(name, _READ, dir_fd=self.open(parent))
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)

    def sync_names(self, parents: Collection[str]) -> None:
        """Wait until the names in these folders are on the disk."""
        if len(parents) >= _MANY and self._syncfs(parents):
            return
        for parent in parents:
            os.fsync(self.open(parent))

    def _syncfs(self, parents: Iterable[str]) -> bool:
        """Sync the file systems of these folders. Return False if the C library has no syncfs."""
        call = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
        if call is None:
            return False
        done = set()
        for parent in parents:
            handle = self.open(parent)
            device = os.fstat(handle).st_dev
            if device not in done and call(handle) != 0:
                error = ctypes.get_errno()
                raise OSError(error, os.strerror(error))
            done.add(device)
        return True

    @staticmethod
    def _step(handle: int, name: str, create: bool) -> int:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            return os.open(name, flags, dir_fd=handle)
        except FileNotFoundError:
            if not create:
                raise
        os.mkdir(name, FOLDER_MODE, dir_fd=handle)
        made = os.open(name, flags, dir_fd=handle)
        os.fchmod(made, FOLDER_MODE)
        os.fsync(handle)
        return made

    def exists(self, parent: str) -> bool:
        if not self.present:
            return False
        try:
            self.open(parent)
        except FileNotFoundError:
            return False
        return True

    def list(self, parent: str) -> set[str]:
        """Return the paths of everything in *parent*, except staged files."""
        if not self.exists(parent):
            return set()
        with os.scandir(self.open(parent)) as found:
            return {posixpath.join(parent, item.name) for item in found if not is_staged(item.name)}

    def read(self, path: str, size: int) -> Found | None:
        """Return what is at *path*, or None if there is nothing.

        Args:
            path: path below the base.
            size: size of the desired content in bytes.
        """
        parent, name = posixpath.split(path)
        if not self.exists(parent):
            return None
        handle = self.open(parent)
        try:
            status = os.stat(name, dir_fd=handle, follow_symlinks=False)
        except FileNotFoundError:
            return None
        content = b""
        if stat.S_ISREG(status.st_mode):
            fd = os.open(name, _READ, dir_fd=handle)
            with os.fdopen(fd, "rb") as stream:
                status = os.fstat(fd)
                if stat.S_ISREG(status.st_mode):
                    content = stream.read(min(max(size, _SHOWN), status.st_size) + 1)
        elif stat.S_ISLNK(status.st_mode):
            content = link_text(os.readlink(name, dir_fd=handle))
        return Found(
            stat.S_IFMT(status.st_mode),
            stat.S_IMODE(status.st_mode),
            status.st_uid,
            status.st_gid,
            content,
        )
