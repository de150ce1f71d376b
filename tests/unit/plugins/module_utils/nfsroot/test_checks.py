# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused before a root is touched, and how a source is understood."""

from __future__ import annotations

import fnmatch
import os
import re
import subprocess
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot import source as src
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.checks import (
    RefusedError,
    Request,
    examine,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.destination import (
    mount_faults,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot.survey import usage
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "source/etc").mkdir(parents=True)
    (tmp_path / "source/etc/plain").write_text("plain")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign/file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "foreign")
    (tmp_path / "file").touch()
    return tmp_path


def refusals(src_: object, *dest: object, **options: object) -> list[str]:
    """The faults without their beginnings that name the option."""
    with pytest.raises(RefusedError) as caught:
        examine(Request(str(src_), [str(path) for path in dest], **options))  # type: ignore[arg-type]
    return caught.value.faults


def snapshot(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.lstat().st_mtime_ns) for path in folder.rglob("*"))


def test_every_fault_comes_in_one_error_and_nothing_is_written(tree: Path) -> None:
    before = snapshot(tree)
    source = tree / "source"

    faults = refusals(
        source,
        "/",
        "relative/root",
        f"{tree}/a/../b",
        tree / "a\nb",
        tree / "link/root",
        tree / "file/root",
        tree / "foreign",
        source,
        source / "inside/root",
        tree,
        tree / "new",
        tree / "new",
        tree / "new/deeper",
        "/proc",
        exclude=["!", "+ /etc", "/", "a\nb"],
    )

    assert faults == [
        "exclude[0] '!' is a filter rule of rsync; give a plain pattern",
        "exclude[1] '+ /etc' is a filter rule of rsync; give a plain pattern",
        "exclude[2] '/' excludes nothing or everything; give a name or a path",
        "exclude[3] 'a\\nb' has control characters",
        "dest[0] '/' is the boot server's own root",
        "dest[1] 'relative/root' must be an absolute path",
        f"dest[2] '{tree}/a/../b' must not contain '..'",
        f"dest[3] '{tree}/a\\nb' must not contain control characters",
        f"dest[4] '{tree}/link/root' leads through the symbolic link {tree}/link;"
        " name the real folder",
        f"dest[5] '{tree}/file/root' {tree}/file is not a folder",
        f"dest[6] '{tree}/foreign' is not empty and was not made by nfsroot_sync;"
        " set adopt to take it over",
        f"dest[7] '{source}' is the source itself",
        f"dest[8] '{source}/inside/root' lies inside the source {source}; add '/inside' to exclude",
        f"dest[9] '{tree}' contains the source {source}",
        f"dest[11] '{tree}/new' is named twice",
        "dest[13] '/proc' is a mount point; use a folder below it",
        f"dest '{tree}/foreign' lies inside dest '{tree}'",
        f"dest '{tree}/new' lies inside dest '{tree}'",
        f"dest '{tree}/new/deeper' lies inside dest '{tree}/new'",
        f"dest '{source}' lies inside dest '{tree}'",
        f"dest '{source}/inside/root' lies inside dest '{source}'",
    ]
    assert snapshot(tree) == before


def test_a_second_slash_at_the_beginning_hides_no_fault(tree: Path) -> None:
    source = tree / "source"

    faults = refusals(source, f"/{source}", f"/{tree}", tree / "new", f"/{tree}/new")

    assert faults[:3] == [
        f"dest[0] '/{source}' is the source itself",
        f"dest[1] '/{tree}' contains the source {source}",
        f"dest[3] '/{tree}/new' is named twice",
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("relative", "must be an absolute path of a folder"),
        ("host::module", "must be an absolute path of a folder"),
        ("rsync://host/x", "must be an absolute path of a folder"),
        ("-oProxyCommand=x:/", "must be an absolute path of a folder"),
        ("host:relative", "must be an absolute path of a folder"),
        ("/a/../b", "must not contain '..'"),
        ("host:/a/../b", "must not contain '..'"),
        ("/a\nb", "has control characters"),
        ("/not/there", "does not exist"),
        ("/etc/hostname", "is neither a folder nor a squashfs image, nor named like a tar"),
    ],
)
def test_a_source_that_cannot_be_is_refused_with_what_would_be_right(
    text: str, why: str, tree: Path
) -> None:
    (fault,) = refusals(text, tree / "new")
    assert fault.startswith(f"src {text!r} {why}")


