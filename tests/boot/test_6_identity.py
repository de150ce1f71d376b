# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a PC has for itself alone: it is there after every start, and nobody else gets it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.tests.boot.room import CARD, KEEPER, OTHER
from ansible_collections.diskless.netboot.tests.boot.site import Running, Site
from ansible_collections.diskless.netboot.tests.lab import network
from ansible_collections.diskless.netboot.tests.lab.shell import LabError, run, succeeds

STATE = "/srv/netboot/clients/pc71/state"
SERVER = network.SERVER_ADDRESS

LOOK = "cat /etc/machine-id /home/kiosk/note 2>/dev/null; ls /var/log/apt; findmnt -no FSTYPE /"
LEAVE_LOCKS = (
    "cd /home/kiosk && mkdir -p .mozilla/firefox/x.default .config/chromium"
    " && ln -s 198.51.100.71:+99 .mozilla/firefox/x.default/lock"
    " && ln -s pc71-99 .config/chromium/SingletonLock && touch .nfs0000000000a1b2c300000001"
)


@pytest.fixture
def disks(tmp_path: Path) -> list[Path]:
    """What a PC's own disk may hold that a system would mount or swap to by itself."""
    made = []
    for form in (["mke2fs", "-q", "-t", "ext4", "-L", "home"], ["mkswap", "-q"]):
        disk = tmp_path / f"{form[0]}.raw"
        with disk.open("wb") as file:
            file.truncate(64 << 20)
        subprocess.run([*form, str(disk)], check=True)
        made.append(disk)
    return made


def _key(site: Site) -> str:
    """Return the host key that the PC shows to whoever connects."""
    scan = ["ssh-keyscan", "-t", "ed25519", KEEPER.address]
    return run(["ip", "netns", "exec", site.lab.namespace, *scan]).split()[2]


def test_a_pc_is_the_same_after_each_start_keeps_what_it_was_told_to_and_leaves_its_disks_alone(
    site: Site, disks: list[Path], logs: Path
) -> None:
    untouched = [disk.read_bytes() for disk in disks]
    with site.boots(KEEPER, logs / "first", disks=disks) as running:
        assert running.run("hostname") == KEEPER.name
        identity = running.run("cat /etc/machine-id")
        key = _key(site)
        running.run("echo kept > /home/kiosk/note; echo lost > /root/note")
        running.run(LEAVE_LOCKS)
        _fills_the_space_for_its_changes(running)
        look = "ls /dev/vda /dev/vdb; grep vd /proc/mounts /proc/swaps || true"
        assert running.run(look).split() == ["/dev/vda", "/dev/vdb"]
        running.switch_off()
    assert [disk.read_bytes() for disk in disks] == untouched
    with site.boots(KEEPER, logs / "second") as running:
        lines = running.run(LOOK).splitlines()
        assert lines[:2] == [identity, "kept"]
        assert lines[-1] == "overlay"
        assert running.run("ls /root/note || true") == ""
        assert running.run("systemctl --failed --plain --quiet --no-legend") == ""
        assert running.run("journalctl --quiet --boot --priority err --output cat") == ""
        _has_the_capabilities_of_its_image(running)
        assert _key(site) == key
        assert running.run("cat /etc/X11/xorg.conf.d/90-card.conf") == CARD.strip()
        # Whoever held them ended with the PC.
        assert running.run("find /home/kiosk -type l -o -name '.nfs*'") == ""
    assert re.fullmatch("[0-9a-f]{32}", identity)
    assert site.on_server(f"cat {STATE}/machine-id").strip() == identity
    assert site.on_server(f"cat {STATE}/ssh_host_ed25519_key.pub").split()[1] == key
    assert site.on_server(f"cat {STATE}/keep-home,kiosk/note").strip() == "kept"
    booted = site.on_server(f"cat {STATE}/booted").strip()
    assert booted == site.on_server("realpath /srv/netboot/images/bookworm/current/root").strip()


