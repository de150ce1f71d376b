# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's own boot scripts for an initrd, as text: one mechanism, wrapped for each tool.

They run under klibc's, busybox' or dash's shell before anything of the image does: plain POSIX, and
no command beyond those that klibc-utils brings to an initrd (cat, ln, mkdir, mount, mv, sleep,
umount; no chmod), and busybox where a root is fetched. klibc's mount(8) knows ``-o bind`` but makes
a second bind mount of ``-o remount,bind,ro``.
"""

from __future__ import annotations

# What netboot.root= on the kernel command line may be: the word, and the shell that makes it so.
#
# overlay, squashfs: the tree that was mounted becomes the lower layer, and a tmpfs the upper one.
# Both stay in sight in /run/netboot, which init moves into the new root. Nothing may write to the
# lower one, so it has to be mounted read-only: with a writable one a mistake of the plan would be
# everybody's.
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
        -o "lowerdir=$run/lower,upperdir=$run/changes/upper,workdir=$run/changes/work" \
        overlay "$rootmnt" || fail "cannot lay changes in RAM over the shared root"
"""

# shared-rw: systemd would write the machine-id that it generates into everybody's image, and
# reuse one that it finds there or in /var/lib/dbus. So each client gets a valid one of its own in
# RAM, which hides the image's; an empty file would be filled from /var/lib/dbus. Since
# systemd-machine-id-commit(8) would store what is mounted on /etc/machine-id beneath it, in the
# image, it is masked, in /run, for this boot. systemd.machine_id= still has its way: in RAM.
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
    [ -f "$target" ] || : > "$target" || fail "$target is missing and cannot be made"
    mount -o bind "$id" "$target" || fail "cannot hide $target"
"""

# A client's state: who it is, and what it keeps (client_state/names.py has the layout). While
# something is kept it stays mounted in /run/netboot/state, which only root may enter.
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
    while read -r folder path; do
        mkdir -p "$rootmnt$path" && mount -o bind "$own/$folder" "$rootmnt$path" ||
            fail "cannot keep $path in $state"
        kept=y
    done < "$own/kept" || fail "no list of what is kept in $state"
    while read -r name path; do
        mkdir -p "$rootmnt${path%/*}" && cat "$own/$name" > "$rootmnt$path" ||
            fail "cannot put its own $path in its place"
    done < "$own/files" || fail "no list of its own files in $state"
    # So that nobody removes the release that it runs. A full disk there must not keep PCs dark.
    echo "$from" > "$own/booted.new" && mv "$own/booted.new" "$own/booted" ||
        echo "netboot-root: cannot note in $state which release runs" > /dev/kmsg
    # Who keeps nothing needs it no more, and is not held up by a server that is gone.
    [ -n "$kept" ] || umount "$own" || fail "cannot unmount $own"
fi
"""

# How each tool's initrd stops a boot. The script finds the new root's folder in $rootmnt.
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

# OPTIONS SERVER:PATH FOLDER. klibc's own mounter needs no version; see also mount_nfs() below.
_BY_NFSMOUNT = """
mount_nfs() {
    nfsmount -o "$1" "$2" "$3"
}
"""
_BY_MOUNT_NFS = """
mount_nfs() {
    mount.nfs "$2" "$3" -n -o "vers=%(version)s,${netboot_nfs:+$netboot_nfs,}$1"
}
"""

