# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the boot script does on a client, run by dash, with the mount itself only noted."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.initramfs import root_scripts

FUNCTIONS = """
panic() { echo "PANIC $*"; exit 9; }
mount() { echo "mount $*"; }
umount() { echo "umount $*"; }
modprobe() { echo "modprobe $*"; }
nfsmount() { echo "nfsmount $*"; }
"""


def boot(
    tmp_path: Path,
    arguments: str,
    functions: str = FUNCTIONS,
    mounted: str = "ro",
    *,
    errors: bool = False,
    kind: str = "ext4",
) -> tuple[int, str]:
    (tmp_path / "root/etc").mkdir(parents=True, exist_ok=True)
    (tmp_path / "cmdline").write_text(f"BOOT_IMAGE=x {arguments} quiet\n")
    (tmp_path / "functions").write_text(functions)
    (tmp_path / "mounts").write_text(
        "proc /proc proc rw,nosuid 0 0\n"
        f"192.0.2.1:/srv/x {tmp_path}/root nfs {mounted},vers=3,rsize=1048576 0 0\n"
    )
    (tmp_path / "mountinfo").write_text(
        f"22 1 0:20 / /proc rw - proc proc rw\n24 1 0:21 / {tmp_path}/root ro - {kind} x ro\n"
    )
    text = root_scripts.netboot_root()
    for path, instead in (
        ("/scripts/functions", "functions"),
        ("/proc/cmdline", "cmdline"),
        ("/proc/mounts", "mounts"),
        ("/proc/self/mountinfo", "mountinfo"),
        ("/sys/class/bdi/", "bdi/"),
        ("/run/", "run/"),
        ("/dev/kmsg", "kmsg"),
    ):
        assert path in text
        text = re.sub(r"(?<![\w])" + path, f"{tmp_path}/{instead}", text)
    script = tmp_path / "netboot-root"
    script.write_text(text)
    done = subprocess.run(
        ["dash", str(script)],
        env={"rootmnt": f"{tmp_path}/root", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=10,
    )
    assert errors or not done.stderr
    return done.returncode, done.stdout


@pytest.mark.parametrize("arguments", ["", "netboot.root=rw", "xnetboot.root=overlay"])
def test_a_root_of_its_own_is_left_alone(tmp_path: Path, arguments: str) -> None:
    assert boot(tmp_path, arguments) == (0, "")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("given", "ahead"), [("", "32"), (" netboot.readahead=256", "256")])
def test_little_is_read_ahead_of_a_root_over_nfs_and_udev_leaves_it_so(
    tmp_path: Path, given: str, ahead: str
) -> None:
    read_ahead = tmp_path / "bdi/0:21/read_ahead_kb"
    read_ahead.parent.mkdir(parents=True)

    assert boot(tmp_path, f"netboot.root=rw{given}", kind="nfs") == (0, "")

    assert read_ahead.read_text() == f"{ahead}\n"
    (rule,) = (tmp_path / "run/udev/rules.d").iterdir()
    assert rule.name > "99-nfs.rules"
    assert rule.read_text() == (
        f'SUBSYSTEM=="bdi", KERNEL=="0:21", ATTR{{read_ahead_kb}}="{ahead}"\n'
    )


def test_a_shared_root_gets_a_machine_id_in_ram_over_the_images(tmp_path: Path) -> None:
    (tmp_path / "root/etc").mkdir(parents=True)
    (tmp_path / "root/etc/machine-id").write_text("")
    status, said = boot(tmp_path, "netboot.root=shared-rw")
    made = tmp_path / "run/netboot/machine-id"
    assert (status, said) == (0, f"mount -o bind {made} {tmp_path}/root/etc/machine-id\n")
    assert re.fullmatch(r"[0-9a-f]{32}\n", made.read_text())  # machine-id(5)
    assert made.stat().st_mode & 0o777 == 0o444
    assert (tmp_path / "root/etc/machine-id").read_text() == ""


def test_two_clients_get_two_machine_ids(tmp_path: Path) -> None:
    ids = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        boot(tmp_path / name, "netboot.root=shared-rw")
        ids.add((tmp_path / name / "run/netboot/machine-id").read_text())
    assert len(ids) == 2


def test_systemd_cannot_store_that_machine_id_in_the_image(tmp_path: Path) -> None:
    boot(tmp_path, "netboot.root=shared-rw")
    unit = tmp_path / "run/systemd/system/systemd-machine-id-commit.service"
    assert str(unit.readlink()) == "/dev/null"