def test_an_empty_source_is_refused_since_it_would_empty_the_destination(tree: Path) -> None:
    (tree / "empty").mkdir()
    (fault,) = refusals(tree / "empty", tree / "new")
    assert "is empty" in fault


def test_missing_programs_are_named_with_their_packages(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "x.tar.xz").touch()
    monkeypatch.setenv("PATH", str(tree))
    assert refusals(tree / "x.tar.xz", tree / "new") == [
        "rsync is not installed; install the package rsync",
        "tar is not installed; install the package tar",
        "xz is not installed; install the package xz-utils",
    ]
    (tree / "x.img").write_bytes(b"hsqs")
    assert refusals(tree / "x.img", tree / "new")[1:] == [
        "unsquashfs is not installed; install the package squashfs-tools"
    ]
    assert refusals("pc01:/", tree / "new")[1:] == [
        "ssh is not installed; install the package openssh-client"
    ]
    assert examine(Request("pc01:/", [str(tree / "new")], check=True)).absent


def test_a_squashfs_image_is_known_by_its_first_bytes_or_by_its_name(tree: Path) -> None:
    (tree / "x86_64.img").write_bytes(b"hsqs" + bytes(92))
    (tree / "text.squashfs").write_text("text")
    os.mkfifo(tree / "fifo")
    assert src.parse(str(tree / "x86_64.img")).kind == src.SQUASHFS
    assert src.parse(str(tree / "fifo")).kind == src.FOLDER
    (fault,) = refusals(tree / "text.squashfs", tree / "new")
    assert fault.endswith("is named like a squashfs image but does not begin as one")


