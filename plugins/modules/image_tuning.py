#!/usr/bin/python
# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ansible module: an image's files, made fit for a root on the network."""

from __future__ import annotations

DOCUMENTATION = r"""
module: image_tuning
short_description: Adapt the files of an image to a root on the network
version_added: 0.1.0
author: The diskless.netboot authors (@diskless-netboot)
description:
  - Writes the files and links that the role P(diskless.netboot.client_tuning#role) requests, all in
    one call. The module runs in the image.
  - Edits C(/etc/fstab) and C(/etc/hosts), and creates them if they are missing. Edits
    C(/etc/crontab) and C(/etc/default/rcS) if they exist. Creates C(/etc/default/locale) if the
    image has no locale.
  - Removes what belongs to one PC. C(/etc/machine-id) becomes an empty file, and C(/etc/hostname)
    is removed. C(/etc/X11/xorg.conf) is renamed to C(/etc/X11/xorg.conf.of-one-card), see
    O(keep_xorg_conf).
  - Replaces C(/etc/resolv.conf) with a link to C(/run/netboot/resolv.conf), which each PC writes
    when it starts.
  - Limits the caches of Firefox and Chromium, which would be in RAM, unless there are policies
    already.
  - Notes in C(/usr/lib/netboot/files) which files and links it made. Those that are no longer
    wanted are removed. A mask that somebody else made stays. So does a unit that somebody else put
    in the place of a mask.
  - Lists in C(/usr/lib/netboot/capable) the programs that have file capabilities, such as C(ping).
    NFS does not carry these, so each PC sets them when it starts. A program that others than root
    could replace is left out.
extends_documentation_fragment:
  - diskless.netboot.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    support: full
    platforms: posix
options:
  root:
    description:
      - Root of the image. It is V(/) for a task that runs in the image. There is no default, since
        a host that is not an image would lose its name, its disks and its name servers.
    type: path
    required: true
  files:
    description:
      - Texts of programs and systemd units, by name. A unit is enabled as its C([Install]) section
        says. C(NAME-user.service) is a user unit.
    type: dict
    default: {}
  boot_nics:
    description: NICs that ifupdown leaves alone.
    type: list
    elements: str
    default: []
  tmpfs:
    description: Folders in RAM.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Path of the folder.
        type: path
        required: true
      size:
        description: Maximum size, in percent of the RAM or with a unit, as in tmpfs(5).
        type: str
        required: true
      mode:
        description: Mode of the folder, in octal digits.
        type: str
        default: "1777"
      options:
        description: More mount options, separated by commas.
        type: str
        default: nosuid,nodev
  containers_size:
    description:
      - If the image has podman, docker or containerd, the folders with their containers are put in
        RAM. This is the maximum size of each, as for O(tmpfs). If it is empty, they are not.
      - With podman, containers of users are in C(/run/user) then, and end with their session. This
        is also the maximum size of each user's folder there.
    type: str
    default: 50%
  mounts:
    description: File systems that are mounted at boot. Missing mount points are created.
    type: list
    elements: dict
    default: []
    suboptions:
      src:
        description: What to mount.
        type: str
        required: true
      path:
        description: Mount point.
        type: path
        required: true
      fstype:
        description: Type of the file system.
        type: str
        default: nfs
      options:
        description: Mount options, separated by commas. C(_netdev) is added.
        type: str
  autofs:
    description: Folders below which file systems are mounted on demand.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Path of the folder.
        type: path
        required: true
      timeout:
        description: Seconds after which an unused file system is unmounted.
        type: int
        default: 300
      entries:
        description: What is mounted below the folder, as in autofs(5).
        type: list
        elements: dict
        required: true
        suboptions:
          key:
            description: Name below the folder, or V(*) for any name.
            type: str
            required: true
          options:
            description: Mount options, separated by commas.
            type: str
          location:
            description: What to mount.
            type: str
            required: true
  swap:
    description: What a PC uses as swap space.
    type: str
    choices: [zram, file, none]
    default: none
  zram_size:
    description: Size of the swap space in RAM, in MiB, as a formula of zram-generator.conf(5).
    type: str
    default: min(ram / 2, 4096)
  swap_file:
    description: Path of the swap file for O(swap=file).
    type: path
    default: /var/swap/netboot.swap
  swap_megabytes:
    description: Size of the swap file in MiB.
    type: int
    default: 512
  log_server:
    description: Address to which logs are sent. If it is empty, they are not sent.
    type: str
    default: ""
  log_port:
    description: TCP port of the log server.
    type: int
    default: 514
  spread_timers:
    description: Timers that start at a different time on each PC.
    type: list
    elements: str
    default: []
  spread_minutes:
    description: Number of minutes over which timers and cron jobs are spread.
    type: int
    default: 60
  autologin_user:
    description:
      - User whose session starts by itself, with lightdm, gdm3 or sddm. If it is empty, none does.
      - The user must exist in the image.
    type: str
    default: ""
  autologin_session:
    description:
      - Name of that session, for example V(xfce). If it is empty, the display manager chooses one.
      - gdm3 always chooses by itself.
    type: str
    default: ""
  autostart:
    description: Commands that start with the session of each user, for example V(firefox-esr).
    type: list
    elements: str
    default: []
  locale:
    description:
      - Locale of all programs, for example V(pt_PT.UTF-8). If it is empty, the image's own stays.
      - It must have been generated in the image.
    type: str
    default: ""
  keyboard:
    description: Keyboard layouts, for example V(pt) or V(us,ru). If it is empty, nothing is set.
    type: str
    default: ""
  timezone:
    description: Time zone, for example V(Europe/Lisbon). If it is empty, nothing is set.
    type: str
    default: ""
  suspend:
    description:
      - Whether PCs may suspend or hibernate. A PC that does so loses its network, and with it its
        root.
      - If they may not, the power button switches the PC off, whatever its desktop would do.
    type: bool
    default: false
  keep_xorg_conf:
    description:
      - Whether to keep C(/etc/X11/xorg.conf) in its place.
      - If an earlier run renamed this file, it gets its name back, unless there is a new one.
    type: bool
    default: false
  journal_megabytes:
    description: Maximum size of the journal, which is in RAM, in MiB.
    type: int
    default: 64
  stop_seconds:
    description: How long a service may take to stop, in seconds.
    type: int
    default: 10
  masked_units:
    description: Units that never run, except those in O(spread_timers).
    type: list
    elements: str
    default: []
seealso:
  - module: diskless.netboot.nfsroot_sync
"""

