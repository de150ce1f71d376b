# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands in an image cannot change it, see no disks of it, and leave nothing behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.image import chroot
from ansible_collections.diskless.netboot.plugins.module_utils.image.error import ImageError
from ansible_collections.diskless.netboot.tests.waiting import until

from . import tinyroot

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tinyroot.make(tmp_path / "root", "sleep")


def sh(root: Path, script: str, work: Path | None = None) -> str:
    done = chroot.run(root, ["sh", "-c", script], work=work)
    return done.stdout + done.stderr


def test_a_command_sees_the_image_as_its_root(root: Path) -> None:
    (root / "etc/hostname").write_text("image\n")
    assert sh(root, "cat /etc/hostname; echo $$") == "image\n1\n"


def test_the_image_cannot_be_written_but_its_work_folder_can(root: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    assert "Read-only file system" in sh(root, "echo 1 > /etc/x")
    assert sh(root, "echo 1 > /run/netboot/x; echo 1 > /tmp/x; echo 1 > /dev/null", work) == ""
    assert (work / "x").read_text() == "1\n"
    assert not any((root / "tmp").iterdir()) and not any((root / "run").iterdir())


def test_the_images_fstab_looks_empty(root: Path) -> None:
    (root / "etc/fstab").write_text("/dev/sda1 / ext4 defaults 0 1\n")
    assert sh(root, "cat /etc/fstab") == ""
    assert "ext4" in (root / "etc/fstab").read_text()


def test_nothing_stays_mounted_on_the_boot_server(root: Path) -> None:
    sh(root, "true")
    assert str(root) not in Path("/proc/self/mountinfo").read_text()
    assert not any((root / "dev").iterdir())


def test_the_status_of_a_failing_command_is_handed_back(root: Path) -> None:
    assert chroot.run(root, ["sh", "-c", "exit 3"]).returncode == 3


def test_a_mount_point_that_leads_elsewhere_is_refused(root: Path, tmp_path: Path) -> None:
    (root / "dev").rmdir()
    (root / "dev").symlink_to("/dev")
    (root / "tmp").rmdir()
    with pytest.raises(ImageError, match="not a folder of its own: dev, tmp"):
        chroot.run(root, ["true"])


def test_tools_that_the_boot_server_lacks_are_named(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ImageError, match=r"unshare \(package util-linux\), mount \(package"):
        chroot.run(root, ["true"])


def test_output_is_streamed_from_the_files_present_position(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"skipped" + b"x" * 100_000)
    with path.open("rb") as raw:
        raw.read(7)
        with chroot.stream(root, ["cat"], raw) as stream:
            assert stream.read() == b"x" * 100_000


def test_a_stream_whose_command_fails_is_an_error(root: Path, tmp_path: Path) -> None:
    command = ["sh", "-c", "echo broken >&2; exit 1"]
    with (
        (tmp_path / "empty").open("wb+") as raw,
        pytest.raises(OSError, match="broken"),
        chroot.stream(root, command, raw) as stream,
    ):
        stream.read()


def test_killing_the_caller_kills_all_that_it_started(root: Path) -> None:
    sleep = ["sleep", f"{os.getpid()}.{time.monotonic_ns()}"]
    code = (
        "import sys; sys.path[:0] = sys.argv[3:]\n"
        "from ansible_collections.diskless.netboot.plugins.module_utils.image import chroot\n"
        "from pathlib import Path\n"
        "chroot.run(Path(sys.argv[1]), ['sh', '-c', sys.argv[2] + ' & wait'])\n"
    )
    arguments = [str(root), " ".join(sleep), *sys.path]
    with subprocess.Popen([sys.executable, "-c", code, *arguments]) as caller:
        try:
            until(lambda: _running(sleep))
        finally:
            caller.send_signal(signal.SIGKILL)
    try:
        until(lambda: not _running(sleep))
    finally:
        for process in _running(sleep):
            os.kill(process, signal.SIGKILL)


def _running(command: list[str]) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if path.read_bytes() == "".join(f"{word}\0" for word in command).encode():
                found.append(int(path.parent.name))
    return found
