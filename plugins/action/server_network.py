# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of server_network on the controller. It fails if the boot server cannot be reached."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible_collections.diskless.netboot.plugins.plugin_utils import reach


class ActionModule(ActionBase):
    """Runs the module."""

    _supports_check_mode = True

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Run the module on the boot server."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        try:
            return {**result, **self._execute_module(task_vars=variables)}
        except AnsibleConnectionFailure as error:
            why = reach.sentence(str(variables.get("inventory_hostname", "")), error)
            return {**result, "failed": True, "msg": f"{why} Nothing was changed."}