_NETBOOT_ROOT = """#!/bin/sh
# netboot-root: what netboot.root= asks for, once the root is mounted (diskless.netboot)
%(head)s
kind= overlay= state= new= kept= netboot_nfs= from=
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
    esac
done
%(state_mounted)s
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

ROOT_KINDS = {"overlay | squashfs": _OVERLAY, "shared-rw": _SHARED_RW}


def _netboot_root(head: str, mount: str) -> str:
    cases = [f"{kind}){body}    ;;\n" for kind, body in ROOT_KINDS.items()]
    return _NETBOOT_ROOT % {
        "head": head % {"mount": mount},
        "kinds": "".join(cases),
        "state_mounted": _STATE_MOUNTED,
        "state_used": _STATE_USED,
    }


def netboot_root(nfs_version: str = "3") -> str:
    """``netboot-root`` as a script of initramfs-tools' init-bottom: one case per kind of root.

    :param nfs_version: what the initrd was made for: klibc's nfsmount knows version 3 alone.
    """
    mount = _BY_NFSMOUNT if nfs_version == "3" else _BY_MOUNT_NFS % {"version": nfs_version}
    return _netboot_root(_INITRAMFS_TOOLS, mount)


def netboot_root_for_dracut(nfs_version: str = "3") -> str:
    """``netboot-root`` as a program that ends with 1 and a message where the boot must stop."""
    return _netboot_root(_DRACUT, _BY_MOUNT_NFS % {"version": nfs_version})


# For NFSv3 mount.nfs looks the numbers up in /etc/protocols, of a package (netbase) that an image
# need not have: 'Protocol not supported', it says without.
PROTOCOLS = "tcp 6 TCP\nudp 17 UDP\n"

# netboot.nfs= holds what the initrd's mount.nfs gets beyond nfsroot=. Within it the last word
# counts, so the version that the initrd was made for comes first. An initrd with klibc's nfsmount,
# which would refuse such options for ever, does not read it.
_OPTIONS = """
netboot_nfs=vers=%(version)s
# shellcheck disable=SC2013
for word in $(cat /proc/cmdline); do
    case "$word" in
    netboot.nfs=*) netboot_nfs=$netboot_nfs,${word#netboot.nfs=} ;;
    esac
done
"""

# squashfs: the whole root in one file (mksquashfs(1)), which stays in RAM, so that the PC outlives
# the server. busybox' wget takes up what it had when a server was too busy to go on; in Debian 12
# it crashes by its own -T, hence timeout(1).
_FETCH = """
fetch_root() {
    image=/run/netboot/image
    mkdir -p "$image" && mount -t tmpfs -o size=90%,mode=0700 netboot "$image" ||
        fail "cannot set RAM aside for the root (netboot.root=squashfs)"
    tries=0
    until busybox timeout 600 busybox wget -c -O "$image/root.squashfs" "$1"; do
        tries=$((tries + 1))
        [ "$tries" -lt 5 ] ||
            fail "cannot fetch $1: it is not served to this PC, or needs more RAM than it has"
        sleep 2
    done
    modprobe -q loop
    modprobe -q squashfs
    device=$(busybox losetup -f) && busybox losetup -r "$device" "$image/root.squashfs" &&
        mount -t squashfs -o ro "$device" "$2" || fail "cannot mount what was fetched from $1"
}
"""

# initramfs-tools(7): BOOT names the script below /scripts that knows mountroot. All of the stock
# one's logic (DHCP, nfsroot=, trying again) stays, with what an initrd of ours can beyond it.
_SCRIPT = """# The root over the network, beyond what scripts/nfs knows (diskless.netboot)
. /scripts/nfs
"""
_MOUNT_NFS = """%(options)s
nfsmount() {
    options=$netboot_nfs
    while [ "$1" = -o ]; do
        options=$2,$options
        shift 2
    done
    mount.nfs "$1" "$2" -n -o "$options"
}
"""
_MOUNT_SQUASHFS = """
fail() {
    while :; do
        panic "netboot: $*"
    done
}
%(fetch)s
mountroot() {
    # shellcheck disable=SC2013
    for word in $(cat /proc/cmdline); do
        case "$word" in
        netboot.squashfs=*)
            modprobe -q af_packet
            wait_for_udev 10
            configure_networking
            # shellcheck disable=SC2154
            fetch_root "${word#netboot.squashfs=}" "$rootmnt"
            return
            ;;
        esac
    done
    nfs_mount_root
}
"""


def boot_script(version: str, *, squashfs: bool) -> str:
    """``scripts/netboot`` for initramfs-tools; empty where the stock ``scripts/nfs`` will do.

    With another version than 3 its nfsmount is another name for mount.nfs.

    :param version: of NFS, unless netboot.nfs= on the kernel command line has ``vers=``.
    :param squashfs: whether a root may be fetched as well.
    """
    parts = [] if version == "3" else [_MOUNT_NFS % {"options": _OPTIONS % {"version": version}}]
    if squashfs:
        parts.append(_MOUNT_SQUASHFS % {"fetch": _FETCH})
    return "".join([_SCRIPT, *parts]) if parts else ""


# dracut.cmdline(7): after its own hook has made netroot of root= and nfsroot=, as
# nfs:SERVER:PATH:OPTIONS (parse-nfsroot.sh).
_DRACUT_CMDLINE = """# Which options mount.nfs gets (diskless.netboot)
%(options)s
case "$netroot" in
nfs:*:) netroot=$netroot$netboot_nfs ;;
nfs:*) netroot=$netroot,$netboot_nfs ;;
esac
netboot_squashfs=$(getarg netboot.squashfs=)
if [ -n "$netboot_squashfs" ]; then
    # What follows the colon is for /sbin/netbootroot.
    root=netboot netroot=netboot:$netboot_squashfs rootok=1
