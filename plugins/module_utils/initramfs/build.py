# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds an initrd if its inputs changed, checks it, and puts it in its place."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ansible_collections.diskless.netboot.plugins.module_utils.image import chroot, rootfs
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs import (
    backend,
    drivers,
    fingerprint,
    hardware,
    kernels,
    proof,
)
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.cpio import (
    Contents,
    read_contents,
)
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.error import InitramfsError
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs.spec import Spec

# All files in the initrd get this time, so that the bytes of the initrd depend only on its content.
_EPOCH = "1"


@dataclass
class Outcome:
    """What the module returns. The names have the same meaning as in its RETURN."""

    changed: bool
    rebuilt_because: list[str]
    kernel_version: str = ""
    kernel: str = ""
    initrd: str = ""
    build: str = ""
    size: int = 0
    backend: str = ""
    mounter: str = ""
    drivers: list[str] = field(default_factory=list)
    firmware: list[str] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class _Plan:
    """All data that is known before the build."""

    spec: Spec
    version: str
    dest: Path
    tool: backend.Backend
    asked: list[str]
    config: dict[str, tuple[str, int]]
    wanted: proof.Wanted
    inputs: dict[str, str]
    warnings: list[str]

    @property
    def commands(self) -> list[list[str]]:
        return self.tool.commands(self.spec, self.version, self.wanted.modules, chroot.WORK)


def ensure(spec: Spec, *, check: bool) -> Outcome:
    """Build the initrd if it is missing, or if its inputs in the image have changed.

    :param check: only return what would be done.
    :raises InitramfsError: it could not be built. The old initrd is not changed.
    """
    if not spec.root.is_dir():
        if check:
            return Outcome(True, ["the image root does not exist yet"])
        raise InitramfsError(f"root: {spec.root} is no folder")
    plan = _plan(spec)
    if not plan.dest.parent.is_dir():
        if check:
            return Outcome(True, [f"{plan.dest.parent} does not exist yet"])
        raise InitramfsError(f"dest: {plan.dest.parent} is no folder")
    if check:
        return _judge(plan, *_why(plan))
    with _locked(plan.dest.parent):
        _remove(_work(plan.dest))  # left by a run that was killed
        record, because = _why(plan)
        outcome = _judge(plan, record, because)
        if because:
            built = _build(plan)
            after = _judge(plan, built, because)
            after.before, outcome = outcome.before, after
        return outcome


def _plan(spec: Spec) -> _Plan:
    version = kernels.choose(spec.root, spec.kernel)
    tool = backend.choose(spec.root)
    index = drivers.KernelModules.read(spec.root, version)
    asked, faults = _drivers(spec, index)
    needed = [*drivers.NFS_MODULES, *drivers.VERSION_MODULES[spec.nfs_version]]
    if spec.squashfs:
        needed += drivers.SQUASHFS_MODULES
    faults += tool.faults(spec, version)
    faults += [
        f"kernel: {version} has no module {name}, which such a root needs"
        for name in needed
        if name not in index
    ]
    companions = index.companions(asked)
    found = _firmware(spec, version, index.closure([*asked, *companions]))
    lost = _name_lost(spec.root, [item for item in found if not item.where])
    if spec.missing_firmware == "fail":
        faults += lost
        lost = []
    if faults:
        raise InitramfsError("; ".join(faults))
    modules = index.closure([*needed, *asked, *companions])
    config = tool.files(spec, modules)
    return _Plan(
        spec,
        version,
        spec.destination(version),
        tool,
        asked,
        config,
        proof.Wanted(
            version,
            spec.compression,
            modules,
            sorted({item.name for item in found if item.where}),
            tool.client_files(spec),
        ),
        fingerprint.inputs(
            spec,
            version,
            asked=asked,
            config=config,
            packages=tool.packages,
            sources=tool.sources,
            firmware=found,
        ),
        lost,
    )


def _drivers(spec: Spec, index: drivers.KernelModules) -> tuple[list[str], list[str]]:
    """Return the modules of all requested drivers, and a fault for each that does not exist."""
    cards = hardware.Hardware.read(spec.root, index)
    found, faults = cards.named(spec.drivers)
    if spec.machine:
        seen, lacking = cards.of_machine(spec.machine)
        found, faults = [*found, *seen], [*faults, *lacking]
    return list(dict.fromkeys(found)), faults


def _firmware(spec: Spec, version: str, names: tuple[str, ...]) -> list[drivers.Firmware]:
    if not names:
        return []
    done = chroot.run(spec.root, ["modinfo", "-k", version, *names])
    if done.returncode:
        raise InitramfsError(f"modinfo failed in {spec.root}: {done.stderr.strip()}")
    return drivers.find_firmware(spec.root, version, drivers.parse_modinfo(done.stdout))


def _name_lost(root: Path, lost: list[drivers.Firmware]) -> list[str]:
    """Return one line for each driver, since one driver may name twenty files of one package."""
    distribution = rootfs.distribution(root)
    installed = rootfs.packages(root).keys() if lost else set()
    found = []
    for driver in dict.fromkeys(item.driver for item in lost):
        names = [item.name for item in lost if item.driver == driver]
        packages = {drivers.firmware_package(name, distribution) for name in names} - {None}
        hint = f" (in the package {'; '.join(sorted(map(str, packages)))})" if packages else ""
        if packages <= installed:
            hint = " (its installed package does not have it either)" if packages else ""
        found.append(f"firmware: {driver} names what the image lacks{hint}: {', '.join(names)}")
    return found


