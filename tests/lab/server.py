# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot servers: a systemd container for speed, a VM with the kernel's NFS for truth."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from ansible_collections.diskless.netboot.plugins.module_utils.pc import accelerator
from ansible_collections.diskless.netboot.plugins.module_utils.pc.qemu import (
    Hardware,
    nic_arguments,
)
from ansible_collections.diskless.netboot.tests.lab import cgroup, images, network
from ansible_collections.diskless.netboot.tests.lab.places import PROJECT, Lab, cache
from ansible_collections.diskless.netboot.tests.lab.podman import podman
from ansible_collections.diskless.netboot.tests.lab.podman import succeeds as podman_succeeds
from ansible_collections.diskless.netboot.tests.lab.shell import LabError, run, succeeds

# What a boot server does beyond an ordinary container: mounts for chroots (SYS_ADMIN),
# device nodes in images (MKNOD), file handles for NFS (DAC_READ_SEARCH), raw DHCP sockets.
_CAPABILITIES = "SYS_ADMIN,NET_ADMIN,NET_RAW,DAC_READ_SEARCH,MKNOD,SYS_NICE,SYS_PTRACE"
_VM_MEMORY = 3072


def qemu_accelerator() -> str:
    """Return the accelerator that was proven on this machine."""
    return accelerator.choose(cache() / "accelerator")


def up(lab: Lab, kind: str, suite: str, store: Path | None = None) -> None:
    """Start the lab's network and its boot server, and wait until Ansible can use it.

    Args:
        lab: which one.
        kind: ``container`` or ``vm``; a further boot server is a container.
        suite: Debian's code name.
        store: a folder whose contents a VM begins with under /srv.
    """
    lab.run.mkdir(parents=True, exist_ok=True)
    lab.owner.write_text(str(PROJECT))
    network.create(lab)
    if kind == "container":
        _container_up(lab, suite)
    else:
        _vm_up(lab, suite, store)
    # As on any server in use; without package lists even a dry run can promise nothing.
    execute(lab, "apt-get", "update", "-qq")


def down(lab: Lab) -> None:
    """End the boot server, and remove all that the lab made, but not what is cached."""
    _remove_container(lab)
    pidfile = lab.run / "vm.pid"
    if pidfile.exists():
        _end(int(pidfile.read_text()), lab)
    network.remove(lab)
    shutil.rmtree(lab.run, ignore_errors=True)
    shutil.rmtree(lab.disk, ignore_errors=True)


def is_up(lab: Lab) -> bool:
    """Tell whether the lab has a boot server that runs."""
    state = ["inspect", "--format", "{{.State.Running}}", lab.container]
    if podman_succeeds(["container", "exists", lab.container]):
        return podman(state).strip() == "true"
    pidfile = lab.run / "vm.pid"
    return pidfile.exists() and _runs(int(pidfile.read_text()), lab)


def check_up(lab: Lab) -> None:
    """Raise LabError unless the lab has a boot server that runs."""
    if not is_up(lab):
        raise LabError(_not_running(lab))


def _not_running(lab: Lab) -> str:
    return (
        f"no lab '{lab.name}' is running. Start it with 'tests/lab/lab --name {lab.name} up';"
        " 'tests/lab/lab status' shows which are running."
    )


def inventory(lab: Lab, host: str | None = None) -> str:
    """Return an inventory file (JSON is YAML) that tells Ansible how to reach ``host``.

    Without ``host`` it has the name that it calls itself, ``boot1`` for the first one.
    """
    public = images.ssh_key().with_suffix(".pub").read_text().strip()
    variables = {
        "ansible_connection": "ssh",
        "ansible_host": "127.0.0.1",
        "ansible_port": _port(lab),
        "ansible_user": "root",
        "ansible_pipelining": True,
        # Where hosts have different releases, ansible-core 2.21 mixes up what it discovers.
        "ansible_python_interpreter": "/usr/bin/python3",
        "ansible_ssh_args": " ".join(
            [*images.ssh_options(), "-o", "ControlMaster=auto", "-o", "ControlPersist=60s"]
        ),
    }
    images_too = {
        "nfsroot_image_authorized_keys": [public],
        "nfsroot_image_base_cache": "/var/cache/netboot",
    }
    reach = {"all": {"hosts": {host or lab.host: variables}, "vars": images_too}}
    return json.dumps(reach, indent=2) + "\n"


def execute(lab: Lab, *command: str, timeout: float = 600) -> str:
    """Run ``command`` on the boot server as root and return its standard output."""
    return run([*_ssh(lab), shlex.join(command)], timeout=timeout)


def _port(lab: Lab) -> int:
    try:
        return int((lab.run / "ssh.port").read_text())
    except FileNotFoundError as error:
        raise LabError(_not_running(lab)) from error