fi
unset netboot_nfs netboot_squashfs word
"""

# dracut.cmdline(7), netroot=: called as NIC NETROOT NEWROOT once the NIC is up.
_DRACUT_FETCH = """#!/bin/sh
# netbootroot: the root in one file, fetched into RAM (diskless.netboot)
. /lib/dracut-lib.sh
fail() {
    die "netboot: $*"
    exit 1
}
%(fetch)s
fetch_root "${2#netboot:}" "$3"
"""

# What klibc's ipconfig leaves behind of a NIC: /run/net-NIC.conf. dracut's DHCP client ends with
# the initrd, so the address must not end with its lease: a root over NFS would end with it.
_DRACUT_PRE_PIVOT = """# What netboot.root= asks for, and a note of the NIC (diskless.netboot)
netboot_said=$(rootmnt=$NEWROOT /usr/sbin/netboot-root 2>&1) || die "$netboot_said"
for netboot_nic in /tmp/net.*.did-setup; do
    netboot_nic=${netboot_nic#/tmp/net.}
    netboot_nic=${netboot_nic%.did-setup}
    [ -e "/sys/class/net/$netboot_nic/address" ] && [ "$netboot_nic" != lo ] || continue
    (
        new_domain_name='' new_domain_name_servers=''
        [ ! -f "/tmp/dhclient.$netboot_nic.dhcpopts" ] || . "/tmp/dhclient.$netboot_nic.dhcpopts"
        # shellcheck disable=SC2086
        set -- $new_domain_name_servers
        echo "DEVICE='$netboot_nic'"
        echo "DNSDOMAIN='$new_domain_name'"
        echo "IPV4DNS0='${1:-0.0.0.0}'"
        echo "IPV4DNS1='${2:-0.0.0.0}'"
    ) > "/run/net-$netboot_nic.conf"
    ip -4 -o addr show dev "$netboot_nic" scope global | while read -r _ _ _ netboot_address _; do
        ip addr change "$netboot_address" dev "$netboot_nic" valid_lft forever preferred_lft forever
    done
done
unset netboot_nic netboot_said
"""


def netbootroot_for_dracut() -> str:
    """dracut's handler of a root that is fetched."""
    return _DRACUT_FETCH % {"fetch": _FETCH}


def dracut_hooks(version: str) -> dict[str, str]:
    """Hooks of dracut by their place below lib/dracut/hooks; see `mount_nfs` for `version`."""
    return {
        "cmdline/95-netboot.sh": _DRACUT_CMDLINE % {"options": _OPTIONS % {"version": version}},
        "pre-pivot/95-netboot.sh": _DRACUT_PRE_PIVOT,
    }
