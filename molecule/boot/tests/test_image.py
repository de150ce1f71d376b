# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every client of an image relies on, looked at where the image lies."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml
from ansible_collections.diskless.netboot.plugins.modules.initramfs_netboot import EXAMPLES
from ansible_collections.diskless.netboot.tests.lab.places import PROJECT
from testinfra.host import Host

STORE = "/srv/netboot"
DRIVERS = ["virtio_net", "e1000", "e1000e"]


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def image(request: pytest.FixtureRequest) -> str:
    return f"{STORE}/images/{request.param}"


@pytest.fixture(scope="module")
def initrd(image: str) -> str:
    return f"{image}/boot/initrd.img"


def sha256(host: Host, path: str) -> str:
    return host.file(path).sha256sum


def initramfs_netboot(
    scenario: Path, *arguments: str, **options: object
) -> subprocess.CompletedProcess[str]:
    """Run the module on the boot server, as a task would."""
    # fmt: off
    command = ["ansible", "boot1", f"--inventory={scenario / 'inventory'}",
               "--module-name=diskless.netboot.initramfs_netboot", f"--args={json.dumps(options)}",
               *arguments]
    # fmt: on
    # Molecule has all output coloured, line by line.
    plain = {**os.environ, "ANSIBLE_FORCE_COLOR": "0"}
    return subprocess.run(
        command,
        cwd=PROJECT,
        env=plain,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_initrd_has_the_nfs_client_and_the_drivers_that_were_asked_for(
    host: Host, image: str, initrd: str
) -> None:
    # The image's own tool reads it, where nothing is published.
    listed = f"cp {initrd} {image}/root/run/listed && chroot {image}/root lsinitramfs /run/listed"
    names = host.check_output(f"{listed}; rm {image}/root/run/listed").splitlines()

    assert any(name.endswith("/bin/nfsmount") for name in names)
    modules = {Path(name).name.partition(".")[0] for name in names if ".ko" in name}
    assert {*DRIVERS, "nfs", "nfsv3", "sunrpc", "lockd"} <= modules
    assert "ext4" not in modules, "modules=list takes what was asked for alone"


def test_clients_get_the_release_that_current_names(host: Host, image: str, initrd: str) -> None:
    current = host.file(f"{image}/current")

    assert current.is_symlink
    assert host.check_output("readlink %s", current.path).startswith("releases/")
    assert sha256(host, f"{current.path}/boot/initrd.img") == sha256(host, initrd)
    assert host.file(f"{current.path}/boot/vmlinuz").size > 1_000_000
    assert host.file(f"{current.path}/root/usr/lib/systemd/systemd").is_file


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        ("current/boot/vmlinuz", 0o644),
        ("current/boot/initrd.img", 0o644),
        ("current/boot", 0o755),
        ("current/root", 0o755),
        ("root", 0o755),
        ("root/root/.ssh/authorized_keys", 0o600),
    ],
)
def test_files_have_the_mode_that_their_readers_need(
    host: Host, image: str, path: str, mode: int
) -> None:
    assert host.file(f"{image}/{path}").mode == mode


def test_the_images_own_initramfs_configuration_is_as_packaged(host: Host, image: str) -> None:
    root = f"{image}/root"
    changed = host.check_output(
        "dpkg --root=%s --verify initramfs-tools initramfs-tools-core", root
    )
    files = host.check_output("cd %s && find etc/initramfs-tools -type f", root).splitlines()
    unknown = [f for f in files if host.run("dpkg --root=%s --search /%s", root, f).rc != 0]

    assert "etc/initramfs-tools/initramfs.conf" in files
    assert changed == ""
    # The package's postinst makes it from a template.
    assert unknown == ["etc/initramfs-tools/modules"]
    template = host.check_output("sed '/^###/d' %s/usr/share/initramfs-tools/modules", root)
    assert host.file(f"{root}/{unknown[0]}").content_string.strip() == template.strip()


