# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every documented example, run by Ansible as it stands, but below a folder instead of below /.

What checks a whole inventory runs with the playbooks (``tests/unit/playbooks``). Three things are
not here, and have a stand-in: the DHCP servers that test a configuration (scenario
``boot`` runs them), a PC to copy from over ssh (rsync's other end runs here), and an image with
a kernel (the examples of ``initramfs_netboot`` run in check mode; scenario ``boot`` builds one).
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.diskless.netboot.plugins.filter import clients as clients_file

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
# The connection plugin's use is a line of an inventory; inventories/demo has it.
# A connection has none: it is a line of an inventory.
DOCUMENTED = sorted(
    path.relative_to(PLUGINS).with_suffix("").as_posix()
    for kind in ("modules", "filter")
    for path in (PLUGINS / kind).glob("[a-z]*.py")
    # test_mistakes.py runs these two, on a boot server.
    if path.stem not in ("server_network", "site_plan")
)

# What the reader of the examples has in an inventory.
INVENTORY = {
    "ungrouped": {
        "hosts": {
            "here": {
                "ansible_connection": "local",
                "ansible_python_interpreter": sys.executable,
                "boot_entries": [
                    {"client": "default", "labels": [{"name": "linux", "kernel": "vmlinuz"}]}
                ],
                "kea_config": {"Dhcp4": {}},
                "netboot_plan": [{"macs": ["52:54:00:12:34:56"], "addresses": ["192.0.2.21"]}],
                "nfs_server_exports": [],
            }
        }
    },
    "netboot_clients": {
        "hosts": {
            "pc01": {"netboot_mac": "52:54:00:12:34:56", "netboot_ip": "192.0.2.21"},
            "pc02": {
                "netboot_mac": "52:54:00:12:34:57",
                "netboot_ip": "192.0.2.22",
                "netboot_root": "rw",
            },
        },
        "vars": {"netboot_image": "library"},
    },
    "all": {"vars": {"netboot_subnets": [{"network": "192.0.2.0/24"}]}},
}
# What the reader did before.
IMAGE = "/srv/netboot/images/library"
BEFORE: dict[str, list[dict[str, Any]]] = {
    "modules/initramfs_netboot": [
        {
            "ansible.builtin.set_fact": {
                "cacheable": True,  # makes them ansible_facts, as if gathered
                "interfaces": ["enp1s0"],
                "enp1s0": {"module": "e1000e"},
            }
        }
    ],
    "modules/nfsroot_release": [
        {
            "diskless.netboot.nfsroot_release": {
                "image": "library",
                "kernel": f"{IMAGE}/root/boot/vmlinuz-{day}",
                "initrd": f"{IMAGE}/boot/initrd.img",
                "release": f"2026-09-{day}.1",
            }
        }
        for day in ("01", "02", "03", "04", "05", "06")
    ],
}
PATHS = ("root", "path", "dest", "src", "kernel", "initrd")
SERVED = ("kernel", "initrd", "com32", "ui")
# What rsync calls instead of ssh: with user, host, and the command for the other end.
RSH = '#!/bin/sh\nwhile [ "$1" != rsync ]; do shift; done\nexec "$@"\n'
LEASES = "address,hwaddr,valid_lifetime\n192.0.2.21,52:54:00:00:00:01,3600\n"
TESTER = '#!/bin/sh\nfor file; do :; done\nexec test -s "$file"\n'


def documented(plugin: str) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return the tasks of a plugin's examples, and the defaults of its options that are paths."""
    module = importlib.import_module(
        f"ansible_collections.diskless.netboot.plugins.{plugin.replace('/', '.')}"
    )
    options = yaml.safe_load(module.DOCUMENTATION).get("options") or {}
    defaults = {
        name: option["default"]
        for name, option in options.items()
        if plugin.startswith("modules/") and option["type"] == "path" and "default" in option
    }
    return list(flat(yaml.safe_load(module.EXAMPLES))), defaults


def flat(tasks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for task in tasks:
        if "block" in task:
            yield from flat(task["block"])
        else:
            yield task


def below(folder: Path, value: Any) -> Any:
    """Return a path, or a list of them, as one below *folder*."""
    if isinstance(value, list):
        return [below(folder, item) for item in value]
    host, colon, path = value.rpartition(":")
    return f"{host}{colon}{folder / host}{path}"


def files(data: Any) -> Iterator[str]:
    """Yield the files that the entries of an example name."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key in SERVED:
                yield from value if isinstance(value, list) else [value]
            else:
                yield from files(value)
    elif isinstance(data, list):
        for item in data:
            yield from files(item)


def task_of(example: dict[str, Any], folder: Path, defaults: dict[str, str]) -> dict[str, Any]:
    """Return an example as a task below *folder*, after making what it expects to be there."""
    task = {key: value for key, value in example.items() if key != "notify"}
    (action,) = (key for key in task if "." in key)
    options = {
        key: below(folder, value) if key in PATHS else value
        for key, value in task[action].items()
        if key not in ("owner", "group")
    }
    task[action] = options
    if "loaders" in options:
        options["loaders"] = {
            name: below(folder, path) for name, path in options["loaders"].items()
        }
        for path in options["loaders"].values():
            touch(Path(path))
    if action.startswith("diskless."):
        for name, path in defaults.items():
            options.setdefault(name, below(folder, path))
    # They need an image, and a server that runs.
    if action in ("diskless.netboot.initramfs_netboot", "diskless.netboot.nfs_exports_reload"):
        task["check_mode"] = True
    elif action == "diskless.netboot.dhcp_leases":
        touch(Path(options["path"]), LEASES)
        options["stop"] = ["true"]
    elif action == "diskless.netboot.nfsroot_sync":
        prepare_source(options, folder)
    for name in files(options.get("entries")):
        touch(Path(options["root"], name))
    for key in ("kernel", "initrd"):
        if key in options:
            touch(Path(options[key]), options[key])
    for key in ("path", "dest"):
        if isinstance(options.get(key), str):
            Path(options[key]).parent.mkdir(parents=True, exist_ok=True)
    return task


def prepare_source(options: dict[str, Any], folder: Path) -> None:
    host, _colon, path = options["src"].rpartition(":")
    source = Path(path)
    packed = folder / "packed"
    packers: dict[str, list[str | Path]] = {
        ".tar.zst": ["tar", "-C", packed, "--zstd", "-cf", source, "."],
        ".img": ["mksquashfs", packed, source, "-quiet", "-no-progress"],
    }
    for ending, packer in packers.items():
        if source.name.endswith(ending):
            source.parent.mkdir(parents=True, exist_ok=True)
            touch(packed / "etc/hostname")
            subprocess.run(packer, check=True, stdout=subprocess.DEVNULL)
            break
    else:
        touch(source / "etc/hostname")
    if host:
        options["rsh"] = "rsh"


def touch(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def results(base: Path, tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what Ansible says of each task."""
    for server in ("dhcpd", "kea-dhcp4"):
        script(base / "bin" / server, TESTER)
    script(base / "bin/rsh", RSH)
    touch(base / "templates/dhcpd.conf.j2", "authoritative;\n")
    touch(base / "inventory.json", json.dumps(INVENTORY))
    tasks = [{**task, "register": f"told_{number}"} for number, task in enumerate(tasks)]
    content = f"{{{{ [{', '.join(task['register'] for task in tasks)}] | to_json }}}}"
    keep = {"ansible.builtin.copy": {"dest": str(base / "told.json"), "content": content}}
    play = {"hosts": "here", "gather_facts": False, "tasks": [*tasks, keep]}
    touch(base / "examples.yml", json.dumps([play]))
    ended = subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", "-i", "inventory.json", "examples.yml"],
        cwd=base,
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(Path(clients_file.__file__).parents[5]),
            "ANSIBLE_PIPELINING": "true",
            "PATH": f"{base / 'bin'}:{os.environ['PATH']}",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-4000:]
    told: list[dict[str, Any]] = json.loads((base / "told.json").read_text())
    return told


def script(path: Path, text: str) -> None:
    touch(path, text)
    path.chmod(0o755)


# One test for all: Ansible's start costs more than most of the examples.
def test_each_example_does_what_it_says(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    tasks = []
    for plugin in DOCUMENTED:
        found, defaults = documented(plugin)
        assert found, f"{plugin} has no example"
        folder = tmp_path / plugin
        touch(folder / "srv/tftp/vmlinuz")  # what the reader's boot_entries name
        touch(Path(f"{folder}{IMAGE}/root/etc/hostname"))
        tasks += [task_of(task, folder, defaults) for task in (*BEFORE.get(plugin, ()), *found)]
    for task, told in zip(tasks, results(tmp_path, tasks), strict=True):
        if "ansible.builtin.debug" in task:
            assert told["msg"], task
        else:
            reads = any(key.endswith(("_info", "_check", ".set_fact")) for key in task)
            assert told["changed"] is not reads, (task, told)
