# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations


class ModuleDocFragment:
    """Options of the filters that work something out for a list of clients."""

    DOCUMENTATION = r"""
options:
  _input:
    description:
      - Clients as P(diskless.netboot.clients#filter) returns them, or as the JSON text that
        M(diskless.netboot.site_plan) returns.
    type: raw
    required: true
seealso:
  - plugin: diskless.netboot.clients
    plugin_type: filter
"""

    STORE = r"""
options:
  store:
    description: Root of the store on the NFS server.
    type: str
    default: /srv/netboot
"""

    RELEASES = r"""
options:
  image_releases:
    description:
      - The releases of each image, by the name of the image. C(current) is the current release, and
        C(names) is a list of all releases.
    type: dict
    required: true
"""
