# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``clients.yml`` where nothing has changed: what it costs at 5,000 clients and at 25.

Two boot servers in the lab, one for each site, so that a run of one changes nothing of the other.
The image is two small files: this playbook only looks which release is current.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from ansible_collections.diskless.netboot.tests.bench import rooms
from ansible_collections.diskless.netboot.tests.bench.harness import Bench, Bound, Call, Process
from ansible_collections.diskless.netboot.tests.lab import server
from ansible_collections.diskless.netboot.tests.lab.network import SERVER_NIC
from ansible_collections.diskless.netboot.tests.lab.places import PROJECT, Lab

FEW, MANY = 25, 5_000

FOLDER = "/srv/netboot/images/library"
IMAGE = f"""
mkdir -p {FOLDER}/root/etc {FOLDER}/boot
cd {FOLDER}
touch boot/vmlinuz boot/initrd.img
"""

SERVICES = """
- import_playbook: diskless.netboot.plan
- hosts: server
  gather_facts: false
  vars:
    nfs_server_client_states: []
    nfs_server_exports: []
    nfs_server_image_releases: {}
    tftp_server_entries: []
    tftp_server_image_releases: {}
  roles:
    - role: diskless.netboot.nfs_server
    - role: diskless.netboot.tftp_server
    - role: diskless.netboot.dhcp_server
"""


def benches() -> Iterator[Bench]:
    """Yield them."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        few, many = (site(stack, folder, count) for count in (FEW, MANY))
        yield Bench(
            what=f"read the inventory, {MANY} clients against {FEW}",
            ours=playbook(many, "--list-hosts"),
            theirs=playbook(few, "--list-hosts"),
        )
        yield Bench(
            what=f"clients.yml, nothing changed, {MANY} clients against {FEW}",
            ours=playbook(many),
            theirs=playbook(few),
        )
        yield Bench(
            what="the same without reading the inventory",
            ours=Call(lambda: beyond_inventory(many)),
            theirs=Call(lambda: beyond_inventory(few)),
            bound=Bound(ratio=5),
        )


def site(stack: ExitStack, folder: Path, count: int) -> Path:
    """Start a boot server, run its playbooks, and return the inventory; it ends with *stack*."""
    lab = Lab(f"bench{count}")
    server.down(lab)
    stack.callback(server.down, lab)
    server.up(lab, "container", "bookworm")
    reach = json.loads(server.inventory(lab, "server"))["all"]["hosts"]["server"]
    inventory = rooms.write_inventory(
        folder / str(count), count, {**reach, "dhcp_server_interfaces": [SERVER_NIC]}
    )
    server.execute(lab, "sh", "-euc", IMAGE)
    server.execute(lab, "ip", "address", "add", f"{rooms.SERVER}/15", "dev", SERVER_NIC)
    services = folder / "services.yml"
    services.write_text(SERVICES, encoding="utf-8")
    playbook(inventory, name=services).run()
    release = f"image=library kernel={FOLDER}/boot/vmlinuz initrd={FOLDER}/boot/initrd.img"
    module = ["-m", "diskless.netboot.nfsroot_release", "-a", release]
    ansible("ansible", inventory, "server", *module).run()
    playbook(inventory).run()
    return inventory


def playbook(
    inventory: Path, *arguments: str, name: Path = PROJECT / "playbooks/clients.yml"
) -> Process:
    """Return a run of a playbook."""
    return ansible("ansible-playbook", inventory, name, *arguments)


def ansible(command: str, inventory: Path, *arguments: str | Path) -> Process:
    """Return a run of one of Ansible's commands."""
    return Process(
        [command, "-i", inventory, *arguments],
        env={
            "ANSIBLE_COLLECTIONS_PATH": str(PROJECT / ".build/collections"),
            "ANSIBLE_NOCOLOR": "1",
        },
    )


def beyond_inventory(inventory: Path) -> float:
    """Return the seconds of a run less those that reading the inventory takes by itself."""
    return playbook(inventory).run().seconds - playbook(inventory, "--list-hosts").run().seconds
