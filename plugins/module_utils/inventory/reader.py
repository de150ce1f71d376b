# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a mapping that a user wrote. It does not stop at the first fault, but collects all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.inventory import values
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.faults import Fault


@dataclass(frozen=True)
class Unreadable:
    """Stands for a variable without a value, for example because its template fails."""

    reason: str


class Reader:
    """Reads the variables of one owner, such as a client or a subnet."""

    def __init__(
        self, owner: str, raw: Mapping[str, Any], faults: list[Fault], prefix: str = ""
    ) -> None:
        """Prepare to read *raw*.

        Args:
            owner: inventory name of the client, for the faults, or "".
            raw: values by the names of the variables.
            faults: the list to which faults are added.
            prefix: what is put before the name of a variable in a fault.
        """
        self.owner = owner
        self.raw = raw
        self.faults = faults
        self.prefix = prefix

    def fault(self, variable: str, value: Any, expected: str) -> None:
        """Note a fault."""
        self.faults.append(Fault(self.owner, self.prefix + variable, value, expected))

    def given(self, variable: str, required: bool = False) -> Any:
        """Return the value of a variable, or None. If it is required and missing, note a fault."""
        value = self.raw.get(variable)
        if isinstance(value, Unreadable):
            self.fault(variable, None, value.reason)
            return None
        if value is None and required:
            self.fault(variable, None, "must be given")
        return value

    def parsed(self, where: str, parse: Callable[[Any], Any], value: Any) -> Any:
        """Return the result of *parse* for *value*, or None after a fault."""
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
        """Return one value in its normal form, or None after a fault.

        The default is parsed too.
        """
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
        """Return the valid values of a list, each once. A single value is read as a list of one.

        *split*, if given, converts a string with several values to a list.
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
