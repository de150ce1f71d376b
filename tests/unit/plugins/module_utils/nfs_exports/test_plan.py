# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The NFS server gives each client what it boots from, and nobody anything else."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.client import Client
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    InventoryError,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports.plan import (
    plan_client_roots,
    plan_exports,
)

PC = Client(
    name="pc01",
    hostname="desk",
    macs=("52:54:00:12:34:56",),
    addresses=("192.0.2.21",),
    subnet="192.0.2.0/24",
    image="library",
    root="rw",
    state=False,
)
RELEASES = {"library": {"current": "1", "names": ["1"]}}
OPTIONS = ["rw", "no_root_squash", "no_subtree_check", "sync", "sec=sys"]


def pc(name: str, address: str, **fields: Any) -> Client:
    return dataclasses.replace(PC, name=name, addresses=(address,), **fields)


def test_a_root_of_its_own_goes_to_its_client_s_address_alone() -> None:
    assert plan_exports([PC, pc("pc02", "192.0.2.22")]) == [
        {
            "path": f"/srv/netboot/clients/{name}/root",
            "clients": [{"address": address, "options": OPTIONS}],
        }
        for name, address in (("pc01", "192.0.2.21"), ("pc02", "192.0.2.22"))
    ]


def test_what_a_client_has_goes_to_each_of_its_nics() -> None:
    two = dataclasses.replace(PC, addresses=("192.0.2.21", "192.0.2.31"), state=True)
    exports = plan_exports([two])
    assert len(exports) == 2
    for export in exports:
        assert [client["address"] for client in export["clients"]] == list(two.addresses)


def test_a_root_that_is_fetched_is_not_exported() -> None:
    assert plan_exports([pc("pc01", "192.0.2.21", root="squashfs")]) == []


def test_a_shared_root_goes_to_the_addresses_that_run_it_in_order() -> None:
    clients = [
        pc("a", "192.0.2.100", root="shared-rw"),
        pc("b", "192.0.2.9", root="shared-rw"),
        pc("c", "192.0.2.10", root="shared-rw", image="staff"),
    ]
    found = plan_exports(clients, store="/data", options=["rw", "async"])
    assert [(export["path"], [c["address"] for c in export["clients"]]) for export in found] == [
        ("/data/images/library/shared/root", ["192.0.2.9", "192.0.2.100"]),
        ("/data/images/staff/shared/root", ["192.0.2.10"]),
    ]
    assert found[0]["clients"][0]["options"] == ["rw", "async"]


def test_a_state_goes_to_its_client_s_address_alone_and_can_be_written() -> None:
    clients = [
        pc("a", "192.0.2.9", root="overlay", state=True),
        pc("b", "192.0.2.10", root="overlay", state=True),
    ]
    states = [export for export in plan_exports(clients) if "/clients/" in export["path"]]
    assert states == [
        {
            "path": f"/srv/netboot/clients/{name}/state",
            "clients": [{"address": address, "options": OPTIONS}],
        }
        for name, address in (("a", "192.0.2.9"), ("b", "192.0.2.10"))
    ]


def test_a_pc_keeps_what_it_runs_from_until_it_starts_again() -> None:
    before, after = pc("a", "192.0.2.9", root="overlay"), pc("a", "192.0.2.9", image="staff")
    previous = plan_exports([before])
    (library,) = previous
    runs = {"a": f"{library['path']}/1/root"}
    kept = plan_exports([after], previous=previous, booted=runs)
    assert [export["path"] for export in kept] == [
        "/srv/netboot/clients/a/root",
        library["path"],
    ]
    assert kept[1] == library
    # As often as the playbook runs; not longer than the PC does.
    assert plan_exports([after], previous=kept, booted=runs) == kept
    runs = {"a": "/srv/netboot/clients/a/root"}
    assert plan_exports([after], previous=kept, booted=runs) == plan_exports([after])


@pytest.mark.parametrize(
    "said",
    [
        "/srv/netboot/images/secret/releases/1/root",
        "/srv/netboot/clients/b/root",
        "/",
        "",
        "/srv/netboot/images/library/releases-of-others",
    ],
)
def test_what_a_pc_says_it_runs_from_gives_it_nothing_that_it_had_not(said: str) -> None:
    mine = pc("a", "192.0.2.9", root="overlay")
    others = [pc("b", "192.0.2.10"), pc("c", "192.0.2.11", root="overlay", image="secret")]
    previous = plan_exports([mine, *others])
    moved = pc("a", "192.0.2.9", root="squashfs")
    assert plan_exports([moved, *others], previous=previous, booted={"a": said}) == plan_exports(
        others
    )


