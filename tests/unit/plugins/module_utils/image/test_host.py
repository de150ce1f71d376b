# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command in an image finds a host that is switched off, and leaves the server as it was."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.image import host as image_host
from ansible_collections.diskless.netboot.tests.waiting import until

from . import tinyroot

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tinyroot.make(tmp_path / "root", "sleep", "touch", "ls")


def run(
    root: Path, script: str, data: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["/bin/sh", "-c", image_host.command_line(str(root), script)],
        input=data,
        capture_output=True,
        check=False,
        env={**os.environ, **environment},
    )


def said(root: Path, script: str, **environment: str) -> str:
    done = run(root, script, b"", **environment)
    return (done.stdout + done.stderr).decode()


def test_what_a_command_writes_is_in_the_image(root: Path) -> None:
    assert said(root, "echo new > /etc/motd") == ""
    assert (root / "etc/motd").read_text() == "new\n"


def test_input_output_and_status_are_the_commands_own(root: Path) -> None:
    done = run(root, "cat; echo 'two words' >&2; exit 7", b"\x00\xff binary")

    assert (done.returncode, done.stdout, done.stderr) == (7, b"\x00\xff binary", b"two words\n")


def test_a_link_in_the_image_leads_to_the_images_own_file(root: Path, tmp_path: Path) -> None:
    servers = tmp_path / "servers"
    servers.write_text("untouched")
    (root / "etc/link").symlink_to(servers)

    run(root, f"mkdir -p {tmp_path}; echo written > /etc/link")

    assert servers.read_text() == "untouched"


def test_nothing_stays_mounted_on_the_server_nor_lies_in_the_image(root: Path) -> None:
    # Other tests mount and unmount meanwhile.
    def mounted() -> list[str]:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
        return [line for line in lines if str(root) in line]

    assert said(root, "ls /proc/1/status /dev/pts/ptmx /dev/shm /run/lock") != ""

    assert mounted() == []
    for name in ("proc", "sys", "dev", "run", "tmp"):
        assert not any((root / name).iterdir()), name


def test_what_is_in_tmp_is_found_by_the_next_command_and_is_not_in_the_image(root: Path) -> None:
    before = (root / "tmp").stat().st_mtime_ns

    said(root, "echo note > /tmp/note")

    assert said(root, "cat /tmp/note") == "note\n"
    assert (root / "tmp").stat().st_mtime_ns == before
    assert not any((root / "tmp").iterdir())


def test_services_are_forbidden_to_start(root: Path) -> None:
    assert said(root, "/usr/sbin/policy-rc.d ssh start; echo $?") == "101\n"


def test_what_stays_of_that_forbids_nothing_to_a_client(root: Path) -> None:
    said(root, "true")

    left = root / "usr/sbin/policy-rc.d"
    assert (left.read_bytes(), left.stat().st_mode & 0o111) == (b"", 0)


def test_a_policy_of_the_images_own_is_kept_for_the_client(root: Path) -> None:
    tinyroot.script(root, "usr/sbin/policy-rc.d", "exit 0\n")

    assert said(root, "/usr/sbin/policy-rc.d ssh start; echo $?") == "101\n"
    assert (root / "usr/sbin/policy-rc.d").read_text().endswith("exit 0\n")


@pytest.mark.parametrize("link", ["../run/netboot/resolv.conf", "/run/systemd/resolve/stub.conf"])
def test_the_servers_name_servers_are_known_where_the_image_links_to_run(
    root: Path, link: str
) -> None:
    (root / "etc/resolv.conf").symlink_to(link)

    assert said(root, "cat /etc/resolv.conf") == Path("/etc/resolv.conf").read_text()
    assert (root / "etc/resolv.conf").readlink() == Path(link)
    assert not any((root / "run").iterdir())


def test_the_servers_name_servers_hide_the_images_and_cannot_be_written_through(
    root: Path,
) -> None:
    (root / "etc/resolv.conf").write_text("nameserver 192.0.2.1\n")
    servers = Path("/etc/resolv.conf").read_text()

    assert said(root, "cat /etc/resolv.conf; echo spoilt > /etc/resolv.conf") == servers
    assert (root / "etc/resolv.conf").read_text() == "nameserver 192.0.2.1\n"
    assert Path("/etc/resolv.conf").read_text() == servers


def test_a_resolv_conf_that_leads_out_of_run_is_not_followed(root: Path, tmp_path: Path) -> None:
    (root / "etc/resolv.conf").symlink_to(f"/run/../../{tmp_path.name}/taken")

    run(root, "true")

    assert not list(tmp_path.rglob("taken"))


def test_the_environment_is_the_images_but_for_the_servers_proxies(root: Path) -> None:
    script = 'echo "$HOME $PYTHONPATH $http_proxy"'

    shown = said(root, script, PYTHONPATH="/x", http_proxy="http://192.0.2.9:1")

    assert shown == "/root  http://192.0.2.9:1\n"


def test_a_command_sees_its_own_processes_only(root: Path) -> None:
    numbers = said(root, "echo /proc/[0-9]*").split()
    assert len(numbers) < 5


def test_what_a_command_leaves_running_ends_with_it(root: Path) -> None:
    marker = f"9{os.getpid()}.{time.monotonic_ns()}"
    run(root, f"sleep {marker} >/dev/null 2>&1 &")
    until(lambda: not _running(marker))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killing_what_runs_it_kills_all(root: Path, number: signal.Signals) -> None:
    marker = f"8{os.getpid()}.{time.monotonic_ns()}"
    line = image_host.command_line(str(root), f"sleep {marker}; true")
    with subprocess.Popen(["/bin/sh", "-c", f"exec {line}"]) as runner:
        try:
            until(lambda: _running(marker))
        finally:
            runner.send_signal(number)
    until(lambda: not _running(marker))


def test_a_command_whose_output_nobody_reads_any_more_is_killed(root: Path) -> None:
    marker = f"7{os.getpid()}.{time.monotonic_ns()}"
    line = image_host.command_line(str(root), f"sleep {marker}; true")
    with subprocess.Popen(["/bin/sh", "-c", line], stdout=subprocess.PIPE) as runner:
        try:
            until(lambda: _running(marker))
            assert runner.stdout
            runner.stdout.close()
            until(lambda: not _running(marker))
        finally:
            runner.kill()


def test_an_image_that_is_not_there_is_told_from_a_command_that_fails(tmp_path: Path) -> None:
    done = run(tmp_path / "none", "true")

    refused = image_host.refusal(done.returncode, done.stderr.decode())

    assert refused == f"there is no system in {tmp_path}/none; the playbook image.yml makes one"
    assert image_host.refusal(119, "some program's own words") is None
    assert image_host.refusal(0, done.stderr.decode()) is None


@pytest.mark.parametrize("name", ["proc", "etc", "usr/sbin"])
def test_a_folder_that_leads_out_of_the_image_is_refused(
    root: Path, tmp_path: Path, name: str
) -> None:
    outside = tmp_path / "outside"
    (root / name).rename(outside)
    (root / name).symlink_to(outside)

    done = run(root, "true")

    refused = image_host.refusal(done.returncode, done.stderr.decode())
    assert refused == f"{root}/{name} leads elsewhere"
    assert not (outside / "policy-rc.d").exists()


def _running(marker: str) -> bool:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == f"sleep\0{marker}\0".encode():
                return True
        except OSError:
            continue
    return False