def test_an_image_without_a_machine_id_gets_an_empty_one_to_mount_on(tmp_path: Path) -> None:
    status, _said = boot(tmp_path, "netboot.root=shared-rw")
    assert status == 0
    assert (tmp_path / "root/etc/machine-id").read_text() == ""


def test_a_machine_id_that_cannot_be_made_stops_the_boot(tmp_path: Path) -> None:
    (tmp_path / "root/etc").mkdir(parents=True)
    (tmp_path / "root/etc/machine-id").symlink_to("none/machine-id")
    status, said = boot(tmp_path, "netboot.root=shared-rw", errors=True)
    assert status == 9
    assert said.endswith("/etc/machine-id is missing and cannot be made\n")


def test_a_failing_mount_stops_the_boot(tmp_path: Path) -> None:
    functions = FUNCTIONS.replace('echo "mount $*"', "return 1")
    status, said = boot(tmp_path, "netboot.root=shared-rw", functions)
    assert status == 9 and said.startswith("PANIC netboot-root: cannot hide")


def test_a_word_that_this_initrd_does_not_know_stops_the_boot(tmp_path: Path) -> None:
    status, said = boot(tmp_path, "netboot.root=overlai")
    assert (status, said) == (
        9,
        "PANIC netboot-root: this initrd does not know netboot.root=overlai\n",
    )


@pytest.mark.parametrize("kind", ["overlay", "squashfs"])
@pytest.mark.parametrize(("given", "size"), [("", "50%"), (" netboot.overlay=512M", "512M")])
def test_an_overlay_lays_ram_over_the_root_that_was_mounted(
    tmp_path: Path, given: str, size: str, kind: str
) -> None:
    status, said = boot(tmp_path, f"netboot.root={kind}{given}")
    run, root = tmp_path / "run/netboot", tmp_path / "root"
    folders = f"lowerdir={run}/lower,upperdir={run}/changes/upper,workdir={run}/changes/work"
    layers = f"{folders},metacopy=on"
    assert said.splitlines() == [
        "modprobe -q overlay",
        f"mount -t tmpfs -o size={size},mode=0755 netboot {run}/changes",
        f"mount -n -o move {root} {run}/lower",
        f"mount -t overlay -o {layers} overlay {root}",
    ]
    assert status == 0
    assert sorted(path.name for path in (run / "changes").iterdir()) == ["upper", "work"]


def test_an_overlay_over_a_root_that_is_writable_stops_the_boot(tmp_path: Path) -> None:
    status, said = boot(tmp_path, "netboot.root=overlay", mounted="rw")
    assert status == 9
    assert said == (
        "PANIC netboot-root: the shared root is mounted writable: its entry must say ro\n"
    )


@pytest.mark.parametrize(
    ("fails", "said"),
    [
        ("modprobe -q", "no kernel module 'overlay' in this initrd"),
        ("mount -t tmpfs", "cannot set 50% of RAM aside for changes (netboot.overlay=)"),
        ("mount -n -o move", "cannot move the shared root away"),
        ("mount -t overlay", "cannot lay changes in RAM over the shared root"),
    ],
)
def test_an_overlay_that_cannot_be_made_stops_the_boot(
    tmp_path: Path, fails: str, said: str
) -> None:
    command, _blank, first = fails.partition(" ")
    functions = (
        FUNCTIONS
        + f"""
    {command}() {{ case "{command} $*" in "{command} {first}"*) return 1 ;; esac; }}
    """
    )
    status, told = boot(tmp_path, "netboot.root=overlay", functions)
    assert status == 9
    assert f"PANIC netboot-root: {said}" in told


STATE = (
    "nfsroot=192.0.2.1:/srv/x,tcp,port=2049"
    " netboot.state=192.0.2.1:/srv/netboot/clients/pc01/state,tcp,port=2049"
)
IDENTITY = "0123456789abcdef0123456789abcdef\n"


def with_state(tmp_path: Path, kept: str = "") -> Path:
    """Lay out what the state has, as if it were mounted, and return its folder."""
    state = tmp_path / "run/netboot/state"
    state.mkdir(parents=True)
    (state / "machine-id").write_text(IDENTITY)
    (state / "ssh_host_ed25519_key").write_text("secret")
    (state / "kept").write_text(kept)
    (state / "files").write_text("")
    return state


