# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an initrd mounts its root: by klibc's nfsmount, by mount.nfs, or from a file that it fetches.

As text, for initramfs-tools' ``scripts/`` and for dracut's hooks; root_scripts.py has what follows.
"""

from __future__ import annotations

# klibc's ipconfig switches the NIC on and asks for an address at once, before there is a link: that
# question is lost, and it asks again only ten seconds later. So the NIC is switched on before, by
# its flags (netdevice(7): UP, BROADCAST, MULTICAST), and its link awaited, for as long as a switch
# may take to agree on a speed. After udev has settled, since a NIC that is on gets no other name.
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
