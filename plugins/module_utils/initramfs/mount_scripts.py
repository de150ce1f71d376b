# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts with which an initrd mounts its root: with nfsmount, with mount.nfs, or from one file.

They are texts for ``scripts/`` of initramfs-tools and for hooks of dracut. The scripts that run
after the root was mounted are in root_scripts.py.
"""

from __future__ import annotations

# klibc's ipconfig switches the NIC on and sends a DHCP request at once, before there is a link.
# This request is lost, and ipconfig sends the next one only ten seconds later. So this script
# switches the NIC on before that, by its flags (netdevice(7): UP, BROADCAST, MULTICAST). Then it
# waits for the link, for at most ten seconds, since a switch needs time to negotiate the speed. It
# waits for udev first, because a NIC that is switched on cannot be renamed.
LINK = """#!/bin/sh
# A link before DHCP asks for an address (diskless.netboot)
[ "$1" = prereqs ] && exit 0
. /scripts/functions
wait_for_udev 10
wanted=
# shellcheck disable=SC2013
for word in $(cat /proc/cmdline); do
    case "$word" in
    BOOTIF=*)
        IFS=-
        # shellcheck disable=SC2086
        set -- ${word#BOOTIF=}
        unset IFS
        wanted=$2:$3:$4:$5:$6:$7
        ;;
    esac
done
nics=
for nic in /sys/class/net/*; do
    [ "${nic##*/}" != lo ] && read -r address < "$nic/address" || continue
    [ -z "$wanted" ] || [ "$address" = "$wanted" ] || continue
    echo 0x1003 > "$nic/flags" && nics="$nics $nic"
done
tries=0
while [ -n "$nics" ] && [ "$tries" -lt 100 ]; do
    for nic in $nics; do
        read -r state < "$nic/operstate"
        case "$state" in
        up | unknown) exit 0 ;;
        esac
    done
    tries=$((tries + 1))
    sleep 0.1
done
exit 0
"""

# mount.nfs needs /etc/protocols for NFSv3. Without this file, it fails with 'Protocol not
# supported'. The file is in the package netbase, which an image may lack.
PROTOCOLS = "tcp 6 TCP\nudp 17 UDP\n"

# netboot.nfs= contains mount options for mount.nfs, in addition to those in nfsroot=. If an option
# is given twice, the last one counts, so the NFS version that the initrd was made for comes first.
# An initrd with klibc's nfsmount does not read this argument: nfsmount would reject such options,
# and the boot would never go on.
_OPTIONS = """
netboot_nfs=vers=%(version)s
# shellcheck disable=SC2013
for word in $(cat /proc/cmdline); do
    case "$word" in
    netboot.nfs=*) netboot_nfs=$netboot_nfs,${word#netboot.nfs=} ;;
    esac
done
"""

# squashfs: the whole root in one file (mksquashfs(1)). It stays in RAM, so the PC keeps running
# without the server. If a server was too busy and the download ended, busybox's wget continues it
# from there. In Debian 12, wget crashes with its own option -T, so timeout(1) is used.
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

# initramfs-tools(7): BOOT is the name of the script below /scripts that defines mountroot. This
# script includes the standard one, with its logic for DHCP, nfsroot= and retries, and extends it.
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
            run_scripts /scripts/nfs-premount
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
    """Return ``scripts/netboot`` for initramfs-tools, or "" if ``scripts/nfs`` is enough.

    For an NFS version other than 3, the script defines a function nfsmount that calls mount.nfs.

    :param version: NFS version, unless netboot.nfs= on the kernel command line has ``vers=``.
    :param squashfs: whether the initrd can also fetch a root as one file.
    """
    parts = [] if version == "3" else [_MOUNT_NFS % {"options": _OPTIONS % {"version": version}}]
    if squashfs:
        parts.append(_MOUNT_SQUASHFS % {"fetch": _FETCH})
    return "".join([_SCRIPT, *parts]) if parts else ""


# dracut.cmdline(7). This runs after dracut's own hook (parse-nfsroot.sh), which sets netroot to
# nfs:SERVER:PATH:OPTIONS, from root= and nfsroot=.
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

# dracut.cmdline(7), netroot=: dracut calls it with the arguments NIC NETROOT NEWROOT when the NIC
# is up.
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

# The hook writes /run/net-NIC.conf, as klibc's ipconfig does. dracut's DHCP client ends with the
# initrd, so nothing renews the lease. The hook makes the address permanent, since a root over NFS
# would be lost with it.
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
    """Return the program with which dracut fetches a root as one file."""
    return _DRACUT_FETCH % {"fetch": _FETCH}


def dracut_hooks(version: str) -> dict[str, str]:
    """Return the hooks for dracut, by their path below lib/dracut/hooks.

    :param version: NFS version, as for `boot_script`.
    """
    return {
        "cmdline/95-netboot.sh": _DRACUT_CMDLINE % {"options": _OPTIONS % {"version": version}},
        "pre-pivot/95-netboot.sh": _DRACUT_PRE_PIVOT,
    }
