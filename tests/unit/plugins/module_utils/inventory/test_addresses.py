# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks, ranges and makers: netaddr is asked, but not about what it would read wrongly."""

from __future__ import annotations

import ipaddress
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.inventory import addresses
from hypothesis import given
from hypothesis import strategies as st

from .parsing import faults, pc

INTEL = "00:1b:21:00:00:01"
"""IEEE gave 00-1B-21 to Intel."""


@pytest.mark.parametrize(
    "written",
    ["10/8", "192.0.2/24", "192.0.2.0/+24", "192.0.2.0/ 24", "192.0.2.0/024", "1", "0x0a000000/8",
     "192.0.2.0", "192.0.2.0/", "192.000.2.0/24", "192.0.2.0/0.0.0.256", "2001:db8::/64"],
)  # fmt: skip
def test_what_is_only_nearly_a_network_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="CIDR form"):
        addresses.network(written)


@given(st.ip_addresses(v=4), st.integers(1, 30))
def test_a_network_is_what_python_s_own_library_reads(
    address: ipaddress.IPv4Address, prefix: int
) -> None:
    expected = ipaddress.IPv4Network((address, prefix), strict=False)
    assert str(addresses.network(str(expected))) == str(expected)
    assert str(addresses.network(expected.with_netmask)) == str(expected)


@pytest.mark.parametrize("written", ["192.0.2.9", "192.0.2.9-", "192.0.2.9-8", "a-b", "1-2"])
def test_what_is_only_nearly_a_range_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="must be a range"):
        addresses.span(written)


def test_the_maker_of_a_nic_is_known_by_its_prefix() -> None:
    maker = addresses.maker(INTEL)
    assert maker is not None and maker.startswith("Intel")
    assert addresses.maker("52:54:00:12:34:56") is None, "a virtual machine's, chosen by software"


def test_a_mac_that_two_clients_have_is_shown_with_its_maker() -> None:
    found = faults(pc01=pc(mac=INTEL), pc02=pc(mac=INTEL, ip="192.0.2.22"))
    assert [one[:2] for one in found] == [("pc02", "netboot_mac")]
    assert "pc01 has it too (a NIC made by Intel" in found[0][2]


def test_a_python_without_netaddr_is_answered_by_one_sentence(tmp_path: Path) -> None:
    """A virtual environment has none, and the model itself needs nothing else."""
    venv.create(tmp_path / "bare", symlinks=True)
    code = (
        "import sys; sys.path[:] = [*sys.argv[1:], *sys.path]\n"
        "from ansible_collections.diskless.netboot.plugins.module_utils.inventory import parser\n"
        "try:\n    parser.parse_clients({}, [{'network': '192.0.2.0/24'}])\n"
        "except parser.addresses.LibraryMissingError as error:\n    print(error)"
    )
    collections = next(
        path for path in sys.path if Path(path, "ansible_collections/diskless/netboot").exists()
    )
    python = tmp_path / "bare/bin/python"
    said = subprocess.run(
        [python, "-c", code, collections], check=True, capture_output=True, text=True
    ).stdout
    assert said.count("\n") == 1
    assert f"({python}) lacks the library netaddr: run '{python} -m pip install netaddr'" in said
