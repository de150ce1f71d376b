#!/usr/bin/env bash
# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# dracut 112 of Debian 14: without util-linux-extra, its initrd cannot go on to the system, and dracut
# ends with status 0.
#
# Seen with dracut-core 112-7, util-linux 2.42.4-1 on 2026-11-29. util-linux 2.42 of Debian has moved
# switch_root into util-linux-extra, on which dracut-core does not depend. An initrd without systemd
# (dracut's own init) needs that program as its last step. dracut says that it failed to install it,
# makes the initrd all the same, and ends with 0. A PC then mounts its root and stops: "Switching root",
# "exec: : Permission denied", "Boot has failed".
#
# Who is hurt: whoever builds such an initrd in a small system (containers, images made without
# recommended packages, network boot), upgrades to Debian 14, and trusts the status.
#
# Needs root and mmdebstrap. Fails if the behaviour is another one.
set -euo pipefail

dracut=112-7 util=2.42.4-1
mirror=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; } |
    sed -n 's/^URIs: *//p; s/^deb \(\[[^]]*\] \)\?\(http[^ ]*\) .*/\2/p' | grep -m 1 '/debian/\?$')
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
root=$work/root
# A mirror of a release in the making may be a snapshot that is past its date.
mmdebstrap --quiet --variant=apt --aptopt='APT::Install-Recommends false' \
    --include="dracut-core=$dracut,util-linux=$util,util-linux-extra=$util,cpio,zstd,dash,udev,kmod,mount" \
    forky "$root" "deb [check-valid-until=no] $mirror forky main" >/dev/null

made() {
    local status=0
    chroot "$root" env LC_ALL=C dracut --force --no-kernel --no-hostonly --no-hostonly-cmdline \
        --modules "dash base udev-rules" --kver none /initrd >"$work/log" 2>&1 || status=$?
    echo "$1: status $status," \
        "$(chroot "$root" lsinitrd /initrd 2>/dev/null | grep -c 'bin/switch_root$' || true) switch_root"
}

{
    made "with util-linux-extra"
    chroot "$root" dpkg --purge util-linux-extra >/dev/null
    rm "$root/initrd"
    made "without it"
    grep -o 'Failed to install switch_root' "$work/log" | head -n 1
} | tee "$work/said"
diff - "$work/said" <<'EXPECTED'
with util-linux-extra: status 0, 1 switch_root
without it: status 0, 0 switch_root
Failed to install switch_root
EXPECTED
