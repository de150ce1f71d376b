# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One interface to the tools that build an initrd; which one is what the image has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from ansible_collections.diskless.netboot.plugins.module_utils.image import rootfs
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.dracut import Dracut
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.error import InitramfsError
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.initramfs_tools import (
    InitramfsTools,
)
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.spec import Spec


class Backend(Protocol):
    """A tool in the image that builds an initrd from a configuration of ours."""

    @property
    def name(self) -> str:
        """What the image's package is called."""

    @property
    def packages(self) -> Sequence[str]:
        """Patterns (fnmatch) of the packages that make the initrd what it is."""

    @property
    def sources(self) -> Sequence[str]:
        """Files and folders of the image, small ones, that are copied or run when building."""

    def faults(self, spec: Spec, version: str) -> list[str]:
        """What in the image would make the tool fail, or fall back to something else."""

    def files(self, spec: Spec, modules: Sequence[str]) -> dict[str, tuple[str, int]]:
        """The configuration: path below the work folder to text and mode."""

    def mounter(self, spec: Spec) -> str:
        """The program that mounts the root: klibc's ``nfsmount``, or ``mount.nfs``."""

    def commands(
        self, spec: Spec, version: str, modules: Sequence[str], work: str
    ) -> list[list[str]]:
        """Build WORK/initrd, one after the other, inside the image."""

    def client_files(self, spec: Spec) -> dict[str, tuple[str, ...]]:
        """What a client needs in the initrd beside modules: its name to possible paths."""


_BACKENDS: dict[str, type[Backend]] = {"mkinitramfs": InitramfsTools, "dracut": Dracut}


def choose(root: Path) -> Backend:
    """The backend for an image.

    :raises InitramfsError: when the image has no tool that we can use.
    """
    for program, backend in _BACKENDS.items():
        if rootfs.find_program(root, program):
            return backend()
    raise InitramfsError(
        f"{root} has neither mkinitramfs nor dracut: install initramfs-tools, or dracut with"
        " dracut-network, in the image"
    )
