# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of the modules that write boot entries."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment ``diskless.netboot.boot_entries``: one list of entries for every loader."""

    DOCUMENTATION = r"""
options:
  root:
    description:
      - The TFTP root, which must exist. The folder of the entries in it is made with mode V(0755)
        if it is missing.
    type: path
    required: true
  entries:
    description:
      - The entries, one for each client.
    type: list
    elements: dict
    required: true
    suboptions:
      client:
        description:
          - For whom the entry is.
          - A MAC address in any usual spelling, an IPv4 address, the UUID that the PC's SMBIOS
            tells, or V(default) for every client without an entry of its own. The loader looks for
            UUID, MAC address, IPv4 address and V(default), in this order.
          - Quote a MAC address. YAML reads some as numbers, and a number is refused.
        type: raw
        required: true
      labels:
        description:
          - What can be booted. Required with O(state=present).
          - Each label has exactly one of O(entries[].labels[].kernel),
            O(entries[].labels[].com32) and O(entries[].labels[].localboot).
        type: list
        elements: dict
        suboptions:
          name:
            description:
              - Name of the label, which a person types at the C(boot:) prompt. It has no blanks.
            type: str
            required: true
          kernel:
            description:
              - Linux kernel, as a path below O(root), or a URL. PXELINUX takes C(http), C(ftp) and
                C(tftp) if it is C(lpxelinux.0), GRUB C(http) and C(tftp) without a port.
              - A path has at most 127 bytes.
            type: str
          com32:
            description:
              - SYSLINUX module to run, such as V(hdt.c32) or V(chain.c32), as a path below
                O(root). Its arguments are O(entries[].labels[].append).
              - GRUB runs none, and such a label is left out for it, with a warning.
            type: str
          localboot:
            description:
              - Leave the network and boot locally. V(0) is what most PCs want; V(-1) tells the
                BIOS to try the next device; V(4) and V(5) keep UNDI or all of PXE in memory.
              - With GRUB all of them go on with the firmware's next boot device.
            type: int
            choices: [-1, 0, 4, 5]
          initrd:
            description:
              - Initrds, loaded one after the other, named like O(entries[].labels[].kernel).
            type: list
            elements: str
          append:
            description:
              - Kernel arguments, a list with one argument each. A string is refused.
              - A blank may stand in double quotes only.
              - Together with what the loader adds, the command line has at most 2047 bytes.
            type: raw
          menu_label:
            description:
              - What a menu shows instead of the name. A V(^) stands before the letter that chooses
                it in PXELINUX's menu.
            type: str
          menu_password:
            description:
              - Hashes of the password that the menu asks for before it boots this label. GRUB asks
                for a user too, which is the label's name.
              - Whoever can fetch the entry can read the hash and try passwords on it.
            type: dict
            suboptions: &hashes
              pxelinux:
                description: What C(mkpasswd) or C(sha1pass) prints, with $1$, $4$, $5$ or $6$.
                type: str
              grub:
                description: What C(grub-mkpasswd-pbkdf2) prints, from C(grub.pbkdf2.sha512) on.
                type: str
          menu_separator:
            description: Whether an empty line follows in PXELINUX's menu.
            type: bool
            default: false
          help:
            description:
              - Text of one or more lines that PXELINUX's menu shows with the label.
            type: str
          raw:
            description: Lines for this label that no option has, for each loader as it reads them.
            type: dict
            suboptions: &lines
              pxelinux:
                description: One or more lines for PXELINUX.
                type: str
              grub:
                description: One or more lines for GRUB.
                type: str
      default:
        description:
          - Name of the label that boots by itself. The first one if not given.
        type: str
      ontimeout:
        description:
          - Name of the label that boots when nobody touches a key in time, if it is another one
            than O(entries[].default), which Enter boots.
          - GRUB's menu has one choice for both, and this one is it.
        type: str
      timeout:
        description:
          - Seconds to wait at the prompt or menu for a key, in steps of 0.1, at most 3599.6.
            V(0) waits for ever, and so does GRUB if it is not given. GRUB takes whole seconds.
          - Without O(entries[].prompt) and O(entries[].ui) the default boots at once.
        type: float
      prompt:
        description:
          - Whether to show the C(boot:) prompt, or GRUB's menu. Otherwise PXELINUX's prompt needs a
            key like Shift held down.
        type: bool
        default: false
      ui:
        description:
          - PXELINUX's menu module, such as V(menu.c32) or V(vesamenu.c32), as a path below O(root).
            The libraries that it needs lie beside it. GRUB brings its own menu, and shows it.
        type: str
      menu_title:
        description:
          - Title of PXELINUX's menu. It needs O(entries[].ui).
        type: str
      menu_hidden:
        description:
          - Whether the menu stays hidden until somebody touches a key.
        type: bool
        default: false
      menu_password:
        description:
          - Hashes of the password for changing what a menu's label boots. GRUB asks for a user too,
            which is V(admin), and for this password also before it gives its command line.
          - Whoever can fetch the entry can read the hash and try passwords on it.
        type: dict
        suboptions: *hashes
      sysappend:
        description:
          - What the loader adds to every label's command line, as the sum of 1 (C(ip=)),
            2 (C(BOOTIF=) with the MAC address), 4 (C(SYSUUID=)), 8 (C(CPU=)) and what the SYSLINUX
            manual lists for DMI. With GRUB it is V(0) or V(2).
        type: int
      serial:
        description:
          - Serial port that serves as a console beside screen and keyboard.
        type: dict
        suboptions:
          port:
            description:
              - V(0) to V(3) as the BIOS counts them, or an I/O address such as V(0x3f8).
            type: int
            default: 0
          baud:
            description:
              - Speed in bit/s, a divisor of 115200.
            type: int
            default: 115200
      comment:
        description:
          - Comment of one or more lines at the top, such as the client's name.
        type: str
      include:
        description:
          - Files with more lines for PXELINUX, as paths below O(root). They are read before the
            labels. GRUB cannot read them, so they are left out for it, with a warning.
        type: list
        elements: str
      raw:
        description:
          - Lines that no option has, for each loader as it reads them. They come before the labels
            for PXELINUX, and after them for GRUB, whose menu they may add to.
        type: dict
        suboptions: *lines
  state:
    description:
      - V(present) writes the entries.
      - V(absent) removes those that this module wrote for the clients named. Of each entry only
        O(entries[].client) counts. A file that somebody else wrote stays, with a warning.
    type: str
    choices: [present, absent]
    default: present
  purge:
    description:
      - Remove every entry that this module wrote and that O(entries) does not name. Files of
        others stay. One of theirs in the place of an entry is an error, whatever this says.
    type: bool
    default: false
  check_files:
    description:
      - Whether each file that an entry names must be there and such that the TFTP server sends it.
      - It must be a regular file which others may read (C(o+r)), in folders which they may search
        (C(o+x)), and links must be relative and stay inside O(root), as C(tftpd --secure) demands.
      - URLs are not looked at.
    type: bool
    default: true
"""
