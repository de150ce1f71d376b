#!/usr/bin/python
# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ansible module: the initrd with which clients boot an image over the network."""

from __future__ import annotations

DOCUMENTATION = r"""
module: initramfs_netboot
short_description: Build and check the netboot initrd of an image
version_added: 0.1.0
author: The diskless.netboot authors (@diskless-netboot)
description:
  - Builds an initrd that mounts its root over NFS. The initrd is made from the kernel, the modules
    and the tools of an image root on the boot server.
  - The image's own tool builds the initrd. This is C(mkinitramfs) if the image has initramfs-tools,
    and C(dracut) if it has dracut. All options mean the same with both.
  - The tool runs in a chroot of the image, with a configuration of its own. During the build, the
    image is mounted read-only in a mount namespace that ends with the run. The image's
    C(/etc/initramfs-tools), C(/etc/dracut.conf), C(/etc/fstab) and initrds are neither used nor
    changed.
  - The new initrd is unpacked and checked before it replaces the old one. It must contain the NFS
    client, all requested drivers that are not built into the kernel, and the firmware that these
    drivers name. If anything is missing, the module fails and names it, and the old initrd stays.
    For firmware that the image itself does not have, see O(missing_firmware).
  - The initrd is built again only if one of its inputs has changed. These inputs are listed in a
    JSON file beside it. The same inputs give the same bytes.
  - The initrd also contains the boot script C(netboot-root), which reads C(netboot.root=) from the
    kernel command line.
  - With C(netboot.root=rw), or without this argument, the script changes nothing.
  - With C(netboot.root=shared-rw), each client gets a machine-id of its own in RAM. So clients that
    share one writable root neither share nor overwrite the machine-id in C(/etc/machine-id).
  - With C(netboot.root=overlay), a tmpfs of the size C(netboot.overlay=) is laid over the root,
    which is mounted read-only. The tmpfs takes all changes.
  - With C(netboot.root=squashfs), the script does the same over a root that was fetched, see
    O(squashfs).
  - With any other word, the script stops the boot with a message.
  - With C(netboot.state=SERVER:PATH,OPTIONS), the script also mounts this folder, and uses what
    M(diskless.netboot.client_state) has put there. This includes the client's machine-id, its ssh
    host key (which the script copies to C(/run/netboot/ssh)) and the folders that the client keeps.
  - If C(mount.nfs) mounts the root, see RV(mounter), the kernel command line can contain options
    for it in C(netboot.nfs=), such as C(netboot.nfs=nconnect=4). C(nfsmount) does not read them.
  - C(netboot.readahead=) on the kernel command line is how far ahead the kernel reads the files of
    a root over NFS, in KiB. The default is 32.
extends_documentation_fragment:
  - diskless.netboot.attributes
attributes:
  check_mode:
    support: full
    details:
      - Tells whether it would build the initrd, and which input changed. The content of an initrd
        is known only after it was built. So RV(modules) and RV(firmware) are those of the existing
        initrd, and it is not checked that the initrd would contain RV(drivers).
      - If an image root does not exist, it is assumed that an earlier task would create it.
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
        may lack. The module needs the rights of root. In a container, these must include the right
        to mount.
      - The image needs C(initramfs-tools), or C(dracut) with C(klibc-utils) and C(nfs-common).
      - An initrd of dracut uses dracut's shell init, without systemd. A boot that fails ends in a
        kernel panic, so that C(panic=) starts the PC again. With C(rd.shell) on the kernel command
        line, it ends in dracut's rescue shell instead.
options:
  root:
    description:
      - Absolute path of the image's root on the boot server.
    type: path
    required: true
  kernel:
    description:
      - Kernel version, as in C(/lib/modules) of the image.
      - V(newest) is the highest version, as dpkg compares them, that has modules and a
        C(/boot/vmlinuz-VERSION).
    type: str
    default: newest
  dest:
    description:
      - Absolute path of the initrd on the boot server. Its folder must exist.
      - Defaults to C(boot/initrd-netboot-VERSION.img) in O(root).
    type: path
  nfs_version:
    description:
      - The NFS version with which the initrd mounts its root.
      - With initramfs-tools and V(3), C(nfsmount) of klibc mounts the root. It is small and has few
        options.
      - With initramfs-tools and V(4.2), C(mount.nfs) mounts the root. It adds about 1 MB, and needs
        C(nfs-common) in the image.
      - With dracut, C(mount.nfs) always mounts the root.
      - If the initrd contains C(mount.nfs), C(netboot.nfs=vers=) on the kernel command line
        overrides this option.
    type: str
    choices: ["3", "4.2"]
    default: "3"
  squashfs:
    description:
      - Whether the initrd can also fetch its root over HTTP, as one squashfs file, into the
        client's RAM. The URL is in C(netboot.squashfs=URL) on the kernel command line.
      - This needs C(busybox) in the image, and adds about 1 MB.
    type: bool
    default: false
  modules:
    description:
      - Which drivers to include in addition to O(drivers).
      - V(netboot) includes all network drivers (about 20 MB).
      - V(most) also includes drivers for disks (about 30 MB).
      - V(list) includes only O(drivers), what they need, and the NFS client (about 6 MB).
    type: str
    choices: [netboot, most, list]
    default: netboot
  drivers:
    description:
      - Drivers that must be in the initrd. Each is the name of a kernel module, such as V(r8169),
        the PCI id of a card, such as V(10ec:8168), or the content of a device's file C(modalias) in
        C(/sys). A driver may also be built into the kernel.
      - What the drivers need is added, including the bus drivers of virtual network interfaces and
        of USB network interfaces.
      - O(modules=list) needs this option or O(machine).
    type: list
    elements: str
    default: []
  machine:
    description:
      - What a running PC reports about its hardware, as text or as a list of lines. You can paste
        it, or register it in a task. The drivers of the PC's wired network cards are added to
        O(drivers).
      - The lines can be those of C(lspci -n), C(lspci -nn) or C(lspci -nnk), of C(lsmod), or of
        C(cat /sys/bus/*/devices/*/modalias). They can be mixed. Other hardware is ignored.
      - It is an error if the lines show no wired network card, or one for which the kernel has no
        driver.
    type: raw
  compression:
    description:
      - How to compress the initrd. The image needs the program, and its kernel must be able to
        unpack the initrd.
    type: str
    choices: [zstd, gzip, xz, lz4, bzip2, lzma]
    default: zstd
  compression_level:
    description:
      - Level from 1 (fast) to the compressor's highest (small), which is 19 for V(zstd), 12 for
        V(lz4) and 9 for the others. Defaults to that of C(mkinitramfs).
    type: int
  missing_firmware:
    description:
      - What to do if the drivers of O(drivers) and O(machine) name firmware files that the image
        does not have. Many network cards work without them, but some do not.
      - With V(fail), the module fails, and names the files and, where known, the package that
        contains them. With V(warn), it reports the same in a warning, and builds the initrd without
        these files.
    type: str
    choices: [fail, warn]
    default: fail
seealso:
  - module: diskless.netboot.pxelinux_entry
"""