def _fills_the_space_for_its_changes(running: Running) -> None:
    """Fail unless a PC whose changes fill their space says so, and stays up."""
    said = running.run("dd if=/dev/zero of=/var/full bs=1M count=300 2>&1 || true")
    assert "No space left on device" in said
    left = running.run("stat -c %s /var/full; rm /var/full; echo fine > /etc/note")
    assert 100_000_000 < int(left) <= 200 * 1024 * 1024
    assert running.run("cat /etc/note; systemctl is-active ssh") == "fine\nactive"
    with pytest.raises(LabError, match="Read-only file system"):
        running.run("touch /run/netboot/lower/etc/note")


def _has_the_capabilities_of_its_image(running: Running) -> None:
    """Fail unless a user may do what a file capability allows, and no program was copied for it."""
    assert running.run("getcap /usr/bin/ping") == "/usr/bin/ping cap_net_raw=ep"
    running.run(f"setpriv --reuid 65534 --clear-groups ping -c 1 {SERVER}")
    assert running.run("stat -c %b /run/netboot/changes/upper/usr/bin/ping") == "0"


def _mounts(site: Site, address: str, path: str, version: int = 3) -> bool:
    """Tell whether somebody with this address gets a folder from the NFS server."""
    inside = ["ip", "netns", "exec", site.lab.namespace]
    added = ["address", "add", f"{address}/32", "dev", network.BRIDGE]
    route = ["route", "replace", f"{SERVER}/32", "dev", network.BRIDGE, "src", address]
    run(["ip", "-n", site.lab.namespace, *added])
    try:
        run(["ip", "-n", site.lab.namespace, *route])
        return succeeds([*inside, "nfs-ls", f"nfs://{SERVER}{path}?version={version}"])
    finally:
        run(["ip", "-n", site.lab.namespace, "address", "del", *added[2:]])


def test_nobody_else_gets_a_pc_s_own(site: Site) -> None:
    releases = "/srv/netboot/images/bookworm/releases"
    # That it can be had by its owner shows that the question is put rightly.
    assert _mounts(site, KEEPER.address, STATE)
    assert _mounts(site, OTHER.address, releases)
    stranger = "198.51.100.99"
    for address, path in (
        (OTHER.address, STATE),
        (OTHER.address, "/srv/netboot/clients/pc01/root"),
        (OTHER.address, "/srv/netboot/images/bookworm/shared/root"),
        (stranger, STATE),
        (stranger, releases),
        (OTHER.address, "/srv/netboot"),
        (OTHER.address, "/srv/netboot/images/bookworm/root"),
        (stranger, "/srv/netboot"),
    ):
        assert not _mounts(site, address, path), (address, path)


def test_nobody_else_sees_over_nfs_4_which_images_and_pcs_there_are(site: Site) -> None:
    for path in ("/", "/srv/netboot/clients", "/srv/netboot/images"):
        assert _mounts(site, KEEPER.address, path, version=4), path
        assert not _mounts(site, "198.51.100.99", path, version=4), path


def test_nothing_secret_is_served_to_everybody_or_published(site: Site) -> None:
    secrets = (
        f"{{ cat {STATE}/machine-id; sed -n 3p {STATE}/ssh_host_ed25519_key;"
        " od -An -tx1 /srv/netboot/secret | tr -d ' \\n'; echo; }"
    )
    # A packed root is that of its tree, which is looked through.
    look = "grep -rlaF --exclude=root.squashfs"
    open_to_all = "/srv/tftp /srv/netboot/images/*/releases"
    known = f"{secrets} > /run/secrets; {look} -f /run/secrets {open_to_all} {STATE} || true"
    found = set(site.on_server(f"{known}; rm /run/secrets").splitlines())
    # That they are found where they are shows that the question is put rightly.
    assert {f"{STATE}/machine-id", f"{STATE}/ssh_host_ed25519_key"} <= found
    assert [name for name in found if not name.startswith(STATE)] == []
    # Programs that read keys know the words that a key begins with.
    keys = site.on_server(f"{look} 'PRIVATE KEY' {open_to_all} || true").splitlines()
    assert [name for name in keys if "bin/" not in name and "/lib" not in name] == []
