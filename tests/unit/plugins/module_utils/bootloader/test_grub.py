# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""GRUB's entries, read back by a reader of our own and checked by GRUB's parser."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.grub import (
    DISPATCHER,
    GRUB,
)
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.loader import MARKER
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.model import target
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.parse import parse
from ansible_collections.diskless.netboot.tests.unit.plugins.module_utils.bootloader.made import (
    PASSWORDS,
    entry,
    label,
)
from ansible_collections.diskless.netboot.tests.unit.plugins.module_utils.bootloader.read import (
    kernel_sees,
    read_grub,
)
from hypothesis import given, settings
from hypothesis import strategies as st


def rendered(**changes: Any) -> str:
    (parsed,) = parse([entry(**changes)])
    assert list(GRUB.faults(parsed)) == []
    return GRUB.render(parsed)


def checked(text: str, folder: Path) -> None:
    """Let GRUB's own parser read it."""
    (folder / "grub.cfg").write_text(text)
    subprocess.run(["grub-script-check", folder / "grub.cfg"], check=True)


@pytest.mark.parametrize(
    ("client", "name"),
    [
        ("52:54:00:AB:CD:EF", "01-52-54-00-ab-cd-ef.cfg"),
        ("192.168.2.91", "192.168.2.91.cfg"),
        ("B8945908-D6A6-41A9-611D-74A6AB80B83D", "b8945908-d6a6-41a9-611d-74a6ab80b83d.cfg"),
        ("default", "default.cfg"),
    ],
)
def test_a_client_has_the_file_name_that_the_dispatcher_asks_for(client: str, name: str) -> None:
    assert GRUB.file_name(target(client)) == name


def test_an_entry_says_all_that_it_was_given(tmp_path: Path) -> None:
    text = rendered(
        comment="pc01's",
        serial={"port": 0x3F8, "baud": 9600},
        prompt=True,
        timeout=2.5,
        menu_hidden=True,
        menu_password=PASSWORDS,
        sysappend=2,
        default="disk",
        ontimeout="linux",
        include=["site.cfg"],
        raw={"pxelinux": "MENU WIDTH 60", "grub": "set color_normal=white/black"},
        labels=[
            label(
                menu_label="^Linux's {own}",
                menu_password=PASSWORDS,
                kernel="a b".replace(" ", "/"),
                initrd=["i1", "http://192.0.2.1/i2"],
                append=["ro", 'dyndbg="file a.c +p"', "x=$y;z"],
                raw={"grub": "  echo raw"},
            ),
            {"name": "disk", "localboot": 0},
            {"name": "test", "com32": "memtest.c32"},
        ],
    )
    checked(text, tmp_path)
    assert text.startswith(MARKER + "\n# pc01's\n")
    assert read_grub(text) == {
        "set": {
            "superusers": "admin",
            "default": "0",
            "timeout": "3",
            "timeout_style": "hidden",
            "color_normal": "white/black",
        },
        "passwords": {"admin": PASSWORDS["grub"], "linux": PASSWORDS["grub"]},
        "commands": [
            ["serial", "--port=0x3f8", "--speed=9600"],
            ["terminal_input", "--append", "serial"],
            ["terminal_output", "--append", "serial"],
        ],
        "entries": [
            {
                "title": "Linux's {own}",
                "id": "linux",
                "users": "linux",
                "commands": [
                    ["echo", "Loading a/b ..."],
                    ["linux", "/a/b", "ro", "dyndbg=file a.c +p", "x=$y;z", "BOOTIF=$bootif"],
                    ["echo", "Loading the initrd ..."],
                    ["initrd", "/i1", "(http,192.0.2.1)/i2"],
                    ["echo", "raw"],
                ],
            },
            {"title": "disk", "id": "disk", "commands": [["exit"]]},
        ],
    }