EXAMPLES = r"""
- name: Build an initrd with all network drivers
  diskless.netboot.initramfs_netboot:
    root: /srv/netboot/images/debian12/root
  register: initrd

- name: Build a small initrd for three kinds of PCs
  diskless.netboot.initramfs_netboot:
    root: /srv/netboot/images/debian12/root
    modules: list
    drivers: [e1000e, igb, "10ec:8168"]
    compression_level: 19
    missing_firmware: warn

- name: Build an initrd for the PC that the image was copied from, with NFS 4.2
  diskless.netboot.initramfs_netboot:
    root: /srv/netboot/images/debian12/root
    modules: list
    machine: |
      00:19.0 Ethernet controller [0200]: Intel Corporation 82579LM [8086:1502] (rev 04)
    nfs_version: "4.2"

- name: Build an initrd for the network cards that Ansible found on running PCs
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
    - Name of this kernel and this initrd together. It consists of the kernel version and the first
      12 hex digits of the SHA-256 over the bytes of both. Empty if there is no initrd yet.
  returned: success
  type: str
  sample: 6.1.0-50-amd64-4912d53e202a
size:
  description: Size of the initrd in bytes.
  returned: success
  type: int
  sample: 5703352
rebuilt_because:
  description: Reasons to build the initrd, one line each. Empty if nothing had to be done.
  returned: success
  type: list
  elements: str
  sample: [package klibc-utils changed from 2.0.12-1 to 2.0.12-2]
backend:
  description:
    - The tool that builds the initrd, V(initramfs-tools) or V(dracut). Empty if there is no image
      root yet.
  returned: success
  type: str
  sample: initramfs-tools
mounter:
  description:
    - The program in the initrd that mounts the root, V(nfsmount) or V(mount.nfs). It determines
      which mount options an entry may have, see P(diskless.netboot.entries#filter). Empty if there
      is no image root yet.
  returned: success
  type: str
  sample: nfsmount
drivers:
  description:
    - The drivers of O(drivers) and O(machine), by the kernel's own names.
    - When the module builds an initrd, it checks that all of them are in it. Drivers that are built
      into the kernel are in this list too, but they are not files in the initrd.
    - In check mode, nothing is built, so the existing initrd may lack some of them.
  returned: success
  type: list
  elements: str
  sample: [e1000e, igb, r8169]
firmware:
  description: Firmware files in the initrd, as paths below C(/lib/firmware).
  returned: success
  type: list
  elements: str
  sample: [rtl_nic/rtl8168h-2.fw]
modules:
  description: Names of the kernel modules in the initrd.
  returned: success
  type: list
  elements: str
  sample: [af_packet, e1000e, nfs, nfsv3, overlay]
commands:
  description: Commands that were run to build the initrd, or would be run in check mode.
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
