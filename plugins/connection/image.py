# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Connection plugin: an image as a host, through the boot server that keeps it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: image
short_description: Change an image of diskless PCs like any other host
version_added: 0.1.0
author: The diskless.netboot authors (@diskless-netboot)
description:
  - Runs each command in the root of an image, on the boot server that keeps it, and reaches that
    server in the way that the inventory says for it (V(ssh), V(local), a container).
  - A command sees the image as C(/), with a C(/proc), C(/dev) and C(/run) of its own and the
    server's name servers. Nothing is mounted on the server itself, and all that a command mounted
    or started is gone when it ends, also when the run is killed. A service is not started or
    stopped by the package or role that is installed; enable it, and clients start it.
  - What Ansible needs is in the image too, that is Python. O(ignore:nfsroot_image) puts it there.
notes:
  - Tasks with C(async) are refused, since a task's processes end with it.
  - Commands run as root. For tasks that become another user, set C(ansible_become_method=su)
    unless the image has sudo.
  - The image's C(/tmp) is the folder C(.root.scratch) beside the root, and is never published.
  - A file F(/usr/sbin/policy-rc.d) is made, empty and not executable, where the image has none.
options:
  server:
    description:
      - The inventory host that keeps the image. Default, the first of the group C(nfs_servers).
      - The variables of this host say how it is reached. Its user must be root, or become root
        by C(ansible_become).
    type: str
    vars:
      - name: netboot_image_server
  store:
    description: The store on that host.
    type: str
    default: /srv/netboot
    vars:
      - name: netboot_store
  root:
    description:
      - The image's root on that host. Default, F(images/NAME/root) in O(store), where NAME is the
        image's inventory name.
    type: str
    vars:
      - name: netboot_image_root
  name:
    description: The image's inventory name.
    type: str
    vars:
      - name: inventory_hostname
  remote_user:
    description: The user in the image as whom commands run, which is always root.
    type: str
    default: root
