# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line with which the boot server runs a command in an image as on a host.

Unlike in `image.chroot`, the command can change the image. It finds what packages and Ansible's
modules expect, but no running services.
"""

from __future__ import annotations

import re
import shlex

from ansible_collections.diskless.netboot.plugins.module_utils.image import namespace

# The exit status and the first words of the error if the command was not run at all. They differ
# from those of a command that fails.
_REFUSED = 119
_SAID = "diskless.netboot.image: "

# invoke-rc.d(8) asks this before it starts or stops anything; 101 is its "forbidden"
# (policy-rc.d, /usr/share/doc/init-system-helpers/README.policy-rc.d.gz).
_POLICY = "/usr/sbin/policy-rc.d"

# policy-rc.d: a file can be mounted only over an existing file. So an empty one is made, and it is
# not removed. It is not executable, so invoke-rc.d ignores it on a client.
#
# /tmp is a folder beside the image. So a task finds what an earlier task left there. A module that
# changes nothing does not change the time of a folder in the image either, which would be a reason
# for a new release.
#
# resolv.conf: if the image has a link to /run, the file is made there. Otherwise, a copy is mounted
# over the image's file. In both cases, a command cannot change the file of the server.
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

# If an ssh connection is lost, the command on the server does not end until it writes something. So
# this program waits until nobody reads the output any more, and then kills the command.
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
    """Return the command line for a shell on the server that runs *command* in *root*.

    The command sees *root* as ``/``. It has the server's network, name servers and proxies, no
    disks, and sees only its own processes. Services are not started. The command is killed when
    nobody reads its standard output any more. Everything that it started ends with it. Nothing is
    mounted on the server itself.

    Args:
        root: absolute path of the image's root on the server. The server needs the rights of root,
            and Debian's packages python3, util-linux and mount.
        command: a command for /bin/sh in the image.
    """
    setup = namespace.private(_SETUP, root, "/bin/sh", "-c", command)
    return shlex.join(["/usr/bin/python3", "-ISc", _ENDS_WITH_READER, *setup])


def refusal(status: int, errors: str) -> str | None:
    """Return why the server did not run a command, or None if it ran.

    Args:
        status: exit status of `command_line`.
        errors: standard error of `command_line`.
    """
    said = re.search(f"^{re.escape(_SAID)}(.*)$", errors, re.MULTILINE)
    return said[1].strip() if status == _REFUSED and said else None
