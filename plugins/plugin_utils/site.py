# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads an inventory from Ansible's variables, for the model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleError
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.reader import Unreadable
from ansible_collections.diskless.netboot.plugins.module_utils.inventory.variables import (
    CLIENT_VARIABLES,
    misspelt,
)
from ansible_collections.diskless.netboot.plugins.plugin_utils.data import plain
from jinja2.exceptions import UndefinedError

ROLES = Path(__file__).resolve().parents[2] / "roles"


def client_variables(
    names: Iterable[str], hostvars: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return those variables of each client that this collection uses, by the client's name.

    Others are not read, since each read evaluates a template, and templates can be large.
    """
    return {
        name: {
            plain(key): read(variables, key)
            for key in variables
            if key in CLIENT_VARIABLES or misspelt(key)
        }
        for name, variables in ((name, hostvars[name]) for name in names)
    }


def read(variables: Mapping[str, Any], key: str) -> Any:
    """Return a variable as plain data, or Unreadable with the reason if its template fails."""
    try:
        return plain(variables[key])
    except (AnsibleError, UndefinedError) as error:
        return Unreadable(f"its template fails: {' '.join(str(error).split())}")


@lru_cache(maxsize=1)
def role_options() -> frozenset[str]:
    """Return the names of all roles' options, from their argument specifications."""
    names: set[str] = set()
    for path in ROLES.glob("*/meta/argument_specs.yml"):
        for entry in yaml.safe_load(path.read_text("utf-8"))["argument_specs"].values():
            names |= set(entry.get("options", {}))
    return frozenset(names)
