# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``netboot-root``, the script that runs in the initrd after the root was mounted.

There is one variant for initramfs-tools and one for dracut. They run in the shell of klibc, busybox
or dash, before anything of the image. So they use only POSIX features, and only commands that
klibc-utils has in an initrd (cat, ln, mkdir, mount, mv, sleep, umount, but no chmod). If the root
is fetched as one file, there is busybox too. klibc's mount(8) supports ``-o bind``, but with
``-o remount,bind,ro`` it makes a second bind mount.
"""

from __future__ import annotations

# The shell code for each kind of root, which is the value of netboot.root= on the kernel command
# line.
#
# overlay, squashfs: the tree that was mounted becomes the lower layer, and a tmpfs becomes the
# upper layer. Both can be seen in /run/netboot, which init moves into the new root. The lower layer
# must be mounted read-only. Otherwise, one PC with a wrong entry could change the root of all PCs.
# With metacopy, a file whose owner, mode or capabilities change is not copied to RAM.
_OVERLAY = """
    size=${overlay:-50%}
    run=/run/netboot
    while read -r _device place _type options _rest; do
        [ "$place" = "$rootmnt" ] || continue
        case ",$options," in
        *,ro,*) ;;
        *) fail "the shared root is mounted writable: its entry must say ro" ;;
        esac
    done < /proc/mounts
    modprobe -q overlay || fail "no kernel module 'overlay' in this initrd: build it anew"
    mkdir -p "$run/lower" "$run/changes" || fail "cannot make folders in $run"
    mount -t tmpfs -o "size=$size,mode=0755" netboot "$run/changes" ||
        fail "cannot set $size of RAM aside for changes (netboot.overlay=)"
    mkdir "$run/changes/upper" "$run/changes/work" || fail "cannot make folders in $run/changes"
    mount -n -o move "$rootmnt" "$run/lower" || fail "cannot move the shared root away"
    mount -t overlay \
        -o "lowerdir=$run/lower,upperdir=$run/changes/upper,workdir=$run/changes/work,metacopy=on" \
        overlay "$rootmnt" || fail "cannot lay changes in RAM over the shared root"
"""

# shared-rw: systemd would write its machine-id into the root that all clients share, or use one
# that it finds there or in /var/lib/dbus. So each client gets a machine-id of its own in RAM, which
# is mounted over the file in the root. It must be valid, since systemd would fill an empty file
# from /var/lib/dbus. systemd-machine-id-commit(8) would write it to the file below the mount, in
# the root. So this service is masked in /run, for this boot. systemd.machine_id= still works, in
# RAM.
_SHARED_RW = """
    id=/run/netboot/machine-id
    target=${rootmnt}/etc/machine-id
    mkdir -p /run/netboot /run/systemd/system
    if [ -n "$state" ]; then
        read -r uuid < "$own/machine-id" || fail "no machine-id in $state"
    else
        read -r uuid < /proc/sys/kernel/random/uuid || fail "no random UUID from the kernel"
    fi
    old_ifs=$IFS
    IFS=-
    # shellcheck disable=SC2086
    set -- $uuid
    IFS=$old_ifs
    (umask 0222 && echo "$1$2$3$4$5" > "$id") || fail "cannot write $id"
    ln -sf /dev/null /run/systemd/system/systemd-machine-id-commit.service
    # Not ":", a special built-in: where it cannot write, the shell ends before it comes to fail.
    [ -f "$target" ] || true > "$target" || fail "$target is missing and cannot be made"
    mount -o bind "$id" "$target" || fail "cannot hide $target"
"""

# The state of a client: its identity, and what it keeps. client_state/names.py describes the files.
# If the client keeps anything, its state stays mounted in /run/netboot/state, which only root can
# enter.
_STATE_MOUNTED = """
own=/run/netboot/state
if [ -n "$state" ]; then
    options=${state#"${state%%,*}"}
    state=${state%%,*}
    (umask 0077 && mkdir -p "$own") || fail "cannot make $own"
    mount_nfs "rw,nolock$options" "$state" "$own" ||
        fail "cannot mount $state: it must be exported to this PC (netboot.state=)"
fi
"""
_STATE_USED = """
if [ -n "$state" ]; then
    # First, since /etc may be kept, and would hide what was written there before.
    while read -r folder path; do
        mkdir -p "$rootmnt$path" && mount -o bind "$own/$folder" "$rootmnt$path" ||
            fail "cannot keep $path in $state"
        kept=y
    done < "$own/kept" || fail "no list of what is kept in $state"
    # A root of its own keeps the one that it has.
    case "$kind" in
    overlay | squashfs) new=y ;;
    rw) [ -s "$rootmnt/etc/machine-id" ] || new=y ;;
    esac
    if [ -n "$new" ]; then
        cat "$own/machine-id" > "$rootmnt/etc/machine-id" || fail "cannot write the machine-id"
    fi
    (
        umask 0077
        mkdir -p /run/netboot/ssh
        cat "$own/ssh_host_ed25519_key" > /run/netboot/ssh/ssh_host_ed25519_key
    ) || fail "no ssh host key in $state"
    while read -r name path; do
        file=$rootmnt$path
        # A link is replaced, since it leads to what is not there yet, to /dev/null, or into the
        # initrd's own tree. What is no link is written to, which keeps its mode.
        mkdir -p "${file%/*}" &&
            if [ -L "$file" ] && ! [ -d "$file" ]; then
                cat "$own/$name" > "$file.netboot" && mv "$file.netboot" "$file"
            else
                cat "$own/$name" > "$file"
            fi || fail "cannot put its own $path in its place"
    done < "$own/files" || fail "no list of its own files in $state"
    # So that nobody removes the release that it runs. A full disk there must not keep PCs dark.
    echo "$from" > "$own/booted.new" && mv "$own/booted.new" "$own/booted" ||
        echo "netboot-root: cannot note in $state which release runs" > /dev/kmsg
    # Who keeps nothing needs it no more, and is not held up by a server that is gone.
    [ -n "$kept" ] || umount "$own" || fail "cannot unmount $own"
