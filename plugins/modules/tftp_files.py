#!/usr/bin/python
# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ansible module: loaders, kernels and initrds below a TFTP root."""

from __future__ import annotations

DOCUMENTATION = r"""
module: tftp_files
short_description: Copy loaders, kernels and initrds to a TFTP root
version_added: 0.1.0
author: The diskless.netboot authors (@diskless-netboot)
description:
  - Copies the files of the boot loaders, and the kernel and initrd of each release that an entry
    names, to the folder that a TFTP server serves. A file or release there is always complete, even
    if a run is killed or the power fails.
  - Folders of other images below C(images/) are left alone.
extends_documentation_fragment:
  - diskless.netboot.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows which files and releases are copied and removed, but not their content.
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
options:
  root:
    description: The folder that the TFTP server serves. It is created if it is missing.
    type: path
    default: /srv/tftp
  loaders:
    description: Files of boot loaders, by their name below the root, each with its source.
    type: dict
    default: {}
  releases:
    description: The releases that entries name, as folders C(images/IMAGE/RELEASE).
    type: list
    elements: str
    default: []
  source:
    description: The store, if it is on this host.
    type: path
    default: /srv/netboot
  known:
    description: A list of the existing releases of each image, by the name of the image.
    type: dict
    default: {}
  purge:
    description: Whether to remove releases that no longer exist and are not in O(releases).
    type: bool
    default: false
seealso:
  - module: diskless.netboot.pxelinux_entry
  - module: diskless.netboot.grub_entry
"""

EXAMPLES = r"""
- name: Serve PXELINUX and the kernel of one release
  diskless.netboot.tftp_files:
    loaders:
      pxelinux.0: /usr/lib/PXELINUX/pxelinux.0
      ldlinux.c32: /usr/lib/syslinux/modules/bios/ldlinux.c32
    releases: [images/library/2026-11-24.1]
"""

RETURN = r"""
files:
  description: Files of boot loaders that were written, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [pxelinux.0]
brought:
  description: Releases that were copied, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [images/library/2026-11-24.1]
missing:
  description: Releases in O(releases) that are neither served nor in O(source).
  returned: success
  type: list
  elements: str
  sample: []
superfluous:
  description: Releases that O(purge) removes. They are returned whether O(purge) was given or not.
  returned: success
  type: list
  elements: str
  sample: [images/library/2026-11-20.1]
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.diskless.netboot.plugins.module_utils.files import tree
from ansible_collections.diskless.netboot.plugins.module_utils.files.atomic import TreeError
from ansible_collections.diskless.netboot.plugins.module_utils.release import boot_files

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "root": {"type": "path", "default": "/srv/tftp"},
    "loaders": {"type": "dict", "default": {}},
    "releases": {"type": "list", "elements": "str", "default": []},
    "source": {"type": "path", "default": "/srv/netboot"},
    "known": {"type": "dict", "default": {}},
    "purge": {"type": "bool", "default": False},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    told = module.params
    try:
        absent = [source for source in told["loaders"].values() if not Path(source).is_file()]
        if absent:
            raise ValueError(f"no such file: {', '.join(absent)}. Install the loader's package.")
        loaders = {
            name: tree.FileSpec(Path(source).read_bytes())
            for name, source in told["loaders"].items()
        }
        files = tree.plan(told["root"], loaders)
        releases = boot_files.plan(told["root"], told["releases"], told["known"], told["source"])
        if not module.check_mode:
            if not Path(told["root"]).exists():
                Path(told["root"]).mkdir(mode=0o755, parents=True)
            files.apply()
            releases.apply(purge=told["purge"])
    except (TreeError, ValueError, OSError) as error:
        module.fail_json(msg=str(error))
    written = [change.path for change in files.pending]
    removed = releases.superfluous if told["purge"] else ()
    result: dict[str, Any] = {
        "files": written,
        "brought": list(releases.bring),
        "missing": list(releases.missing),
        "superfluous": list(releases.superfluous),
    }
    if module._diff:
        come = [*written, *releases.bring]
        lines = [*(f"+ {name}\n" for name in come), *(f"- {name}\n" for name in removed)]
        result["diff"] = {"prepared": "".join(lines)}
    module.exit_json(changed=bool(written or releases.bring or removed), **result)


if __name__ == "__main__":
    main()
