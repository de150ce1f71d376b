# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever an inventory holds, its clients are safe, or refused."""

from __future__ import annotations

import string
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.inventory.client import (
    Client,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    InventoryError,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.parser import parse_clients
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.variables import (
    CLIENT_VARIABLES,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from .parsing import RESERVED, SUBNET, pc

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)
PLAUSIBLE = st.sampled_from(
    ["rw", "true", "52:54:00:12:34:5", "192.0.2.7", "library", "/var", "eth0", "a\nb", 'a"b', "a b"]
)
VARIABLES = st.dictionaries(st.sampled_from(CLIENT_VARIABLES), JUNK | PLAUSIBLE)


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.items() for part in item for text in strings(part)]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


SAFE = set(string.printable) - set(string.whitespace) - set("\"'\\`")


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(max_size=8), VARIABLES, max_size=4), st.booleans())
def test_no_input_gives_anything_but_safe_clients_or_faults(
    raw: dict[str, dict[str, Any]], complete: bool
) -> None:
    if complete:
        for number, variables in enumerate(raw.values(), start=10):
            variables.setdefault("netboot_mac", f"5254000000{number}")
            variables.setdefault("netboot_ip", f"192.0.2.{number}")
            variables.setdefault("netboot_image", "library")
    try:
        clients = parse_clients(raw, [SUBNET], RESERVED)
    except InventoryError as error:
        assert error.faults
        assert all(line.isprintable() for line in str(error).split("\n"))
        return
    assert [client.name for client in clients] == sorted(raw)
    macs = [mac for client in clients for mac in client.macs]
    assert len(macs) == len(set(macs))
    for client in clients:
        for text in strings(client.to_dict()):
            assert set(text) <= SAFE
        assert Client.from_dict(client.to_dict()) == client


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 12), max_size=12), st.lists(st.integers(1, 12), max_size=12))
def test_no_two_clients_in_the_output_share_a_mac_or_address(
    cards: list[int], hosts: list[int]
) -> None:
    raw = {
        f"pc{number}": pc(mac=f"52540000{card:04d}", ip=f"192.0.2.{100 + host}")
        for number, (card, host) in enumerate(zip(cards, hosts))
    }
    pairs = list(zip(cards, hosts))
    sound = len(set(cards[: len(pairs)])) == len(pairs) == len(set(hosts[: len(pairs)]))
    try:
        assert len(parse_clients(raw, [SUBNET], RESERVED)) == len(raw)
        assert sound
    except InventoryError:
        assert not sound
