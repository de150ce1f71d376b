# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part on the controller of modules that take a list with an item for each client.

Ansible looks at each value of a list whenever it passes the list on, which takes most of a run with
thousands of clients. So such a list is carried as one text, and becomes a list again here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ansible.plugins.action import ActionBase
from ansible_collections.diskless.netboot.plugins.plugin_utils.data import carried


class LongListsAction(ActionBase):
    """Runs the module of the same name.

    Attributes:
        lists: the names of the options that can be given as JSON text.
        fields: what the module reads of each item, or () for all. The rest is not sent, since the
            options of a module are written to the target's journal.
    """

    lists: ClassVar[tuple[str, ...]]
    fields: ClassVar[tuple[str, ...]] = ()
    _supports_check_mode = True
    _supports_async = True

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Run the module on the target."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        for name in self.lists:
            if isinstance(arguments.get(name), str):
                try:
                    arguments[name] = carried(arguments[name])
                except ValueError as error:
                    return {**result, "failed": True, "msg": f"{name}: {error}"}
            if self.fields and isinstance(arguments.get(name), list):
                arguments[name] = [self._of(item) for item in arguments[name]]
        ran: dict[str, Any] = self._execute_module(
            module_args=arguments, task_vars=task_vars or {}, wrap_async=self._task.async_val
        )
        return {**result, **ran}

    def _of(self, item: Any) -> Any:
        if not isinstance(item, Mapping):
            return item
        return {name: item[name] for name in self.fields if name in item}
