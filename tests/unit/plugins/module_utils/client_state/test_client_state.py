# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each client has for itself alone: made once, kept, and out of others' reach."""

from __future__ import annotations

import os
import stat
import subprocess
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.client_state import (
    ensure,
    machine_id,
    names,
)
from ansible_collections.diskless.netboot.plugins.module_utils.client_state.ensure import Wanted
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot import marker
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.command import Ended, run

KEY = "ssh_host_ed25519_key"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def state(store: Path, client: str) -> Path:
    return store / "clients" / client / "state"


def everything(store: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return kind and mode, time and content of all that is in the store."""
    found = {}
    for path in sorted(store.rglob("*")):
        info = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(info.st_mode) else b""
        found[str(path)] = (info.st_mode, info.st_mtime_ns, content)
    return found


def test_each_client_has_a_machine_id_and_a_host_key_of_its_own(store: Path) -> None:
    ensure.ensure(str(store), [Wanted("pc01"), Wanted("pc02")])
    for file in (names.MACHINE_ID, KEY, f"{KEY}.pub"):
        assert (state(store, "pc01") / file).read_text() != (
            state(store, "pc02") / file
        ).read_text()
    identity = (state(store, "pc01") / names.MACHINE_ID).read_text().strip()
    assert uuid.UUID(identity).version == 4
    public = subprocess.run(
        ["ssh-keygen", "-y", "-f", str(state(store, "pc01") / KEY)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert (state(store, "pc01") / f"{KEY}.pub").read_text().split()[:2] == public[:2]


def test_nobody_but_root_can_look_into_a_state_or_read_the_secret(store: Path) -> None:
    ensure.ensure(str(store), [Wanted("pc01")])
    assert stat.S_IMODE(state(store, "pc01").stat().st_mode) == 0o700
    assert stat.S_IMODE((state(store, "pc01") / KEY).stat().st_mode) == 0o600
    assert stat.S_IMODE((store / "secret").stat().st_mode) == 0o600


def test_a_second_run_changes_nothing_and_check_mode_writes_nothing(store: Path) -> None:
    wanted = [Wanted("pc01", ("/var/log",)), Wanted("pc02")]
    planned = ensure.ensure(str(store), wanted, check=True)
    assert not store.exists()
    told = ensure.ensure(str(store), wanted)
    assert planned.changed and planned.created == told.created
    before = everything(store)
    assert not ensure.ensure(str(store), wanted).changed
    assert everything(store) == before


def test_a_machine_id_is_the_same_for_ever_and_says_nothing_without_the_key(store: Path) -> None:
    key = bytes(range(32))
    assert machine_id.derive(key, "pc01") == machine_id.derive(key, "pc01")
    assert machine_id.derive(key, "pc01") != machine_id.derive(bytes(32), "pc01")
    ensure.ensure(str(store), [Wanted("pc01")])
    before = (state(store, "pc01") / names.MACHINE_ID).read_text()
    (state(store, "pc01") / names.MACHINE_ID).unlink()
    ensure.ensure(str(store), [Wanted("pc01")])
    assert (state(store, "pc01") / names.MACHINE_ID).read_text() == before


def test_a_secret_that_is_damaged_is_not_replaced(store: Path) -> None:
    store.mkdir()
    (store / "secret").write_bytes(b"short")
    with pytest.raises(ValueError, match="restore it from a backup"):
        ensure.ensure(str(store), [Wanted("pc01")])
    assert (store / "secret").read_bytes() == b"short"


def test_a_kept_folder_begins_as_in_the_image_and_is_then_the_client_s(
    store: Path, tmp_path: Path
) -> None:
    (tmp_path / "root/var/log/apt").mkdir(parents=True)
    (tmp_path / "root/var/log/apt").chmod(0o750)
    (tmp_path / "root/var/log/wtmp").write_text("x")
    wanted = [Wanted("pc01", ("/var/log", "/home/kiosk"), tmp_path / "root")]
    ensure.ensure(str(store), wanted)
    log = state(store, "pc01") / "keep-var,log"
    assert (log / "wtmp").read_text() == "x"
    assert stat.S_IMODE((log / "apt").stat().st_mode) == 0o750
    assert not list((state(store, "pc01") / "keep-home,kiosk").iterdir())
    assert (state(store, "pc01") / names.KEPT).read_text() == (
        "keep-home,kiosk /home/kiosk\nkeep-var,log /var/log\n"
    )
    (log / "wtmp").write_text("the client's")
    assert not ensure.ensure(str(store), wanted).changed
    assert (log / "wtmp").read_text() == "the client's"
    # What is kept no more is not mounted, and stays.
    ensure.ensure(str(store), [Wanted("pc01")])
    assert (state(store, "pc01") / names.KEPT).read_text() == ""
    assert (log / "wtmp").read_text() == "the client's"


def test_no_two_paths_share_a_folder() -> None:
    paths = ["/a/b", "/a-b", "/a--b", "/a-/b", "/a/-b", "/a.b", "/a/b/c"]
    assert len({names.folder_for(path) for path in paths}) == len(paths)


def test_links_that_a_client_made_in_its_state_lead_nowhere(store: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("precious")
    ensure.ensure(str(store), [Wanted("pc01")])
    for name in (names.MACHINE_ID, names.KEPT, KEY):
        (state(store, "pc01") / name).unlink()
        (state(store, "pc01") / name).symlink_to(outside / "file")
    (state(store, "pc01") / "keep-var,log").symlink_to(outside)
    ensure.ensure(str(store), [Wanted("pc01", ("/var/log",))])
    assert (outside / "file").read_text() == "precious"
    assert [path.name for path in outside.iterdir()] == ["file"]
    assert not (state(store, "pc01") / names.MACHINE_ID).is_symlink()


def test_folders_that_a_client_made_in_its_state_stop_nobody(store: Path) -> None:
    own, others = Wanted("pc01", files={"/etc/motd": "x"}), Wanted("pc02")
    ensure.ensure(str(store), [own])
    taken = [names.MACHINE_ID, names.KEPT, names.FILES, "file-etc,motd", KEY, f"{KEY}.pub"]
    for name in taken:
        (state(store, "pc01") / name).unlink()
        (state(store, "pc01") / name / "its").mkdir(parents=True)
    (state(store, "pc01") / ".netboot-0123456789abcdef-x").mkdir()
    planned = ensure.ensure(str(store), [own, others], check=True)
    assert len([*(state(store, "pc01")).iterdir()]) == len(taken) + 1
    assert ensure.ensure(str(store), [own, others]).created == planned.created
    for name in taken:
        assert (state(store, "pc01") / name).is_file()
        (aside,) = state(store, "pc01").glob(f"aside-*-{name}")
        assert (aside / "its").is_dir()
    assert (state(store, "pc02") / KEY).is_file()
    assert not ensure.ensure(str(store), [own, others]).changed


def test_a_link_in_the_image_does_not_bring_the_boot_server_s_own_files(
    store: Path, tmp_path: Path
) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "own").mkdir()
    (tmp_path / "own/secret").write_text("x")
    (tmp_path / "root/data").symlink_to(tmp_path / "own")
    ensure.ensure(str(store), [Wanted("pc01", ("/data",), tmp_path / "root")])
    assert not list((state(store, "pc01") / "keep-data").iterdir())


def test_links_in_and_to_an_image_are_followed_as_its_clients_follow_them(
    store: Path, tmp_path: Path
) -> None:
    (tmp_path / "disk/root/srv/data").mkdir(parents=True)
    (tmp_path / "disk/root/srv/data/x").touch()
    (tmp_path / "disk/root/data").symlink_to("/srv/data")
    (tmp_path / "disk/root/loop").symlink_to("loop")
    (tmp_path / "link").symlink_to("disk")
    source = tmp_path / "link/root"
    ensure.ensure(str(store), [Wanted("pc01", ("/data", "/srv"), source)])
    assert (state(store, "pc01") / "keep-data/x").is_file()
    assert (state(store, "pc01") / "keep-srv/data/x").is_file()
    with pytest.raises(ensure.StateError, match="Too many levels of symbolic links"):
        ensure.ensure(str(store), [Wanted("pc01", ("/loop",), source)])


def test_a_run_that_was_killed_is_completed(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ensure, "run", die)
        with pytest.raises(KeyboardInterrupt):
            ensure.ensure(str(store), [Wanted("pc01", ("/var/log",))])
    assert not os.path.lexists(state(store, "pc01") / names.KEPT)
    ensure.ensure(str(store), [Wanted("pc01", ("/var/log",))])
    assert sorted(path.name for path in state(store, "pc01").iterdir()) == [
        "files",
        "keep-var,log",
        "kept",
        "machine-id",
        KEY,
        f"{KEY}.pub",
    ]


def test_what_is_kept_is_on_the_disk_before_a_state_has_it(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [Wanted(name, ("/var/log", "/home")) for name in ("pc01", "pc02")]
    said = []

    def noted(argv: Sequence[str], **options: Any) -> Ended:
        said.append(argv[0])
        if argv[0] == "sync":
            assert [*store.glob("clients/*/state/*")] == []
        return run(argv, **options)

    monkeypatch.setattr(ensure, "run", noted)
    ensure.ensure(str(store), wanted)
    assert said == ["ssh-keygen", "ssh-keygen", "sync"]
    for name in ("pc01", "pc02"):
        assert (state(store, name) / "keep-home").is_dir()
        assert list(state(store, name).parent.iterdir()) == [state(store, name)]


def test_two_runs_do_not_make_states_at_once(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ensure, "_LOCK_WAIT", 0)
    store.mkdir()
    with marker.lock(store / ".states.lock", 0):
        with pytest.raises(ensure.StateError, match="another run works on the clients' states"):
            ensure.ensure(str(store), [Wanted("pc01")])
        assert ensure.ensure(str(store), [Wanted("pc01")], check=True).changed
    assert ensure.ensure(str(store), [Wanted("pc01")]).changed


def test_files_of_a_client_s_own_follow_the_inventory(store: Path) -> None:
    wanted = Wanted("pc01", files={"/etc/motd": "one\n", "/etc/issue": "x"})
    ensure.ensure(str(store), [wanted])
    assert (state(store, "pc01") / names.FILES).read_text() == (
        "file-etc,issue /etc/issue\nfile-etc,motd /etc/motd\n"
    )
    changed = ensure.ensure(str(store), [Wanted("pc01", files={"/etc/motd": "two\n"})])
    assert changed.updated == ["clients/pc01/state/file-etc,motd", "clients/pc01/state/files"]
    assert (state(store, "pc01") / "file-etc,motd").read_text() == "two\n"
    assert (state(store, "pc01") / names.FILES).read_text() == "file-etc,motd /etc/motd\n"


def test_a_file_of_a_client_s_own_goes_when_nobody_asks_for_it(store: Path) -> None:
    other = Wanted("pc02", files={"/etc/secret": "x"})
    ensure.ensure(str(store), [Wanted("pc01", files={"/etc/secret": "x", "/a": "a"}), other])
    wanted = [Wanted("pc01", files={"/a": "a"}), other]
    # A run that was killed has written the new list already.
    (state(store, "pc01") / names.FILES).write_text("file-a /a\n")
    (state(store, "pc01") / names.FILES).chmod(0o444)
    planned = ensure.ensure(str(store), wanted, check=True)
    assert (state(store, "pc01") / "file-etc,secret").exists()
    done = ensure.ensure(str(store), wanted)
    assert planned == done and done.changed and not done.updated
    assert done.removed == ["clients/pc01/state/file-etc,secret"]
    assert sorted(path.name for path in state(store, "pc01").glob("file-*")) == ["file-a"]
    assert (state(store, "pc02") / "file-etc,secret").exists()
    assert not ensure.ensure(str(store), wanted).changed


def test_nothing_goes_that_a_client_put_where_a_file_of_its_own_was(
    store: Path, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("x")
    paths = ["/folder", "/fifo", "/link", "/linked", "/file"]
    ensure.ensure(str(store), [Wanted("pc01", files=dict.fromkeys(paths, "x"))])
    here = state(store, "pc01")
    for name in ("file-folder", "file-fifo", "file-link", "file-linked"):
        (here / name).unlink()
    (here / "file-folder/its").mkdir(parents=True)
    os.mkfifo(here / "file-fifo")
    (here / "file-link").symlink_to(precious / "file")
    (here / "file-linked").symlink_to(precious)
    # None of these is a name of ours; the list is the client's to write, too.
    odd = ["file-", "file-a,,b", "file-..,..,x", "file-a b", "file-\udcff", "diary", "keep-x"]
    for name in odd:
        (here / name).write_text("its")
    (here / names.FILES).unlink()
    (here / names.FILES).write_text("diary /diary\n../../../secret /secret\n")
    done = ensure.ensure(str(store), [Wanted("pc01")])
    assert done.removed == ["clients/pc01/state/file-file"]
    left = {path.name for path in here.iterdir()}
    assert left >= {"file-folder", "file-fifo", "file-link", "file-linked", *odd}
    assert (here / "file-folder/its").is_dir() and (precious / "file").read_text() == "x"
    assert not ensure.ensure(str(store), [Wanted("pc01")]).changed


def test_a_name_that_is_no_folder_is_refused(store: Path) -> None:
    with pytest.raises(ValueError, match="one path segment"):
        ensure.ensure(str(store), [Wanted("../x")])
