# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts with which an initrd mounts its root: with nfsmount, with mount.nfs, or from one file.

They are texts for ``scripts/`` of initramfs-tools and for hooks of dracut. The scripts that run
after the root was mounted are in root_scripts.py.
"""

from __future__ import annotations

# klibc's ipconfig switches the NIC on and sends a DHCP request at once, before there is a link.
# This request is lost, and ipconfig sends the next one only ten seconds later. So this function
# switches the NIC on before that, by its flags (netdevice(7): UP, BROADCAST, MULTICAST). Then it
# waits for the link, for at most ten seconds, since a switch needs time to negotiate the speed.
# udev must have ended before, because a NIC that is switched on cannot be renamed.
_WAIT_FOR_LINK = """
# Sets nic to the NIC that the loader used, or to the first one with a link; fails if it has none.
wait_for_link() {
    wanted= nics= tries=0
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
    for folder in /sys/class/net/*; do
        [ "${folder##*/}" != lo ] && read -r address < "$folder/address" || continue
        [ -z "$wanted" ] || [ "$address" = "$wanted" ] || continue
        echo 0x1003 > "$folder/flags" && nics="$nics ${folder##*/}"
    done
    while [ -n "$nics" ] && [ "$tries" -lt 100 ]; do
        for nic in $nics; do
            read -r linked < "/sys/class/net/$nic/operstate"
            case "$linked" in
            up | unknown) return 0 ;;
            esac
        done
        tries=$((tries + 1))
        sleep 0.1
    done
    return 1
}
"""
LINK = f"""#!/bin/sh
# A link before DHCP asks for an address (diskless.netboot)
[ "$1" = prereqs ] && exit 0
. /scripts/functions
{_WAIT_FOR_LINK}
wait_for_udev 10
wait_for_link
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


# dracut.cmdline(7): a root that only the hook below knows how to mount.
_DRACUT_CMDLINE = """# The root over the network is mounted by a hook (diskless.netboot)
root=netboot rootok=1
"""
_DRACUT_MOUNT = """# The root over the network (diskless.netboot)
/usr/sbin/netboot-mount "$NEWROOT" || die "$(cat /run/netboot-failed)"
"""
_DRACUT_PRE_PIVOT = """# What netboot.root= asks for (diskless.netboot)
netboot_said=$(rootmnt=$NEWROOT /usr/sbin/netboot-root 2>&1) || die "$netboot_said"
unset netboot_said
"""

# What scripts/nfs and configure_networking of initramfs-tools do, with the same tools. dracut's own
# modules for this come and go: network-legacy is no more, systemd-network-generator of systemd 262
# ignores ip=dhcp beside BOOTIF=. ipconfig leaves /run/net-NIC.conf, and an address without an end.
_NETBOOT_MOUNT = """#!/bin/sh
# netboot-mount: the root over the network, mounted or fetched (diskless.netboot)
fail() {
    echo "netboot: $*" > /run/netboot-failed
    exit 1
}
%(link)s%(options)s%(fetch)s
newroot=$1 ip=dhcp nfsroot= squashfs= access=rw
# shellcheck disable=SC2013
for word in $(cat /proc/cmdline); do
    case "$word" in
    ip=*) ip=${word#ip=} ;;
    nfsroot=*) nfsroot=${word#nfsroot=} ;;
    netboot.squashfs=*) squashfs=${word#netboot.squashfs=} ;;
    ro | rw) access=$word ;;
    esac
done
modprobe -q af_packet
# A driver may still be loading, and udev may still rename a NIC.
udevadm settle --timeout=10
waited=0
until wait_for_link; do
    waited=$((waited + 1))
    [ "$waited" -lt 60 ] || fail "no network card with a link"
    sleep 1
done
case "$ip" in
*:*)
    # Its sixth field is the NIC.
    IFS=:
    # shellcheck disable=SC2086
    set -- $ip
    unset IFS
    nic=${6:-$nic}
    ip=$1:$2:$3:$4:$5:$nic:$7:$8:$9
    ;;
"" | on | any)
    ip=dhcp
    ;;
esac
for seconds in 2 3 4 6 9 16 25 36 64 100; do
    case "$ip" in
    *:*) /usr/lib/klibc/bin/ipconfig -t "$seconds" -d "$ip" ;;
    *) /usr/lib/klibc/bin/ipconfig -t "$seconds" -c "$ip" -d "$nic" ;;
    esac
    [ ! -e "/run/net-$nic.conf" ] || break
done
[ -e "/run/net-$nic.conf" ] || fail "$nic got no address (ip=$ip)"
if [ -n "$squashfs" ]; then
    fetch_root "$squashfs" "$newroot"
    exit 0
fi
from=${nfsroot%%%%,*}
waited=0
until mount.nfs "$from" "$newroot" -n -o "$access,nolock${nfsroot#"$from"},$netboot_nfs"; do
    waited=$((waited + 1))
    [ "$waited" -lt 30 ] || fail "cannot mount $from: it must be exported to this PC"
    sleep 2
done
"""


def netboot_mount(version: str) -> str:
    """Return the program with which an initrd by dracut mounts or fetches its root.

    :param version: NFS version, as for `boot_script`.
    """
    options = _OPTIONS % {"version": version}
    return _NETBOOT_MOUNT % {"link": _WAIT_FOR_LINK, "options": options, "fetch": _FETCH}


def dracut_hooks() -> dict[str, str]:
    """Return the hooks for dracut, by their path below lib/dracut/hooks."""
    return {
        "cmdline/95-netboot.sh": _DRACUT_CMDLINE,
        "mount/95-netboot.sh": _DRACUT_MOUNT,
        "pre-pivot/95-netboot.sh": _DRACUT_PRE_PIVOT,
    }
