# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it, on an image root in which programs really run.

The image's mkinitramfs hands out an archive that the test packed. Boot tests build real ones.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.diskless.netboot.plugins.modules import initramfs_netboot

from ..module_utils.image import tinyroot
from ..module_utils.initramfs import newc

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")

VERSION = tinyroot.VERSION
MODULES = {
    "kernel/fs/nfs/nfs.ko": "",
    "kernel/fs/nfs/nfsv3.ko": "kernel/fs/nfs/nfs.ko",
    "kernel/net/packet/af_packet.ko": "",
    "kernel/drivers/net/ethernet/realtek/r8169.ko": "",
    "kernel/drivers/net/ethernet/intel/e1000.ko": "",
}
FILES = (
    *("bin/nfsmount", "bin/ipconfig", "scripts/nfs"),
    *("scripts/nfs-premount/netboot-link", "scripts/init-bottom/netboot-root"),
)


class Image:
    """A small image root, its initrd, and the module run on it."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = tinyroot.make(root, "gzip", "mkdir")
        self._capsys = capsys
        self.dest = root / "boot" / f"initrd-netboot-{VERSION}.img"
        (root / f"boot/vmlinuz-{VERSION}").write_bytes(b"MZ kernel")
        (root / f"boot/config-{VERSION}").write_text("CONFIG_RD_GZIP=y\nCONFIG_RD_XZ=y\n")
        self.modules = root / "usr/lib/modules" / VERSION
        for name in MODULES:
            (self.modules / name).parent.mkdir(parents=True, exist_ok=True)
            (self.modules / name).write_bytes(b"ko")
        if not (root / "lib").exists():
            (root / "lib").symlink_to("usr/lib")
        elif not (root / "lib").is_symlink():
            (root / "lib/modules").symlink_to("/usr/lib/modules")
            (root / "lib/firmware").symlink_to("/usr/lib/firmware")
        lines = [f"{name}: {needs}\n" for name, needs in MODULES.items()]
        (self.modules / "modules.dep").write_text("".join(lines))
        (self.modules / "modules.builtin").write_text("kernel/fs/overlayfs/overlay.ko\n")
        (self.modules / "updates/dkms").mkdir(parents=True)
        (self.modules / "updates/dkms/own.ko").write_bytes(b"")
        (root / "etc/os-release").write_text("ID=debian\n")
        (root / "usr/share/initramfs-tools").mkdir(parents=True)
        (root / "var/lib/dpkg").mkdir(parents=True)
        self.package("kmod", "30")
        tinyroot.script(
            root,
            "usr/sbin/mkinitramfs",
            '[ "$1 $3" = "-d -o" ] && [ -x "$2/hooks/netboot-modules" ] || exit 2\n'
            '[ "$SOURCE_DATE_EPOCH" = 1 ] || exit 3\n'
            'cat /initrd > "$4"\ncat /complaint >&2 && exit 1\nexit 0\n',
        )
        (root / "firmware-of").mkdir()
        tinyroot.script(
            root,
            "usr/bin/modinfo",
            'shift 2\nfor name; do echo "filename: /$name.ko"\n'
            '[ ! -f "/firmware-of/$name" ] || cat "/firmware-of/$name"; done\n',
        )
        self.pack()

    def pack(self, *without: str, more: tuple[str, ...] = ()) -> None:
        """What mkinitramfs will make: everything, but files whose name has one of WITHOUT."""
        names = [*(f"lib/modules/{VERSION}/{name}" for name in MODULES), *FILES, *more]
        files = [(n, newc.FILE, n.encode()) for n in names if not any(w in n for w in without)]
        (self.root / "initrd").write_bytes(gzip.compress(newc.archive(files), mtime=0))

    def with_dracut(self) -> None:
        """Replace mkinitramfs by a dracut, which takes options as dracut(8) lists them."""
        (self.root / "usr/sbin/mkinitramfs").unlink()
        for name in ("dracut", "klibc/bin"):
            (self.root / "usr/lib" / name).mkdir(parents=True)
        (self.root / "usr/lib/klibc-x.so").write_text("")
        names = "usr/sbin/mount.nfs usr/sbin/switch_root usr/sbin/depmod usr/lib/klibc/bin/ipconfig"
        for name in names.split():
            tinyroot.script(self.root, name, "")
        tinyroot.script(self.root, "usr/bin/cp", 'for to; do :; done; [ -d "$to" ]\n')
        tinyroot.script(
            self.root,
            "usr/lib/dracut/dracut-install",
            f'[ "$1 $3 $7" = "-D --kerneldir -m" ] && mkdir -p "$2/usr/lib/modules/{VERSION}"\n',
        )
        tinyroot.script(
            self.root,
            "usr/bin/dracut",
            '[ "$SOURCE_DATE_EPOCH" = 1 ] || exit 3\n'
            'case " $* " in *" --reproducible "*) ;; *) exit 4 ;; esac\n'
            'for to; do :; done; cat /initrd > "$to"\n',
        )
        names = "mount.nfs switch_root netboot-mount netboot-root"
        hooks = (f"{name}/95-netboot.sh" for name in ("cmdline", "mount", "pre-pivot"))
        self.pack(
            more=(
                "etc/netconfig",
                "usr/lib/klibc-x.so",
                "usr/lib/klibc/bin/ipconfig",
                *(f"usr/sbin/{name}" for name in names.split()),
                *(f"usr/lib/dracut/hooks/{name}" for name in hooks),
            )
        )

    def package(self, name: str, version: str) -> None:
        (self.root / "var/lib/dpkg/status").write_text(
            f"Package: {name}\nStatus: install ok installed\nVersion: {version}\n"
        )

    def run(self, check: bool = False, **options: Any) -> Any:
        arguments = {"root": str(self.root), "compression": "gzip", **options}
        arguments.update(_ansible_check_mode=check, _ansible_diff=True)
        with patch_module_args(arguments), pytest.raises(SystemExit):
            initramfs_netboot.main()
        return json.loads(self._capsys.readouterr().out)

    def snapshot(self) -> Mapping[str, bytes]:
        return {
            str(path): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and not path.is_symlink()
        }


@pytest.fixture
def image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Image:
    return Image(tmp_path / "root", capsys)


def test_the_initrd_is_built_once_and_then_left_alone(image: Image) -> None:
    first = image.run(drivers=["e1000"])
    assert first["changed"], first
    assert image.dest.read_bytes() == (image.root / "initrd").read_bytes()
    assert first["initrd"] == str(image.dest)
    assert first["size"] == image.dest.stat().st_size
    assert first["modules"] == sorted(Path(name).stem for name in MODULES)
    assert (first["backend"], first["mounter"]) == ("initramfs-tools", "nfsmount")
    assert first["rebuilt_because"] == [f"{image.dest} does not exist"]
    assert first["build"].startswith(f"{VERSION}-") and len(first["build"]) == len(VERSION) + 13
    before = image.snapshot()
    second = image.run(drivers=["e1000"])
    assert not second["changed"] and second["rebuilt_because"] == [] and second["commands"] == []
    assert second["build"] == first["build"]
    assert image.snapshot() == before


def test_check_mode_says_what_would_be_done_and_does_nothing(image: Image) -> None:
    before = image.snapshot()
    said = image.run(check=True, drivers=["e1000"])
    assert said["changed"] and "mkinitramfs" in said["commands"][0]
    assert image.snapshot() == before
    image.run(drivers=["e1000"])
    assert not image.run(check=True, drivers=["e1000"])["changed"]


def test_an_image_that_does_not_exist_yet_is_a_change_in_check_mode_only(image: Image) -> None:
    missing = str(image.root / "none")
    said = image.run(check=True, root=missing)
    assert said["changed"] and said["rebuilt_because"] == ["the image root does not exist yet"]
    assert image.run(root=missing)["failed"]


CHANGES: dict[str, Callable[[Image], object]] = {
    "/boot/vmlinuz-": lambda i: (i.root / f"boot/vmlinuz-{VERSION}").write_bytes(b"MZ other"),
    "/lib/modules/": lambda i: (i.modules / "kernel/fs/nfs/nfs.ko").write_bytes(b"other"),
    "/updates changed": lambda i: (i.modules / "updates/dkms/own.ko").write_bytes(b"other"),
    "/extra was added": lambda i: (i.modules / "extra").mkdir(),
    "/usr/share/initramfs-tools changed": lambda i: (
        i.root / "usr/share/initramfs-tools/hook"
    ).write_text("x"),
    "/etc/modprobe.d was added": lambda i: (i.root / "etc/modprobe.d").mkdir(),
    "package kmod changed from 30 to 31": lambda i: i.package("kmod", "31"),
    "/usr/bin/cat changed": lambda i: os.utime(i.root / "usr/bin/cat", (1, 1)),
    "is not what was built": lambda i: i.dest.write_bytes(b"damaged"),
    "does not exist": lambda i: i.dest.unlink(),
    "is missing": lambda i: i.dest.with_name(i.dest.name + ".json").unlink(),
}


@pytest.mark.parametrize("reason", CHANGES)
def test_each_input_that_changes_is_named_and_built_in(image: Image, reason: str) -> None:
    image.pack(more=("usr/bin/cat",))
    image.run()
    CHANGES[reason](image)
    said = image.run(check=True)
    assert said["changed"] and len(said["rebuilt_because"]) == 1, said["rebuilt_because"]
    assert reason in said["rebuilt_because"][0]
    assert image.run()["rebuilt_because"] == said["rebuilt_because"]
    assert not image.run()["changed"]


def test_a_package_that_has_nothing_to_do_with_it_changes_nothing(image: Image) -> None:
    image.package("gimp", "1")
    image.run()
    image.package("gimp", "2")
    (image.root / "etc/fstab").write_text("# changed\n")
    (image.root / "etc/initramfs-tools").mkdir()
    assert not image.run()["changed"]


def test_a_changed_option_shows_in_the_diff(image: Image) -> None:
    image.run()
    said = image.run(drivers=["e1000"])
    assert "option drivers was added" not in said["rebuilt_because"]
    assert any("option drivers" in line for line in said["rebuilt_because"])
    assert "option drivers: \n" in said["diff"]["before"]
    assert "option drivers: e1000\n" in said["diff"]["after"]


@pytest.mark.parametrize("lost", ["nfsv3.ko", "bin/nfsmount", "e1000.ko", "bin/ipconfig"])
def test_an_initrd_that_lacks_something_never_replaces_the_old_one(image: Image, lost: str) -> None:
    image.run(drivers=["e1000"])
    before = image.snapshot()
    (image.root / f"boot/vmlinuz-{VERSION}").write_bytes(b"MZ newer")
    image.pack(lost)
    said = image.run(drivers=["e1000"])
    assert said["failed"] and lost.partition(".")[0].rpartition("/")[2] in said["msg"]
    after = image.snapshot()
    assert {n: b for n, b in after.items() if "initrd-netboot" in n} == {
        n: b for n, b in before.items() if "initrd-netboot" in n
    }
    assert not list(image.dest.parent.glob(".*"))


def test_a_failing_mkinitramfs_is_quoted_and_the_old_initrd_stays(image: Image) -> None:
    image.run()
    old = image.dest.read_bytes()
    (image.root / f"boot/vmlinuz-{VERSION}").write_bytes(b"MZ newer")
    (image.root / "complaint").write_text("E: hook failed\n")
    said = image.run()
    assert said["failed"] and "E: hook failed" in said["msg"] and "chroot" in said["msg"]
    assert image.dest.read_bytes() == old
    assert not list(image.dest.parent.glob(".*"))


def test_what_a_killed_run_left_is_removed_even_with_nothing_to_build(image: Image) -> None:
    image.run()
    left = image.dest.with_name(f".{image.dest.name}.building")
    (left / "conf").mkdir(parents=True)
    assert not image.run()["changed"]
    assert not left.exists()


FIRMWARE = "firmware: rtl_nic/rtl8168h-2.fw\nfirmware: rtl_nic/rtl8105e-1.fw\n"


def test_firmware_that_the_image_lacks_is_named_with_its_package(image: Image) -> None:
    (image.root / "firmware-of/r8169").write_text(FIRMWARE)
    said = image.run(drivers=["r8169"])
    assert said["failed"] and not image.dest.exists()
    assert (
        "r8169 names what the image lacks (in the package firmware-realtek):"
        " rtl_nic/rtl8105e-1.fw, rtl_nic/rtl8168h-2.fw"
    ) in said["msg"]
    warned = image.run(drivers=["r8169"], missing_firmware="warn")
    assert warned["changed"] and warned["firmware"] == []
    assert "rtl_nic/rtl8105e-1.fw" in str(warned["warnings"])


def test_firmware_that_the_image_has_must_be_inside(image: Image) -> None:
    (image.root / "firmware-of/r8169").write_text(FIRMWARE)
    folder = image.root / "usr/lib/firmware/rtl_nic"
    folder.mkdir(parents=True)
    names = ["rtl_nic/rtl8105e-1.fw", "rtl_nic/rtl8168h-2.fw"]
    for name in names:
        (folder.parent / name).write_bytes(b"fw")
    image.pack(more=(f"usr/lib/firmware/{names[0]}",))
    said = image.run(drivers=["r8169"])
    assert said["failed"] and f"firmware {names[1]}" in said["msg"] and names[0] not in said["msg"]
    image.pack(more=tuple(f"usr/lib/firmware/{name}" for name in names))
    assert image.run(drivers=["r8169"])["firmware"] == names


def test_all_faults_of_options_come_at_once(image: Image) -> None:
    said = image.run(
        root="image", dest="x", kernel="../6.1", drivers=["e 1000", "$(x)"], compression_level=30
    )
    for fault in ("root: ", "dest: ", "kernel: ", "'e 1000'", "'$(x)'", "not within 1 to 9"):
        assert fault in said["msg"]
    nothings: tuple[object, ...] = (None, [], "", "\n")
    for nothing in nothings:
        assert "name the NIC drivers" in image.run(modules="list", machine=nothing)["msg"]


def test_all_faults_of_the_image_come_at_once(image: Image) -> None:
    (image.root / "firmware-of/r8169").write_text(FIRMWARE)
    (image.modules / "modules.dep").write_text("kernel/r8169.ko:\nkernel/nfs.ko:\n")
    said = image.run(drivers=["r8619", "bogus_nic", "r8169"], compression="lz4")
    for fault in (
        "'r8619'; did you mean r8169",
        "'bogus_nic'",
        "install lz4",
        "cannot unpack lz4",
        "no module nfsv3",
        "no module af_packet",
        "firmware-realtek",
    ):
        assert fault in said["msg"]
    assert not image.dest.exists()


def test_an_image_without_initramfs_tools_is_told_so(image: Image) -> None:
    (image.root / "usr/sbin/mkinitramfs").unlink()
    assert "install initramfs-tools, or dracut" in image.run()["msg"]


@pytest.mark.parametrize("modules", ["list", "netboot", "most"])
def test_an_image_with_dracut_is_built_by_dracut(image: Image, modules: str) -> None:
    image.with_dracut()
    first = image.run(modules=modules, drivers=["e1000"])
    assert first["changed"], first
    assert (first["backend"], first["mounter"]) == ("dracut", "mount.nfs")
    assert image.dest.read_bytes() == (image.root / "initrd").read_bytes()
    assert any("dracut-install" in line for line in first["commands"]) == (modules == "list")
    assert not image.run(modules=modules, drivers=["e1000"])["changed"]


def test_what_dracut_would_leave_out_is_named_with_its_package(image: Image) -> None:
    image.with_dracut()
    for name in ("usr/sbin/mount.nfs", "usr/lib/klibc/bin/ipconfig"):
        (image.root / name).unlink()
    said = image.run()["msg"]
    assert "no mount.nfs, ipconfig, without which" in said
    assert "install klibc-utils, nfs-common in it" in said
    assert not image.dest.exists()


def test_an_initrd_by_dracut_without_its_hooks_is_refused(image: Image) -> None:
    image.with_dracut()
    image.pack()
    said = image.run()["msg"]
    for name in ("mount.nfs", "pre-pivot/95-netboot.sh", "netboot-root"):
        assert name in said
    assert "that dracut made lacks" in said


def test_nfs_4_2_needs_mount_nfs_in_the_image_and_in_the_initrd(image: Image) -> None:
    (image.modules / "modules.builtin").write_text("fs/overlay.ko\nfs/nfsv4.ko\n")
    assert "install nfs-common" in image.run(nfs_version="4.2")["msg"]
    tinyroot.script(image.root, "usr/sbin/mount.nfs", "")
    assert "lacks: mount.nfs, scripts/netboot" in image.run(nfs_version="4.2")["msg"]
    image.pack(more=("sbin/mount.nfs", "scripts/netboot"))
    built = image.run(nfs_version="4.2")
    assert built["changed"] and built["mounter"] == "mount.nfs"
    assert "option nfs_version changed from 4.2 to 3" in image.run(check=True)["rebuilt_because"]


def test_drivers_may_go_by_pci_id_or_by_what_a_machine_says(image: Image) -> None:
    (image.modules / "modules.alias").write_text(
        "alias pci:v000010ECd00008168sv*sd*bc*sc*i* r8169\n"
        "alias pci:v00008086d0000100Esv*sd*bc*sc*i* e1000\n"
    )
    machine = ["00:19.0 0200: 8086:100e (rev 03)", "00:01.0 0106: 8086:2922"]
    built = image.run(modules="list", drivers=["10ec:8168"], machine=machine)
    assert built["drivers"] == ["r8169", "e1000"]
    assert not image.run(modules="list", drivers=["r8169", "e1000"])["changed"]
    said = image.run(drivers=["10ec:9999"], machine="00:19.0 0200: 8086:9999")["msg"]
    assert "'10ec:9999'" in said and "no driver for the card 8086:9999" in said
    assert "machine: must be text" in image.run(machine={"a": "b"})["msg"]


def test_the_boot_server_itself_is_no_image(image: Image) -> None:
    assert "boot server itself" in image.run(root="/")["msg"]


def test_options_and_documentation_agree() -> None:
    options = yaml.safe_load(initramfs_netboot.DOCUMENTATION)["options"]
    assert options.keys() == initramfs_netboot.ARGUMENT_SPEC.keys()
    for name, spec in initramfs_netboot.ARGUMENT_SPEC.items():
        for key in ("type", "default", "choices", "elements", "required"):
            assert options[name].get(key) == spec.get(key), (name, key)  # type: ignore[attr-defined]


def test_every_example_passes_the_option_checks() -> None:
    for task in yaml.safe_load(initramfs_netboot.EXAMPLES):
        arguments = task["diskless.netboot.initramfs_netboot"]
        assert arguments.keys() <= initramfs_netboot.ARGUMENT_SPEC.keys()
