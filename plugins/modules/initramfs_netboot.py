#!/usr/bin/python
# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ansible module: the initrd with which clients boot an image over the network."""

from __future__ import annotations

DOCUMENTATION = r"""
module: initramfs_netboot
short_description: Build and prove the netboot initrd of an image
version_added: 0.1.0
author: The diskless.netboot authors (@diskless-netboot)
description:
  - Builds an initrd that mounts its root over NFS, from the kernel, the modules and the tools of
    an image root on the boot server.
  - The image's own tool builds it, C(mkinitramfs) where the image has initramfs-tools and C(dracut)
    where it has dracut; all options mean the same with both. It runs in a chroot of the image with
    a configuration of its own. The image is mounted read-only meanwhile, in a mount namespace that
    ends with the run. The image's C(/etc/initramfs-tools), C(/etc/dracut.conf), C(/etc/fstab) and
    initrds are neither used nor changed.
  - The new initrd is unpacked and looked through before it replaces the old one. If a driver that
    was asked for, the NFS client or firmware that those drivers name is not inside, the module
    fails with their names, and the old initrd stays.
  - The initrd is built again only when something that it was made of has changed. What that is
    stands in a JSON file beside it. The same inputs give the same bytes.
  - Inside is also a boot script C(netboot-root), which acts on C(netboot.root=) on the kernel
    command line. V(rw), or none at all, changes nothing. With V(shared-rw) each client gets a
    machine-id of its own, in RAM, so that clients that share one writable root neither share nor
    overwrite the one in C(/etc/machine-id). With V(overlay) the root that was mounted, read-only,
    gets a tmpfs of the size C(netboot.overlay=) laid over it, which takes all changes. V(squashfs)
    is the same over a root that was fetched, see O(squashfs). Any other word stops the boot with a
    message.
  - With C(netboot.state=SERVER:PATH,OPTIONS) that script mounts this folder too, and takes from it
    what M(diskless.netboot.client_state) has put there. These are the client's machine-id, its ssh
    host key (which it puts into C(/run/netboot/ssh)) and the folders that it keeps.
  - Where C(mount.nfs) mounts the root, see RV(mounter), options for it may stand in
    C(netboot.nfs=) on the kernel command line, such as C(netboot.nfs=nconnect=4). C(nfsmount) does
    not read them.
extends_documentation_fragment:
  - diskless.netboot.attributes
attributes:
  check_mode:
    support: full
    details:
      - Says whether it would build, and which input changed. What is inside is only known after
        building, so RV(modules) and RV(firmware) are those of the initrd which is there.
      - An image root that does not exist is taken for one that an earlier task would have made.
  diff_mode:
    support: full
    details:
      - Shows the inputs that changed, by name and digest.
  idempotent:
    support: full
  platform:
    support: full
    platforms: linux
    details:
      - The boot server needs the packages C(util-linux) and C(mount), which a minimal container
        may lack, and root's rights, in a container those to mount.
      - The image needs C(initramfs-tools), or C(dracut) with C(dracut-network) and C(nfs-common).
      - An initrd of dracut's has its shell init, without systemd. C(rd.shell) on the kernel command
        line brings its rescue shell; without, a boot that fails ends in a kernel panic, so that
        C(panic=) starts the PC again.
options:
  root:
    description:
      - Absolute path of the image's root on the boot server.
    type: path
    required: true
  kernel:
    description:
      - Kernel version, as in C(/lib/modules) of the image.
      - With V(newest) the highest version, as dpkg compares them, that has modules and a
        C(/boot/vmlinuz-VERSION).
    type: str
    default: newest
  dest:
    description:
      - Absolute path of the initrd on the boot server. Its folder must exist.
      - The default is C(boot/initrd-netboot-VERSION.img) in O(root).
    type: path
  nfs_version:
    description:
      - The version of NFS by which the initrd mounts its root.
      - With initramfs-tools V(3) is mounted by klibc's C(nfsmount), which is small and takes few
        options; V(4.2) brings C(mount.nfs), about 1 MB more, and needs C(nfs-common) in the image.
        With dracut it is always C(mount.nfs).
      - C(netboot.nfs=vers=) on the kernel command line overrides it where C(mount.nfs) is inside.
    type: str
    choices: ["3", "4.2"]
    default: "3"
  squashfs:
    description:
      - Whether the initrd can also fetch its root as one squashfs file over HTTP into the client's
        RAM, from C(netboot.squashfs=URL) on the kernel command line. That takes C(busybox) in the
        image, and about 1 MB.
    type: bool
    default: false
  modules:
    description:
      - Which drivers go in beside O(drivers).
      - V(netboot) takes all network drivers (about 20 MB), V(most) those for disks too (about
        30 MB). V(list) takes O(drivers) alone, with what they need and the NFS client (about 6 MB).
    type: str
    choices: [netboot, most, list]
    default: netboot
  drivers:
    description:
      - Drivers that must be inside. Each is the name of a kernel module, such as V(r8169), the PCI
        id of a card, such as V(10ec:8168), or what a device's file C(modalias) in C(/sys) holds.
        A driver that is built into the kernel is fine, too.
      - What they need is added, also the bus drivers of virtual and of USB network interfaces.
      - O(modules=list) needs this or O(machine).
    type: list
    elements: str
    default: []
  machine:
    description:
      - What a running PC says of its hardware, as text or a list of lines, pasted or registered by
        a task. The drivers of its wired network cards are added to O(drivers).
      - Lines may be those of C(lspci -n), C(lspci -nn) or C(lspci -nnk), of C(lsmod), or of
        C(cat /sys/bus/*/devices/*/modalias), also mixed. Other hardware is passed over.
      - It is an error if it shows no wired network card, or one for which the kernel has no driver.
    type: raw
  compression:
    description:
      - How the initrd is compressed. The image needs the program, and its kernel must be able to
        unpack it.
    type: str
    choices: [zstd, gzip, xz, lz4, bzip2, lzma]
    default: zstd
  compression_level:
    description:
      - Level from 1 (fast) to the compressor's highest (small), which is 19 for V(zstd), 12 for
        V(lz4) and 9 for the others. The default is that of C(mkinitramfs).
    type: int
  missing_firmware:
    description:
      - What to do about firmware files that O(drivers) name and the image lacks. Many network
        cards work without; some do not.
      - With V(fail) the module fails with their names and, where known, the package that has them.
        With V(warn) it says the same in a warning.
    type: str
    choices: [fail, warn]
    default: fail
seealso:
  - module: diskless.netboot.pxelinux_entry
"""