@pytest.mark.parametrize(
    ("changes", "default", "timeout"),
    [
        ({}, "0", "0"),
        ({"timeout": 9}, "0", "0"),
        ({"ui": "menu.c32", "timeout": 9}, "0", "9"),
        ({"prompt": True}, "0", "-1"),
        ({"prompt": True, "timeout": 0, "ontimeout": "b"}, "1", "-1"),
        ({"ontimeout": "b"}, "0", "0"),
        ({"default": "b"}, "1", "0"),
    ],
)
def test_it_waits_only_where_there_is_a_menu_to_wait_at(
    changes: dict[str, Any], default: str, timeout: str
) -> None:
    settings_ = read_grub(rendered(labels=[label(), label(name="b")], **changes))["set"]
    assert (settings_["default"], settings_["timeout"]) == (default, timeout)


@pytest.mark.parametrize("changes", [{"default": "1"}, {"prompt": True, "ontimeout": "1"}])
def test_a_label_is_booted_by_its_place_whatever_its_name_and_what_is_added(
    changes: dict[str, Any],
) -> None:
    memory = {"name": "memory", "com32": "m.c32"}
    raw = {"grub": "menuentry more --id more --unrestricted {\n  exit\n}"}
    labels = [label(name="2"), memory, label(name="a>b"), label(name="1")]
    config = read_grub(rendered(labels=labels, raw=raw, **changes))
    assert config["entries"][int(config["set"]["default"])]["id"] == "1"


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"sysappend": 3}, "sysappend"),
        ({"menu_password": {"pxelinux": PASSWORDS["pxelinux"]}}, "menu_password.grub"),
        (
            {"labels": [label(menu_password={"pxelinux": PASSWORDS["pxelinux"]})]},
            "labels[0].menu_password.grub",
        ),
        ({"labels": [{"name": "m", "com32": "m.c32"}]}, "default"),
        ({"labels": [label(), {"name": "m", "com32": "m.c32"}], "ontimeout": "m"}, "ontimeout"),
        ({"labels": [label(append=["a=\\"])]}, "labels[0].append[0]"),
        ({"labels": [label(append=["ok", "a='b'"])]}, "labels[0].append[1]"),
        ({"labels": [label(kernel="ftp://192.0.2.1/k")]}, "labels[0].kernel"),
        ({"labels": [label(initrd=["http://192.0.2.1:8080/i"])]}, "labels[0].initrd[0]"),
        ({"labels": [label(initrd=["http://192.0.2.1/i?pc=1"])]}, "labels[0].initrd[0]"),
    ],
)
def test_what_grub_cannot_do_and_the_boot_needs_is_a_fault(
    changes: dict[str, Any], where: str
) -> None:
    (parsed,) = parse([entry(**changes)])
    assert [found for found, _value, _expected in GRUB.faults(parsed)] == [where]


def test_what_grub_leaves_out_is_told() -> None:
    (parsed,) = parse([entry(labels=[label(), {"name": "m", "com32": "m.c32"}], include=["s.cfg"])])
    told = list(GRUB.left_out(parsed))
    assert [part for part in ("label m", "include of s.cfg") if part not in " ".join(told)] == []
    assert len(told) == 2


def test_the_dispatcher_is_a_script_of_grubs(tmp_path: Path) -> None:
    checked(DISPATCHER, tmp_path)


_words = st.text(st.sampled_from("ab$\"{}();&|<>#*=,%-\\' "), min_size=1, max_size=9)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(_words | st.just('a="b c"'), max_size=3),
    st.from_regex(r"[A-Za-z0-9_][!-~]{0,8}", fullmatch=True),
    _words | st.none(),
)
def test_whatever_is_accepted_reaches_the_kernel_as_it_was_meant(
    append: list[str], name: str, title: str | None
) -> None:
    try:
        (parsed,) = parse([entry(labels=[label(name=name, append=append, menu_label=title)])])
    except ValueError:
        return
    if list(GRUB.faults(parsed)):
        return
    config = read_grub(GRUB.render(parsed))
    (found,) = config["entries"]
    assert (config["set"]["default"], found["id"]) == ("0", name)
    assert found["title"] == ((title or "").replace("^", "", 1) or name)
    _linux, kernel, *arguments = found["commands"][1]
    assert kernel == "/vmlinuz"
    assert kernel_sees(arguments) == [argument.replace('"', "") for argument in append]
