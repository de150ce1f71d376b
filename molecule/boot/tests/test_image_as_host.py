# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Anybody's commands and roles change an image, and leave the boot server as it was."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from ansible_collections.diskless.netboot.tests.lab.places import PROJECT
from ansible_collections.diskless.netboot.tests.waiting import until
from testinfra.host import Host

IMAGES = "/srv/netboot/images"
ROOT = f"{IMAGES}/bookworm/root"
INVENTORY = PROJECT / "inventories/demo/hosts.yml"


class Controller:
    """Where the administrator sits: Ansible with the scenario's inventory."""

    def __init__(self, scenario: Path, folder: Path) -> None:
        self.folder = folder
        self.inventories = [INVENTORY, scenario / "inventory"]

    def command(self, program: str, *arguments: str) -> list[str]:
        return [program, *(f"--inventory={path}" for path in self.inventories), *arguments]

    def run(self, program: str, *arguments: str, fails: bool = False) -> str:
        done = subprocess.run(
            self.command(program, *arguments),
            cwd=PROJECT,
            env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) == fails, done.stdout
        return done.stdout

    def write(self, name: str, content: object) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content))
        return path


@pytest.fixture
def controller(scenario: Path, tmp_path: Path) -> Controller:
    return Controller(scenario, tmp_path)


@pytest.fixture(autouse=True)
def _server_as_before(host: Host) -> Iterator[None]:
    """No test may leave a mount, or a process of the image, on the boot server."""
    before = _mounts(host)
    yield
    assert _mounts(host) == before
    assert _processes_in_images(host) == ""


def _mounts(host: Host) -> str:
    return host.check_output("findmnt --raw --noheadings --output TARGET,SOURCE,OPTIONS")


def _processes_in_images(host: Host) -> str:
    return host.check_output(f"find /proc/[0-9]*/root -lname '{IMAGES}/*' 2>/dev/null || true")


def test_a_package_with_a_service_is_installed_and_the_service_not_started(
    host: Host, controller: Controller
) -> None:
    try:
        output = controller.run("ansible", "bookworm", "-m", "apt", "-a", "name=cron")

        assert "policy-rc.d denied execution of start" in output
        assert host.run("dpkg --root=%s --status cron", ROOT).rc == 0
        assert host.file(
            f"{ROOT}/etc/systemd/system/multi-user.target.wants/cron.service"
        ).is_symlink
        assert not host.package("cron").is_installed, "it went to the boot server"
        again = controller.run("ansible", "bookworm", "-m", "apt", "-a", "name=cron")
        assert "bookworm | SUCCESS" in again
    finally:
        controller.run("ansible", "bookworm", "-m", "apt", "-a", "name=cron state=absent purge=yes")


def test_the_servers_name_servers_are_not_left_in_the_image(host: Host) -> None:
    link = host.check_output("readlink %s/etc/resolv.conf", ROOT)
    assert link == "../run/netboot/resolv.conf"
    assert not host.file(f"{ROOT}/run/netboot").exists


def test_what_forbade_services_to_start_forbids_nothing_to_clients(host: Host) -> None:
    policy = host.file(f"{ROOT}/usr/sbin/policy-rc.d")

    assert (policy.size, policy.mode & 0o111) == (0, 0)


def test_a_role_of_somebody_elses_is_applied(host: Host, controller: Controller) -> None:
    tasks = [
        {"ansible.builtin.user": {"name": "reader", "shell": "/bin/bash"}},
        {
            "ansible.builtin.copy": {"content": "Welcome\n", "dest": "/etc/motd", "mode": "0644"},
            "notify": "Restart ssh",
        },
        {"ansible.builtin.service": {"name": "ssh", "state": "started", "enabled": True}},
        {
            "ansible.builtin.command": {"cmd": "id -un"},
            "become": True,
            "register": "who",
            "changed_when": False,
        },
        {"ansible.builtin.assert": {"that": "who.stdout == 'root'"}},
        {
            "ansible.builtin.assert": {
                "that": "ansible_facts['distribution_release'] == 'bookworm'",
            }
        },
    ]
    controller.write("roles/theirs/tasks/main.yml", tasks)
    service = {"name": "ssh", "state": "restarted"}
    controller.write(
        "roles/theirs/handlers/main.yml",
        [{"name": "Restart ssh", "ansible.builtin.service": service}],
    )
    play = controller.write("play.yml", [{"hosts": "bookworm", "roles": ["theirs"]}])

    controller.run("ansible-playbook", str(play))

    assert host.file(f"{ROOT}/etc/motd").content_string == "Welcome\n"
    assert "reader:" in host.file(f"{ROOT}/etc/passwd").content_string
    assert host.file(f"{ROOT}/home/reader").is_directory
    assert not host.user("reader").exists, "it went to the boot server"
    assert "changed=0" in controller.run("ansible-playbook", str(play))


