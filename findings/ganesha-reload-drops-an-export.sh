#!/usr/bin/env bash
# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# NFS-Ganesha: one reload in which an export goes and a new one gets its Export_Id leaves neither.
#
# Seen with nfs-ganesha 4.3-2 (Debian 12) on 2026-11-29. The configuration that is reloaded is valid:
# a server that starts with it serves both of its exports. On SIGHUP, which is all that Debian's unit
# does for `systemctl reload`, Ganesha takes the new export for a change of the old one, refuses it
# ("Path for export update ... doesn't match ..."), and then removes the old one. It says so only in
# its log: the reload succeeds, and the server goes on.
#
# Who is hurt: whoever writes exports by a program that numbers them (a hash of the path, the first
# free number, a counter that starts again), and so whoever renames or replaces a client. The client
# gets "No such file or directory" although its export is in the file.
#
# Needs root, mmdebstrap and unshare. Fails if the behaviour is another one.
set -euo pipefail

version=4.3-2
mirror=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; } |
    sed -n 's/^URIs: *//p; s/^deb \(\[[^]]*\] \)\?\(http[^ ]*\) .*/\2/p' | grep -m 1 '/debian/\?$')
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
root=$work/root
mmdebstrap --quiet --variant=apt \
    --include="nfs-ganesha=$version,nfs-ganesha-vfs=$version,libnfs-utils,iproute2" \
    bookworm "$root" "$mirror" >/dev/null
mkdir -p "$root/srv/old" "$root/srv/other" "$root/srv/new" "$root/run/ganesha"

export_block() {
    printf 'EXPORT { Export_Id = %s; Path = %s; Pseudo = %s; Access_Type = RO;' "$1" "$2" "$2"
    printf ' Squash = No_Root_Squash; SecType = sys; FSAL { Name = VFS; } }\n'
}
{
    echo 'NFS_CORE_PARAM { Protocols = 4; Enable_NLM = false; Enable_RQUOTA = false; }'
    echo 'NFSv4 { Grace_Period = 0; }'
    echo '%include "/etc/ganesha/exports.conf"'
} >"$root/etc/ganesha/ganesha.conf"
{
    export_block 7 /srv/old
    export_block 8 /srv/other
} >"$root/etc/ganesha/exports.conf"

# Everything below runs in a network of its own, and ends with it.
cat >"$root/try" <<'TRY'
set -eu
ip link set lo up
log=/var/log/ganesha.log
/usr/bin/ganesha.nfsd -F -L "$log" -f /etc/ganesha/ganesha.conf &
server=$!
said() { timeout 60 sh -c "until grep -q '$1' $log 2>/dev/null; do sleep 0.2; done"; }
said 'NFS SERVER INITIALIZED'
echo "before: $(nfs-ls 'nfs://127.0.0.1/srv?version=4' | awk '{print $NF}' | sort | xargs)"
mv /etc/ganesha/next.conf /etc/ganesha/exports.conf
kill -HUP "$server"
said 'Reread exports complete'
sleep 1
echo "after: $(nfs-ls 'nfs://127.0.0.1/srv?version=4' | awk '{print $NF}' | sort | xargs)"
grep -o 'Path for export update.*' "$log"
TRY
{
    export_block 8 /srv/other
    export_block 7 /srv/new
} >"$root/etc/ganesha/next.conf"

# Ganesha looks for the file system of an export among the mounts that it sees.
ln -sf ../proc/self/mounts "$root/etc/mtab"
inside='mount --bind "$0" "$0" && mount -t proc proc "$0/proc" && exec chroot "$0" sh /try'
seen=$(unshare --mount --net --pid --fork --kill-child sh -c "$inside" "$root" 2>/dev/null) || true
expected="before: old other
after: other
Path for export update 7 /srv/new doesn't match /srv/old"
echo "nfs-ganesha $version:"
echo "$seen"
[ "$seen" = "$expected" ] || {
    echo "this is not what was seen before: is it another version?" >&2
    exit 1
}