"""

from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleConnectionFailure, AnsibleError, AnsibleFileNotFound
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.connection import ConnectionBase
from ansible.plugins.loader import become_loader, connection_loader
from ansible_collections.diskless.netboot.plugins.module_utils.image import host as image_host
from ansible_collections.diskless.netboot.plugins.module_utils.store import paths

# Of a file, in bytes: what is held in memory at a time on its way.
_PIECE = 16 << 20


class Connection(ConnectionBase):
    """Commands in an image, by the connection of the boot server that keeps it."""

    transport = "diskless.netboot.image"
    has_pipelining = True
    # Without, each task would need five commands instead of one, and leave files in the image.
    always_pipeline_modules = True
    has_tty = False

    def __init__(self, play_context: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(play_context, *args, **kwargs)
        self._made_with = {key: value for key, value in kwargs.items() if key != "shell"}
        self._groups: dict[str, list[str]] = {}
        self._hostvars: Any = {}
        self._task_keys: dict[str, Any] = {}
        self._server: Any = None

    def _resolve_option_variables(self, variables: Any, templar: Any) -> Any:
        # The only place that sees the variables of other hosts.
        self._groups = variables.get("groups", {})
        self._hostvars = variables.get("hostvars", {})
        plugin: Any = super()
        return plugin._resolve_option_variables(variables, templar)

    def set_options(
        self,
        task_keys: dict[str, Any] | None = None,
        var_options: dict[str, Any] | None = None,
        direct: dict[str, Any] | None = None,
    ) -> None:
        """Take the options, and of the task what the server's connection may want to know."""
        plugin: Any = super()
        plugin.set_options(task_keys=task_keys, var_options=var_options, direct=direct)
        self._task_keys = task_keys or {}

    def update_vars(self, variables: dict[str, Any]) -> None:
        """Say which Python an image has, so that nobody looks for it; keep passing files out."""
        super().update_vars(variables)
        variables.setdefault("ansible_python_interpreter", "/usr/bin/python3")
        if "ansible_remote_tmp" not in variables:
            self._shell.set_option("remote_tmp", "/tmp")  # beside the image: see image_host.py

    def is_pipelining_enabled(self, wrap_async: bool = False) -> bool:
        """Tell that modules need no file, and refuse those that would be left running."""
        if wrap_async:
            raise AnsibleError(
                f"the image {self._name} cannot run tasks with 'async': they would end with the"
                " command that starts them"
            )
        return bool(super().is_pipelining_enabled(wrap_async))

    def exec_command(
        self, cmd: str, in_data: bytes | None = None, sudoable: bool = True
    ) -> tuple[int, bytes, bytes]:
        """Run *cmd* in the image."""
        inner = self._connect()._server
        line = image_host.command_line(self._root, cmd)
        if inner.become:
            line = inner.become.build_become_command(line, inner._shell)
        status, output, errors = inner.exec_command(
            line, in_data=in_data, sudoable=bool(inner.become)
        )
        said = errors.decode(errors="replace")
        refused = image_host.refusal(status, said)
        if refused:
            raise AnsibleConnectionFailure(f"{self._name} on {self._server_name}: {refused}")
        if status == 127 and "python3: not found" in said:
            raise AnsibleConnectionFailure(
                f"the image {self._name} has no Python, which Ansible's modules are written in:"
                f" ansible {self._name} -m raw -a 'apt-get update && apt-get install -y python3'"
            )
        return status, output, errors

    def put_file(self, in_path: str, out_path: str) -> None:
        """Write a file of the controller into the image, where its own links lead."""
        if not Path(in_path).exists():
            raise AnsibleFileNotFound(f"there is no file {in_path}")
        name = self._shell.quote(out_path)
        self._run(f": > {name}")
        with Path(in_path).open("rb") as source:
            while piece := source.read(_PIECE):
                self._run(f"cat >> {name}", piece)

    def fetch_file(self, in_path: str, out_path: str) -> None:
        """Write a file of the image to the controller."""
        read = f"dd if={self._shell.quote(in_path)} bs={_PIECE} count=1 status=none"
        with Path(out_path).open("wb") as target:
            number = 0
            while piece := self._run(f"{read} skip={number}"):
                target.write(piece)
                number += 1

    def reset(self) -> None:
        """Forget the connection to the server."""
        if self._server:
            self._server.reset()
        self.close()

    def close(self) -> None:
        """Close the connection to the server."""
        if self._server:
            self._server.close()
        self._server = None
        self._connected = False

    def _connect(self) -> Connection:
        if not self._connected:
            self._server = self._connection_of_the_server()
            self._connected = True
        return self

    def _run(self, command: str, data: bytes | None = None) -> bytes:
        status, output, errors = self.exec_command(f"/bin/sh -c {self._shell.quote(command)}", data)
        if status:
            raise AnsibleError(
                f"{self._name}: {command}: {errors.decode(errors='replace').strip()}"
            )
        return output

    def _option(self, name: str) -> str:
        plugin: Any = self
        return str(plugin.get_option(name) or "")

    @property
    def _name(self) -> str:
        return self._option("name")

    @property
    def _root(self) -> str:
        try:
            return self._option("root") or paths.image_root(self._option("store"), self._name)
        except ValueError as error:
            raise AnsibleError(
                f"the store or the name of the image {self._name} {error}"
            ) from error

    @property
    def _server_name(self) -> str:
        servers = self._groups.get("nfs_servers", [])
        name = self._option("server") or (servers[0] if servers else "")
        if name not in self._hostvars:
            raise AnsibleError(
                f"no host of the inventory keeps the image {self._name}: put one into the group"
                f" nfs_servers, or its name into netboot_image_server (now {name!r})"
            )
        return name

    def _connection_of_the_server(self) -> Any:
        name = self._server_name
        variables = self._hostvars[name]
        kind = variables.get("ansible_connection", _setting("DEFAULT_TRANSPORT"))
        context = self._play_context.copy()
        context.connection = kind
        context.remote_addr = variables.get("ansible_host", name)
        context.port = variables.get("ansible_port")
        context.remote_user = variables.get("ansible_user", _setting("DEFAULT_REMOTE_USER"))
        inner = connection_loader.get(kind, context, **self._made_with)
        if inner is None:
            raise AnsibleError(f"{name}: there is no connection plugin {kind!r}")
        self._tell(inner, "connection", variables)
        if inner.has_option("use_tty"):
            inner.set_option("use_tty", False)  # a terminal would alter the bytes of a file
        self._tell(inner._shell, "shell", variables)
        if _becomes(variables):
            method = variables.get("ansible_become_method", _setting("DEFAULT_BECOME_METHOD"))
            become = become_loader.get(method)
            if become is None:
                raise AnsibleError(f"{name}: there is no become plugin {method!r}")
            self._tell(become, "become", variables)
            inner.set_become_plugin(become)
        return inner

    def _tell(self, plugin: Any, kind: str, variables: Any) -> None:
        names = constants.config.get_plugin_vars(kind, plugin._load_name)
        known = {name: variables[name] for name in names if name in variables}
        plugin.set_options(task_keys=self._task_keys, var_options=known)


def _becomes(variables: Any) -> bool:
    """Whether the server's user has to become root first."""
    user = variables.get("ansible_user", _setting("DEFAULT_REMOTE_USER"))
    asked = variables.get("ansible_become", _setting("DEFAULT_BECOME"))
    return user != "root" and bool(boolean(asked))


def _setting(name: str) -> Any:
    return constants.config.get_config_value(name)
