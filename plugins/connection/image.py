# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Connection plugin for an image as a host. It uses the boot server that keeps the image."""

from __future__ import annotations

DOCUMENTATION = r"""
name: image
short_description: Run tasks in an image of diskless PCs as on any other host
version_added: 0.1.0
author: The diskless.netboot authors (@diskless-netboot)
description:
  - Runs each command in the root of an image, on the boot server that keeps the image. It connects
    to that server in the way that the inventory says (V(ssh), V(local), a container).
  - A command sees the image as C(/), with a C(/proc), C(/dev) and C(/run) of its own, and with the
    server's name servers. Nothing is mounted on the server itself. Everything that a command
    mounted or started is gone when it ends, even if the run is killed.
  - Installing a package or running a role does not start or stop services. Enable a service, and
    the clients start it.
  - The image must contain what Ansible needs, which is Python. The role
    P(diskless.netboot.nfsroot_image#role) installs it.
notes:
  - Tasks with C(async) are refused, since the processes of a task end with it.
  - Commands run as root. For tasks that become another user, set C(ansible_become_method=su)
    unless the image has sudo.
  - The image's C(/tmp) is the folder C(.root.scratch) beside the root. It is never published.
  - If the image has no file F(/usr/sbin/policy-rc.d), an empty file that is not executable is
    created there.
options:
  server:
    description:
      - The inventory host that keeps the image. Defaults to the first host of the group
        C(nfs_servers).
      - The variables of this host say how to connect to it. Its user must be root, or become root
        with C(ansible_become).
    type: str
    vars:
      - name: netboot_image_server
  store:
    description: Path of the store on that host.
    type: str
    default: /srv/netboot
    vars:
      - name: netboot_store
  root:
    description:
      - Path of the image's root on that host. Defaults to F(images/NAME/root) in O(store), where
        NAME is the inventory name of the image.
    type: str
    vars:
      - name: netboot_image_root
  name:
    description: Inventory name of the image.
    type: str
    vars:
      - name: inventory_hostname
  remote_user:
    description: The user in the image who runs the commands. This is always root.
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

# The size of the pieces in which a file is transferred, in bytes.
_PIECE = 16 << 20


class Connection(ConnectionBase):
    """Runs commands in an image, over the connection to the boot server that keeps it."""

    transport = "diskless.netboot.image"
    has_pipelining = True
    # Without pipelining, each task would need five commands instead of one, and would leave files
    # in the image.
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
        # Only here can a connection plugin read the variables of other hosts.
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
        """Set the options, and keep those of the task for the connection to the server."""
        plugin: Any = super()
        plugin.set_options(task_keys=task_keys, var_options=var_options, direct=direct)
        self._task_keys = task_keys or {}

    def update_vars(self, variables: dict[str, Any]) -> None:
        """Set the path of Python in an image, so that Ansible does not look for it.

        Also set the folder for Ansible's temporary files, so that they are not in the image.
        """
        super().update_vars(variables)
        variables.setdefault("ansible_python_interpreter", "/usr/bin/python3")
        if "ansible_remote_tmp" not in variables:
            self._shell.set_option("remote_tmp", "/tmp")  # beside the image, see image/host.py

    def is_pipelining_enabled(self, wrap_async: bool = False) -> bool:
        """Return whether pipelining is used, and raise an error for tasks with async."""
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
        """Copy a file from the controller to the image. Links in the image are followed there."""
        if not Path(in_path).exists():
            raise AnsibleFileNotFound(f"there is no file {in_path}")
        name = self._shell.quote(out_path)
        self._run(f": > {name}")
        with Path(in_path).open("rb") as source:
            while piece := source.read(_PIECE):
                self._run(f"cat >> {name}", piece)

    def fetch_file(self, in_path: str, out_path: str) -> None:
        """Copy a file from the image to the controller."""
        read = f"dd if={self._shell.quote(in_path)} bs={_PIECE} count=1 status=none"
        with Path(out_path).open("wb") as target:
            number = 0
            while piece := self._run(f"{read} skip={number}"):
                target.write(piece)
                number += 1

    def reset(self) -> None:
        """Reset the connection to the server."""
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
            inner.set_option("use_tty", False)  # a terminal would change the bytes of a file
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
    """Return whether the user on the server has to become root first."""
    user = variables.get("ansible_user", _setting("DEFAULT_REMOTE_USER"))
    asked = variables.get("ansible_become", _setting("DEFAULT_BECOME"))
    return user != "root" and bool(boolean(asked))


def _setting(name: str) -> Any:
    return constants.config.get_config_value(name)
