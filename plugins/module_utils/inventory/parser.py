# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads clients from the variables of an inventory, checks them, and adds the defaults.

`parse_clients` reads all clients in one call, and raises one error that lists all faults. So
nothing is written if only some of the clients are right.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.inventory import addresses, values
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.client import (
    DEFAULT_OVERLAY_SIZE,
    FIRMWARE_KINDS,
    ROOT_KINDS,
    ROOT_OVERLAY,
    ROOT_SHARED_RW,
    Client,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import (
    Fault,
    InventoryError,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.reader import Reader
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.static_address import (
    StaticAddress,
    parse_static,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.subnet import (
    AddressPlan,
    Subnet,
    collect_subnets,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.variables import (
    kernel_argument,
    misspelt,
    split_arguments,
)


def parse_clients(
    raw: Mapping[str, Mapping[str, Any]],
    subnets: Sequence[Subnet | Mapping[str, Any]],
    reserved: Mapping[str, str] | None = None,
    images: Collection[str] | None = None,
) -> list[Client]:
    """Return all clients of an inventory, sorted by inventory name.

    Args:
        raw: the ``netboot_*`` variables of each client, by its inventory name.
        subnets: Subnets, or mappings with the keys of Subnet.
        reserved: addresses that no client can have, such as those of the boot servers. Each has a
            text that says what it is.
        images: names that ``netboot_image`` can have. If None, it can have any name.

    Raises:
        InventoryError: clients, subnets or reserved addresses have faults; the text lists all.
        LibraryMissingError: netaddr cannot be imported.
    """
    faults: list[Fault] = []
    kept = _reserved(reserved or {}, faults)
    sound = collect_subnets(subnets, kept, faults)
    plan = None if faults else AddressPlan(sound, kept)
    parser = _Parser(plan, faults, images)
    clients = [parser.parse(name, raw[name]) for name in sorted(raw)]
    if faults:
        raise InventoryError(faults)
    return [client for client in clients if client is not None]


def _reserved(raw: Mapping[str, str], faults: list[Fault]) -> dict[str, str]:
    kept = {}
    for address, what in raw.items():
        try:
            kept[values.ipv4(address)] = str(what)
        except ValueError as error:
            faults.append(Fault("", "reserved", address, str(error)))
    return kept


class _Parser:
    """Reads clients one by one, and remembers which addresses and names are taken.

    So the time for a client does not depend on their number.
    """

    def __init__(
        self, plan: AddressPlan | None, faults: list[Fault], images: Collection[str] | None
    ) -> None:
        self.plan = plan
        self.images = images
        self.faults = faults
        self.owners: dict[tuple[str, str], str] = {}

    def parse(self, name: str, raw: Mapping[str, Any]) -> Client | None:
        """Return the client, or None after a fault."""
        before = len(self.faults)
        reader = Reader(name, raw, self.faults)
        # The inventory name is also the name of a folder.
        reader.parsed("inventory name", _client_name, name)
        for variable in raw:
            near = misspelt(variable)
            if near:
                expected = f"is no variable of a client; did you mean {near}?"
                reader.fault(variable, raw[variable], expected)
        hostname = reader.one("netboot_hostname", values.hostname, name.partition(".")[0])
        macs, given = _nics(reader)
        subnets = [self.subnet_of(name, address) for address in given]
        subnet = subnets[0] if subnets else None
        nic = reader.one("netboot_nic", values.nic)
        client = Client(
            name=name,
            hostname=hostname,
            macs=macs,
            addresses=given,
            subnet="" if subnet is None else subnet.network,
            ntp_servers=() if subnet is None else subnet.ntp_servers,
            image=reader.one("netboot_image", self.image, required=True),
            release=reader.one("netboot_release", values.segment),
            root=reader.one("netboot_root", _root_kind, ROOT_OVERLAY),
            overlay_size=reader.one(
                "netboot_overlay_size", values.memory_share, DEFAULT_OVERLAY_SIZE
            ),
            firmware=reader.one("netboot_firmware", _firmware_kind, FIRMWARE_KINDS[0]),
            kernel_args=reader.many("netboot_kernel_args", kernel_argument, split=split_arguments),
            static=_static(reader, given, subnets, hostname, nic),
            nic=nic,
            state=reader.one("netboot_state", values.boolean, True),
            persist=reader.many("netboot_persist", _kept_path),
            files=_files(reader),
        )
        _check_state(reader, client)
        for mac in macs:
            self.claim(name, "netboot_mac", mac)
        for address in given:
            self.claim(name, "netboot_ip", address)
        self.claim(name, "netboot_hostname", hostname)
        return client if len(self.faults) == before else None

    def image(self, value: Any) -> str:
        name = values.segment(value)
        if self.images is not None and name not in self.images:
            known = ", ".join(sorted(self.images)) or "there is none"
            raise ValueError(f"must be a host of the group netboot_images ({known})")
        return name

    def subnet_of(self, name: str, address: str) -> Subnet | None:
        # If a subnet has a fault, clients in it are not reported as being in no subnet.
        if self.plan is None:
            return None
        try:
            return self.plan.subnet_of(address)
        except ValueError as error:
            self.faults.append(Fault(name, "netboot_ip", address, str(error)))
            return None

    def claim(self, name: str, variable: str, value: str | None) -> None:
        """Note that *value* belongs to this client. It is a fault if another client has it too."""
        if value is None:
            return
        owner = self.owners.setdefault((variable, value.lower()), name)
        if owner != name:
            expected = f"must be one client's alone; {owner} has it too"
            maker = addresses.maker(value) if variable == "netboot_mac" else None
            if maker is not None:
                expected += f" (a NIC made by {maker})"
            self.faults.append(Fault(name, variable, value, expected))


def _files(reader: Reader) -> dict[str, str]:
    """Return the valid files in ``netboot_files``."""
    value = reader.given("netboot_files")
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        reader.fault("netboot_files", value, "must be a mapping of paths to texts")
        return {}
    found = {}
    for path, content in value.items():
        place = reader.parsed("netboot_files", values.absolute_path, path)
        if not isinstance(content, str):
            reader.fault(f"netboot_files[{path}]", content, "must be text")
        elif place is not None:
            found[place] = content
    return found


def _kept_path(value: Any) -> str:
    path = values.absolute_path(value)
    if path.split("/")[1] in ("dev", "proc", "run", "sys"):
        raise ValueError("must lie outside /dev, /proc, /run and /sys, which are new at each start")
    return path


def _nics(reader: Reader) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the MAC address and the IPv4 address of each NIC.

    A DHCP server gives an address to one NIC at a time. For another NIC of the same PC, it would
    not be free before the lease of the first one ends.
    """
    before = len(reader.faults)
    macs = reader.many("netboot_mac", values.mac, required=True)
    given = reader.many("netboot_ip", values.ipv4, required=True)
    if len(reader.faults) == before and len(macs) != len(given):
        nics = "one address" if len(macs) == 1 else f"an address for each of its {len(macs)} NICs"
        reader.fault("netboot_ip", reader.given("netboot_ip"), f"must be {nics}, as netboot_mac is")
    return macs, given


def _check_state(reader: Reader, client: Client) -> None:
    """Add faults for kept folders and own files that this client cannot have.

    They need a state, and with a shared root, all clients would get the own files of one client.
    """
    if client.state is False:
        expected = "must be empty where netboot_state is false, since there is nowhere to keep it"
        for variable, value in (
            ("netboot_persist", list(client.persist)),
            ("netboot_files", list(client.files)),
        ):
            if value:
                reader.fault(variable, value, expected)
    if client.files and client.root == ROOT_SHARED_RW:
        expected = f"must be empty where netboot_root is {ROOT_SHARED_RW}: all would get them"
        reader.fault("netboot_files", list(client.files), expected)


def _static(
    reader: Reader,
    given: tuple[str, ...],
    subnets: list[Subnet | None],
    hostname: str | None,
    nic: str | None,
) -> StaticAddress | None:
    """Return the static address, or None if there is none or if its other values have faults.

    It is that of the first NIC. For the others, only the address is another one.
    """
    value = reader.given("netboot_static")
    if value is None or not given or hostname is None:
        return None
    subnet = subnets[0]
    if subnet is None:
        return None
    if len(set(subnets)) > 1 and value is not False:
        expected = "must be false for a PC with NICs in several subnets"
        reader.fault("netboot_static", value, expected)
        return None
    derived = StaticAddress(
        client=given[0],
        gw=subnet.routers[0] if subnet.routers else "",
        mask=str(addresses.network(subnet.network).netmask),
        host=hostname,
        dev=nic or "",
        # The initrd has no other source of DNS servers, since it does not know the loader's lease.
        **dict(zip(("dns0", "dns1"), subnet.dns_servers)),
    )
    static, wrong = parse_static(value, derived)
    for key, item, expected in wrong:
        reader.fault(f"netboot_static.{key}" if key else "netboot_static", item, expected)
    return static


def _client_name(value: Any) -> str:
    return values.segment(value, values.LONGEST_CLIENT_NAME)


def _one_of(kinds: tuple[str, ...]) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if isinstance(value, str) and value in kinds:
            return value
        raise ValueError(f"must be {' or '.join(kinds)}")

    return parse


_root_kind = _one_of(ROOT_KINDS)
_firmware_kind = _one_of(FIRMWARE_KINDS)