def test_only_root_can_keep_owners(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert refusals(tree / "source", tree / "new") == [
        "must run as root, to keep owners (become: true)"
    ]


def test_a_marker_that_is_not_ours_to_understand_is_refused(tree: Path) -> None:
    (tree / "pc01/root").mkdir(parents=True)
    for text in ("", "[]", '{"format": 2}', '{"format": 1, "state": "x"}'):
        (tree / "pc01/.root.nfsroot.json").write_text(text)
        (fault,) = refusals(tree / "source", tree / "pc01/root")
        assert ".root.nfsroot.json is " in fault


def test_mounts_on_and_in_a_destination_are_found_also_bind_mounts(tree: Path) -> None:
    (tree / "pc01/root/home").mkdir(parents=True)
    for point in (tree / "pc01/root/home", tree / "pc01/root"):
        subprocess.run(["mount", "--bind", str(tree / "foreign"), str(point)], check=True)
        try:
            (fault,) = refusals(tree / "source", tree / "pc01/root", adopt=True)
            (again,) = refusals(tree / "source", f"/{tree}/pc01/root", adopt=True)
        finally:
            subprocess.run(["umount", "--lazy", str(point)], check=True)
        expected = "is a mount point" if point.name == "root" else f"mounted inside ({point})"
        assert expected in fault
        assert expected in again
    assert mount_faults("/a", ["/", "/ab", "/ab/c"]) == []


def test_inodes_are_counted_before_the_start(tree: Path) -> None:
    (tree / "small").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=9m,nr_inodes=5", "small", str(tree / "small")]
    subprocess.run(mount, check=True)
    try:
        (fault,) = refusals(tree / "source", *(tree / f"small/{n}" for n in range(3)))
        assert fault == f"{tree}/small: 3 x 3 inodes to copy, 4 free"
        examine(Request(str(tree / "source"), [str(tree / "small/1")]))
    finally:
        subprocess.run(["umount", "--lazy", str(tree / "small")], check=True)


def test_excluded_things_need_no_room(tree: Path) -> None:
    (tree / "source/big").write_bytes(bytes(1 << 20))
    folder = str(tree / "source")
    assert usage(folder, [], True)[0] > 1 << 20
    for pattern in ("/big", "big", "b*g", "/b*"):
        size, inodes = usage(folder, [pattern], True)
        assert (size < 1 << 19, inodes) == (True, 3), pattern


@pytest.mark.parametrize(
    ("pattern", "inside", "out"),
    [
        ("/srv", "/srv/x/root", True),
        ("/srv/", "/srv/x/root", True),
        ("/srv/***", "/srv/x/root", True),
        ("/srv/*", "/srv/x/root", True),
        ("/srv/**", "/srv/x/root", True),
        ("/s*", "/srv/x/root", True),
        ("/*", "/srv/x/root", True),
        ("/srv/x/root", "/srv/x/root", True),
        ("/srv/x/root/y", "/srv/x/root", False),
        ("/srv/y", "/srv/x/root", False),
        ("/sr", "/srv/x/root", False),
        ("srv", "/srv/x/root", False),
        ("/**/root", "/srv/x/root", False),
    ],
)
def test_a_destination_inside_the_source_is_seen_to_be_excluded(
    pattern: str, inside: str, out: bool
) -> None:
    assert src.keeps_out([pattern], inside) is out


def test_a_destination_in_the_source_must_be_excluded_with_what_lies_beside_it(
    tree: Path,
) -> None:
    source, dest = tree / "source", tree / "source/store/pc01/root"
    (fault,) = refusals(source, dest, exclude=["/store/pc01/root"])
    assert fault.endswith("add '/store/pc01' to exclude")
    examine(Request(str(source), [str(dest)], exclude=["/store"]))


@pytest.mark.parametrize(
    ("text", "kind", "path"),
    [
        ("/", src.FOLDER, "/"),
        ("//srv//x/", src.FOLDER, "/srv/x"),
        ("/a/b.tar", src.ARCHIVE, "/a/b.tar"),
        ("/a/b.tgz", src.ARCHIVE, "/a/b.tgz"),
        ("/a/b.tar.zst", src.ARCHIVE, "/a/b.tar.zst"),
        ("/a/b.squashfs", src.SQUASHFS, "/a/b.squashfs"),
        ("/a/b.tart", src.FOLDER, "/a/b.tart"),
        ("/a:b", src.FOLDER, "/a:b"),
        ("pc01:/srv/x y", src.SSH, "/srv/x y"),
        ("root@pc01.example.org:/", src.SSH, "/"),
        ("root@[2001:db8::1]:/", src.SSH, "/"),
    ],
)
def test_a_source_is_told_by_its_words(text: str, kind: str, path: str) -> None:
    found = src.parse(text)
    assert (found.kind, found.path) == (kind, path)


@given(st.text(max_size=40))
@settings(max_examples=100, deadline=None)
def test_any_source_is_understood_or_refused_and_never_an_option(text: str) -> None:
    try:
        found = src.parse(text)
    except ValueError:
        return
    assert text[0] not in "-:"
    assert found.path.startswith("/")


@given(st.text(alphabet=r"ab*?[]\x!", min_size=1, max_size=8))
@settings(max_examples=100, deadline=None)
def test_a_literal_pattern_means_just_itself(name: str) -> None:
    pattern = src.literal(name)
    if re.search(r"[*?\[]", name):
        # fnmatch of Python has no backslash; a class of one is the same
        pattern = re.sub(r"\\(.)", lambda m: f"[{m[1]}]", pattern)
        assert fnmatch.fnmatchcase(name, pattern)
        assert not fnmatch.fnmatchcase(name + "a", pattern)
    else:
        assert pattern == name