def _why(plan: _Plan) -> tuple[fingerprint.Record | None, list[str]]:
    """Return the record of the last build, and the reasons to build again."""
    dest = plan.dest
    if not dest.is_file():
        return None, [f"{dest} does not exist"]
    record = fingerprint.Record.load(fingerprint.sidecar(dest))
    if record is None:
        return None, [f"{fingerprint.sidecar(dest)}, which lists its inputs, is missing"]
    if record.sha256 != rootfs.file_digest(dest):
        return record, [f"{dest} is not what was built"]
    now = fingerprint.file_facts(plan.spec.root, record.files)
    because = fingerprint.reasons(record.inputs, plan.inputs)
    return record, because + [f"/{line}" for line in fingerprint.reasons(record.files, now)]


def _judge(plan: _Plan, record: fingerprint.Record | None, because: list[str]) -> Outcome:
    """Return the outcome for the files that are on the disk now."""
    outcome = Outcome(
        bool(because),
        because,
        kernel_version=plan.version,
        kernel=str(kernels.vmlinuz(plan.spec.root, plan.version)),
        initrd=str(plan.dest),
        backend=plan.tool.name,
        mounter=plan.tool.mounter(plan.spec),
        drivers=plan.asked,
        firmware=record.firmware if record else [],
        modules=record.modules if record else [],
        commands=[chroot.shown(plan.spec.root, argv) for argv in plan.commands] if because else [],
        warnings=plan.warnings,
        before=_text(record.inputs) if record else "",
        after=_text(plan.inputs),
    )
    if plan.dest.is_file():
        outcome.size = plan.dest.stat().st_size
        outcome.build = _build_id(plan, Path(outcome.kernel))
    return outcome


def _text(inputs: dict[str, str]) -> str:
    return "".join(f"{name}: {value}\n" for name, value in sorted(inputs.items()))


def _build_id(plan: _Plan, kernel: Path) -> str:
    digest = hashlib.sha256()
    for path in (kernel, plan.dest):
        digest.update(path.read_bytes())
    return f"{plan.version}-{digest.hexdigest()[:12]}"


def _build(plan: _Plan) -> fingerprint.Record:
    spec, dest = plan.spec, plan.dest
    with _work_folder(dest) as work:
        for name, (text, mode) in plan.config.items():
            path = work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            path.chmod(mode)
        for name in ("conf/conf.d", "tmp"):
            (work / name).mkdir()
        built = work / "initrd"
        for argv in plan.commands:
            _run(spec.root, argv, work)
        if not built.is_file():
            raise InitramfsError(f"{chroot.shown(spec.root, plan.commands[-1])} made no initrd")
        contents = _prove(plan, built)
        names = fingerprint.files_inside(spec.root, plan.version, contents)
        record = fingerprint.Record(
            kernel_version=plan.version,
            sha256=rootfs.file_digest(built),
            inputs=plan.inputs,
            files=fingerprint.file_facts(spec.root, names),
            modules=sorted(proof.modules_in(contents, plan.version)),
            firmware=sorted(proof.firmware_in(contents, plan.version)),
        )
        notes = work / "record"
        notes.write_text(record.dump(), "utf-8")
        # The record is written last. If the run is killed in between, the digest in the old record
        # does not match, and the next run builds again.
        _put(built, dest)
        _put(notes, fingerprint.sidecar(dest))
    return record


def _run(root: Path, argv: list[str], work: Path) -> None:
    environment = {"SOURCE_DATE_EPOCH": _EPOCH, "TMPDIR": f"{chroot.WORK}/tmp"}
    done = chroot.run(root, argv, work=work, environment=environment)
    if done.returncode:
        tail = "\n".join((done.stderr or done.stdout).strip().splitlines()[-20:])
        raise InitramfsError(f"{chroot.shown(root, argv)} failed ({done.returncode}): {tail}")


def _prove(plan: _Plan, built: Path) -> Contents:
    def decompress(kind: str, raw: IO[bytes]) -> chroot.Stream:
        return chroot.stream(plan.spec.root, [kind, "-dc"], raw)

    contents = read_contents(built, decompress)
    faults = proof.missing(contents, plan.wanted)
    if faults:
        raise InitramfsError(
            f"the initrd that {plan.tool.name} made lacks: {', '.join(faults)};"
            f" {plan.dest} was left as it was"
        )
    return contents


def _put(source: Path, dest: Path) -> None:
    source.chmod(0o644)
    with source.open("rb") as stream:
        os.fsync(stream.fileno())
    source.replace(dest)
    folder = os.open(dest.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a lock on the folder, so that two runs wait for each other.

    The lock ends with the process that holds it.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _work(dest: Path) -> Path:
    return dest.with_name(f".{dest.name}.building")


@contextmanager
def _work_folder(dest: Path) -> Iterator[Path]:
    """Make a folder on the same file system as DEST, so that the result can be renamed to DEST."""
    work = _work(dest)
    work.mkdir(0o700)
    try:
        yield work
    finally:
        _remove(work)


def _remove(work: Path) -> None:
    if work.is_symlink():
        work.unlink()
    elif work.exists():
        shutil.rmtree(work)
