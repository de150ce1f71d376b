# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it, on a real TFTP root."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.diskless.netboot.plugins.modules import pxelinux_entry

MAC = "52:54:00:12:34:56"
FILE = "01-52-54-00-12-34-56"
KERNEL = "images/lib/b1/vmlinuz"
INITRD = "images/lib/b1/initrd.img"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "tftp/images/lib/b1"
    folder.mkdir(parents=True)
    for path in (tmp_path / "tftp", *(tmp_path / "tftp").rglob("*")):
        path.chmod(0o755)
    for name in ("vmlinuz", "initrd.img"):
        (folder / name).touch(0o644)
        (folder / name).chmod(0o644)
    return tmp_path / "tftp"


class Run:
    """Runs the module and keeps its answer."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(
        self, root: Path, *entries: Any, check: bool = False, diff: bool = False, **options: Any
    ) -> dict[str, Any]:
        arguments = {"root": str(root), "entries": list(entries), **options}
        arguments.update(_ansible_check_mode=check, _ansible_diff=diff)
        with patch_module_args(arguments), pytest.raises(SystemExit):
            pxelinux_entry.main()
        answer: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        return answer


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(capsys)


def entry(client: Any = MAC, **changes: Any) -> dict[str, Any]:
    label = {"name": "linux", "kernel": KERNEL, "initrd": [INITRD], "append": ["ro", "a=b,c"]}
    return {"client": client, "labels": [label], **changes}


def written(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "pxelinux.cfg").iterdir())


def test_a_client_gets_its_entry_and_a_second_run_changes_nothing(root: Path, run: Run) -> None:
    first = run(root, entry())
    path = str(root / "pxelinux.cfg" / FILE)
    assert first["changed"]
    assert first["entries"] == [{"client": MAC, "path": path, "action": "created"}]
    assert "APPEND ro a=b,c\n" in Path(path).read_text()
    second = run(root, entry())
    assert not second["changed"]
    assert second["entries"][0]["action"] == "unchanged"


def test_check_mode_says_the_same_and_writes_nothing(root: Path, run: Run) -> None:
    told = run(root, entry(), check=True, diff=True)
    assert not (root / "pxelinux.cfg").exists()
    done = run(root, entry(), diff=True)
    assert told == done
    assert "LABEL linux\n" in told["diff"]["after"]


def test_check_mode_before_the_root_is_there_says_what_would_be_created(
    tmp_path: Path, run: Run
) -> None:
    told = run(tmp_path / "none", entry(), check=True)
    assert told["entries"][0]["action"] == "created"
    assert "does not exist" in str(told["warnings"])
    assert list(tmp_path.iterdir()) == []


def test_without_a_root_nothing_is_made(tmp_path: Path, run: Run) -> None:
    told = run(tmp_path / "none", entry(), check_files=False)
    assert told["failed"]
    assert "none: does not exist" in told["msg"]


def test_adding_a_client_touches_no_other_file(root: Path, run: Run) -> None:
    run(root, entry())
    before = (root / "pxelinux.cfg" / FILE).stat()
    added = run(root, entry(), entry("52:54:00:12:34:57"))
    assert [found["action"] for found in added["entries"]] == ["unchanged", "created"]
    after = (root / "pxelinux.cfg" / FILE).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_absent_needs_the_client_only_and_is_idempotent(root: Path, run: Run) -> None:
    run(root, entry(), entry("default"))
    gone = run(root, {"client": "5254.0012.3456"}, state="absent")
    assert gone["entries"][0]["action"] == "removed"
    assert gone["removed"] == [str(root / "pxelinux.cfg" / FILE)]
    assert written(root) == ["default"]
    assert not run(root, {"client": MAC}, state="absent")["changed"]


def test_absent_where_there_is_no_root_has_nothing_to_do(tmp_path: Path, run: Run) -> None:
    assert run(tmp_path / "none", {"client": MAC}, state="absent")["changed"] is False


def test_absent_leaves_what_somebody_else_wrote_and_says_so(root: Path, run: Run) -> None:
    (root / "pxelinux.cfg").mkdir()
    (root / "pxelinux.cfg/default").write_text("LABEL mine\n")
    told = run(root, {"client": "default"}, state="absent")
    assert not told["changed"]
    assert told["foreign"] == [str(root / "pxelinux.cfg/default")]
    assert "Left in place" in str(told["warnings"])
    assert written(root) == ["default"]


def test_what_somebody_else_wrote_in_an_entrys_place_stays_and_the_task_fails(
    root: Path, run: Run
) -> None:
    (root / "pxelinux.cfg").mkdir()
    for name in ("default", FILE):
        (root / "pxelinux.cfg" / name).write_text("LABEL mine\n")
    told = run(root, entry(), entry("default"), entry("10.0.0.1"))
    for name in ("default", FILE):
        assert f"pxelinux.cfg/{name}: was written by somebody else" in told["msg"]
        assert (root / "pxelinux.cfg" / name).read_text() == "LABEL mine\n"
    assert written(root) == [FILE, "default"]


def test_purge_leaves_the_named_entries_and_what_others_wrote(root: Path, run: Run) -> None:
    run(root, entry(), entry("default"), entry("10.0.0.1"))
    (root / "pxelinux.cfg/C0A8").write_text("LABEL mine\n")
    told = run(root, entry("default"), purge=True)
    assert sorted(told["removed"]) == [
        str(root / "pxelinux.cfg" / FILE),
        str(root / "pxelinux.cfg/0A000001"),
    ]
    assert told["foreign"] == [str(root / "pxelinux.cfg/C0A8")]
    assert written(root) == ["C0A8", "default"]


def test_purge_does_not_go_with_absent(root: Path, run: Run) -> None:
    told = run(root, {"client": MAC}, state="absent", purge=True)
    assert "purge: True: must go with state: present" in told["msg"]


def test_one_error_names_every_fault_and_nothing_is_written(root: Path, run: Run) -> None:
    told = run(
        root,
        entry(),
        entry(41135085296),
        entry("10.0.0.1", default="x"),
        entry("10.0.0.2", comment="a\x07"),
    )
    assert told["failed"]
    assert told["msg"].startswith("3 faults in the boot entries:\n")
    for part in ("entries[1]: client: 41135085296", "quote it", "10.0.0.1: default", "10.0.0.2: c"):
        assert part in told["msg"]
    assert not (root / "pxelinux.cfg").exists()


def test_a_mac_that_yaml_reads_as_a_number_is_refused(root: Path, run: Run) -> None:
    read = yaml.safe_load("client: 52:54:00:12:34:56")
    assert "quote it" in run(root, entry(**read))["msg"]


def test_arguments_as_one_string_are_refused_before_ansible_splits_them(
    root: Path, run: Run
) -> None:
    label = {"name": "a", "kernel": KERNEL, "append": "nfsroot=10.0.0.1:/x,vers=3"}
    assert "must be a list" in run(root, entry(labels=[label]))["msg"]


def test_every_file_that_would_not_be_served_is_named_once(root: Path, run: Run) -> None:
    (root / KERNEL).chmod(0o600)
    (root / INITRD).unlink()
    told = run(root, entry(), entry("default"))
    assert told["failed"]
    assert told["msg"].count("vmlinuz is not readable for others (mode 0600)") == 1
    assert told["msg"].count("initrd.img does not exist") == 1
    assert f"{MAC}, default: " in told["msg"]
    assert not (root / "pxelinux.cfg").exists()
    assert run(root, entry(), check_files=False)["changed"]


def test_in_check_mode_a_missing_file_is_a_warning_but_a_closed_one_an_error(
    root: Path, run: Run
) -> None:
    (root / INITRD).unlink()
    told = run(root, entry(), check=True)
    assert told["changed"]
    assert "initrd.img does not exist" in str(told["warnings"])
    (root / KERNEL).chmod(0o600)
    assert run(root, entry(), check=True)["failed"]


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("../../../../vmlinuz", "leads out of the TFTP root"),
        ("/vmlinuz", "is an absolute link"),
        ("vmlinuz", "too many links"),
        (".", "is not a regular file"),
    ],
)
def test_a_link_that_a_tftp_server_cannot_follow_is_refused(
    root: Path, run: Run, link: str, said: str
) -> None:
    (root.parent / "vmlinuz").touch()
    (root / KERNEL).unlink()
    (root / KERNEL).symlink_to(link)
    assert said in run(root, entry())["msg"]


def test_a_link_inside_the_root_is_served(root: Path, run: Run) -> None:
    (root / "current").symlink_to("images/lib/b1")
    label = {"name": "a", "kernel": "current/vmlinuz", "initrd": ["/current/../b1/initrd.img"]}
    assert "must not hold the step" in run(root, entry(labels=[label]))["msg"]
    label["initrd"] = ["/current/initrd.img"]
    assert run(root, entry(labels=[label]))["changed"]


def test_a_folder_that_others_cannot_search_is_named(root: Path, run: Run) -> None:
    (root / "images").chmod(0o750)
    told = run(root, entry())
    assert f"{root}/images cannot be searched by others (mode 0750)" in told["msg"]


def test_an_entry_folder_that_leads_out_of_the_root_is_refused(root: Path, run: Run) -> None:
    (root.parent / "outside").mkdir()
    (root / "pxelinux.cfg").symlink_to("../outside")
    assert "leads out of" in run(root, entry())["msg"]
    assert list((root.parent / "outside").iterdir()) == []


def seen(told: dict[str, Any]) -> str:
    """What a person can see of an answer.

    With ansible-core 2.22, it is not the module that hides secrets, but the controller: the answer
    lists them.
    """
    secrets = told.pop("_ansible_new_secrets", [])
    text = str(told)
    for secret in secrets:
        text = text.replace(secret, "***")
    return text


def test_a_password_stands_in_the_entry_and_nowhere_in_the_answer(root: Path, run: Run) -> None:
    told = run(root, entry(menu_password={"pxelinux": "$6$salt$hash"}), diff=True)
    assert "MENU MASTER PASSWD $6$salt$hash\n" in (root / "pxelinux.cfg" / FILE).read_text()
    assert "$6$salt$hash" not in seen(told)


def test_a_password_that_is_no_hash_is_not_repeated(root: Path, run: Run) -> None:
    told = run(root, entry(menu_password={"pxelinux": "geheim"}))
    assert "menu_password.pxelinux: must be a hash" in told["msg"]
    assert "geheim" not in seen(told)