def test_no_time_was_lost_on_an_initrd_of_its_own(host: Host, image: str) -> None:
    """Nobody would load it; the kernel's scripts make it unless they are told."""
    assert host.run("ls %s/root/boot/vmlinuz-*", image).rc == 0
    assert host.run("ls %s/root/boot/initrd.img-*", image).rc != 0


def test_nothing_in_it_belongs_to_one_machine(host: Host, image: str) -> None:
    assert host.check_output("find %s/root/etc/ssh -name 'ssh_host_*'", image) == ""
    assert host.file(f"{image}/root/etc/machine-id").exists
    assert host.file(f"{image}/root/etc/machine-id").size == 0
    assert not host.file(f"{image}/root/etc/hostname").exists


def test_it_mounts_no_disk_and_has_its_temporary_folders_in_ram(host: Host, image: str) -> None:
    lines = host.file(f"{image}/root/etc/fstab").content_string.splitlines()
    entries = [line.split() for line in lines if line and not line.startswith("#")]

    assert [entry[:3] for entry in entries] == [
        ["tmpfs", "/tmp", "tmpfs"],
        ["tmpfs", "/var/tmp", "tmpfs"],
    ]


@pytest.mark.parametrize("unit", ["apt-daily.timer", "fstrim.timer", "man-db.timer"])
def test_units_that_would_write_from_every_pc_at_once_are_masked(
    host: Host, image: str, unit: str
) -> None:
    link = host.file(f"{image}/root/etc/systemd/system/{unit}")

    assert link.is_symlink
    assert link.linked_to == "/dev/null"


def test_the_journal_stays_in_ram(host: Host, image: str) -> None:
    shown = host.check_output(
        "chroot %s/root systemd-analyze cat-config systemd/journald.conf", image
    )

    assert "Storage=volatile" in shown.splitlines()


def test_nothing_is_left_mounted_below_the_store(host: Host, image: str) -> None:
    mounted = host.check_output("findmnt --raw --noheadings --output TARGET").splitlines()

    assert "/srv" in mounted
    assert [target for target in mounted if target.startswith(f"{STORE}/")] == []


def test_a_second_build_of_the_same_gives_the_same_bytes(
    host: Host, scenario: Path, image: str, initrd: str
) -> None:
    second = f"{STORE}/second.img"
    try:
        built = initramfs_netboot(
            scenario,
            root=f"{image}/root",
            dest=second,
            modules="list",
            drivers=DRIVERS,
            squashfs=True,
        )

        assert built.returncode == 0, built.stdout + built.stderr
        assert "CHANGED" in built.stdout
        assert sha256(host, second) == sha256(host, initrd)
    finally:
        host.run("rm -f %s %s.*", second, second)


@pytest.mark.parametrize("number", [0, 1])
def test_the_documented_examples_are_resolved_in_a_real_image(
    scenario: Path, image: str, number: int
) -> None:
    options = yaml.safe_load(EXAMPLES)[number]["diskless.netboot.initramfs_netboot"]
    # This image has no firmware, about which the second example says that it only warns.
    told = {"missing_firmware": "warn", **options, "root": f"{image}/root"}

    resolved = initramfs_netboot(scenario, "--check", **told)

    assert "CHANGED" in resolved.stdout, resolved.stdout + resolved.stderr
    found = json.loads(resolved.stdout[resolved.stdout.index("{") :])
    assert found["drivers"] == (["e1000e", "igb", "r8169"] if "drivers" in told else [])
    assert found["rebuilt_because"]


def test_a_driver_that_there_is_not_is_named_and_the_old_initrd_stays(
    host: Host, scenario: Path, image: str, initrd: str
) -> None:
    before = host.check_output("sha256sum %s*", initrd)

    failed = initramfs_netboot(
        scenario,
        root=f"{image}/root",
        dest=initrd,
        modules="list",
        drivers=["virtio_net", "no_such_nic"],
    )

    assert failed.returncode != 0
    assert "no_such_nic" in failed.stdout
    assert host.check_output("sha256sum %s*", initrd) == before