def _ssh(lab: Lab) -> list[str]:
    return ["ssh", *images.ssh_options(), "-p", str(_port(lab)), "root@127.0.0.1"]


def _answers(lab: Lab) -> bool:
    """Tell whether the boot server's ssh and all that starts at boot are there."""
    return succeeds([*_ssh(lab), "systemctl is-system-running --wait"])


def _container_up(lab: Lab, suite: str) -> None:
    if is_up(lab):
        return
    volume = lab.disk / "srv"
    volume.mkdir(parents=True, exist_ok=True)
    _remove_container(lab)
    image = images.container_image(suite)
    port = _free_port()
    (lab.run / "ssh.port").write_text(f"{port}\n")
    # fmt: off
    command = [
        "run", "--detach", "--name", lab.container, "--hostname", lab.host,
        *cgroup.arguments(), f"--cap-add={_CAPABILITIES}",
        "--security-opt", "seccomp=unconfined",
        "--network", "slirp4netns:port_handler=slirp4netns", "--publish", f"127.0.0.1:{port}:22",
        "--volume", f"{volume}:/srv", "--volume", f"{images.bases()}:/var/cache/netboot", image,
    ]
    # fmt: on
    podman(command)
    pid = int(podman(["inspect", "--format", "{{.State.Pid}}", lab.container]))
    network.plug_container(lab, pid)
    keys = "mkdir -m 700 -p /root/.ssh && cat >/root/.ssh/authorized_keys"
    public = images.ssh_key().with_suffix(".pub").read_text()
    podman(["exec", "--interactive", lab.container, "sh", "-c", keys], stdin=public)
    _wait("the container's ssh", 60, lambda: _answers(lab))


def _remove_container(lab: Lab) -> None:
    if not podman_succeeds(["container", "exists", lab.container]):
        return
    container = podman(["inspect", "--format", "{{.Id}}", lab.container]).strip()
    podman(["rm", "--force", "--time", "3", lab.container])
    cgroup.remove(container)


def _vm_up(lab: Lab, suite: str, store: Path | None) -> None:
    if is_up(lab):
        return
    disk = images.vm_disk(suite)
    lab.disk.mkdir(parents=True, exist_ok=True)
    overlay = lab.disk / "system.qcow2"
    backing = ["-b", str(disk.image), "-F", "raw"]
    run(["qemu-img", "create", "-q", "-f", "qcow2", *backing, str(overlay)])
    drives = ["-drive", f"file={overlay},if=virtio,cache=unsafe"]
    if store:
        data = lab.disk / "srv.raw"
        run(["truncate", "--size", "12G", str(data)])
        run(["mke2fs", "-q", "-t", "ext4", "-L", "srv", "-d", str(store), str(data)])
        drives += ["-drive", f"file={data},if=virtio,format=raw,cache=unsafe"]
    port = _free_port()
    tap = network.open_tap(lab, "server")
    # fmt: off
    command = [
        *Hardware(memory=_VM_MEMORY, cpus=2, accelerator=qemu_accelerator()).arguments(), *drives,
        "-kernel", str(disk.kernel), "-initrd", str(disk.initrd),
        "-append", "root=/dev/vda rw console=ttyS0 quiet panic=5",
        *nic_arguments("lan", tap, images.VM_SERVER_MAC, "virtio-net-pci", boot=False),
        "-netdev", f"user,id=outside,hostfwd=tcp:127.0.0.1:{port}-:22",
        "-device", "virtio-net-pci,netdev=outside,romfile=",
        "-serial", f"file:{lab.run / 'vm-console.log'}",
    ]
    # fmt: on
    with (lab.run / "vm.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[tap],
            start_new_session=True,
        )
    os.close(tap)
    (lab.run / "vm.pid").write_text(f"{process.pid}\n")
    (lab.run / "ssh.port").write_text(f"{port}\n")

    def answers() -> bool:
        if process.poll() is not None:
            raise LabError(f"the VM ended: see {lab.run / 'vm.log'}")
        return _answers(lab)

    _wait("the VM's ssh", 300, answers)
    if store:
        execute(lab, "sh", "-c", "echo LABEL=srv /srv ext4 defaults 0 2 >>/etc/fstab; mount /srv")


def _wait(what: str, seconds: float, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise LabError(f"no answer from {what} within {seconds:.0f} s")
        time.sleep(0.3)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _runs(pid: int, lab: Lab) -> bool:
    """Tell whether ``pid`` is still this lab's VM, and no later process of that number."""
    try:
        return str(lab.disk).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


def _end(pid: int, lab: Lab) -> None:
    if not _runs(pid, lab):
        return
    os.kill(pid, signal.SIGKILL)
    _wait("the VM to end", 10, lambda: not _runs(pid, lab))
