#!/usr/bin/python
# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ansible module: what releases images have."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nfsroot_release_info
short_description: List the releases of images
version_added: 0.1.0
author: The diskless.netboot authors (@diskless-netboot)
description:
  - Returns the releases of images, and which of them is current. Changes nothing.
extends_documentation_fragment:
  - diskless.netboot.attributes
  - diskless.netboot.attributes.reading
attributes:
  platform:
    support: full
    platforms: posix
options:
  images:
    description:
      - Names of the images. An image that was never published has no releases.
    type: list
    elements: str
    required: true
  store:
    description:
      - Root of the store on the boot server.
    type: path
    default: /srv/netboot
seealso:
  - module: diskless.netboot.nfsroot_release
"""

EXAMPLES = r"""
- name: List the releases
  diskless.netboot.nfsroot_release_info:
    images: [library]
  register: published
"""

RETURN = r"""
images:
  description: The releases of each image, by the name of the image.
  returned: success
  type: dict
  contains:
    current:
      description: The current release, or null if there is none.
      type: str
    releases:
      description: The manifest of each release, oldest first.
      type: list
      elements: dict
      contains:
        name:
          description: Name of the release.
          type: str
        serial:
          description: Number of the release. The releases of an image are counted from 1.
          type: int
        published:
          description: When the release was published, in UTC, as ISO 8601.
          type: str
        parent:
          description: The release with which it shares unchanged files, or null for the first.
          type: str
        note:
          description: Why the release was published.
          type: str
        kernel:
          description: SHA-256 of its kernel.
          type: str
        initrd:
          description: SHA-256 of its initrd.
          type: str
        files:
          description: Number of files, folders, links and devices in its root.
          type: int
        bytes:
          description: Size of all files and links in its root, in bytes.
          type: int
        squashfs:
          description: How its root is compressed as one file, or null if there is no such file.
          type: str
  sample:
    library:
      current: 2026-11-24.1
      releases:
        - name: 2026-11-24.1
          serial: 1
          published: "2026-11-24T20:15:00Z"
          parent: null
          note: ""
          kernel: 9b3c6c9d0b8b5f5d1d3c1f3b6a4c2e8f7a9b0c1d2e3f405162738495a6b7c8d9
          initrd: 1f2e3d4c5b6a79880716253443526170f9e8d7c6b5a4938271605f4e3d2c1b0a
          files: 16021
          bytes: 702545920
          squashfs: null
"""

from dataclasses import asdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.diskless.netboot.plugins.module_utils.release import catalogue
from ansible_collections.diskless.netboot.plugins.module_utils.release.catalogue import ReleaseError


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "images": {"type": "list", "elements": "str", "required": True},
            "store": {"type": "path", "default": "/srv/netboot"},
        },
        supports_check_mode=True,
    )
    found: dict[str, Any] = {}
    faults = []
    for image in module.params["images"]:
        try:
            known = catalogue.read(module.params["store"], image)
            found[image] = {
                "current": known.current,
                "releases": [asdict(release) for release in known.releases],
            }
        except (ReleaseError, ValueError, OSError) as error:
            faults.append(f"{image}: {error}")
    if faults:
        module.fail_json(msg="; ".join(faults))
    module.exit_json(changed=False, images=found)


if __name__ == "__main__":
    main()