EXAMPLES = r"""
- name: An initrd with every network driver
  diskless.netboot.initramfs_netboot:
    root: /srv/netboot/images/debian12/root
  register: initrd

- name: A small one for three kinds of PCs
  diskless.netboot.initramfs_netboot:
    root: /srv/netboot/images/debian12/root
    modules: list
    drivers: [e1000e, igb, "10ec:8168"]
    compression_level: 19
    missing_firmware: warn

- name: One for the PC that this was copied from, over NFS 4.2
  diskless.netboot.initramfs_netboot:
    root: /srv/netboot/images/debian12/root
    modules: list
    machine: |
      00:19.0 Ethernet controller [0200]: Intel Corporation 82579LM [8086:1502] (rev 04)
    nfs_version: "4.2"

- name: One for the network cards that Ansible found on running PCs
  diskless.netboot.initramfs_netboot:
    root: /srv/netboot/images/debian12/root
    modules: list
    drivers: >-
      {{ ansible_facts.interfaces | map('replace', '-', '_') | map('extract', ansible_facts)
         | selectattr('module', 'defined') | map(attribute='module') | unique }}
"""

RETURN = r"""
kernel_version:
  description: Version of the kernel that the initrd is for. Empty if there is no image root yet.
  returned: success
  type: str
  sample: 6.1.0-50-amd64
kernel:
  description: Path of that kernel on the boot server.
  returned: success
  type: str
  sample: /srv/netboot/images/debian12/root/boot/vmlinuz-6.1.0-50-amd64
initrd:
  description: Path of the initrd on the boot server.
  returned: success
  type: str
  sample: /srv/netboot/images/debian12/root/boot/initrd-netboot-6.1.0-50-amd64.img
build:
  description:
    - Names this kernel and initrd together, as the kernel version and the first 12 hex digits of
      the SHA-256 over the bytes of both. Empty if there is no initrd yet.
  returned: success
  type: str
  sample: 6.1.0-50-amd64-4912d53e202a
size:
  description: Size of the initrd in bytes.
  returned: success
  type: int
  sample: 5703352
rebuilt_because:
  description: One line for each reason to build. Empty if nothing had to be done.
  returned: success
  type: list
  elements: str
  sample: [package klibc-utils changed from 2.0.12-1 to 2.0.12-2]
backend:
  description: The tool that builds it, V(initramfs-tools) or V(dracut). Empty if there is no image
    root yet.
  returned: success
  type: str
  sample: initramfs-tools
mounter:
  description:
    - The program in it that mounts the root, V(nfsmount) or V(mount.nfs). Which mount options an
      entry may have depends on it, see P(diskless.netboot.entries#filter). Empty if there is no
      image root yet.
  returned: success
  type: str
  sample: nfsmount
drivers:
  description: The drivers of O(drivers) and O(machine), by the kernel's own names, all of them
    proved inside.
  returned: success
  type: list
  elements: str
  sample: [e1000e, igb, r8169]
firmware:
  description: Firmware files that are inside, below C(/lib/firmware).
  returned: success
  type: list
  elements: str
  sample: [rtl_nic/rtl8168h-2.fw]
modules:
  description: Names of the kernel modules that are inside.
  returned: success
  type: list
  elements: str
  sample: [af_packet, e1000e, nfs, nfsv3, overlay]
commands:
  description: Commands that were run to build it, or would have been in check mode.
  returned: success
  type: list
  elements: str
  sample:
    - >-
      chroot /srv/netboot/images/debian12/root mkinitramfs -d /run/netboot/conf
      -o /run/netboot/initrd 6.1.0-50-amd64
"""

from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.diskless.netboot.plugins.module_utils.image.error import ImageError
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs import build
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.spec import LEVELS, Spec

ARGUMENT_SPEC = {
    "root": {"type": "path", "required": True},
    "kernel": {"type": "str", "default": "newest"},
    "dest": {"type": "path"},
    "nfs_version": {"type": "str", "choices": ["3", "4.2"], "default": "3"},
    "squashfs": {"type": "bool", "default": False},
    "modules": {"type": "str", "choices": ["netboot", "most", "list"], "default": "netboot"},
    "drivers": {"type": "list", "elements": "str", "default": []},
    "machine": {"type": "raw"},
    "compression": {"type": "str", "choices": list(LEVELS), "default": "zstd"},
    "compression_level": {"type": "int"},
    "missing_firmware": {"type": "str", "choices": ["fail", "warn"], "default": "fail"},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        result = asdict(build.ensure(Spec.create(**module.params), check=module.check_mode))
    except (ImageError, OSError) as error:
        module.fail_json(msg=str(error))
    before, after = result.pop("before"), result.pop("after")
    if module._diff:
        result["diff"] = {
            "before_header": f"inputs of {result['initrd']}",
            "after_header": f"inputs of {result['initrd']}",
            "before": before,
            "after": after,
        }
    for warning in result.pop("warnings"):
        module.warn(warning)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
