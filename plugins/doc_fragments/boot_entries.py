# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of the modules that write boot entries."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment ``diskless.netboot.boot_entries``: the same list of entries for all loaders."""

    DOCUMENTATION = r"""
options:
  root:
    description:
      - The TFTP root. It must exist.
      - If the folder of the entries in it is missing, it is created with mode V(0755).
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
          - The client that the entry is for.
          - It is a MAC address in any usual notation, an IPv4 address, the UUID in the SMBIOS of
            the PC, or V(default) for all clients without an entry of their own. The loader looks
            for UUID, MAC address, IPv4 address and V(default), in this order.
          - Quote a MAC address, since YAML reads some MAC addresses as numbers. A number is an
            error.
        type: raw
        required: true
      labels:
        description:
          - What the client can boot. Required with O(state=present).
          - Each label must have exactly one of O(entries[].labels[].kernel),
            O(entries[].labels[].com32) and O(entries[].labels[].localboot).
        type: list
        elements: dict
        suboptions:
          name:
            description:
              - Name of the label, without blanks. A user can type it at the C(boot:) prompt.
            type: str
            required: true
          kernel:
            description:
              - The Linux kernel, as a path below O(root) or as a URL of at most 127 bytes.
              - PXELINUX loads URLs with C(http), C(ftp) and C(tftp), but only as C(lpxelinux.0).
              - GRUB loads URLs with C(http) and C(tftp), without a port and without a query.
            type: str
          com32:
            description:
              - The SYSLINUX module to run, such as V(hdt.c32) or V(chain.c32), as a path below
                O(root). Its arguments are in O(entries[].labels[].append).
              - GRUB cannot run such modules. For GRUB, the label is left out with a warning.
            type: str
          localboot:
            description:
              - Boots from a local device instead of the network. V(0) is right for most PCs. With
                V(-1), the BIOS tries its next device. V(4) keeps the UNDI driver in memory, and
                V(5) keeps all of PXE there.
              - With GRUB, all of these values continue with the next boot device of the firmware.
            type: int
            choices: [-1, 0, 4, 5]
          initrd:
            description:
              - The initrds, in the order in which they are loaded. They are paths or URLs, as for
                O(entries[].labels[].kernel).
            type: list
            elements: str
          append:
            description:
              - Kernel arguments, as a list with one argument in each element. A string is an error.
              - Blanks are allowed only in double quotes.
              - The command line can have at most 2047 bytes, including what the loader adds.
            type: raw
          menu_label:
            description:
              - What a menu shows instead of the name. In PXELINUX's menu, the letter after a V(^)
                is the key that selects the label.
            type: str
          menu_password:
            description:
              - Hashes of the password that the menu requires before it boots this label. GRUB also
                requires a user name, which is the name of the label.
              - Anybody who can fetch the entry can read the hash and try to guess the password.
            type: dict
            suboptions: &hashes
              pxelinux:
                description: >-
                  A hash that C(mkpasswd) or C(sha1pass) prints. It begins with $1$, $4$, $5$ or
                  $6$.
                type: str
              grub:
                description: >-
                  A hash that C(grub-mkpasswd-pbkdf2) prints. It begins with C(grub.pbkdf2.sha512).
                type: str
          menu_separator:
            description: Whether an empty line follows the label in PXELINUX's menu.
            type: bool
            default: false
          help:
            description:
              - Text of one or more lines that PXELINUX's menu shows with the label.
            type: str
          raw:
            description: >-
              More lines for this label, for what has no option here. They are in the language of
              the loader.
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
          - Name of the label that boots automatically. Defaults to the first label.
        type: str
      ontimeout:
        description:
          - Name of the label that boots if no key is pressed before O(entries[].timeout) ends.
            Defaults to O(entries[].default). The Enter key still boots O(entries[].default).
          - GRUB's menu has only one label for both. With GRUB, the Enter key boots this label too.
        type: str
      timeout:
        description:
          - How long the prompt or menu waits for a key, in seconds, in steps of 0.1. At most
            3599.6. GRUB uses whole seconds, rounded up.
          - V(0) means that it waits for ever. GRUB also waits for ever if this is not given.
          - Without O(entries[].prompt) and O(entries[].ui), the default label boots at once.
        type: float
      prompt:
        description:
          - Whether to show the C(boot:) prompt of PXELINUX, or the menu of GRUB.
          - If V(false), PXELINUX shows its prompt only while a key such as Shift is held down.
        type: bool
        default: false
      ui:
        description:
          - Menu module of PXELINUX, such as V(menu.c32) or V(vesamenu.c32), as a path below
            O(root). The libraries that it needs must be beside it.
          - With GRUB, this option shows the menu that is part of GRUB.
        type: str
      menu_title:
        description:
          - Title of PXELINUX's menu. It is shown only with O(entries[].ui).
        type: str
      menu_hidden:
        description:
          - Whether the menu is hidden until a key is pressed.
        type: bool
        default: false
      menu_password:
        description:
          - Hashes of the password that the menu requires from a user who wants to edit a label.
            GRUB also requires a user name, which is V(admin). It requires this password for its
            command line too.
          - Anybody who can fetch the entry can read the hash and try to guess the password.
        type: dict
        suboptions: *hashes
      sysappend:
        description:
          - What the loader adds to the command line of each label. This is the sum of 1 (C(ip=)),
            2 (C(BOOTIF=) with the MAC address), 4 (C(SYSUUID=)), 8 (C(CPU=)), and the values that
            the SYSLINUX manual lists for DMI.
          - With GRUB, only V(0) and V(2) are possible.
        type: int
      serial:
        description:
          - Serial port to use as a console, in addition to the screen and the keyboard.
        type: dict
        suboptions:
          port:
            description:
              - Number of the port in the BIOS, V(0) to V(3), or an I/O address such as V(0x3f8).
            type: int
            default: 0
          baud:
            description:
              - Speed in bit/s. It must divide 115200.
            type: int
            default: 115200
      comment:
        description:
          - Comment at the beginning of the file, such as the name of the client. It can have
            several lines.
        type: str
      include:
        description:
          - Files with more lines for PXELINUX, as paths below O(root). They are read before the
            labels.
          - GRUB cannot read these files. For GRUB, they are left out with a warning.
        type: list
        elements: str
      raw:
        description:
          - More lines, for what has no option here. They are in the language of the loader.
          - For PXELINUX, they are before the labels. For GRUB, they are after the labels, and they
            can add to the menu.
        type: dict
        suboptions: *lines
  state:
    description:
      - V(present) writes the entries.
      - V(absent) removes the entries that this module wrote for these clients. Only
        O(entries[].client) of each entry is used. A file that somebody else wrote is left as it is,
        with a warning.
    type: str
    choices: [present, absent]
    default: present
  purge:
    description:
      - Whether to remove all entries that this module wrote and that are not in O(entries). This is
        possible only with O(state=present).
      - Files that somebody else wrote are left as they are. If there is such a file in the place of
        an entry, the module fails, with or without this option.
    type: bool
    default: false
  check_files:
    description:
      - Whether to check that the TFTP server can send each file that an entry names.
      - Each must be a regular file that others can read (C(o+r)), in folders that others can search
        (C(o+x)). Symbolic links must be relative and must not lead out of O(root). This is what
        C(tftpd --secure) requires.
      - URLs are not checked.
    type: bool
    default: true
"""
