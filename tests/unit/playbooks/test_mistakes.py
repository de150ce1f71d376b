# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person reads who made a mistake: one message that stands alone, and nothing was done."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.diskless.netboot.plugins.filter import clients as clients_file

PLAYBOOKS = Path(__file__).resolve().parents[3] / "playbooks"
COLLECTIONS = str(Path(clients_file.__file__).parents[5])
# With the boot server's NIC and address, in a network of its own.
ON_BOOT1 = [
    *("unshare", "--user", "--map-root-user", "--net", "sh", "-euc"),
    'ip link add lan0 type bridge; ip address add 192.0.2.1/24 dev lan0; exec "$@"',
    "sh",
]
Inventory = dict[str, Any]
Play = Callable[..., str]


def inventory(store: Path, clients: int = 4) -> Inventory:
    """Return a sound inventory, whose boot server is this machine."""
    pcs = {
        f"pc{number:02}": {
            "netboot_mac": f"52:54:00:00:00:{number:02}",
            "netboot_ip": f"192.0.2.{number + 10}",
        }
        for number in range(1, clients + 1)
    }
    server = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "netboot_address": "192.0.2.1",
        "netboot_store": str(store),
        "netboot_subnets": [{"network": "192.0.2.0/24"}],
    }
    return {
        "boot_servers": {
            "children": {f"{kind}_servers": None for kind in ("dhcp", "tftp", "nfs")},
        },
        **{f"{kind}_servers": {"hosts": {"boot1": None}} for kind in ("dhcp", "tftp")},
        "nfs_servers": {"hosts": {"boot1": server}},
        "netboot_images": {"hosts": {"library": {"ansible_connection": "local"}}},
        "netboot_clients": {"hosts": pcs, "vars": {"netboot_image": "library"}},
    }


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store whose last run exported something to four PCs."""
    exports = [
        {"path": f"/srv/netboot/clients/pc{n:02}/state", "clients": [{"address": f"192.0.2.1{n}"}]}
        for n in range(1, 5)
    ]
    folder = tmp_path / "netboot"
    folder.mkdir()
    (folder / "exports.json").write_text(json.dumps(exports))
    return folder


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Run the playbook that checks an inventory, and return what it printed."""

    def run(
        inventory: Inventory, *options: str, playbook: str = "plan.yml", fails: bool = True
    ) -> str:
        (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory))
        command = [sys.executable, "-m", "ansible", "playbook", "-i", "inventory.yml"]
        ended = subprocess.run(
            [*ON_BOOT1, *command, str(PLAYBOOKS / playbook), *options],
            cwd=tmp_path,
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
                "ANSIBLE_NOCOLOR": "1",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert (ended.returncode != 0) == fails, ended.stdout
        for foreign in ("Finalization", "Traceback", "is undefined", "No first item"):
            assert foreign not in ended.stdout
        assert ended.stdout.count("fatal:") == fails
        return ended.stdout

    return run


def test_a_sound_inventory_is_fine(play: Play, store: Path) -> None:
    play(inventory(store), fails=False)


def test_an_address_or_a_nic_that_the_boot_server_has_not_is_a_fault(
    play: Play, store: Path
) -> None:
    wrong = inventory(store)
    server = wrong["nfs_servers"]["hosts"]["boot1"]
    server.update(netboot_address="192.0.2.3", dhcp_server_interfaces=["lan7"])

    said = play(wrong)

    assert (
        "netboot_address: 192.0.2.3 is no address of this server. It has 192.0.2.1 on lan0."
        " dhcp_server_interfaces: this server has no NIC lan7. It has lan0. Nothing was changed."
    ) in said


@pytest.mark.parametrize("unread", ["exports", "address"])
def test_a_boot_server_that_cannot_be_reached_ends_the_run_with_its_name(
    play: Play, store: Path, unread: str
) -> None:
    away = inventory(store)
    server = {"ansible_connection": "ssh", "ansible_host": "192.0.2.7"}
    if unread == "exports":
        away["nfs_servers"]["hosts"]["boot1"].update(server)
    else:
        away["tftp_servers"]["hosts"] = {"boot2": {**server, "netboot_address": "192.0.2.7"}}

    said = play(away, "-e", "ansible_ssh_timeout=5", playbook="site.yml")

    name = "boot1" if unread == "exports" else "boot2"
    assert re.search(
        rf'"msg": "Ansible cannot work on {name}: .*192\.0\.2\.7.* check that it is on', said
    )
    assert "Nothing was changed." in said
    assert said.count("PLAY [") == 2  # the checks


@pytest.mark.parametrize(
    ("group", "written"),
    [
        ("netboot_clients", "netboot_client"),
        ("boot_servers", "boot_server"),
        ("nfs_servers", "nfs_server"),
    ],
)
def test_a_group_that_is_nearly_one_of_ours_is_a_fault(
    play: Play, store: Path, group: str, written: str
) -> None:
    wrong = {written if name == group else name: hosts for name, hosts in inventory(store).items()}
    children = wrong.get("boot_servers", {}).get("children", {})
    if group in children:
        children[written] = children.pop(group)

    said = play(wrong)

    assert said.count(f"group {written}: did you mean {group}?") == 1
    assert "Nothing was changed" in said


def test_a_group_that_is_needed_and_empty_is_named_with_what_it_is_for(
    play: Play, store: Path
) -> None:
    wrong = inventory(store)
    server = wrong["nfs_servers"]["hosts"].pop("boot1")
    wrong["tftp_servers"]["hosts"]["boot1"] = server

    said = play(wrong)

    assert said.count("group nfs_servers: must have the host that keeps the images") == 1


def test_a_server_outside_boot_servers_is_named(play: Play, store: Path) -> None:
    wrong = inventory(store)
    wrong["dhcp_servers"]["hosts"] = {"boot9": {"netboot_address": "192.0.2.9"}}
    del wrong["boot_servers"]["children"]["dhcp_servers"]

    said = play(wrong)

    assert said.count("boot9: group dhcp_servers: must be in boot_servers too") == 1


def test_all_faults_of_servers_images_and_clients_come_in_one_list(play: Play, store: Path) -> None:
    wrong = inventory(store)
    server = wrong["nfs_servers"]["hosts"]["boot1"]
    del server["netboot_address"]
    server["dhcp_server_interface"] = ["lan0"]
    server["site_dhcp_server_note"] = "somebody else's"
    wrong["netboot_images"]["hosts"]["library"]["nfsroot_image_package"] = ["gimp"]
    wrong["netboot_clients"]["hosts"]["pc02"]["netboot_mac"] = 41135085296

    said = play(wrong)

    assert "4 faults in the inventory:" in said
    for words in (
        "boot1: netboot_address: must be given",
        "boot1: dhcp_server_interface: is no variable; did you mean dhcp_server_interfaces?",
        "library: nfsroot_image_package: is no variable; did you mean nfsroot_image_packages?",
        "pc02: netboot_mac: 41135085296: an unquoted",
    ):
        assert said.count(words) == 1, words


def test_other_people_s_groups_and_variables_are_none_of_our_business(
    play: Play, store: Path
) -> None:
    theirs = inventory(store)
    theirs["netboot_clients_upstairs"] = {"hosts": {"pc01": None}}
    theirs["servers"] = {"hosts": {"boot1": None}}
    theirs["netboot_clients"]["vars"]["library_room"] = "upstairs"

    play(theirs, fails=False)


@pytest.mark.parametrize("left", [0, 1])
def test_a_run_that_would_remove_most_pcs_stops_and_names_them(
    play: Play, store: Path, left: int
) -> None:
    gone = ", ".join(f"pc{number:02}" for number in range(left + 1, 5))

    said = play(inventory(store, clients=left))

    assert f"This run would remove {4 - left} of 4 PCs ({gone}) from the boot servers" in said
    assert "-e netboot_allow_removal=true" in said
    play(inventory(store, clients=left), "-e", "netboot_allow_removal=true", fails=False)


def test_half_of_the_pcs_may_go_and_all_may_get_other_names_or_addresses(
    play: Play, store: Path
) -> None:
    play(inventory(store, clients=2), fails=False)
    renumbered = inventory(store)
    for number, pc in enumerate(renumbered["netboot_clients"]["hosts"].values(), 101):
        pc["netboot_ip"] = f"192.0.2.{number}"
    play(renumbered, fails=False)


@pytest.mark.parametrize("damage", ["folder", "text"])
def test_a_run_stops_where_it_cannot_know_what_it_would_remove(
    play: Play, store: Path, damage: str
) -> None:
    exports = store / "exports.json"
    exports.unlink()
    exports.mkdir() if damage == "folder" else exports.write_text("[{")

    said = play(inventory(store))

    assert "the exports of the last run cannot be read" in said
    assert str(exports) in said
    play(inventory(store), "-e", "netboot_allow_removal=true", fails=False)


def test_the_first_run_removes_nothing(play: Play, store: Path) -> None:
    (store / "exports.json").unlink()
    play(inventory(store), fails=False)


def test_a_limit_that_leaves_out_what_belongs_together_is_refused(play: Play, store: Path) -> None:
    said = play(inventory(store), "--limit=boot1")

    assert "Run this playbook without --limit: it would leave out library" in said
    play(inventory(store), "--limit=boot_servers:netboot_images", fails=False)
