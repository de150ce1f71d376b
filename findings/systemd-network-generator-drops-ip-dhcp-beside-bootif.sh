#!/usr/bin/env bash
# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# systemd-network-generator 262: beside BOOTIF=, ip=dhcp configures no DHCP any more, without a word.
#
# Seen with systemd 262-1 (Debian 14) on 2026-11-29; 257.13 (Debian 13) does not know BOOTIF= and
# writes DHCP=ipv4 for every NIC. A loader adds BOOTIF=01-MAC to the command line (PXELINUX by
# SYSAPPEND 2 or IPAPPEND 2) to say which NIC it used. With 262, that argument alone makes a
# 70-BOOTIF.network for this NIC, with an empty [Network], and the ip=dhcp beside it is lost: no file
# asks for DHCP, and the generator ends with status 0. It has to be written ip=BOOTIF:dhcp now.
#
# Who is hurt: PCs that boot over the network with an initrd that runs systemd-networkd (dracut 112
# has no other client by itself, mkosi), from entries that have worked for years: they wait for
# a network that nobody configures.
#
# Needs root and mmdebstrap. Fails if the behaviour is another one.
set -euo pipefail

version=262-1
mirror=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; } |
    sed -n 's/^URIs: *//p; s/^deb \(\[[^]]*\] \)\?\(http[^ ]*\) .*/\2/p' | grep -m 1 '/debian/\?$')
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
root=$work/root
# A mirror of a release in the making may be a snapshot that is past its date.
mmdebstrap --quiet --variant=essential --include="systemd=$version" \
    forky "$root" "deb [check-valid-until=no] $mirror forky main" >/dev/null

generated() {
    rm -rf "$root/run/systemd/network"
    chroot "$root" env SYSTEMD_PROC_CMDLINE="$1" /usr/lib/systemd/systemd-network-generator
    cat "$root"/run/systemd/network/*.network | grep -c '^DHCP=' || true
}

bootif=BOOTIF=01-52-54-00-00-00-01
for line in "ip=dhcp" "ip=dhcp $bootif" "ip=BOOTIF:dhcp $bootif"; do
    echo "systemd $version, '$line': $(generated "$line") of the files ask for DHCP"
done | tee "$work/said"
grep -q "'ip=dhcp': 1 " "$work/said"
grep -q "'ip=dhcp $bootif': 0 " "$work/said"
grep -q "'ip=BOOTIF:dhcp $bootif': 1 " "$work/said"
