# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way in which a file comes into a folder: staged beside its place, synced, renamed.

A reader sees the old file or the new one, whenever the writer dies or the power fails. Everything
works on an open folder, so that a path which is swapped for a link meanwhile cannot lead away.
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
# From about here on, one syncfs(2) is cheaper than an fsync(2) per file; below it, a busy server's
# unrelated dirty pages would make us wait for nothing.
_MANY = 64
_OPEN = 256
# A file of another size needs no reading to be told apart; this much of it is worth a diff.
_SHOWN = 1 << 20
# Somebody may have put a link or a FIFO there meanwhile: one leads away, the other would block.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
FOLDER_MODE = 0o755


class TreeError(Exception):
    """The folder cannot become what is desired.

    Attributes:
        faults: every fault, each a sentence that begins with the path.
    """

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = list(faults)
        super().__init__("; ".join(self.faults))


@dataclass(frozen=True)
class Found:
    """What stands at a path now; *content* is cut off where it surely differs anyway."""

    kind: int
    mode: int
    uid: int
    gid: int
    content: bytes

    @property
    def regular(self) -> bool:
        return stat.S_ISREG(self.kind)


def is_staged(name: str) -> bool:
    """Return whether *name* is that of a staged file: ours to remove when its writer is dead."""
    return _STAGED.fullmatch(name) is not None


@contextlib.contextmanager
def locked(folder: int) -> Iterator[None]:
    """Hold the lock by which writers into *folder* (an open directory) wait for each other.

    The lock lies on the folder itself, so it needs no file and dies with its holder (flock(2)).
    """
    fcntl.flock(folder, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(folder, fcntl.LOCK_UN)


def sweep(folder: int) -> None:
    """Remove what killed writers left staged in *folder*; its lock must be held."""
    for name in os.listdir(folder):
        if is_staged(name):
            # A folder of that name is not ours; what is gone was removed by somebody else.
            with contextlib.suppress(IsADirectoryError, FileNotFoundError):
                os.unlink(name, dir_fd=folder)


def stage(
    folder: int, name: str, content: bytes, mode: int, uid: int | None, gid: int | None
) -> str:
    """Write *content* beside its place and return the staged file's name.

    The name begins with a dot and ends like *name*, for validators that look at the suffix. Owner
    and mode are right before the file gets its name by `os.rename`; *uid* or *gid* None leaves the
    writer's own.

    Raises:
        OSError: nothing stays behind.
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
    """Return what stands for the content of a symbolic link to *target*."""
    return f"(a link to {target})\n".encode("utf-8", "surrogateescape")


def stage_link(folder: int, name: str, target: str) -> str:
    """Make a symbolic link to *target* beside its place and return its name, as for `stage`.

    Raises:
        OSError: nothing stays behind.
    """
    staged = f".netboot-{secrets.token_hex(8)}-{name[-200:]}"
    os.symlink(target, staged, dir_fd=folder)
    return staged


class Folders:
    """Folders below one base, opened step by step without following a link.

    The ones that were used last stay open, as many as a process with the usual limit of 1024 open
    files can spare, so that a descriptor is good until other folders were opened.
    """

    def __init__(self, base: str, real: Mapping[str, tuple[str, ...]]) -> None:
        self._path = base
        self._real = real
        self._open: dict[tuple[str, ...], int] = {}  # the one that was used last stands last

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
        """Return the path of an error, which itself says only a name in the folder used last."""
        name = (error.filename,) if isinstance(error.filename, str) else ()
        return posixpath.join(self._path, *next(reversed(self._open), ()), *name)

    def open(self, parent: str, create: bool = False) -> int:
        """Return the open folder *parent*; OSError where it is missing and not to be made."""
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
        """Return when the data of all files, by their parents, is on the disk."""
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
        """Return when it is on the disk which names these folders have."""
        if len(parents) >= _MANY and self._syncfs(parents):
            return
        for parent in parents:
            os.fsync(self.open(parent))

    def _syncfs(self, parents: Iterable[str]) -> bool:
        """Sync each file system that they are on; False where the C library has no such call."""
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
        """Return the paths of all that lies in *parent*, without what is being staged."""
        if not self.exists(parent):
            return set()
        with os.scandir(self.open(parent)) as found:
            return {posixpath.join(parent, item.name) for item in found if not is_staged(item.name)}

    def read(self, path: str, size: int) -> Found | None:
        """Return what stands at *path*, None for nothing; *size* is that of the desired content."""
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
