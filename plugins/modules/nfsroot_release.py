#!/usr/bin/python
# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ansible module: the releases of an image that clients run."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nfsroot_release
short_description: Publish an image as a release, go back to a release, or remove old releases
version_added: 0.1.0
author: The diskless.netboot authors (@diskless-netboot)
description:
  - A release is a published copy of an image that never changes. It consists of a root, a kernel,
    an initrd and a manifest in C(STORE/images/IMAGE/releases/RELEASE). Clients run releases, so you
    can work on the image itself while they run.
  - A release shares unchanged files with the release before it by hard links. So a release takes
    only the disk space of what has changed.
  - Publishing a release and going back to one both end with a single rename. If a run is killed or
    the power fails, every client that starts finds either the complete old release or the complete
    new one.
extends_documentation_fragment:
  - diskless.netboot.attributes
attributes:
  check_mode:
    support: full
    details:
      - An image, kernel or initrd that does not exist counts as a change, since an earlier task
        would have made it.
  diff_mode:
    support: full
    details:
      - With O(state=published) and O(state=current), shows which release is current before and
        after.
      - With O(state=published), also shows one line for each difference between the image and its
        newest release, in the form of C(rsync --itemize-changes). The first 500 lines are shown,
        and the others are counted.
      - With O(state=pruned), shows the list of releases before and after.
  idempotent:
    support: full
    details:
      - An image that is the same as its newest release is not published again, whether that release
        is current or not.
  platform:
    support: full
    platforms: posix
    details:
      - Linux, with GNU coreutils and findutils.
requirements:
  - rsync 3.2 or newer
options:
  image:
    description:
      - Name of the image.
    type: str
    required: true
  store:
    description:
      - Root of the store on the boot server.
    type: path
    default: /srv/netboot
  state:
    description:
      - V(published) makes a release of the image as it is now, if the image differs from its newest
        release.
      - V(current) makes O(release) the current release. Clients that the inventory does not set to
        a release boot it when their entries name it.
      - V(pruned) removes releases that nobody needs. It keeps the current release, the newest
        O(keep) releases, those in O(set_to), those that a client booted last, and those that a
        client's root was copied from.
    type: str
    choices: [published, current, pruned]
    default: published
  release:
    description:
      - With O(state=published), the name of the new release. Defaults to the date and a number,
        such as V(2026-11-24.1).
      - With O(state=current), the release to make current. V(previous) is the release before the
        current one.
    type: str
  kernel:
    description:
      - Path of the kernel on the boot server. Required with O(state=published).
    type: path
  initrd:
    description:
      - Path of the initrd on the boot server. Required with O(state=published).
    type: path
  exclude:
    description:
      - Patterns of files in the image that clients must not get, as for C(rsync --exclude). A
        pattern that begins with a slash is relative to the image's root.
      - A new pattern causes a new release if the newest one contains what the pattern excludes.
        Earlier releases are never changed, so they contain it until they are pruned.
      - ssh host keys, package lists and archives, and the contents of C(/dev), C(/proc), C(/run),
        C(/sys), C(/tmp) and C(/var/tmp) are never published.
    type: list
    elements: str
    default: []
  squashfs:
    description:
      - Whether a release also gets its root as one file, for clients that fetch it into their RAM,
        and how this file is compressed.
      - With V(lz4), the file is made in seconds. With V(zstd), it is a third smaller.
      - It needs C(mksquashfs) on the boot server.
      - With O(state=current), any value other than V(none) means that clients fetch the current
        release in this way. A release without such a file is then refused.
    type: str
    choices: [none, zstd, lz4]
    default: none
  squashfs_group:
    description:
      - Group of the HTTP server that serves this file. Only this group and root can read the file,
        since the image's passwords are in it.
    type: str
    default: www-data
  note:
    description:
      - Why the image is published. The note is kept in the manifest.
    type: str
    default: ""
  make_current:
    description:
      - Which release O(state=published) makes the current one.
      - V(new) makes a release current if it was just published. If somebody went back to an earlier
        release, that one stays current until there is something new.
      - V(always) makes the newest release current.
      - V(never) makes no release current, so that you can first try the new one on clients that are
        set to it. The first release of an image becomes current in any case.
    type: str
    choices: [new, always, never]
    default: new
  keep:
    description:
      - How many of the newest releases O(state=pruned) keeps in any case. At least 1.
    type: int
    default: 3
  set_to:
    description:
      - The releases that clients are set to, by the names of the clients.
    type: dict
    default: {}
