# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""README's way from a fresh server to the first PC: its commands are typed as they stand there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from ansible_collections.diskless.netboot.plugins.module_utils.pc.qemu import Guest
from ansible_collections.diskless.netboot.tests.boot.room import CONSOLE
from ansible_collections.diskless.netboot.tests.boot.site import Site
from ansible_collections.diskless.netboot.tests.lab import client, images
from ansible_collections.diskless.netboot.tests.lab.network import SERVER_ADDRESS, SERVER_NIC
from ansible_collections.diskless.netboot.tests.lab.places import PROJECT

pytestmark = pytest.mark.matrix

README = (PROJECT / "README.md").read_text()
NEEDED = "You need three things"
MAC = "52:54:00:02:00:01"
PASSWORD = "correct horse"


def commands(begin: str, end: str) -> list[str]:
    """Return what README lets its reader type between two of its phrases."""
    part = README.partition(begin)[2].partition(end)[0]
    assert part, begin
    return [
        line.strip().removeprefix("$ ")
        for block in re.findall(r"```console\n(.*?)```", part, re.DOTALL)
        for line in block.splitlines()
        if line.strip().startswith("$ ")
    ]


def step(number: int) -> list[str]:
    return commands(f"**{number}. ", f"**{number + 1}. " if f"**{number + 1}. " in README else "##")


@dataclass
class Reader:
    """Who does what README says, at a computer on the PCs' network.

    Attributes:
        home: the home folder, with the key by which the boot server lets the reader in.
        place: the folder that the shell is in.
    """

    home: Path
    place: Path

    def types(self, command: str, *, keys: str = "") -> str:
        """Run a command in the reader's shell, and return what is on the screen then.

        Args:
            command: what is typed.
            keys: what is typed into the programs that it starts.
        """
        script = f"{command}; status=$?; pwd > {self.home}/place; exit $status"
        screen = ["script", "--quiet", "--return", "--command", script, "/dev/null"]
        path = f"{self.home}/bin:{self.home}/.local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin"
        kept = {name: os.environ[name] for name in os.environ if name.startswith("PIP_")}
        ended = subprocess.run(
            screen,
            cwd=self.place,
            env={
                **kept,
                "HOME": str(self.home),
                "PATH": f"{path}:/usr/bin:/sbin:/bin",
                "LC_ALL": "C.UTF-8",
                "SHELL": "/bin/bash",
                "ANSIBLE_NOCOLOR": "1",
            },
            input=keys,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, f"{command}\n{ended.stdout[-8000:]}{ended.stderr}"
        self.place = Path((self.home / "place").read_text().strip())
        return ended.stdout

    def edits(self, name: str, **variables: object) -> None:
        """Change variables of a file of the inventory's group_vars."""
        file = self.home / "room/inventory/group_vars" / f"{name}.yml"
        file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), **variables}))


@pytest.fixture
def reader(bare: Site, tmp_path: Path) -> Reader:
    """Somebody with a checkout, Python, and ssh."""
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    checkout = home / "netboot"
    shutil.copytree(PROJECT, checkout, ignore=shutil.ignore_patterns(".build", ".git", "output"))
    ssh = home / "bin/ssh"
    on_the_network = ["ip", "netns", "exec", bare.lab.namespace, "/usr/bin/ssh"]
    ssh.write_text(f'#!/bin/sh\nexec {shlex.join([*on_the_network, *images.ssh_options()])} "$@"\n')
    ssh.chmod(0o755)
    subprocess.run([sys.executable, "-m", "venv", str(home / "pipx")], check=True)
    subprocess.run([home / "pipx/bin/pip", "install", "--quiet", "pipx"], check=True)
    (home / "bin/pipx").symlink_to(home / "pipx/bin/pipx")
    return Reader(home, checkout)


def describe_the_room(reader: Reader) -> None:
    """Do step 2, for the lab's network, and for a system without a desktop."""
    inventory = reader.home / "room/inventory"
    for file in inventory.rglob("*.yml"):
        file.write_text(file.read_text().replace("192.168.2.", "198.51.100."))
    hosts = yaml.safe_load((inventory / "hosts.yml").read_text())
    hosts["nfs_servers"]["hosts"]["boot1"].update(
        ansible_host=SERVER_ADDRESS,
        netboot_address=SERVER_ADDRESS,
        dhcp_server_interfaces=[SERVER_NIC],
    )
    (inventory / "hosts.yml").write_text(yaml.safe_dump(hosts))
    reader.edits(
        "netboot_images",
        nfsroot_image_packages=["rsync"],
        client_tuning_autologin_user="",
        client_tuning_autologin_session="",
        client_tuning_autostart=[],
        nfsroot_image_authorized_keys=[images.ssh_key().with_suffix(".pub").read_text().strip()],
        # The same packages as in other tests.
        nfsroot_image_base_cache="/var/cache/netboot",
    )
    reader.edits("netboot_clients", netboot_kernel_args=CONSOLE)


def starts(guest: Guest, logs: Path, bare: Site) -> None:
    if not guest.wait_ready(client.BOOT_SECONDS):
        client.keep_logs(bare.lab, guest, logs)
        raise AssertionError(f"{guest.trace.sentence()} See {logs}.")


def test_a_newcomer_comes_to_a_pc_that_boots_and_lets_a_person_log_in(
    bare: Site, reader: Reader, logs: Path
) -> None:
    for command in commands(NEEDED, "**1. "):
        # The machine of the tests gets no further packages.
        if not command.startswith("sudo ") and command != "pipx ensurepath":
            reader.types(command)
    for command in step(1):
        reader.types(command)
    assert reader.place == reader.home / "room"
    describe_the_room(reader)
    (check,) = step(3)
    reader.types(check)
    (build,) = step(4)
    assert " failed=0" in reader.types(build)
    (log_in, make_user, publish) = step(6)
    log_in = log_in.replace("192.168.2.", "198.51.100.")
    with bare.power_on(MAC, nic="e1000e") as guest:
        starts(guest, logs, bare)
        assert reader.types(f"{log_in} hostname").strip() == "pc01"
    reader.types(make_user, keys=f"{PASSWORD}\n{PASSWORD}\n")
    reader.types(publish)
    with bare.power_on(MAC, nic="e1000e") as guest:
        starts(guest, logs, bare)
        shadow = reader.types(f"{log_in} getent shadow helper").split(":")[1]
    salt = shadow.split("$")[2]
    made = ["openssl", "passwd", "-6", "-salt", salt, PASSWORD]
    assert subprocess.run(made, capture_output=True, text=True, check=True).stdout.strip() == shadow

    # The table of every day.
    for playbook in ("rollback", "clients", "prune"):
        command = f"ansible-playbook -i inventory diskless.netboot.{playbook}"
        assert f"`{command}`" in README
        reader.types(f"{command} --check --diff")
        assert " failed=0" in reader.types(command)