fi
"""

# How far ahead the kernel reads files of a root over NFS. A start reads a small part of many files,
# and with the kernel's default of 128 KiB, most of the data is never used (docs/measured.md).
# Later, nfsrahead(5) of nfs-utils sets this value again, from a udev rule (99-nfs.rules). So our
# own rule has a name that is sorted after it.
_READ_AHEAD = """
while read -r _id _parent device _top place rest; do
    [ "$place" = "$rootmnt" ] || continue
    case "$rest" in
    *" - nfs"*) ;;
    *) continue ;;
    esac
    echo "$ahead" > "/sys/class/bdi/$device/read_ahead_kb"
    mkdir -p /run/udev/rules.d
    echo "SUBSYSTEM==\\"bdi\\", KERNEL==\\"$device\\", ATTR{read_ahead_kb}=\\"$ahead\\"" \\
        > /run/udev/rules.d/99-zz-netboot.rules
done < /proc/self/mountinfo
"""

# How the initrd of each tool stops a boot. The folder of the new root is in $rootmnt.
_INITRAMFS_TOOLS = """
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
%(mount)s"""
_DRACUT = """
# What calls this gives the message to dracut's die().
fail() {
    echo "netboot-root: $*"
    exit 1
}
%(mount)s"""

# The arguments are OPTIONS SERVER:PATH FOLDER. klibc's nfsmount needs no NFS version. See also
# mount_scripts.py. For noacl, see bootloader/nfs_options.py; what a site asks for comes after it.
_BY_NFSMOUNT = """
mount_nfs() {
    nfsmount -o "noacl,$1" "$2" "$3"
}
"""
_BY_MOUNT_NFS = """
mount_nfs() {
    mount.nfs "$2" "$3" -n -o "vers=%(version)s,noacl,${netboot_nfs:+$netboot_nfs,}$1"
}
"""

_NETBOOT_ROOT = """#!/bin/sh
# netboot-root: what netboot.root= asks for, once the root is mounted (diskless.netboot)
%(head)s
kind= overlay= state= new= kept= netboot_nfs= from= ahead=%(ahead)d
# shellcheck disable=SC2013
for word in $(cat /proc/cmdline); do
    case "$word" in
    netboot.root=*) kind=${word#netboot.root=} ;;
    netboot.overlay=*) overlay=${word#netboot.overlay=} ;;
    netboot.state=*) state=${word#netboot.state=} ;;
    netboot.nfs=*) netboot_nfs=${word#netboot.nfs=} ;;
    nfsroot=*)
        from=${word#*:}
        from=${from%%%%,*}
        ;;
    netboot.squashfs=*) from=${word#netboot.squashfs=} ;;
    netboot.readahead=*) ahead=${word#netboot.readahead=} ;;
    esac
done
%(read_ahead)s%(state_mounted)s
case "$kind" in
"" | rw)
    # A root of its own (or none of ours): nothing to protect.
    ;;
%(kinds)s*)
    # Going on would boot into a shared, writable root.
    fail "this initrd does not know netboot.root=$kind"
    ;;
esac
%(state_used)s"""

READ_AHEAD = 32
"""How far ahead the kernel reads by default, in KiB."""

ROOT_KINDS = {"overlay | squashfs": _OVERLAY, "shared-rw": _SHARED_RW}


def _netboot_root(head: str, mount: str) -> str:
    cases = [f"{kind}){body}    ;;\n" for kind, body in ROOT_KINDS.items()]
    return _NETBOOT_ROOT % {
        "head": head % {"mount": mount},
        "ahead": READ_AHEAD,
        "read_ahead": _READ_AHEAD,
        "kinds": "".join(cases),
        "state_mounted": _STATE_MOUNTED,
        "state_used": _STATE_USED,
    }


def netboot_root(nfs_version: str = "3") -> str:
    """Return ``netboot-root`` as a script for init-bottom of initramfs-tools.

    :param nfs_version: NFS version of the initrd. klibc's nfsmount supports only version 3.
    """
    mount = _BY_NFSMOUNT if nfs_version == "3" else _BY_MOUNT_NFS % {"version": nfs_version}
    return _netboot_root(_INITRAMFS_TOOLS, mount)


def netboot_root_for_dracut(nfs_version: str = "3") -> str:
    """Return ``netboot-root`` as a program for dracut.

    If the boot must stop, the program prints a message and exits with status 1.
    """
    return _netboot_root(_DRACUT, _BY_MOUNT_NFS % {"version": nfs_version})
