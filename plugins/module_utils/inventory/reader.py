# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a mapping that a person wrote, keeping every fault instead of stopping at the first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.inventory import values
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import Fault


@dataclass(frozen=True)
class Unreadable:
    """Stands for a variable whose value could not be had, such as a template that fails."""

    reason: str


class Reader:
    """Reads the variables of one owner, a client or a subnet."""

    def __init__(
        self, owner: str, raw: Mapping[str, Any], faults: list[Fault], prefix: str = ""
    ) -> None:
        """Read *raw*, adding to *faults* in the name of *owner*, variables named with *prefix*."""
        self.owner = owner
        self.raw = raw
        self.faults = faults
        self.prefix = prefix

    def fault(self, variable: str, value: Any, expected: str) -> None:
        """Note a fault."""
        self.faults.append(Fault(self.owner, self.prefix + variable, value, expected))

    def given(self, variable: str, required: bool = False) -> Any:
        """Return a variable's value, None when it has none; a fault when it must have one."""
        value = self.raw.get(variable)
        if isinstance(value, Unreadable):
            self.fault(variable, None, value.reason)
            return None
        if value is None and required:
            self.fault(variable, None, "must be given")
        return value

    def parsed(self, where: str, parse: Callable[[Any], Any], value: Any) -> Any:
        """Return *parse* of *value*; None after a fault."""
        try:
            return parse(value)
        except ValueError as error:
            self.fault(where, value, str(error))
            return None

    def one(
        self,
        variable: str,
        parse: Callable[[Any], Any],
        default: Any = None,
        required: bool = False,
    ) -> Any:
        """Return one value in its normal form; None after a fault. A default is checked too."""
        value = self.given(variable, required)
        value = default if value is None else value
        return None if value is None else self.parsed(variable, parse, value)

    def many(
        self,
        variable: str,
        parse: Callable[[Any], str],
        required: bool = False,
        split: Callable[[Any], Any] | None = None,
    ) -> tuple[str, ...]:
        """Return the sound values, each once, of a list or of one value that stands for a list.

        *split*, if given, makes a list of what a person may also write in one string.
        """
        value = self.given(variable, required)
        if value is not None and split is not None:
            value = self.parsed(variable, split, value)
        if value is None:
            return ()
        items = values.listed(value)
        if required and not items:
            self.fault(variable, value, "must hold at least one value")
        several = len(items) > 1
        found = [
            self.parsed(f"{variable}[{index}]" if several else variable, parse, item)
            for index, item in enumerate(items)
        ]
        return tuple(dict.fromkeys(item for item in found if item is not None))
