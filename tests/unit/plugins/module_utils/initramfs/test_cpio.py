# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an initrd holds is read rightly, however it is put together, and damage is seen."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.cpio import (
    Contents,
    Decompressor,
    read_contents,
)
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.error import InitramfsError
from hypothesis import given, settings
from hypothesis import strategies as st

from . import newc

SMALL = [("bin", newc.FOLDER, b""), ("bin/nfsmount", newc.FILE, b"x" * 301)]
KO = [("lib/modules/6/e1000.ko", newc.FILE, b"ko")]


def no_tool(kind: str, raw: IO[bytes]) -> AbstractContextManager[IO[bytes]]:
    raise AssertionError(f"no tool should be needed for {kind}")


def read(tmp_path: Path, data: bytes, decompress: Decompressor = no_tool) -> Contents:
    path = tmp_path / "initrd"
    path.write_bytes(data)
    return read_contents(path, decompress)


def names(contents: Contents) -> list[str]:
    return [entry.name for entry in contents.entries]


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "none": lambda data: data,
    "gzip": gzip.compress,
    "xz": lambda data: lzma.compress(data, check=lzma.CHECK_CRC32),
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "bzip2": bz2.compress,
}


@pytest.mark.parametrize("kind", PACKERS)
def test_every_compression_that_python_knows_is_read_and_named(tmp_path: Path, kind: str) -> None:
    contents = read(tmp_path, PACKERS[kind](newc.archive(SMALL)))
    assert names(contents) == ["bin", "bin/nfsmount"]
    assert contents.compression == kind
    assert contents.entries[0].is_folder and contents.entries[1].is_file
    assert contents.entries[1].size == 301


def test_an_uncompressed_part_with_padding_before_a_compressed_one(tmp_path: Path) -> None:
    # As initramfs-tools 0.146 and newer write it: compressed modules stay outside.
    data = newc.archive(KO) + b"\0" * 512 + gzip.compress(newc.archive(SMALL) + b"\0" * 260)
    contents = read(tmp_path, data)
    assert names(contents) == ["lib/modules/6/e1000.ko", "bin", "bin/nfsmount"]
    assert contents.compression == "gzip"


def test_other_compressions_are_read_through_the_images_own_tool_from_the_right_byte(
    tmp_path: Path,
) -> None:
    packed = b"\x28\xb5\x2f\xfd" + b"packed"
    asked = []

    @contextmanager
    def zstd(kind: str, raw: IO[bytes]) -> Iterator[IO[bytes]]:
        asked.append((kind, raw.read()))
        yield io.BytesIO(newc.archive(SMALL))

    contents = read(tmp_path, newc.archive(KO) + packed, zstd)
    assert asked == [("zstd", packed)]
    assert contents.compression == "zstd" and len(contents.entries) == 3


def test_all_names_of_one_file_have_its_size(tmp_path: Path) -> None:
    (tmp_path / "busybox").write_bytes(b"x" * 100)
    (tmp_path / "busybox").chmod(0o755)
    (tmp_path / "wget").hardlink_to(tmp_path / "busybox")
    (tmp_path / "empty").touch()
    names = b"busybox\nempty\nwget\n"
    packed = subprocess.run(
        ["cpio", "-o", "-H", "newc"], input=names, cwd=tmp_path, capture_output=True, check=True
    )
    sizes = {entry.name: entry.size for entry in read(tmp_path, packed.stdout).entries}
    assert sizes == {"busybox": 100, "empty": 0, "wget": 100}


def test_names_with_a_leading_dot_or_slash_are_the_same_file(tmp_path: Path) -> None:
    data = newc.archive([("./a", newc.FILE, b"1"), ("/b", newc.FILE, b"2"), (".c", newc.FILE, b"")])
    assert names(read(tmp_path, data)) == ["a", "b", ".c"]


@pytest.mark.parametrize("data", [b"", b"\0" * 4096, b"MZ not an initrd", newc.archive([])])
def test_what_is_no_initrd_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(InitramfsError):
        read(tmp_path, data)


@pytest.mark.parametrize("kind", PACKERS)
def test_an_initrd_cut_short_anywhere_is_refused(tmp_path: Path, kind: str) -> None:
    whole = PACKERS[kind](newc.archive(SMALL))
    # The last bytes of a cpio archive are padding after its trailer.
    end = len(whole) - (4 if kind == "none" else 1)
    for cut in range(1, end, max(1, end // 40)):
        with pytest.raises(InitramfsError):
            read(tmp_path, whole[:cut])


paths = st.text(st.characters(exclude_characters="\0/.!", codec="utf-8"), min_size=1, max_size=20)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(paths, st.just(newc.FILE), st.binary(max_size=70)), min_size=1))
def test_whatever_was_packed_is_listed(
    tmp_path_factory: pytest.TempPathFactory, files: list[tuple[str, int, bytes]]
) -> None:
    contents = read(tmp_path_factory.mktemp("cpio"), gzip.compress(newc.archive(files), 1))
    assert [(e.name, e.mode, e.size) for e in contents.entries] == [
        (name, mode, len(data)) for name, mode, data in files
    ]
