# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line that runs a command in an image as on a host, on the server that keeps it.

Unlike `initramfs.chroot`, the command may change the image, and finds there what packages and
Ansible's modules expect of a host that is switched off.
"""

from __future__ import annotations

import re
import shlex

from ansible_collections.diskless.netboot.plugins.module_utils.image import namespace

# The exit status and the first words by which a refusal is told from the command's own failure.
_REFUSED = 119
_SAID = "diskless.netboot.image: "

# invoke-rc.d(8) asks this before it starts or stops anything; 101 is its "forbidden"
# (policy-rc.d, /usr/share/doc/init-system-helpers/README.policy-rc.d.gz).
_POLICY = "/usr/sbin/policy-rc.d"

# A file that is not there can have nothing mounted on it. So an empty policy-rc.d is made, and
# stays: nobody can execute it, hence invoke-rc.d passes it over on a client.
# /tmp is kept beside the image: one task finds what another left there, and the image itself, of
# which a changed time would make a release, is not touched by modules that change nothing.
# resolv.conf is in the memory of /run where the image's leads there, and a copy otherwise, so
# that nothing can write through to the server's.
_SETUP = (
    f"""
umask 022
root=$1
shift
refuse() {{
    echo "{_SAID}$1" >&2
    exit {_REFUSED}
}}
[ -d "$root/etc" ] || refuse "there is no system in $root; the playbook image.yml makes one"
scratch=${{root%/*}}/.${{root##*/}}.scratch
mkdir -p -m 1777 "$scratch"
mount --bind "$root" "$root"
cd "$root"
for name in dev etc proc run sys tmp usr usr/sbin; do
    [ -d "./$name" ] || refuse "$root/$name is no folder"
    [ ! -L "./$name" ] || [ "$(readlink "./$name")" = bin ] || refuse "$root/$name leads elsewhere"
done
[ ! -L .{_POLICY} ] || refuse "$root{_POLICY} leads elsewhere"
mount -t proc -o nosuid,nodev,noexec proc ./proc
mount --bind /sys ./sys
mount -o remount,bind,ro,nosuid,nodev,noexec ./sys
"""
    + namespace.DEVICES
    + f"""
: > ./dev/tty
mount --bind /dev/tty ./dev/tty
mkdir -m 1777 ./dev/shm
mkdir ./dev/pts
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts ./dev/pts
ln -s pts/ptmx ./dev/ptmx
mount --bind "$scratch" ./tmp
mount -t tmpfs -o mode=0755 run ./run
mkdir -m 1777 ./run/lock
mkdir ./run/netboot
printf '#!/bin/sh\\nexit 101\\n' > ./run/netboot/policy-rc.d
chmod 0755 ./run/netboot/policy-rc.d
[ -e .{_POLICY} ] || : > .{_POLICY}
mount --bind ./run/netboot/policy-rc.d .{_POLICY}
names=run/netboot/resolv.conf
if [ -L ./etc/resolv.conf ]; then
    link=$(readlink ./etc/resolv.conf)
    case "${{link#..}}" in
        */../*) ;;
        /run/?*) names=${{link#*/}} ;;
    esac
fi
mkdir -p "./${{names%/*}}"
cat /etc/resolv.conf > "./$names" || :
if [ -f ./etc/resolv.conf ] && [ ! -L ./etc/resolv.conf ]; then
    mount --bind "./$names" ./etc/resolv.conf
fi
env -i HOME=/root LANG=C.UTF-8 SYSTEMD_OFFLINE=1 \\
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \\
    ${{http_proxy:+"http_proxy=$http_proxy"}} ${{https_proxy:+"https_proxy=$https_proxy"}} \\
    ${{no_proxy:+"no_proxy=$no_proxy"}} chroot . "$@" || exit $?
"""
)

# ssh ends nothing on the server when it is cut off: only who writes can notice. This waits for
# the moment at which nobody reads the command's output any more, and ends the command.
_ENDS_WITH_READER = """
import os, select, signal, sys, threading
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, setsigdef=[signal.SIGPIPE])
def watch():
    reader = select.poll()
    reader.register(1, 0)
    reader.poll()
    os.kill(child, signal.SIGKILL)
threading.Thread(target=watch, daemon=True).start()
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
os._exit(status if status >= 0 else 128 - status)
"""


def command_line(root: str, command: str) -> str:
    """Return what a shell of the server runs so that *command*, a shell's too, runs in *root*.

    It needs root's rights, Debian's python3, util-linux and mount. The command sees *root* as
    ``/``, the server's network, name servers and proxies, no disks, and its own processes only;
    services are not started. It ends, killed, with whoever reads its standard output; nothing
    that it started outlives it, and nothing is ever mounted on the server itself.
    """
    setup = namespace.private(_SETUP, root, "/bin/sh", "-c", command)
    return shlex.join(["/usr/bin/python3", "-ISc", _ENDS_WITH_READER, *setup])


def refusal(status: int, errors: str) -> str | None:
    """Return why the server refused to run a command, or None where it ran.

    Args:
        status: exit status of `command_line`.
        errors: its standard error.
    """
    said = re.search(f"^{re.escape(_SAID)}(.*)$", errors, re.MULTILINE)
    return said[1].strip() if status == _REFUSED and said else None
