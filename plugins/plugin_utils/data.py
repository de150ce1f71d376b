# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Functions that all filters use, for plain data and for errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from ansible.errors import AnsibleFilterError
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.addresses import (
    LibraryMissingError,
)
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.client import Client
from jinja2 import Undefined

Rendered = TypeVar("Rendered")


def plain(value: Any) -> Any:
    """Return *value* with only the types str, bool, int, float, None, list and dict.

    Jinja passes subclasses with tags, and containers that evaluate templates when they are read.
    The code of the model and of serialisers cannot use them.
    """
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, Undefined):
        return str(value)  # raises, with the reason
    if isinstance(value, int):
        return int(value)
    return float(value) if isinstance(value, float) else value


def carried(value: Any) -> Any:
    """Return plain data that was given as it is, or as JSON text.

    Raises:
        ValueError: a text is no JSON.
    """
    return json.loads(value) if isinstance(value, str) else plain(value)


def joined(*lists: Any) -> Any:
    """Return the items of all lists, or the first that is no list, for the model to refuse."""
    items = [carried(one) for one in lists]
    wrong = [one for one in items if not isinstance(one, list)]
    return wrong[0] if wrong else [item for one in items for item in one]


def like(given: Any, result: Any) -> Any:
    """Return *result* as text if *given* was a text, so that Ansible passes it on in one piece."""
    return as_text(result) if isinstance(given, str) else result


def as_text(data: Any) -> str:
    """Return plain data as JSON text."""
    return json.dumps(data, separators=(",", ":"))


@contextmanager
def filter_errors() -> Iterator[None]:
    """Convert the errors of the model to errors of Ansible, with the same text."""
    try:
        yield
    except (ValueError, LibraryMissingError) as error:
        raise AnsibleFilterError(str(error)) from error


def rendered(render: Callable[..., Rendered], clients: Any, options: Mapping[str, Any]) -> Rendered:
    """Return the result of *render* for clients and options, as plain data.

    Args:
        render: a function of the model.
        clients: the clients, as the filter ``clients`` or the module ``site_plan`` returns them.
        options: the keyword arguments for *render*.

    Raises:
        AnsibleFilterError: the input has faults; the text lists all of them.
    """
    with filter_errors():
        return render(read_clients(clients), **plain(options))


def read_clients(data: Any) -> list[Client]:
    """Return the clients that filter ``clients`` returned as mappings, or ``site_plan`` as text.

    Raises:
        ValueError: the data is something else.
    """
    try:
        items = carried(data)
    except json.JSONDecodeError:
        items = None
    if not isinstance(items, list):
        raise ValueError("the input must be the list that filter diskless.netboot.clients returns")
    return [Client.from_dict(item) for item in items]