EXAMPLES = r"""
- name: Keep temporary files in RAM, and mask jobs that would write from all PCs at once
  diskless.netboot.image_tuning:
    root: /
    tmpfs:
      - path: /tmp
        size: 25%
    masked_units: [apt-daily.timer, man-db.timer]
"""

RETURN = r"""
created:
  description: Files and links that were created, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [/etc/systemd/journald.conf.d/netboot.conf]
updated:
  description: Files and links that were replaced, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [/etc/fstab]
removed:
  description: Files and links that were removed, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [/etc/hostname]
folders:
  description: Mount points that were created, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [/home]
"""

from subprocess import CalledProcessError
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.diskless.netboot.plugins.module_utils.files import tree
from ansible_collections.diskless.netboot.plugins.module_utils.files.atomic import TreeError
from ansible_collections.diskless.netboot.plugins.module_utils.tuning import edits, ensure
from ansible_collections.diskless.netboot.plugins.module_utils.tuning.options import Tuning


def _named(**options: dict[str, Any]) -> dict[str, Any]:
    return {"type": "list", "elements": "dict", "default": [], "options": options}


_NAMES: dict[str, Any] = {"type": "list", "elements": "str", "default": []}
_TEXT: dict[str, Any] = {"type": "str", "required": True}
_PATH: dict[str, Any] = {"type": "path", "required": True}

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "root": {"type": "path", "required": True},
    "files": {"type": "dict", "default": {}},
    "boot_nics": _NAMES,
    "tmpfs": _named(
        path=_PATH,
        size=_TEXT,
        mode={"type": "str", "default": edits.EVERYBODY},
        options={"type": "str", "default": edits.SAFE},
    ),
    "containers_size": {"type": "str", "default": "50%"},
    "mounts": _named(
        src=_TEXT, path=_PATH, fstype={"type": "str", "default": "nfs"}, options={"type": "str"}
    ),
    "autofs": _named(
        path=_PATH,
        timeout={"type": "int", "default": 300},
        entries={
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "key": {**_TEXT, "no_log": False},
                "options": {"type": "str"},
                "location": _TEXT,
            },
        },
    ),
    "swap": {"type": "str", "choices": ["zram", "file", "none"], "default": "none"},
    "zram_size": {"type": "str", "default": "min(ram / 2, 4096)"},
    "swap_file": {"type": "path", "default": "/var/swap/netboot.swap"},
    "swap_megabytes": {"type": "int", "default": 512},
    "log_server": {"type": "str", "default": ""},
    "log_port": {"type": "int", "default": 514},
    "spread_timers": _NAMES,
    "spread_minutes": {"type": "int", "default": 60},
    "autologin_user": {"type": "str", "default": ""},
    "autologin_session": {"type": "str", "default": ""},
    "autostart": _NAMES,
    "locale": {"type": "str", "default": ""},
    "keyboard": {"type": "str", "default": ""},
    "timezone": {"type": "str", "default": ""},
    "suspend": {"type": "bool", "default": False},
    "keep_xorg_conf": {"type": "bool", "default": False},
    "journal_megabytes": {"type": "int", "default": 64},
    "stop_seconds": {"type": "int", "default": 10},
    "masked_units": _NAMES,
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        tuning = Tuning.from_options(module.params)
        plan = ensure.plan(module.params["root"], tuning, module.params["files"])
        if not module.check_mode:
            plan.apply()
    except (ValueError, TreeError, OSError, CalledProcessError) as error:
        module.fail_json(msg=str(error))
    result: dict[str, Any] = {
        action: [f"/{path}" for path in plan.files.paths(action)]
        for action in (tree.CREATED, tree.UPDATED, tree.REMOVED)
    }
    if module._diff:
        result["diff"] = plan.diff()
    module.exit_json(changed=plan.changed, folders=list(plan.folders), **result)


if __name__ == "__main__":
    main()
