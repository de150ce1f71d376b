# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Podman with settings and storage of the lab's own, whatever the user has of theirs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence

from ansible_collections.diskless.netboot.tests.lab import shell
from ansible_collections.diskless.netboot.tests.lab.places import RUN, cache

# crun refuses a mixed cgroup hierarchy; raising a limit needs a capability that a
# sandboxed root may lack.
_ENGINE = """\
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
[network]
network_backend = "netavark"
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=20000:20000"]
"""
_STORAGE = """\
[storage]
driver = "overlay"
graphroot = "{graph}"
runroot = "{run}"
"""


def environment() -> dict[str, str]:
    """Return the variables under which ``podman`` is the lab's."""
    folder = cache() / "podman"
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "containers.conf": _ENGINE,
        "storage.conf": _STORAGE.format(graph=folder / "storage", run=RUN / "podman"),
    }
    for name, text in texts.items():
        path = folder / name
        if not path.exists() or path.read_text() != text:
            staged = path.with_name(f".{name}.{os.getpid()}")
            staged.write_text(text)
            staged.replace(path)
    return {
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
    }


def podman(arguments: Sequence[str], *, stdin: str | None = None, timeout: float = 600) -> str:
    """Run the lab's podman and return its standard output."""
    variables = [f"{name}={value}" for name, value in environment().items()]
    return shell.run(["env", *variables, "podman", *arguments], stdin=stdin, timeout=timeout)


def succeeds(arguments: Sequence[str]) -> bool:
    """Tell whether the lab's podman ended with 0."""
    variables = [f"{name}={value}" for name, value in environment().items()]
    return shell.succeeds(["env", *variables, "podman", *arguments])


def let_go() -> None:
    """Leave no mount and no run-time folder behind; what is cached stays."""
    shell.succeeds(["umount", str(cache() / "podman" / "storage" / "overlay")])
    shutil.rmtree(RUN / "podman", ignore_errors=True)
