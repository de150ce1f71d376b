# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site relies on in ganesha.conf, read back by a small reader of that format."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    InventoryError,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports.ganesha import (
    export_ids,
    ganesha_conf,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports.plan import (
    DEFAULT_OPTIONS,
)
from ansible_collections.diskless.netboot.tests.unit.plugins.module_utils.nfs_exports.read import (
    Block,
    read_ganesha,
)
from hypothesis import given, settings
from hypothesis import strategies as st

RW = list(DEFAULT_OPTIONS)


def export(path: str, *clients: tuple[str, list[str]]) -> dict[str, Any]:
    return {
        "path": path,
        "clients": [{"address": address, "options": options} for address, options in clients],
    }


def exported(*exports: dict[str, Any], **options: Any) -> list[Block]:
    return [block for block in blocks(*exports, **options) if block["Path"] != [["/"]]]


def blocks(*exports: dict[str, Any], **options: Any) -> list[Block]:
    found = read_ganesha(ganesha_conf(list(exports), core=False, **options))
    assert set(found) == {"EXPORT"}
    return found["EXPORT"]


def client_of(*options: str) -> Block:
    (found,) = exported(export("/srv", ("192.0.2.21", list(options))))
    (client,) = found["CLIENT"]
    block: Block = client
    return block


def faults(exports: Any, **options: Any) -> list[str]:
    with pytest.raises(InventoryError) as caught:
        ganesha_conf(exports, **options)
    return [fault.what for fault in caught.value.faults]


def test_a_client_may_mount_its_root_and_nobody_else_may() -> None:
    (found,) = exported(export("/srv/clients/pc01/root", ("192.0.2.21", RW)))
    assert found["Path"] == found["Pseudo"] == [["/srv/clients/pc01/root"]]
    assert found["Access_Type"] == [["None"]]
    assert found["FSAL"] == [{"Name": [["VFS"]]}]
    assert found["CLIENT"] == [
        {
            "Clients": [["192.0.2.21"]],
            "Access_Type": [["RW"]],
            "Squash": [["No_Root_Squash"]],
            "SecType": [["sys"]],
            "PrivilegedPort": [["true"]],
        }
    ]


def test_only_clients_see_the_names_of_the_folders_above_the_exports() -> None:
    one = export("/srv/one", ("192.0.2.21", RW), ("192.0.2.128/25", ["ro"]))
    other = export("/srv/other", ("192.0.2.21", ["ro"]), ("192.0.2.23", ["ro"]))
    *others, root = blocks(one, other)
    assert len(others) == 2
    assert root["Export_Id"] == [["0"]]
    assert root["Path"] == root["Pseudo"] == [["/"]]
    assert root["FSAL"] == [{"Name": [["PSEUDO"]]}]
    assert root["Filesystem_Id"] == [["152.152"]]
    assert root["Access_Type"] == [["None"]]
    (client,) = root["CLIENT"]
    assert client["Clients"] == [["192.0.2.21", "192.0.2.23", "192.0.2.128/25"]]
    assert client["Access_Type"] == [["MDONLY_RO"]]


def test_nobody_sees_them_where_nothing_is_exported_or_asks_for_them_over_nfs_3() -> None:
    (root,) = blocks()
    assert root["Access_Type"] == [["None"]]
    assert "CLIENT" not in root
    (found,) = blocks(export("/srv", ("192.0.2.21", RW)), protocols=[3])
    assert found["Path"] == [["/srv"]]


def test_clients_with_the_same_options_share_a_block() -> None:
    clients = [("192.0.2.22", RW), ("192.0.2.21", RW), ("192.0.2.23", ["ro"])]
    (found,) = exported(export("/srv", *clients))
    assert [block["Clients"] for block in found["CLIENT"]] == [
        [["192.0.2.23"]],
        [["192.0.2.21", "192.0.2.22"]],
    ]


def test_the_narrower_network_is_asked_first() -> None:
    """Ganesha takes the first block that matches, exports(5) the most specific client."""
    clients = [("192.0.2.0/24", ["ro"]), ("192.0.2.21", RW), ("192.0.2.0/28", RW)]
    (found,) = exported(export("/srv", *clients))
    assert [block["Clients"] for block in found["CLIENT"]] == [
        [["192.0.2.21"]],
        [["192.0.2.0/28"]],
        [["192.0.2.0/24"]],
    ]


