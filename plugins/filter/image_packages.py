# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible filter: the packages of an image."""

from __future__ import annotations

DOCUMENTATION = r"""
name: image_packages
short_description: List the packages of an image
version_added: 0.1.0
author: The diskless.netboot authors (@diskless-netboot)
description:
  - Adds the packages that a PC with its root on the network needs to the requested packages.
positional: _input
options:
  _input:
    description: The requested packages.
    type: list
    elements: str
    required: true
  distribution:
    description: The distribution, V(debian) or V(ubuntu).
    type: str
    default: debian
  initramfs:
    description: The tool that builds the initrd, V(initramfs-tools) or V(dracut).
    type: str
    default: initramfs-tools
  squashfs:
    description: Whether PCs can fetch the image as one file.
    type: bool
    default: false
  fresh:
    description: Whether the image is made from packages. A copied system has a kernel of its own.
    type: bool
    default: true
  suite:
    description: Code name of the release that a fresh image is made of, such as V(trixie).
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Show the packages of an image with GIMP
  ansible.builtin.debug:
    msg: "{{ ['gimp'] | diskless.netboot.image_packages(initramfs='dracut') }}"
"""

RETURN = r"""
_value:
  description: The packages, sorted.
  type: list
  elements: str
"""

from typing import Any

from ansible_collections.diskless.netboot.plugins.module_utils.bootstrap.packages import (
    image_packages,
)
from ansible_collections.diskless.netboot.plugins.plugin_utils.data import filter_errors, plain


def list_packages(
    asked: Any,
    distribution: str = "debian",
    initramfs: str = "initramfs-tools",
    squashfs: bool = False,
    fresh: bool = True,
    suite: str = "",
) -> list[str]:
    """Return the packages of an image, sorted."""
    with filter_errors():
        return image_packages(
            plain(asked),
            distribution=distribution,
            initramfs=initramfs,
            squashfs=squashfs,
            fresh=fresh,
            suite=suite,
        )


class FilterModule:
    """The filter, as Ansible loads it."""

    def filters(self) -> dict[str, Any]:
        """Return the filter by its name."""
        return {"image_packages": list_packages}
