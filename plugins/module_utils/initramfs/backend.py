# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One interface for the tools that build an initrd. The tool is the one that the image has."""

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
    """A tool in the image that builds an initrd. Its configuration is made here."""

    @property
    def name(self) -> str:
        """Name of the tool's package."""

    @property
    def packages(self) -> Sequence[str]:
        """Patterns (fnmatch) of the packages that the content of the initrd depends on."""

    @property
    def sources(self) -> Sequence[str]:
        """Small files and folders of the image that the tool copies or runs when it builds."""

    def faults(self, spec: Spec, version: str) -> list[str]:
        """Return what is wrong in the image, so that the tool fails or builds something else."""

    def files(self, spec: Spec, modules: Sequence[str]) -> dict[str, tuple[str, int]]:
        """Return the configuration: text and mode of each file, by path below the work folder."""

    def mounter(self, spec: Spec) -> str:
        """Return the program that mounts the root: klibc's ``nfsmount``, or ``mount.nfs``."""

    def commands(
        self, spec: Spec, version: str, modules: Sequence[str], work: str
    ) -> list[list[str]]:
        """Return the commands that build WORK/initrd. They are run in this order in the image."""

    def client_files(self, spec: Spec) -> dict[str, tuple[str, ...]]:
        """Return what else a client needs in the initrd: possible paths of each thing by name."""


_BACKENDS: dict[str, type[Backend]] = {"mkinitramfs": InitramfsTools, "dracut": Dracut}


def choose(root: Path) -> Backend:
    """Return the backend for an image.

    :raises InitramfsError: the image has none of these tools.
    """
    for program, backend in _BACKENDS.items():
        if rootfs.find_program(root, program):
            return backend()
    raise InitramfsError(
        f"{root} has neither mkinitramfs nor dracut: install initramfs-tools, or dracut and"
        " klibc-utils, in the image"
    )