@pytest.mark.parametrize(
    ("options", "parameter", "value"),
    [
        (["rw"], "Access_Type", ["RW"]),
        (["ro"], "Access_Type", ["RO"]),
        ([], "Access_Type", ["RO"]),
        ([], "Squash", ["Root_Squash"]),
        (["root_squash"], "Squash", ["Root_Squash"]),
        (["no_root_squash"], "Squash", ["No_Root_Squash"]),
        (["no_root_squash", "all_squash"], "Squash", ["All_Squash"]),
        ([], "PrivilegedPort", ["true"]),
        (["insecure"], "PrivilegedPort", ["false"]),
        ([], "SecType", ["sys"]),
        (["sec=krb5p:krb5"], "SecType", ["krb5p", "krb5"]),
        (["anonuid=1000"], "Anonymous_uid", ["1000"]),
        (["anongid=-2"], "Anonymous_gid", ["-2"]),
    ],
)
def test_options_mean_what_exports_5_says(
    options: list[str], parameter: str, value: list[str]
) -> None:
    assert client_of(*options)[parameter] == [value]


@pytest.mark.parametrize("option", ["crossmnt", "nohide", "mp=/srv", "subtree_check", "pnfs"])
def test_an_option_that_ganesha_cannot_keep_is_refused(option: str) -> None:
    (fault,) = faults([export("/srv", ("192.0.2.21", [option]), ("192.0.2.22", [option]))])
    assert fault.startswith(f"options: '{option}': must not be given")


def test_the_core_serves_versions_3_and_4_and_no_locks() -> None:
    found = read_ganesha(ganesha_conf([], include="/etc/ganesha/exports.conf"))
    assert found["NFS_CORE_PARAM"] == [
        {
            "Protocols": [["3", "4"]],
            "MNT_Port": [["20048"]],
            "mount_path_pseudo": [["true"]],
            "Enable_NLM": [["false"]],
            "Enable_RQUOTA": [["false"]],
            "Allow_Set_Io_Flusher_Fail": [["true"]],
        }
    ]
    assert found["NFSv4"] == [
        {
            "Grace_Period": [["90"]],
            "Lease_Lifetime": [["60"]],
            "Only_Numeric_Owners": [["true"]],
        }
    ]
    assert "EXPORT" not in found


def test_settings_are_as_asked() -> None:
    one = export("/srv", ("192.0.2.21", RW))
    found = read_ganesha(
        ganesha_conf(
            [one],
            protocols=[4],
            mountd_port=4002,
            grace_seconds=0,
            lease_seconds=120,
            io_flusher="default",
            include="/etc/ganesha/more exports.conf",
        )
    )
    (core,) = found["NFS_CORE_PARAM"]
    assert core["Protocols"] == found["EXPORT"][0]["Protocols"] == [["4"]]
    assert core["MNT_Port"] == [["4002"]]
    assert "Allow_Set_Io_Flusher_Fail" not in core
    assert found["NFSv4"][0]["Grace_Period"] == [["0"]]
    assert found["NFSv4"][0]["Lease_Lifetime"] == [["120"]]
    assert found["%include"] == ["/etc/ganesha/more exports.conf"]


def test_one_error_names_every_fault() -> None:
    found = faults(
        [export('/srv/"', ("192.0.2.21", ["pnfs", "rw"]))],
        protocols=[2, 3],
        mountd_port=70000,
        grace_seconds=181,
        lease_seconds=True,
        io_flusher="off",
        include="relative",
    )
    assert sorted(line.partition(":")[0] for line in found) == sorted(
        [
            *("mountd_port", "grace_seconds", "lease_seconds", "include", "protocols"),
            *("io_flusher", "path", "options"),
        ]
    )


@pytest.mark.parametrize("protocols", [[], "5", [3, 9], None])
def test_protocols_are_3_or_4(protocols: Any) -> None:
    (fault,) = faults([], protocols=protocols)
    assert fault.endswith("must be a list of 3, 4 or both")


def test_faulty_exports_are_refused_as_for_the_kernel() -> None:
    (fault,) = faults([export("/srv", ("192.0.2.21", ["noatime"]))])
    assert "is no option of exports(5)" in fault