def test_a_state_is_mounted_with_its_options(tmp_path: Path) -> None:
    state = with_state(tmp_path)
    status, said = boot(tmp_path, f"netboot.root=rw {STATE}")
    mounted = f"192.0.2.1:/srv/netboot/clients/pc01/state {state}"
    # Nothing is kept, so that nothing of it is needed any more.
    assert (status, said) == (
        0,
        f"nfsmount -o noacl,rw,nolock,tcp,port=2049 {mounted}\numount {state}\n",
    )


def test_a_client_is_who_its_state_says(tmp_path: Path) -> None:
    state = with_state(tmp_path)
    for kind in ("rw", "overlay", "squashfs"):
        (tmp_path / "root/etc/machine-id").unlink(missing_ok=True)
        assert boot(tmp_path, f"netboot.root={kind} {STATE}")[0] == 0
        assert (tmp_path / "root/etc/machine-id").read_text() == IDENTITY
        key = tmp_path / "run/netboot/ssh/ssh_host_ed25519_key"
        assert key.read_text() == "secret"
        assert key.stat().st_mode & 0o777 == 0o600
        assert key.parent.stat().st_mode & 0o777 == 0o700
        assert (state / "booted").read_text() == "/srv/x\n"
        shutil.rmtree(tmp_path / "run/netboot/changes", ignore_errors=True)


def test_a_root_of_its_own_keeps_the_machine_id_that_it_has(tmp_path: Path) -> None:
    with_state(tmp_path)
    (tmp_path / "root/etc").mkdir(parents=True)
    (tmp_path / "root/etc/machine-id").write_text("its own")
    boot(tmp_path, f"netboot.root=rw {STATE}")
    assert (tmp_path / "root/etc/machine-id").read_text() == "its own"


def test_who_shares_a_writable_root_has_the_machine_id_of_its_state(tmp_path: Path) -> None:
    with_state(tmp_path)
    boot(tmp_path, f"netboot.root=shared-rw {STATE}")
    assert (tmp_path / "run/netboot/machine-id").read_text() == IDENTITY
    assert (tmp_path / "root/etc/machine-id").read_text() == ""


def test_what_is_kept_is_mounted_where_it_belongs(tmp_path: Path) -> None:
    state = with_state(tmp_path, "keep-home,kiosk /home/kiosk\nkeep-var,log /var/log\n")
    _status, said = boot(tmp_path, f"netboot.root=rw {STATE}")
    root = tmp_path / "root"
    assert said.splitlines()[1:] == [
        f"mount -o bind {state}/keep-home,kiosk {root}/home/kiosk",
        f"mount -o bind {state}/keep-var,log {root}/var/log",
    ]
    assert (root / "home/kiosk").is_dir()


def test_a_machine_id_is_written_where_a_kept_etc_has_it(tmp_path: Path) -> None:
    state = with_state(tmp_path, "keep-etc /etc\n")
    (state / "keep-etc").mkdir()
    # A link stands for the mount.
    bind = 'mount() { rmdir "$4" && ln -s "$3" "$4"; }\n'
    assert boot(tmp_path, f"netboot.root=rw {STATE}", FUNCTIONS + bind)[0] == 0
    assert (state / "keep-etc/machine-id").read_text() == IDENTITY


@pytest.mark.parametrize(
    ("fails", "said"),
    [
        ("nfsmount", "cannot mount 192.0.2.1:/srv/netboot/clients/pc01/state"),
        ("mount", "cannot keep /var/log in 192.0.2.1:/srv/netboot/clients/pc01/state"),
    ],
)
def test_a_client_that_does_not_get_what_is_its_own_stops_and_says_so(
    tmp_path: Path, fails: str, said: str
) -> None:
    with_state(tmp_path, "keep-var,log /var/log\n")
    functions = f"{FUNCTIONS}{fails}() {{ return 1; }}\n"
    status, told = boot(tmp_path, f"netboot.root=rw {STATE}", functions)
    assert status == 9
    assert f"PANIC netboot-root: {said}" in told


