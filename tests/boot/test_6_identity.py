# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a PC has for itself alone: it is there after every start, and nobody else gets it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.tests.boot.site import Site
from ansible_collections.diskless.netboot.tests.lab import network
from ansible_collections.diskless.netboot.tests.lab.shell import run, succeeds

KEEPER = ("pc71", "52:54:00:00:00:71", "198.51.100.71")
OTHER = ("pc72", "52:54:00:00:00:72", "198.51.100.72")
STATE = "/srv/netboot/clients/pc71/state"
SERVER = network.SERVER_ADDRESS

CARD = 'Section "Device"\n  Identifier "card"\n  Driver "modesetting"\nEndSection\n'
LOOK = "cat /etc/machine-id /home/kiosk/note 2>/dev/null; ls /var/log/apt; findmnt -no FSTYPE /"
LEAVE_LOCKS = (
    "cd /home/kiosk && mkdir -p .mozilla/firefox/x.default .config/chromium"
    " && ln -s 198.51.100.71:+99 .mozilla/firefox/x.default/lock"
    " && ln -s pc71-99 .config/chromium/SingletonLock && touch .nfs0000000000a1b2c300000001"
)


@pytest.fixture(scope="module")
def keeper(site: Site) -> Site:
    """A PC that overlays its image and keeps two folders, and one that is not switched on."""
    site.add(
        *KEEPER,
        netboot_root="overlay",
        netboot_persist=["/var/log", "/home/kiosk"],
        netboot_files={"/etc/X11/xorg.conf.d/90-card.conf": CARD},
    )
    site.add(*OTHER, netboot_root="overlay")
    site.playbook("clients.yml")
    return site


def _key(site: Site) -> str:
    """Return the host key that the PC shows to whoever connects."""
    scan = ["ssh-keyscan", "-t", "ed25519", KEEPER[2]]
    return run(["ip", "netns", "exec", site.lab.namespace, *scan]).split()[2]


def test_a_pc_is_the_same_after_each_start_and_keeps_what_it_was_told_to(
    keeper: Site, logs: Path
) -> None:
    site = keeper
    with site.boots(KEEPER[1], logs / "first") as guest:
        identity = site.inside(KEEPER[2], "cat /etc/machine-id")
        key = _key(site)
        site.inside(KEEPER[2], "echo kept > /home/kiosk/note; echo lost > /root/note")
        site.inside(KEEPER[2], LEAVE_LOCKS)
        site.inside(KEEPER[2], "systemctl poweroff")
        assert guest.wait_end(60), "it did not switch itself off within a minute"
    with site.boots(KEEPER[1], logs / "second"):
        lines = site.inside(KEEPER[2], LOOK).splitlines()
        assert lines[:2] == [identity, "kept"]
        assert lines[-1] == "overlay"
        assert site.inside(KEEPER[2], "ls /root/note || true") == ""
        assert site.inside(KEEPER[2], "systemctl --failed --plain --quiet --no-legend") == ""
        assert _key(site) == key
        assert site.inside(KEEPER[2], "cat /etc/X11/xorg.conf.d/90-card.conf") == CARD.strip()
        # Whoever held them ended with the PC.
        assert site.inside(KEEPER[2], "find /home/kiosk -type l -o -name '.nfs*'") == ""
    assert re.fullmatch("[0-9a-f]{32}", identity)
    assert site.on_server(f"cat {STATE}/machine-id").strip() == identity
    assert site.on_server(f"cat {STATE}/ssh_host_ed25519_key.pub").split()[1] == key
    assert site.on_server(f"cat {STATE}/keep-home,kiosk/note").strip() == "kept"
    booted = site.on_server(f"cat {STATE}/booted").strip()
    assert booted == site.on_server("realpath /srv/netboot/images/bookworm/current/root").strip()


def _mounts(site: Site, address: str, path: str) -> bool:
    """Tell whether somebody with this address gets a folder from the NFS server."""
    inside = ["ip", "netns", "exec", site.lab.namespace]
    added = ["address", "add", f"{address}/32", "dev", network.BRIDGE]
    route = ["route", "replace", f"{SERVER}/32", "dev", network.BRIDGE, "src", address]
    run(["ip", "-n", site.lab.namespace, *added])
    try:
        run(["ip", "-n", site.lab.namespace, *route])
        return succeeds([*inside, "nfs-ls", f"nfs://{SERVER}{path}?version=3"])
    finally:
        run(["ip", "-n", site.lab.namespace, "address", "del", *added[2:]])


def test_nobody_else_gets_a_pc_s_own(keeper: Site) -> None:
    releases = "/srv/netboot/images/bookworm/releases"
    # That it can be had by its owner shows that the question is put rightly.
    assert _mounts(keeper, KEEPER[2], STATE)
    assert _mounts(keeper, OTHER[2], releases)
    stranger = "198.51.100.99"
    for address, path in (
        (OTHER[2], STATE),
        (OTHER[2], "/srv/netboot/clients/pc01/root"),
        (OTHER[2], "/srv/netboot/images/bookworm/shared/root"),
        (stranger, STATE),
        (stranger, releases),
        (OTHER[2], "/srv/netboot"),
        (OTHER[2], "/srv/netboot/images/bookworm/root"),
        (stranger, "/srv/netboot"),
    ):
        assert not _mounts(keeper, address, path), (address, path)


def test_nothing_secret_is_served_to_everybody_or_published(keeper: Site) -> None:
    secrets = (
        f"{{ cat {STATE}/machine-id; sed -n 3p {STATE}/ssh_host_ed25519_key;"
        " od -An -tx1 /srv/netboot/secret | tr -d ' \\n'; echo; }"
    )
    # A packed root is that of its tree, which is looked through.
    look = "grep -rlaF --exclude=root.squashfs"
    open_to_all = "/srv/tftp /srv/netboot/images/*/releases"
    known = f"{secrets} > /run/secrets; {look} -f /run/secrets {open_to_all} {STATE} || true"
    found = set(keeper.on_server(f"{known}; rm /run/secrets").splitlines())
    # That they are found where they are shows that the question is put rightly.
    assert {f"{STATE}/machine-id", f"{STATE}/ssh_host_ed25519_key"} <= found
    assert [name for name in found if not name.startswith(STATE)] == []
    # Programs that read keys know the words that a key begins with.
    keys = keeper.on_server(f"{look} 'PRIVATE KEY' {open_to_all} || true").splitlines()
    assert [name for name in keys if "bin/" not in name and "/lib" not in name] == []