def test_the_order_of_the_input_changes_nothing() -> None:
    clients = [("192.0.2.9", RW), ("192.0.2.21", ["ro"])]
    exports = [export("/srv/a", *clients), export("/srv/b", *clients[::-1])]
    assert ganesha_conf(exports) == ganesha_conf(exports[::-1])


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet='ab #"\\;{}é\n=%', min_size=1, max_size=6).map("/srv/{}".format))
def test_every_path_comes_back_or_is_refused(path: str) -> None:
    try:
        (found,) = exported(export(path, ("192.0.2.21", RW)))
    except InventoryError:
        assert set(path) & set('"\\\n')
        return
    assert found["Path"] == found["Pseudo"] == [[path]]


NAMES = st.lists(st.integers(0, 10**6), min_size=1, max_size=40, unique=True)


@settings(max_examples=60, deadline=None)
@given(NAMES, st.data())
def test_an_export_s_id_stays_when_others_come_and_go(numbers: list[int], data: Any) -> None:
    paths = [f"/srv/clients/pc{number}/root" for number in numbers]
    present = export_ids(paths)
    kept = data.draw(st.lists(st.sampled_from(paths), unique=True))
    later = export_ids([*kept, "/srv/new/1", "/srv/new/2"], present)
    assert {path: later[path] for path in kept} == {path: present[path] for path in kept}
    assert len(set(later.values())) == len(later)


def test_ids_need_no_memory_where_no_two_paths_meet() -> None:
    paths = [f"/srv/clients/pc{number:02}/root" for number in range(60)]
    all_ids = export_ids(paths)
    assert all(export_ids([path]) == {path: all_ids[path]} for path in paths)
    # Handles of running clients hold these: a new release of ours must not change them.
    assert export_ids(["/store/clients/pc0/root"]) == {"/store/clients/pc0/root": 15746}


def test_thousands_of_ids_are_all_different_and_within_16_bits() -> None:
    ids = export_ids([f"/srv/clients/pc{number}/root" for number in range(5000)])
    assert len(set(ids.values())) == 5000
    assert min(ids.values()) >= 1
    assert max(ids.values()) <= 65535


def test_the_present_text_is_what_ids_are_kept_from() -> None:
    mine = export("/srv/pc 01", ("192.0.2.21", RW))
    text = ganesha_conf([mine], core=False)
    moved = re.sub(r"Export_Id = \d+", "Export_Id = 4711", text)
    assert moved != text
    other = export("/srv/pc 02", ("192.0.2.22", RW))
    by_path = {block["Path"][0][0]: block for block in exported(mine, other, previous=moved)}
    assert by_path["/srv/pc 01"]["Export_Id"] == [["4711"]]
    assert by_path["/srv/pc 02"]["Export_Id"] != [["4711"]]


def test_ids_that_could_not_be_are_not_kept() -> None:
    previous = {"/a": 0, "/b": 70000, "/c": 7, "/d": 7}
    ids = export_ids(["/a", "/b", "/c", "/d"], previous)
    assert ids["/c"] == 7
    assert len(set(ids.values())) == 4
    assert all(1 <= number <= 65535 for number in ids.values())


def test_a_new_export_does_not_get_the_id_of_one_that_goes_in_the_same_reload() -> None:
    path = "/srv/netboot/clients/pc00675/state"
    gone = {"/srv/netboot/clients/pc07/state": 10763}
    assert export_ids([path]) == {path: 10763}
    assert export_ids([path], gone) == {path: 10764}
    renamed = [f"/srv/netboot/clients/new{number}/state" for number in range(3000)]
    before = export_ids([f"/srv/netboot/clients/old{number}/state" for number in range(3000)])
    assert not set(export_ids(renamed, before).values()) & set(before.values())


def test_ids_of_exports_that_go_are_used_again_where_there_are_no_others() -> None:
    before = export_ids([f"/old/{number}" for number in range(40000)])
    assert len(export_ids([f"/new/{number}" for number in range(40000)], before)) == 40000


def test_more_exports_than_ids_are_refused() -> None:
    full = [f"/srv/{number}" for number in range(65536)]
    with pytest.raises(InventoryError, match="must be at most 65535"):
        export_ids(full)


def test_paths_that_meet_on_one_id_part_the_same_way_in_any_order() -> None:
    paths = [f"/srv/clients/pc{number}/root" for number in range(1500)]
    ids = export_ids(paths)
    assert any(export_ids([path]) != {path: ids[path]} for path in paths), "no two of them meet"
    assert export_ids(paths[::-1]) == ids


def test_the_text_begins_by_saying_who_wrote_it() -> None:
    for core in (True, False):
        first = ganesha_conf([], core=core).splitlines()[0]
        assert first == "# Written by diskless.netboot: what you change here is lost."
