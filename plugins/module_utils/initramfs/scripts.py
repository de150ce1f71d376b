# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's own boot scripts for an initrd, as text.

They run under klibc's or busybox' shell before anything of the image does: plain POSIX, and no
command beyond those that klibc-utils brings to an initrd (cat, ln, mkdir, mount; no chmod). Its
mount(8) knows ``-o bind`` but makes a second bind mount of ``-o remount,bind,ro``.
"""

from __future__ import annotations

# What netboot.root= on the kernel command line may be: the word, and the shell that makes it so.
#
# shared-rw: systemd would write the machine-id that it generates into everybody's image, and
# reuse one that it finds there or in /var/lib/dbus. So each client gets a valid one of its own in
# RAM, which hides the image's; an empty file would be filled from /var/lib/dbus. Since
# systemd-machine-id-commit(8) would store what is mounted on /etc/machine-id beneath it, in the
# image, it is masked, in /run, for this boot. systemd.machine_id= still has its way: in RAM.
_SHARED_RW = """
    id=/run/netboot/machine-id
    target=${rootmnt}/etc/machine-id
    mkdir -p /run/netboot /run/systemd/system
    read -r uuid < /proc/sys/kernel/random/uuid || fail "no random UUID from the kernel"
    old_ifs=$IFS
    IFS=-
    # shellcheck disable=SC2086
    set -- $uuid
    IFS=$old_ifs
    (umask 0222 && echo "$1$2$3$4$5" > "$id") || fail "cannot write $id"
    ln -sf /dev/null /run/systemd/system/systemd-machine-id-commit.service
    [ -f "$target" ] || : > "$target" || fail "$target is missing and cannot be made"
    mount -o bind "$id" "$target" || fail "cannot hide $target"
"""

_NETBOOT_ROOT = """#!/bin/sh
# netboot-root: what netboot.root= asks for, once the root is mounted (diskless.netboot)

case "$1" in
prereqs)
    echo ""
    exit 0
    ;;
esac

. /scripts/functions

# Leaving panic's rescue shell must not go on with the boot.
fail() {
    while :; do
        panic "netboot-root: $*"
    done
}

kind=
# shellcheck disable=SC2013
for word in $(cat /proc/cmdline); do
    case "$word" in
    netboot.root=*) kind=${word#netboot.root=} ;;
    esac
done

case "$kind" in
"" | rw)
    # A root of its own (or none of ours): nothing to protect.
    ;;
%(kinds)s*)
    # Going on would boot into a shared, writable root.
    fail "this initrd does not know netboot.root=$kind"
    ;;
esac
"""

ROOT_KINDS = {"shared-rw": _SHARED_RW}


def netboot_root(kinds: dict[str, str] | None = None) -> str:
    """The init-bottom script ``netboot-root``: one case for each kind of root."""
    cases = [f"{kind}){body}    ;;\n" for kind, body in (kinds or ROOT_KINDS).items()]
    return _NETBOOT_ROOT % {"kinds": "".join(cases)}
