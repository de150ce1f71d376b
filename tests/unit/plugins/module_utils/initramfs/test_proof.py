# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing that a client needs can be absent from the initrd without its name being said."""

from __future__ import annotations

from ansible_collections.diskless.netboot.plugins.module_utils.initramfs import proof
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.cpio import Contents, Entry

FILE, FOLDER, LINK = 0o100755, 0o040755, 0o120777
WANTED = proof.Wanted(
    version="6.1",
    compression="zstd",
    modules=("e1000", "nfs", "virtio_net"),
    firmware=("rtl_nic/a.fw", "b.fw"),
    files={"nfsmount": ("bin/nfsmount", "usr/bin/nfsmount"), "scripts/nfs": ("scripts/nfs",)},
)
GOOD = (
    Entry("usr/lib/modules/6.1/kernel/e1000.ko", FILE, 9),
    Entry("usr/lib/modules/6.1/kernel/nfs.ko.xz", FILE, 9),
    Entry("lib/modules/6.1/kernel/virtio-net.ko.zst", FILE, 9),
    Entry("lib/firmware/updates/6.1/rtl_nic/a.fw", FILE, 9),
    Entry("usr/lib/firmware/b.fw.xz", LINK, 4),
    Entry("usr/bin/nfsmount", FILE, 9),
    Entry("scripts/nfs", FILE, 9),
)


def without(name: str, *instead: Entry) -> list[str]:
    entries = tuple(entry for entry in GOOD if name not in entry.name)
    assert len(entries) < len(GOOD)
    return proof.missing(Contents((*entries, *instead), "zstd"), WANTED)


def test_a_whole_initrd_has_nothing_missing() -> None:
    assert proof.missing(Contents(GOOD, "zstd"), WANTED) == []


def test_each_missing_thing_is_named() -> None:
    assert without("e1000") == ["module e1000"]
    assert without("virtio-net") == ["module virtio_net"]
    assert without("rtl_nic") == ["firmware rtl_nic/a.fw"]
    assert without("nfsmount") == ["nfsmount"]


def test_all_missing_things_are_named_at_once() -> None:
    faults = proof.missing(Contents((), "gzip"), WANTED)
    assert len(faults) == 3 + 2 + 2 + 1
    assert faults[-1] == "zstd compression (it has gzip)"


def test_a_module_for_another_kernel_does_not_count() -> None:
    other = Entry("usr/lib/modules/6.2/kernel/e1000.ko", FILE, 9)
    assert without("e1000", other) == ["module e1000"]


def test_an_empty_file_or_a_folder_of_that_name_does_not_count() -> None:
    empty = Entry("usr/lib/modules/6.1/kernel/e1000.ko", FILE, 0)
    assert without("e1000", empty) == ["module e1000"]
    assert without("nfsmount", Entry("bin/nfsmount", FOLDER, 0)) == ["nfsmount"]
    assert without("rtl_nic", Entry("lib/firmware/rtl_nic/a.fw", FOLDER, 0)) != []
