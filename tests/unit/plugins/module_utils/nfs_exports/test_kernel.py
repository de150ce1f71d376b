# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site relies on in exports(5) text, read back by a small reader, and in what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    InventoryError,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports.kernel import nfs_exports
from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports.plan import (
    DEFAULT_OPTIONS,
)
from ansible_collections.diskless.netboot.tests.unit.plugins.module_utils.nfs_exports.read import (
    read_exports,
)
from hypothesis import given, settings
from hypothesis import strategies as st

RW = list(DEFAULT_OPTIONS)


def export(path: str, *clients: tuple[str, list[str]]) -> dict[str, Any]:
    return {
        "path": path,
        "clients": [{"address": address, "options": options} for address, options in clients],
    }


def faults(exports: Any) -> list[str]:
    with pytest.raises(InventoryError) as caught:
        nfs_exports(exports)
    return [fault.what for fault in caught.value.faults]


def options_faults(*options: Any) -> list[str]:
    return faults([export("/srv", ("192.0.2.21", list(options)))])


def test_each_client_may_mount_what_it_is_given_and_no_more() -> None:
    exports = [
        export("/srv/netboot/clients/pc01/root", ("192.0.2.21", RW)),
        export("/srv/netboot/images/library/root", ("192.0.2.22", ["ro"]), ("192.0.2.0/28", RW)),
    ]
    assert read_exports(nfs_exports(exports)) == {
        "/srv/netboot/clients/pc01/root": {"192.0.2.21": RW},
        "/srv/netboot/images/library/root": {"192.0.2.0/28": RW, "192.0.2.22": ["ro"]},
    }


def test_the_text_begins_by_saying_who_wrote_it() -> None:
    assert nfs_exports([]) == "# Written by diskless.netboot: what you change here is lost.\n"


def test_each_client_has_a_line_of_its_own() -> None:
    one = nfs_exports([export("/srv", ("192.0.2.21", RW))]).splitlines()
    two = nfs_exports([export("/srv", ("192.0.2.21", RW), ("192.0.2.22", RW))]).splitlines()
    assert len(two) == len(one) + 1


def test_the_order_of_the_input_changes_nothing() -> None:
    clients = [("192.0.2.100", RW), ("192.0.2.9", RW), ("192.0.2.21", RW)]
    text = nfs_exports([export("/srv/b", *clients), export("/srv/a", *clients)])
    assert text == nfs_exports([export("/srv/a", *clients[::-1]), export("/srv/b", *clients)])
    assert list(read_exports(text)) == ["/srv/a", "/srv/b"]
    assert list(read_exports(text)["/srv/a"]) == ["192.0.2.9", "192.0.2.21", "192.0.2.100"]


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="ab/ #\"'\\()=,-é\t\n.", max_size=8).map("/srv/{}".format))
def test_every_path_comes_back_or_is_refused(path: str) -> None:
    try:
        text = nfs_exports([export(path, ("192.0.2.21", ["ro"]))])
    except InventoryError as error:
        assert not path.isprintable() or {"", ".", ".."} & set(path.split("/")[1:])
        assert "must be an absolute path" in str(error)
        return
    assert read_exports(text) == {path: {"192.0.2.21": ["ro"]}}
    assert text.isascii()


@pytest.mark.parametrize("path", ["srv", "/", "", "/srv/", "/srv//a", "/srv/../etc", "/a\x7f", 1])
def test_what_is_no_folder_s_path_is_refused(path: Any) -> None:
    (fault,) = faults([export(path, ("192.0.2.21", RW))])
    assert fault.startswith("exports[0].path: ")


