# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists the content of an initrd. The file is read as a stream.

The format is the kernel's initramfs buffer format, see
Documentation/driver-api/early-userspace/buffer-format.rst of Linux. It consists of one or more cpio
archives in the format "newc", plain or compressed, with zeros between them.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO, cast

from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.error import InitramfsError

_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"\xfd7zXZ\0", "xz"),
    (b"BZh", "bzip2"),
    (b"\x5d\0\0", "lzma"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x02\x21\x4c\x18", "lz4"),
    (b"\x89LZO", "lzop"),
)
_HEADER = 110
_NAME_LIMIT = 4096

# Opens a compressed stream of a kind such as zstd, from the current position of the file.
Decompressor = Callable[[str, IO[bytes]], "AbstractContextManager[IO[bytes]]"]


@dataclass(frozen=True)
class Entry:
    """One file of an archive.

    Attributes:
        name: path without a leading slash.
        mode: as in stat(2).
        size: in bytes.
    """

    name: str
    mode: int
    size: int

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.mode)

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.mode)


@dataclass(frozen=True)
class Contents:
    """The files in all parts of an initrd, and the compression of its last part, or ``none``."""

    entries: tuple[Entry, ...]
    compression: str


def read_contents(path: Path, decompress: Decompressor) -> Contents:
    """List an initrd. A compressed part must be the last part, as in initrds of mkinitramfs(8).

    :param decompress: opens streams that Python cannot read itself (zstd, lz4, lzop).
    :raises InitramfsError: the file is incomplete or is not an initrd.
    """
    entries: list[Entry] = []
    compression = "none"
    with path.open("rb") as raw:
        while True:
            start = _skip_zeros(raw)
            if start is None:
                break
            raw.seek(start)
            magic = raw.read(6)
            raw.seek(start)
            if magic[:5] == b"07070":
                entries.extend(_archive(raw, path))
                continue
            compression = next((kind for lead, kind in _MAGIC if magic.startswith(lead)), "")
            if not compression:
                raise InitramfsError(f"{path}: byte {start} starts neither cpio nor a known format")
            try:
                with _open(compression, raw, decompress) as stream:
                    while _at_archive(stream):
                        entries.extend(_archive(stream, path, started=True))
            except (OSError, EOFError, lzma.LZMAError) as exc:
                raise InitramfsError(f"{path}: {compression} data is damaged: {exc}") from exc
            break
    if not entries:
        raise InitramfsError(f"{path}: the initrd is empty")
    return Contents(tuple(entries), compression)


def _open(kind: str, raw: IO[bytes], decompress: Decompressor) -> AbstractContextManager[IO[bytes]]:
    if kind == "gzip":
        return cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
    if kind in ("xz", "lzma"):
        return lzma.LZMAFile(raw)
    if kind == "bzip2":
        return bz2.BZ2File(raw)
    return decompress(kind, raw)


def _skip_zeros(raw: IO[bytes]) -> int | None:
    """Return the position of the next byte that is not zero, or None at the end of the file."""
    while block := raw.read(1 << 16):
        rest = block.lstrip(b"\0")
        if rest:
            return raw.tell() - len(rest)
    return None


def _at_archive(stream: IO[bytes]) -> bool:
    """Read up to the end of the next cpio magic. Return False if only zeros are left."""
    magic = stream.read(6)
    while magic and not magic.strip(b"\0"):
        # Archives inside one compressed part are padded to 4 bytes, then often to 512.
        magic = magic[4:] + stream.read(4)
    return bool(magic)


def _take(stream: IO[bytes], size: int, path: Path) -> bytes:
    data = b""
    while len(data) < size:
        block = stream.read(size - len(data))
        if not block:
            raise InitramfsError(f"{path}: the archive ends in the middle of a file")
        data += block
    return data


def _skip(stream: IO[bytes], size: int, path: Path) -> None:
    while size:
        size -= len(_take(stream, min(size, 1 << 20), path))


def _archive(stream: IO[bytes], path: Path, *, started: bool = False) -> list[Entry]:
    """Return the entries of one archive, up to its trailer.

    If a file has several names (hard links), the archive contains its content only with the last
    name. Here, all of its names have its size.

    :param started: whether the magic of the first entry has already been read.
    """
    read = list(_records(stream, path, started=started))
    sizes = {file: size for file, _name, _mode, size in read if size}
    return [Entry(name, mode, sizes.get(file, 0)) for file, name, mode, _size in read]


def _records(
    stream: IO[bytes], path: Path, *, started: bool
) -> Iterator[tuple[tuple[int, ...], str, int, int]]:
    """Yield for each name: a key that all names of a file share, the name, the mode, the size."""
    for number in count():
        magic = b"070701" if started else _take(stream, 6, path)
        started = False
        if magic not in (b"070701", b"070702"):
            raise InitramfsError(f"{path}: damaged cpio header {magic!r}")
        header = _take(stream, _HEADER - 6, path)
        try:
            fields = [int(header[at : at + 8], 16) for at in range(0, len(header), 8)]
        except ValueError as exc:
            raise InitramfsError(f"{path}: damaged cpio header {header!r}") from exc
        mode, size, name_size = fields[1], fields[6], fields[11]
        if not 0 < name_size <= _NAME_LIMIT:
            raise InitramfsError(f"{path}: damaged cpio header {header!r}")
        name = _take(stream, name_size, path)[:-1].decode("utf-8", "surrogateescape")
        _skip(stream, -(_HEADER + name_size) % 4, path)
        if name == "TRAILER!!!":
            return
        _skip(stream, size + -size % 4, path)
        linked = (fields[0], fields[7], fields[8]) if fields[4] > 1 else (number,)
        yield linked, name[2:] if name.startswith("./") else name.lstrip("/"), mode, size