def test_who_overlays_an_image_reads_its_releases_and_nothing_else_of_it() -> None:
    clients = [
        pc("a", "192.0.2.9", root="overlay"),
        pc("b", "192.0.2.10", root="shared-rw"),
        pc("c", "192.0.2.11", root="overlay", release="2026-10-01.1"),
    ]
    read, written = plan_exports(clients)
    assert read["path"] == "/srv/netboot/images/library/releases"
    read_only = ["ro", *OPTIONS[1:]]
    assert [(c["address"], c["options"]) for c in read["clients"]] == [
        ("192.0.2.9", read_only),
        ("192.0.2.11", read_only),
    ]
    assert written["path"] == "/srv/netboot/images/library/shared/root"
    assert [c["address"] for c in written["clients"]] == ["192.0.2.10"]


def test_options_of_exports_5_are_taken() -> None:
    options = ["rw", "fsid=0a1b", "sec=krb5:sys", "anonuid=65534", "replicas=/a@192.0.2.3"]
    assert plan_exports([PC], options=options)[0]["clients"][0]["options"] == options


@pytest.mark.parametrize("option", ["", "rw,ro", "rw)", "a b", "a\n", "*(rw)", 3, None])
def test_an_option_that_would_end_the_list_is_refused(option: Any) -> None:
    with pytest.raises(InventoryError, match="must be one option of exports"):
        plan_exports([PC], options=[option])


def test_options_in_one_string_are_refused_instead_of_read_letter_by_letter() -> None:
    with pytest.raises(InventoryError, match="must be a list"):
        plan_exports([PC], options="rw")


def test_each_release_lists_the_roots_that_are_copied_from_it() -> None:
    clients = [
        PC,
        pc("pc02", "192.0.2.22", image="staff"),
        pc("pc03", "192.0.2.23"),
        pc("pc04", "192.0.2.24", root="shared-rw"),
        pc("pc06", "192.0.2.26", root="shared-rw"),
        pc("pc07", "192.0.2.27", root="overlay"),
        pc("pc05", "192.0.2.25", release="2"),
    ]
    releases = {
        "library": {"current": "3", "names": ["2", "3"]},
        "staff": {"current": "3", "names": ["3"]},
    }
    assert plan_client_roots(clients, store="/data", image_releases=releases) == [
        {
            "image": "library",
            "release": "2",
            "src": "/data/images/library/releases/2/root",
            "dests": ["/data/clients/pc05/root"],
        },
        {
            "image": "library",
            "release": "3",
            "src": "/data/images/library/releases/3/root",
            "dests": [
                "/data/clients/pc01/root",
                "/data/clients/pc03/root",
                "/data/images/library/shared/root",
            ],
        },
        {
            "image": "staff",
            "release": "3",
            "src": "/data/images/staff/releases/3/root",
            "dests": ["/data/clients/pc02/root"],
        },
    ]


def test_clients_that_share_a_root_cannot_have_different_releases_of_it() -> None:
    clients = [
        pc("pc01", "192.0.2.21", root="shared-rw"),
        pc("pc02", "192.0.2.22", root="shared-rw", release="2"),
    ]
    releases = {"library": {"current": "3", "names": ["2", "3"]}}
    with pytest.raises(InventoryError, match=r"pc02: netboot_release: '2': must be as .* \(3\)"):
        plan_client_roots(clients, image_releases=releases)


@pytest.mark.parametrize("name", ["../../etc", "a b", ""])
def test_no_path_leaves_the_store_even_for_data_from_outside_the_model(name: str) -> None:
    plans = (plan_exports, partial(plan_client_roots, image_releases=RELEASES))
    for plan in plans:
        with pytest.raises(ValueError, match="one path segment"):
            plan([pc(name, "192.0.2.21")])


def test_a_wrong_store_is_named() -> None:
    for plan in (plan_exports, partial(plan_client_roots, image_releases=RELEASES)):
        with pytest.raises(InventoryError, match="store: 'srv'"):
            plan([PC], store="srv")