def test_a_file_travels_whole_both_ways_and_follows_the_images_own_links(
    host: Host, controller: Controller
) -> None:
    sent, fetched = controller.folder / "sent", controller.folder / "fetched"
    sent.write_bytes(os.urandom(17 << 20))
    host.check_output("echo server >/root/target; echo image >%s/root/target", ROOT)
    host.check_output("ln -s /root/target %s/link", ROOT)
    try:
        copy = f"src={sent} dest=/link follow=true"
        controller.run("ansible", "bookworm", "-m", "copy", "-a", copy)
        fetch = f"src=/root/target dest={fetched} flat=true"
        controller.run("ansible", "bookworm", "-m", "fetch", "-a", fetch)

        assert host.file("/root/target").content_string == "server\n"
        assert fetched.read_bytes() == sent.read_bytes()
    finally:
        host.check_output("rm -f /root/target %s/link %s/root/target", ROOT, ROOT)


@pytest.mark.parametrize("way", ["ended", "cut off"])
def test_when_a_run_is_killed_what_it_did_in_the_image_ends(
    host: Host, controller: Controller, way: str
) -> None:
    number = f"9{time.monotonic_ns()}"
    shell = f"sleep {number}; true"
    with subprocess.Popen(
        controller.command("ansible", "bookworm", "-m", "shell", "-a", shell),
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as run:
        try:
            until(lambda: host.run(f"pgrep -xf 'sleep {number}'").rc == 0, 60, pause=0.2)
            assert _processes_in_images(host) != ""
        finally:
            if way == "ended":
                run.terminate()
            else:
                for process in _family(run.pid):
                    os.kill(process, signal.SIGKILL)
    until(lambda: host.run(f"pgrep -xf 'sleep {number}'").rc == 1, 60, pause=0.2)
    until(lambda: _processes_in_images(host) == "", 60, pause=0.2)


def test_an_image_that_is_not_there_is_told_with_what_makes_it(controller: Controller) -> None:
    with _images(controller, nowhere={}):
        output = controller.run("ansible", "nowhere", "-m", "ping", fails=True)

    assert f"there is no system in {IMAGES}/nowhere/root" in output
    assert "image.yml" in output


def test_a_task_that_would_outlive_its_command_is_refused(controller: Controller) -> None:
    asynchronous = ["-B", "60", "-P", "1", "-m", "command", "-a", "true"]

    output = controller.run("ansible", "bookworm", *asynchronous, fails=True)

    assert "cannot run tasks with 'async'" in output


def test_a_package_that_is_added_later_is_installed_in_the_image_as_it_is(
    host: Host, controller: Controller
) -> None:
    host.check_output("echo kept > %s/root/note", ROOT)
    image = [str(PROJECT / "playbooks/image.yml"), "--limit=bookworm"]
    more = "{nfsroot_image_packages: [hello]}"

    # As a person writes it, which is a string.
    upgraded = ["--extra-vars", "nfsroot_image_upgrade=true"]
    controller.run("ansible-playbook", *image, "--extra-vars", more, *upgraded)

    assert host.run("dpkg --root=%s --status hello", ROOT).rc == 0
    assert host.file(f"{ROOT}/root/note").content_string == "kept\n"
    assert host.file(f"{IMAGES}/bookworm/current/root/usr/bin/hello").exists


def test_what_an_image_is_no_longer_told_is_undone(host: Host, controller: Controller) -> None:
    mask = f"{ROOT}/etc/systemd/system/ours.timer"

    def told(**options: object) -> str:
        variables = {f"client_tuning_{name}": value for name, value in options.items()}
        role = "--args=name=diskless.netboot.client_tuning"
        option = f"--extra-vars={json.dumps(variables)}"
        return controller.run("ansible", "bookworm", "--module-name=include_role", role, option)

    told(log_server="192.0.2.9", masked_units=["ours.timer"])
    assert 'target="192.0.2.9"' in host.file(f"{ROOT}/etc/rsyslog.conf").content_string
    assert host.file(mask).linked_to == "/dev/null"

    assert "CHANGED" in told(log_server="")
    assert not host.file(f"{ROOT}/etc/rsyslog.conf").exists
    assert host.run("dpkg --root=%s --status rsyslog", ROOT).rc != 0
    assert not host.file(mask).exists
    assert "CHANGED" not in told(log_server="")


@pytest.mark.parametrize(
    ("mirror", "said"),
    [
        (
            "deb [arch=amd64 trusted=yes] http://mirror.example/debian bookworm main",
            "turns the check of signatures off",
        ),
        # Whatever stands in it.
        ("/etc/apt/sources.list.d/debian.sources", "must be a line that begins with 'deb'"),
    ],
)
def test_a_mirror_whose_signature_would_not_be_checked_is_refused(
    controller: Controller, mirror: str, said: str
) -> None:
    image = {"nfsroot_image_suite": "bookworm", "nfsroot_image_mirrors": [mirror]}
    with _images(controller, unsigned=image):
        playbook = str(PROJECT / "playbooks/image.yml")
        output = controller.run("ansible-playbook", playbook, "--limit=unsigned", fails=True)

    assert said in output.replace("\n", " ")


# A package, in a repository that a key of its own has signed.
_OWN_MIRROR = """
export DEBIAN_FRONTEND=noninteractive GNUPGHOME=$(mktemp -d)
apt-get install -qq --no-install-recommends gpg gpg-agent apt-utils
mkdir -p /srv/own/built/DEBIAN /srv/own-bases /etc/apt/keyrings
cd /srv/own
printf '%s\n' 'Package: of-their-own' 'Version: 1' 'Architecture: all' 'Description: theirs' \
    'Maintainer: Somebody <somebody@site.example>' >built/DEBIAN/control
dpkg-deb --build built .
for name in other own; do
    gpg --quiet --batch --passphrase '' --quick-gen-key "$name@site.example"
    gpg --export "$name@site.example" >"/etc/apt/keyrings/$name.gpg"
done
apt-ftparchive packages . >Packages
apt-ftparchive release . >Release
gpg --quiet --local-user own@site.example --clearsign --output InRelease Release
"""


def test_the_keys_of_further_mirrors_are_checked_and_the_image_has_them(
    host: Host, controller: Controller
) -> None:
    host.check_output("sh -euc %s", _OWN_MIRROR)
    lines = host.file(f"{ROOT}/etc/apt/sources.list").content_string.splitlines()
    # The smallest system that has apt.
    system = {
        "suite": "bookworm",
        "mirrors": [*lines, "deb copy:///srv/own ./"],
        "packages": ["of-their-own"],
        "dest": "/srv/own-bases",
    }
    root = "/srv/signed"

    def made(*keys: str, fails: bool) -> str:
        keyrings = [f"/etc/apt/keyrings/{key}.gpg" for key in keys]
        module = "--module-name=diskless.netboot.image_base"
        options = f"--args={json.dumps({**system, 'keyrings': keyrings})}"
        return controller.run("ansible", "boot1", module, options, fails=fails)

    try:
        refused = made("other", fails=True)
        assert "Missing key" in refused, "apt's own words (of Debian 13) are shown"
        assert "Name the file with the mirror" in refused
        made("other", "own", fails=False)
        host.check_output("mkdir %s; tar -C %s -xf /srv/own-bases/*.tar", root, root)
        host.check_output("dpkg --root=%s --status of-their-own", root)
        # As apt in the image sees it, which finds nothing there but what belongs to the image.
        host.check_output("cp -a /srv/own %s/srv/own && chroot %s apt-get update", root, root)
    finally:
        made_here = "/srv/own /srv/own-bases /etc/apt/keyrings/o*.gpg"
        host.check_output(f"rm -rf {made_here} {root}")


def test_images_are_made_of_an_archive_and_of_the_servers_own_system(
    host: Host, controller: Controller
) -> None:
    archive = "/srv/bookworm.tar"
    host.check_output("tar --directory %s --create --file %s .", ROOT, archive)
    ways: dict[str, dict[str, object]] = {
        "unpacked": {
            "nfsroot_image_source": "archive",
            "nfsroot_image_archive": archive,
            "nfsroot_image_squashfs": "none",
        },
        "own": {
            "netboot_store": "/srv/elsewhere",
            "nfsroot_image_source": "server",
            "nfsroot_image_packages": ["linux-image-amd64"],
            "nfsroot_image_not_copied": ["/usr/share/doc/*", "/srv/*", "/var/cache/*"],
            "nfsroot_image_squashfs": "none",
        },
    }
    try:
        with _images(controller, **ways):
            image = [str(PROJECT / "playbooks/image.yml"), "--limit=unpacked,own"]
            controller.run("ansible-playbook", *image)
            again = controller.run("ansible-playbook", *image)
        for current in (f"{IMAGES}/unpacked/current", "/srv/elsewhere/images/own/current"):
            assert host.file(f"{current}/boot/vmlinuz").size > 1_000_000
            assert host.file(f"{current}/boot/initrd.img").size > 1_000_000
            assert host.file(f"{current}/root/etc/machine-id").size == 0
            assert host.file(f"{current}/root/usr/lib/netboot/boot-nic").exists
            assert host.run("ls %s/root/etc/ssh/ssh_host_*", current).rc != 0
        assert not host.file("/srv/elsewhere/images/own/current/root/srv/elsewhere").exists
        own_services = "/srv/elsewhere/images/own/current/root/etc/systemd/system"
        assert host.file(f"{own_services}/kea-dhcp4-server.service").linked_to == "/dev/null"
        assert again.count("changed=0") == len(ways), again
        assert host.file("/etc/machine-id").size > 0, "the boot server lost its own"
    finally:
        host.check_output("rm -rf %s %s/unpacked /srv/elsewhere", archive, IMAGES)


@contextmanager
def _images(controller: Controller, **images: Mapping[str, object]) -> Iterator[None]:
    """More images in the inventory."""
    path = controller.write("more.yml", {"netboot_images": {"hosts": images}})
    controller.inventories.append(path)
    yield
    controller.inventories.remove(path)


def _family(pid: int) -> list[int]:
    """A process and all below it, those that left its process group too."""
    found = [pid]
    for process in found:
        children = Path(f"/proc/{process}/task/{process}/children").read_text()
        found.extend(int(child) for child in children.split())
    return found
