# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record beside an initrd says what changed since, and nothing when nothing did."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs import fingerprint
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.cpio import Contents, Entry

RECORD = fingerprint.Record("6.1", "ab" * 32, {"kernel": "6.1"}, {"bin/sh": "1"}, ["nfs"], ["a.fw"])


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "initrd.json"
    path.write_text(RECORD.dump())
    assert fingerprint.Record.load(path) == RECORD


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", "null", '{"inputs": 1}', RECORD.dump()[:-9], "\x00"]
)
def test_a_damaged_record_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "initrd.json"
    path.write_text(text)
    assert fingerprint.Record.load(path) is None


def test_a_record_of_other_shapes_is_as_good_as_none(tmp_path: Path) -> None:
    path = tmp_path / "initrd.json"
    path.write_text(RECORD.dump().replace('{\n  "kernel": "6.1"\n }', "[]"))
    assert fingerprint.Record.load(path) is None


def test_each_change_is_one_reason_in_words() -> None:
    old = {"option modules": "list", "gone": "1", "/boot/x": "a" * 64, "same": "1"}
    new = {"option modules": "most", "fresh": "1", "/boot/x": "b" * 64, "same": "1"}
    assert fingerprint.reasons(old, new) == [
        "/boot/x changed",
        "fresh was added",
        "gone was removed",
        "option modules changed from list to most",
    ]
    assert fingerprint.reasons(old, old) == []


def test_files_that_came_from_the_image_are_watched_and_others_are_not(tmp_path: Path) -> None:
    for name in ("usr/bin/kmod", "usr/lib/modules/6.1/x.ko", "conf/arch.conf"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    inside = Contents(
        tuple(
            Entry(name, 0o100644, 1)
            for name in ("usr/bin/kmod", "usr/lib/modules/6.1/x.ko", "conf/arch.conf", "etc/made")
        ),
        "gzip",
    )
    names = fingerprint.files_inside(tmp_path, "6.1", inside)
    assert names == ["usr/bin/kmod"]
    before = fingerprint.file_facts(tmp_path, names)
    (tmp_path / "usr/bin/kmod").write_text("22")
    after = fingerprint.file_facts(tmp_path, names)
    assert fingerprint.reasons(before, after) == ["usr/bin/kmod changed"]
    (tmp_path / "usr/bin/kmod").unlink()
    gone = fingerprint.file_facts(tmp_path, names)
    assert fingerprint.reasons(before, gone) == ["usr/bin/kmod was removed"]