@pytest.mark.parametrize(
    "option",
    [
        *("rw", "ro", "sync", "async", "secure", "insecure", "wdelay", "no_wdelay", "hide"),
        *("nohide", "crossmnt", "nocrossmnt", "subtree_check", "no_subtree_check"),
        *("secure_locks", "insecure_locks", "auth_nlm", "no_auth_nlm", "acl", "no_acl", "pnfs"),
        *("no_pnfs", "root_squash", "no_root_squash", "all_squash", "no_all_squash"),
        *("nordirplus", "security_label", "anonuid=65534", "anongid=-2", "mp", "mountpoint"),
        *("mp=/srv", "fsid=root", "fsid=0", "fsid=0b7d0e54-92a3-4d4c-9a4f-0d7a8f2a1b33"),
        *("sec=sys", "sec=krb5p:krb5i:krb5", "xprtsec=mtls:tls", "reexport=auto-fsidnum"),
        *("refer=/srv@192.0.2.2", "replicas=/srv@192.0.2.2:/srv@192.0.2.3"),
    ],
)
def test_every_option_of_exports_5_may_be_given(option: str) -> None:
    text = nfs_exports([export("/srv", ("192.0.2.21", [option]))])
    assert read_exports(text)["/srv"]["192.0.2.21"] == [option]


def test_one_error_names_every_unknown_option() -> None:
    assert options_faults("rw", "no_root_sqash", "noatime", "sec=sys,ro", "anonuid=root") == [
        "exports[0].clients[0].options: 'no_root_sqash': "
        "is no option of exports(5); did you mean no_root_squash?",
        "exports[0].clients[0].options: 'noatime': is no option of exports(5)",
        "exports[0].clients[0].options: 'sec=sys,ro': must be sec=VALUE with a value of exports(5)",
        "exports[0].clients[0].options: 'anonuid=root': "
        "must be anonuid=VALUE with a value of exports(5)",
    ]


@pytest.mark.parametrize(
    "option", ["rw=1", "fsid", "sec=", "mp=srv", "ro)", "rw ", "", "fsid=root\n", "fsid=x"]
)
def test_an_option_s_value_is_checked(option: str) -> None:
    assert len(options_faults(option)) == 1


def test_options_that_contradict_each_other_are_refused() -> None:
    assert options_faults("rw", "ro") == [
        "exports[0].clients[0].options: 'rw,ro': must be one of the two"
    ]
    assert options_faults("sec=sys", "sec=krb5")[0].endswith("must be given once")


def test_options_that_exportfs_would_cut_off_are_refused() -> None:
    (fault,) = options_faults("refer=/" + "x" * 400)
    assert "must be at most 400 characters" in fault


@pytest.mark.parametrize("options", ["rw", None, [1], {}])
def test_options_are_a_list_of_strings(options: Any) -> None:
    (fault,) = faults([export("/srv", ("192.0.2.21", options))])
    assert "must be a list of options of exports(5)" in fault


def test_an_export_for_nobody_is_refused() -> None:
    assert faults([export("/srv")]) == ["exports[0].clients: []: must name at least one client"]


@pytest.mark.parametrize(
    "address", ["*", "0.0.0.0/0", "pc01", "192.0.2.21/24", "192.0.2.0/33", "@lab", "2001:db8::1", 1]
)
def test_only_addresses_and_networks_may_mount(address: Any) -> None:
    (fault,) = faults([export("/srv", (address, RW))])
    assert "must be a string" in fault or "must be an IPv4 address or a network such as" in fault


def test_a_client_or_path_that_stands_there_twice_is_refused() -> None:
    twice = export("/srv", ("192.0.2.21", RW), ("192.0.2.21/32", ["ro"]))
    assert len(faults([twice])) == 1
    assert (
        len(faults([export("/srv", ("192.0.2.21", RW)), export("/srv", ("192.0.2.22", RW))])) == 1
    )


@pytest.mark.parametrize(
    "exports",
    ["/srv", {}, None, ["/srv"], [{"path": "/srv", "client": []}], [{"path": "/srv"}], [{}]],
)
def test_what_is_no_list_of_exports_is_refused_in_words(exports: Any) -> None:
    assert faults(exports)


def test_faults_of_all_exports_come_in_one_error() -> None:
    exports = [export("srv", ("192.0.2", ["rww"])), export("/ok", ("192.0.2.21", RW)), "x"]
    assert len(faults(exports)) == 4


def test_a_key_that_no_export_has_is_refused() -> None:
    (fault,) = faults([{**export("/srv", ("192.0.2.21", RW)), "option": []}])
    assert "must be a mapping with the keys path and clients" in fault