seealso:
  - module: diskless.netboot.nfsroot_release_info
  - module: diskless.netboot.initramfs_netboot
"""

EXAMPLES = r"""
- name: Publish the image
  diskless.netboot.nfsroot_release:
    image: library
    kernel: /srv/netboot/images/library/root/boot/vmlinuz-6.1.0-50-amd64
    initrd: /srv/netboot/images/library/boot/initrd.img
    note: a newer browser

- name: Go back to the previous release
  diskless.netboot.nfsroot_release:
    image: library
    state: current
    release: previous

- name: Remove unused releases
  diskless.netboot.nfsroot_release:
    image: library
    state: pruned
    keep: 5
    set_to: {pc07: 2026-09-01.1}
"""

RETURN = r"""
release:
  description: >-
    The release that was published or made current, or would be in check mode. If there was nothing
    to publish, it is the newest release. It is null with O(state=pruned), and in check mode if the
    image does not exist yet and O(release) is not given.
  returned: success
  type: str
  sample: 2026-11-24.1
current:
  description: The current release after the run, or null if there is none.
  returned: success
  type: str
  sample: 2026-11-24.1
releases:
  description: All releases after the run, oldest first.
  returned: success
  type: list
  elements: str
  sample: [2026-11-20.1, 2026-11-24.1]
removed:
  description: Releases that were removed, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [2026-10-01.1]
kept:
  description: The releases that O(state=pruned) kept, each with the reasons.
  returned: success
  type: dict
  sample: {2026-11-24.1: [is the current one, pc01 booted it last]}
commands:
  description:
    - The commands that copied the root and, with O(squashfs), packed it as one file.
    - Empty if nothing was published, and in check mode.
  returned: success
  type: list
  elements: str
  sample:
    - >-
      rsync -aHAXS --numeric-ids --modify-window=-1 --one-file-system --delete
      --link-dest=/srv/netboot/images/library/releases/2026-11-20.1/root
      -- /srv/netboot/images/library/root/
      /srv/netboot/images/library/releases/.2026-11-24.1.partial/root/
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.diskless.netboot.plugins.module_utils.release import ensure
from ansible_collections.diskless.netboot.plugins.module_utils.release.catalogue import ReleaseError
from ansible_collections.diskless.netboot.plugins.module_utils.release.publish import Source
from ansible_collections.diskless.netboot.plugins.module_utils.store import paths

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "image": {"type": "str", "required": True},
    "store": {"type": "path", "default": "/srv/netboot"},
    "state": {
        "type": "str",
        "choices": ["published", "current", "pruned"],
        "default": "published",
    },
    "release": {"type": "str"},
    "kernel": {"type": "path"},
    "initrd": {"type": "path"},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "squashfs": {"type": "str", "choices": ["none", "zstd", "lz4"], "default": "none"},
    "squashfs_group": {"type": "str", "default": "www-data"},
    "note": {"type": "str", "default": ""},
    "make_current": {"type": "str", "choices": ["new", "always", "never"], "default": "new"},
    "keep": {"type": "int", "default": 3},
    "set_to": {"type": "dict", "default": {}},
}
REQUIRED_IF = [("state", "published", ("kernel", "initrd")), ("state", "current", ("release",))]


def run(options: dict[str, Any], *, check: bool) -> ensure.Outcome:
    """Do what the options ask for."""
    store, image = options["store"], options["image"]
    if options["state"] == "current":
        fetched = options["squashfs"] != "none"
        return ensure.made_current(store, image, options["release"], squashfs=fetched, check=check)
    if options["state"] == "pruned":
        return ensure.pruned(store, image, options["keep"], options["set_to"], check=check)
    source = Source(
        Path(paths.image_root(store, image)),
        Path(options["kernel"]),
        Path(options["initrd"]),
        options["exclude"],
        None if options["squashfs"] == "none" else options["squashfs"],
        options["squashfs_group"],
    )
    return ensure.published(
        store,
        image,
        source,
        release=options["release"],
        note=options["note"],
        make_current=options["make_current"],
        check=check,
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC, required_if=REQUIRED_IF, supports_check_mode=True
    )
    try:
        result = asdict(run(module.params, check=module.check_mode))
    except (ReleaseError, ValueError, OSError) as error:
        module.fail_json(msg=f"{module.params['image']}: {error}")
    before, after = result.pop("before"), result.pop("after")
    if module._diff:
        result["diff"] = {"before": before, "after": after}
    module.exit_json(**result)


if __name__ == "__main__":
    main()
