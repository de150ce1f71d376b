# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the boot script does on a client, run by dash, with the mount itself only noted."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs import scripts

FUNCTIONS = """
panic() { echo "PANIC $*"; exit 9; }
mount() { echo "mount $*"; }
"""


def boot(tmp_path: Path, arguments: str, functions: str = FUNCTIONS) -> tuple[int, str]:
    (tmp_path / "root/etc").mkdir(parents=True, exist_ok=True)
    (tmp_path / "cmdline").write_text(f"BOOT_IMAGE=x {arguments} quiet\n")
    (tmp_path / "functions").write_text(functions)
    text = scripts.netboot_root()
    for path, instead in (
        ("/scripts/functions", "functions"),
        ("/proc/cmdline", "cmdline"),
        ("/run/", "run/"),
    ):
        assert path in text
        text = re.sub(r"(?<![\w])" + path, f"{tmp_path}/{instead}", text)
    script = tmp_path / "netboot-root"
    script.write_text(text)
    done = subprocess.run(
        ["dash", str(script)],
        env={"rootmnt": f"{tmp_path}/root", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=10,
    )
    assert not done.stderr
    return done.returncode, done.stdout


@pytest.mark.parametrize("arguments", ["", "netboot.root=rw", "xnetboot.root=overlay"])
def test_a_root_of_its_own_is_left_alone(tmp_path: Path, arguments: str) -> None:
    assert boot(tmp_path, arguments) == (0, "")
    assert not (tmp_path / "run").exists()


def test_a_shared_root_gets_a_machine_id_in_ram_over_the_images(tmp_path: Path) -> None:
    (tmp_path / "root/etc").mkdir(parents=True)
    (tmp_path / "root/etc/machine-id").write_text("")
    status, said = boot(tmp_path, "netboot.root=shared-rw")
    made = tmp_path / "run/netboot/machine-id"
    assert (status, said) == (0, f"mount -o bind {made} {tmp_path}/root/etc/machine-id\n")
    assert re.fullmatch(r"[0-9a-f]{32}\n", made.read_text())  # machine-id(5)
    assert made.stat().st_mode & 0o777 == 0o444
    assert (tmp_path / "root/etc/machine-id").read_text() == ""


def test_two_clients_get_two_machine_ids(tmp_path: Path) -> None:
    ids = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        boot(tmp_path / name, "netboot.root=shared-rw")
        ids.add((tmp_path / name / "run/netboot/machine-id").read_text())
    assert len(ids) == 2


def test_systemd_cannot_store_that_machine_id_in_the_image(tmp_path: Path) -> None:
    boot(tmp_path, "netboot.root=shared-rw")
    unit = tmp_path / "run/systemd/system/systemd-machine-id-commit.service"
    assert str(unit.readlink()) == "/dev/null"


def test_an_image_without_a_machine_id_gets_an_empty_one_to_mount_on(tmp_path: Path) -> None:
    status, _said = boot(tmp_path, "netboot.root=shared-rw")
    assert status == 0
    assert (tmp_path / "root/etc/machine-id").read_text() == ""


def test_a_failing_mount_stops_the_boot(tmp_path: Path) -> None:
    functions = FUNCTIONS.replace('echo "mount $*"', "return 1")
    status, said = boot(tmp_path, "netboot.root=shared-rw", functions)
    assert status == 9 and said.startswith("PANIC netboot-root: cannot hide")


def test_a_word_that_this_initrd_does_not_know_stops_the_boot(tmp_path: Path) -> None:
    status, said = boot(tmp_path, "netboot.root=overlay")
    assert (status, said) == (
        9,
        "PANIC netboot-root: this initrd does not know netboot.root=overlay\n",
    )


def test_leaving_the_rescue_shell_does_not_go_on_with_the_boot(tmp_path: Path) -> None:
    counted = """
    panic() { echo "PANIC"; n=$((${n:-0} + 1)); [ "$n" -lt 3 ] || exit 7; }
    """
    assert boot(tmp_path, "netboot.root=typo", counted) == (7, "PANIC\n" * 3)


def test_initramfs_tools_can_ask_for_its_prerequisites(tmp_path: Path) -> None:
    script = tmp_path / "netboot-root"
    script.write_text(scripts.netboot_root())
    assert subprocess.check_output(["dash", str(script), "prereqs"], text=True) == "\n"
