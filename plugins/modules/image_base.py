#!/usr/bin/python
# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ansible module: the archive of a fresh system."""

from __future__ import annotations

DOCUMENTATION = r"""
module: image_base
short_description: Make an archive of a newly installed system
version_added: 0.1.0
author: The diskless.netboot authors (@diskless-netboot)
description:
  - Installs packages of Debian or Ubuntu with C(mmdebstrap) and makes a tar archive of them. Images
    that are made from the same packages, mirrors and keys share one archive.
  - Signatures of mirrors are always checked.
extends_documentation_fragment:
  - diskless.netboot.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details:
      - The archive is a file of hundreds of megabytes.
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
requirements:
  - mmdebstrap
  - the keyring package of the distribution, C(debian-archive-keyring) or C(ubuntu-keyring)
options:
  dest:
    description: Folder for such archives. It is created if it is missing.
    type: path
    default: /srv/netboot/bases
  suite:
    description: Code name of the distribution's release.
    type: str
    required: true
  distribution:
    description: The distribution.
    type: str
    choices: [debian, ubuntu]
    default: debian
  packages:
    description:
      - Packages to install. C(systemd-timesyncd) is added unless the list contains another package
        that sets the clock.
    type: list
    elements: str
    required: true
  mirrors:
    description: Lines for C(sources.list). Defaults to the mirrors of this host itself.
    type: list
    elements: str
    default: []
  keyrings:
    description:
      - Files with additional keys that may sign these mirrors. The system gets them at the same
        paths.
    type: list
    elements: path
    default: []
seealso:
  - module: diskless.netboot.nfsroot_sync
"""

EXAMPLES = r"""
- name: Make an archive of a small system, to be unpacked as an image's root
  diskless.netboot.image_base:
    suite: bookworm
    packages: [systemd-sysv, openssh-server, python3]
  check_mode: true
"""

RETURN = r"""
archive:
  description: Path of the archive on this host.
  returned: success
  type: str
  sample: /srv/netboot/bases/bookworm-0f3a5b7c9d1e.tar
sources:
  description: The lines of C(sources.list) in the system.
  returned: success
  type: list
  elements: str
  sample: ["deb [signed-by=/etc/apt/keyrings/own.gpg] http://mirror.example bookworm main"]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.diskless.netboot.plugins.module_utils.bootstrap import apt_sources
from ansible_collections.diskless.netboot.plugins.module_utils.bootstrap.base import Base, BaseError
from ansible_collections.diskless.netboot.plugins.module_utils.bootstrap.packages import (
    DISTRIBUTIONS,
    with_clock,
)

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "dest": {"type": "path", "default": "/srv/netboot/bases"},
    "suite": {"type": "str", "required": True},
    "distribution": {"type": "str", "choices": list(DISTRIBUTIONS), "default": "debian"},
    "packages": {"type": "list", "elements": "str", "required": True},
    "mirrors": {"type": "list", "elements": "str", "default": []},
    "keyrings": {"type": "list", "elements": "path", "default": [], "no_log": False},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    told = module.params
    faults = apt_sources.faults(told["mirrors"], told["keyrings"])
    if faults:
        module.fail_json(msg="\n".join(faults))

    def output(command: list[str]) -> str:
        return str(module.run_command(command, check_rc=True)[1])

    distribution, suite = told["distribution"], told["suite"]
    lines = told["mirrors"] or apt_sources.own(distribution, suite, output)
    if not lines:
        module.fail_json(
            msg=f"This host's apt sources have no HTTP mirror of {distribution}. Name one in"
            " nfsroot_image_mirrors, or run 'apt-get update' here if that was never done."
        )
    keys = [apt_sources.keyring(distribution), *told["keyrings"]]
    sources = apt_sources.signed(lines, keys)
    base = Base(suite, with_clock(told["packages"]), sources, told["keyrings"])
    try:
        archive = base.archive(told["dest"])
        made = not archive.exists() if module.check_mode else base.make(archive)
    except (BaseError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=made, archive=str(archive), sources=sources)


if __name__ == "__main__":
    main()
