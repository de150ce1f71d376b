# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Leases that keep an address from the NIC that it is reserved for."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.dhcp import leases

OLD, NEW, OTHER = "52:54:00:00:00:15", "52:54:00:00:01:15", "52:54:00:00:00:16"
# As Kea 2.2 of Debian 12 writes it.
NAMES = (
    "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,"
    "user_context\n"
)


def kea(address: str, mac: str, seconds: int = 3600, state: int = 0) -> str:
    return f"{address},{mac},01:aa,{seconds},1800000000,3221225984,0,0,pc,{state},\n"


def dnsmasq(address: str, mac: str) -> str:
    return f"1800000000 {mac} {address} pc *\n"


def run(
    tmp_path: Path, server: str, text: str, wanted: dict[str, str]
) -> tuple[leases.LeasePlan, str]:
    path = tmp_path / "leases"
    path.write_text(text)
    path.chmod(0o640)
    plan = leases.plan(server, str(path), wanted)
    plan.apply()
    assert path.stat().st_mode & 0o777 == 0o640
    return plan, path.read_text()


def test_kea_ends_the_lease_of_a_nic_that_was_replaced(tmp_path: Path) -> None:
    text = NAMES + kea("192.0.2.21", OLD) + kea("192.0.2.22", OTHER)
    wanted = leases.reserved([NEW.upper(), OTHER], ["192.0.2.21", "192.0.2.22"])
    plan, written = run(tmp_path, "kea", text, wanted)
    assert plan.removed == {"192.0.2.21": OLD}
    assert written == text + kea("192.0.2.21", OLD, seconds=0)
    again = leases.plan("kea", str(tmp_path / "leases"), wanted)
    assert not again.changed


def test_kea_s_last_line_counts_in_all_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "leases.2").write_text(
        NAMES + kea("192.0.2.21", OLD) + kea("192.0.2.22", OLD) + kea("192.0.2.23", OLD)
    )
    (tmp_path / "leases.1").write_text(NAMES + kea("192.0.2.22", OLD, seconds=0))
    text = NAMES + kea("192.0.2.23", NEW)
    wanted = {f"192.0.2.{number}": NEW for number in (21, 22, 23)}
    plan, written = run(tmp_path, "kea", text, wanted)
    assert plan.removed == {"192.0.2.21": OLD}
    assert written == text + kea("192.0.2.21", OLD, seconds=0)


def test_what_kea_has_cleaned_up_does_not_come_back(tmp_path: Path) -> None:
    (tmp_path / "leases.completed").write_text(NAMES)
    (tmp_path / "leases.1").write_text(NAMES + kea("192.0.2.21", OLD))
    plan, written = run(tmp_path, "kea", NAMES, {"192.0.2.21": NEW})
    assert (plan.removed, written) == ({}, NAMES)


def test_kea_gives_an_address_again_that_was_declined(tmp_path: Path) -> None:
    declined = NAMES + kea("192.0.2.21", "", state=1)
    plan, written = run(tmp_path, "kea", declined, {"192.0.2.21": OLD})
    assert plan.removed == {"192.0.2.21": ""}
    assert written.endswith(kea("192.0.2.21", "", seconds=0, state=1))


def test_columns_of_a_later_kea_are_kept(tmp_path: Path) -> None:
    names = NAMES.replace("\n", ",pool_id\n")
    line = kea("192.0.2.21", OLD).replace("\n", '{ "a": 1 },0\n')
    _plan, written = run(tmp_path, "kea", names + line, {"192.0.2.21": NEW})
    assert written.splitlines()[-1] == line.replace(",3600,", ",0,").rstrip("\n")


def test_dnsmasq_loses_the_lease_of_a_nic_that_was_replaced(tmp_path: Path) -> None:
    kept = dnsmasq("192.0.2.22", OTHER) + dnsmasq("192.0.2.200", OLD) + "duid 00:01\n"
    text = dnsmasq("192.0.2.21", OLD) + kept
    wanted = {"192.0.2.21": NEW, "192.0.2.22": OTHER}
    plan, written = run(tmp_path, "dnsmasq", text, wanted)
    assert plan.removed == {"192.0.2.21": OLD}
    assert written == kept


@pytest.mark.parametrize("server", leases.SERVERS)
def test_a_server_that_gave_no_lease_yet_has_none_to_lose(tmp_path: Path, server: str) -> None:
    assert not leases.plan(server, str(tmp_path / "absent"), {"192.0.2.21": OLD}).changed


def test_what_kea_did_not_write_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is no file of Kea's leases"):
        run(tmp_path, "kea", "lease 192.0.2.21 {}\n", {"192.0.2.21": OLD})