def test_a_client_gets_files_of_its_own_in_place_of_its_image_s(tmp_path: Path) -> None:
    state = with_state(tmp_path)
    (state / "files").write_text("file-etc,motd /etc/motd\nfile-srv,a,b /srv/a/b\n")
    (state / "file-etc,motd").write_text("mine\n")
    (state / "file-srv,a,b").write_text("b\n")
    assert boot(tmp_path, f"netboot.root=rw {STATE}")[0] == 0
    assert (tmp_path / "root/etc/motd").read_text() == "mine\n"
    assert (tmp_path / "root/srv/a/b").read_text() == "b\n"
    (state / "file-srv,a,b").unlink()
    status, told = boot(tmp_path, f"netboot.root=rw {STATE}", errors=True)
    assert status == 9 and "PANIC netboot-root: cannot put its own /srv/a/b in its place" in told


@pytest.mark.parametrize("goal", ["../run/netboot/resolv.conf", "/dev/null", "{initrd}/file"])
def test_a_file_of_its_own_takes_the_place_of_a_link(tmp_path: Path, goal: str) -> None:
    (tmp_path / "file").write_text("the initrd's")
    (tmp_path / "root/etc").mkdir(parents=True)
    link = tmp_path / "root/etc/resolv.conf"
    link.symlink_to(goal.format(initrd=tmp_path))
    state = with_state(tmp_path)
    (state / "files").write_text("file-etc,resolv.conf /etc/resolv.conf\n")
    (state / "file-etc,resolv.conf").write_text("mine\n")
    assert boot(tmp_path, f"netboot.root=rw {STATE}")[0] == 0
    assert not link.is_symlink() and link.read_text() == "mine\n"
    assert (tmp_path / "file").read_text() == "the initrd's"
    assert {path.name for path in link.parent.iterdir()} == {"resolv.conf", "machine-id"}


def test_a_file_of_its_own_has_the_mode_of_the_image_s(tmp_path: Path) -> None:
    (tmp_path / "root/etc").mkdir(parents=True)
    (tmp_path / "root/etc/shadow").touch(0o640)
    state = with_state(tmp_path)
    (state / "files").write_text("file-etc,shadow /etc/shadow\n")
    (state / "file-etc,shadow").write_text("mine\n")
    assert boot(tmp_path, f"netboot.root=rw {STATE}")[0] == 0
    assert (tmp_path / "root/etc/shadow").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("lost", ["machine-id", "ssh_host_ed25519_key", "kept", "files"])
def test_a_state_that_lacks_something_stops_the_boot(tmp_path: Path, lost: str) -> None:
    (with_state(tmp_path) / lost).unlink()
    status, told = boot(tmp_path, f"netboot.root=overlay {STATE}", errors=True)
    assert status == 9 and "PANIC netboot-root: " in told


def test_a_full_disk_on_the_server_keeps_no_client_dark(tmp_path: Path) -> None:
    (with_state(tmp_path) / "booted.new").mkdir()  # so that nothing can be written there
    status, _said = boot(tmp_path, f"netboot.root=rw {STATE}", errors=True)
    assert status == 0
    assert "cannot note" in (tmp_path / "kmsg").read_text()


def test_an_initrd_with_mount_nfs_mounts_the_state_by_that(tmp_path: Path) -> None:
    for text in (root_scripts.netboot_root("4.2"), root_scripts.netboot_root_for_dracut("4.2")):
        assert 'mount.nfs "$2" "$3" -n -o "vers=4.2,noacl,${netboot_nfs' in text
        assert "nfsmount" not in text


def test_leaving_the_rescue_shell_does_not_go_on_with_the_boot(tmp_path: Path) -> None:
    counted = """
    panic() { echo "PANIC"; n=$((${n:-0} + 1)); [ "$n" -lt 3 ] || exit 7; }
    """
    assert boot(tmp_path, "netboot.root=typo", counted) == (7, "PANIC\n" * 3)


def test_initramfs_tools_can_ask_for_its_prerequisites(tmp_path: Path) -> None:
    script = tmp_path / "netboot-root"
    script.write_text(root_scripts.netboot_root())
    assert subprocess.check_output(["dash", str(script), "prereqs"], text=True) == "\n"


def test_both_tools_get_one_mechanism(tmp_path: Path) -> None:
    ours, dracuts = root_scripts.netboot_root(), root_scripts.netboot_root_for_dracut()
    assert ours.partition("\nkind=")[2] == dracuts.partition("\nkind=")[2] != ""
    cmdline = tmp_path / "cmdline"
    cmdline.write_text("netboot.root=typo\n")
    script = dracuts.replace("/proc/cmdline", str(cmdline))
    done = subprocess.run(["dash", "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (
        1,
        "netboot-root: this initrd does not know netboot.root=typo\n",
    )
