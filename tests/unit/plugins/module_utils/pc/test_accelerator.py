# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""KVM is used where it was seen to work, and asked once per boot of the machine."""

from __future__ import annotations

import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.pc import accelerator


class Machine:
    """A machine with /dev/kvm; ``works`` is what the proving guest would say."""

    def __init__(self, folder: Path) -> None:
        self.boot_id = folder / "boot_id"
        self.memory = folder / "cache/accelerator"
        self.works = True
        self.asked = 0
        self.reboot("first")

    def reboot(self, boot_id: str) -> None:
        self.boot_id.write_text(f"{boot_id}\n")

    def proves(self, name: str) -> bool:
        self.asked += 1
        return name == "kvm" and self.works

    def choose(self) -> str:
        return accelerator.choose(self.memory)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(tmp_path)
    monkeypatch.setattr(accelerator, "_BOOT_ID", machine.boot_id)
    monkeypatch.setattr(accelerator, "proves", machine.proves)
    monkeypatch.setattr(os, "access", lambda path, mode: path == "/dev/kvm")
    return machine


def test_the_proving_guest_is_one_sector_that_a_bios_starts() -> None:
    sector = accelerator.boot_sector()
    assert len(sector) == 512
    assert sector[-2:] == b"\x55\xaa"
    # The descriptor table lies where the code loads it from: the sector is at 0x7c00.
    table = int.from_bytes(sector[9:11], "little") - 0x7C00
    size = int.from_bytes(sector[table : table + 2], "little") + 1
    start = int.from_bytes(sector[table + 2 : table + 6], "little") - 0x7C00
    assert start + size == table
    assert sector[start : start + 8] == bytes(8)


@pytest.mark.parametrize(("works", "answer"), [(True, "kvm"), (False, "tcg")])
def test_the_answer_is_remembered_until_the_machine_is_booted_again(
    machine: Machine, works: bool, answer: str
) -> None:
    machine.works = works
    assert [machine.choose(), machine.choose()] == [answer, answer]
    assert machine.asked == 1
    machine.reboot("second")
    machine.works = not works
    assert machine.choose() != answer
    assert machine.asked == 2
    assert list(machine.memory.parent.iterdir()) == [machine.memory]


@pytest.mark.parametrize("text", ["", "first", "\0" * 40])
def test_a_memory_that_says_nothing_is_made_anew(machine: Machine, text: str) -> None:
    machine.memory.parent.mkdir()
    machine.memory.write_text(text)
    assert machine.choose() == "kvm"
    assert machine.memory.read_text() == "first kvm\n"


def test_without_kvm_nothing_is_asked_or_written(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert machine.choose() == "tcg"
    assert not machine.memory.parent.exists()


def test_a_machine_without_qemu_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accelerator, "QEMU", "no-such-qemu")
    assert not accelerator.proves("tcg")


@pytest.mark.skipif(not shutil.which(accelerator.QEMU), reason="QEMU is not installed")
def test_the_proving_guest_runs_to_its_end_and_not_in_no_time() -> None:
    assert accelerator.proves("tcg", 30)
    assert not accelerator.proves("tcg", 0.001)


def test_pcs_that_are_switched_on_at_once_may_all_ask_first(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, written = threading.Barrier(4), threading.Barrier(4)
    replace = Path.replace

    def proves(_name: str) -> bool:
        asked.wait(10)
        return True

    def replaced(staged: Path, target: Path) -> Path:
        written.wait(10)  # until all have staged their answer
        return replace(staged, target)

    monkeypatch.setattr(accelerator, "proves", proves)
    monkeypatch.setattr(Path, "replace", replaced)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _number: machine.choose(), range(4))) == ["kvm"] * 4
