# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pxelinux entries, read back by a reader of our own that follows the loader's parser."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.loader import MARKER
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.model import (
    EntryError,
    target,
)
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.parse import parse
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.pxelinux import PXELINUX
from ansible_collections.diskless.netboot.tests.unit.plugins.module_utils.bootloader.made import (
    MAC,
    PASSWORDS,
    entry,
    label,
)
from ansible_collections.diskless.netboot.tests.unit.plugins.module_utils.bootloader.read import (
    read_pxelinux,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st


def rendered(**changes: Any) -> str:
    (parsed,) = parse([entry(**changes)])
    return PXELINUX.render(parsed)


@pytest.mark.parametrize(
    ("client", "name"),
    [
        ("52:54:00:AB:CD:EF", "01-52-54-00-ab-cd-ef"),
        ("52-54-00-ab-cd-ef", "01-52-54-00-ab-cd-ef"),
        ("5254.00ab.cdef", "01-52-54-00-ab-cd-ef"),
        ("525400abcdef", "01-52-54-00-ab-cd-ef"),
        ("192.168.2.91", "C0A8025B"),
        ("10.0.0.1", "0A000001"),
        ("B8945908-D6A6-41A9-611D-74A6AB80B83D", "b8945908-d6a6-41a9-611d-74a6ab80b83d"),
        ("default", "default"),
    ],
)
def test_a_client_has_the_file_name_that_pxelinux_asks_for(client: str, name: str) -> None:
    assert PXELINUX.file_name(target(client)) == name


def test_an_entry_says_all_that_it_was_given() -> None:
    text = rendered(
        comment="pc01\nsecond line",
        serial={"port": 0x3F8, "baud": 9600},
        ui="menu.c32",
        menu_title="Reading room",
        timeout=2.5,
        prompt=True,
        menu_hidden=True,
        menu_password=PASSWORDS,
        ontimeout="test",
        include=["site.cfg"],
        raw={"pxelinux": "MENU WIDTH 60", "grub": "set color_normal=white"},
        sysappend=2,
        default="disk",
        labels=[
            label(
                name="linux",
                menu_label="^Linux",
                help="Two lines\n\nof help",
                initrd=["a/initrd.img", "b/extra.cpio"],
                append=["ro", 'dyndbg="file a.c +p"'],
                menu_password=PASSWORDS,
                menu_separator=True,
            ),
            {"name": "disk", "localboot": 0, "raw": {"pxelinux": "MENU PASSWD x"}},
            {"name": "test", "com32": "memtest.c32", "append": ["-x"]},
        ],
    )
    assert text.startswith(MARKER + "\n# pc01\n# second line\nSERIAL 1016 9600\n")
    assert read_pxelinux(text) == {
        "comments": [MARKER[2:], "pc01", "second line"],
        "serial": "1016 9600",
        "ui": "menu.c32",
        "menu title": "Reading room",
        "timeout": "25",
        "prompt": "1",
        "menu hidden": "",
        "menu master passwd": PASSWORDS["pxelinux"],
        "menu width": "60",
        "ontimeout": "test",
        "include": ["site.cfg"],
        "sysappend": "2",
        "default": "disk",
        "labels": [
            {
                "name": "linux",
                "menu label": "^Linux",
                "linux": "vmlinuz",
                "initrd": "a/initrd.img,b/extra.cpio",
                "append": 'ro dyndbg="file a.c +p"',
                "help": ["Two lines", "", "of help"],
                "menu passwd": PASSWORDS["pxelinux"],
                "menu separator": "",
                "sysappend": "2",
            },
            {
                "name": "disk",
                "localboot": "0",
                "append": "",
                "sysappend": "2",
                "menu default": "",
                "menu passwd": "x",
            },
            {
                "name": "test",
                "com32": "memtest.c32",
                "append": "-x",
                "sysappend": "2",
            },
        ],
    }


def test_the_first_label_boots_if_no_default_is_given() -> None:
    assert read_pxelinux(rendered(labels=[label(name="b"), label(name="a")]))["default"] == "b"


def test_a_kernel_is_linux_whatever_its_suffix() -> None:
    assert "  LINUX vmlinuz-6.1.0\n" in rendered(labels=[label(kernel="vmlinuz-6.1.0")])


def test_files_are_what_the_tftp_server_must_have() -> None:
    (parsed,) = parse(
        [
            entry(
                ui="menu.c32",
                include=["site.cfg"],
                labels=[
                    label(initrd=["i1", "http://192.0.2.1/i2"]),
                    {"name": "m", "com32": "memtest.c32"},
                ],
            )
        ]
    )
    assert [found for found in PXELINUX.fetches(parsed) if found[1]] == [
        ("ui", "menu.c32"),
        ("include[0]", "site.cfg"),
        ("labels[0].kernel", "vmlinuz"),
        ("labels[0].initrd[0]", "i1"),
        ("labels[0].initrd[1]", "http://192.0.2.1/i2"),
        ("labels[1].com32", "memtest.c32"),
    ]


_text = st.text(st.sampled_from("ab ^#\"'\\,\n\r\t\x00é€-=") | st.characters(), max_size=12)
_labels = st.lists(
    st.fixed_dictionaries(
        {"name": _text | st.sampled_from(["a", "b", "c"])},
        optional={
            "kernel": _text | st.just("vmlinuz"),
            "com32": _text | st.just("a.c32"),
            "localboot": st.integers(-2, 6),
            "initrd": st.lists(_text | st.just("i"), max_size=3),
            "append": st.lists(_text | st.just("a=b"), max_size=3),
            "menu_label": _text,
            "help": _text | st.just("endtext"),
        },
    ),
    max_size=3,
)
_entries = st.fixed_dictionaries(
    {"client": st.just(MAC), "labels": _labels},
    optional={
        "default": _text | st.just("a"),
        "timeout": st.floats(),
        "prompt": st.booleans(),
        "ui": _text,
        "menu_title": _text,
        "sysappend": st.integers(-1, 8),
        "comment": _text,
    },
)


@settings(max_examples=100, deadline=None)
@given(_entries)
@example(entry(comment="DEFAULT x\n\nLABEL y"))
@example(entry(labels=[label(help="LABEL evil\nMENU x")]))
def test_whatever_is_accepted_reads_back_as_it_was_meant(given_entry: dict[str, Any]) -> None:
    try:
        (parsed,) = parse([given_entry])
    except EntryError:
        return
    config = read_pxelinux(PXELINUX.render(parsed))
    assert config["default"] in [found["name"] for found in config["labels"]]
    assert config["prompt"] == str(int(parsed.prompt))
    assert config.get("menu title", "") == parsed.menu_title
    assert config.get("timeout") == (None if parsed.timeout is None else str(parsed.timeout))
    assert len(config["labels"]) == len(parsed.labels)
    for found, meant in zip(config["labels"], parsed.labels, strict=True):
        assert found["name"] == meant.name
        assert found.get("linux", "") == meant.kernel
        assert found.get("com32", "") == meant.com32
        assert found.get("initrd", "") == ",".join(meant.initrd)
        assert found["append"] == " ".join(meant.append)
        assert found.get("menu label", "") == meant.menu_label
        assert "\n".join(found.get("help", [])) == meant.help


_fitting = st.builds(
    entry,
    labels=st.lists(
        st.fixed_dictionaries(
            {
                "name": st.from_regex(r"[a-z0-9_][!-~]{0,8}", fullmatch=True),
                "kernel": st.from_regex(r"[a-z0-9/._-]{1,20}[a-z]", fullmatch=True).filter(
                    lambda path: ".." not in path
                ),
            },
            optional={
                "append": st.lists(st.from_regex(r"[a-z0-9.]+(=[a-z0-9,:/]*)?", fullmatch=True)),
                "initrd": st.lists(st.from_regex(r"[a-z]{1,9}", fullmatch=True), max_size=4),
                "help": st.from_regex(r"([A-D ]{0,9}\n?){0,4}x", fullmatch=True),
            },
        ),
        min_size=1,
        max_size=4,
        unique_by=lambda found: found["name"],
    ),
    timeout=st.none() | st.integers(0, 3599),
    comment=st.none() | st.from_regex(r"([A-Za-z #]{0,9}\n?){0,4}", fullmatch=True),
)


@settings(max_examples=50, deadline=None)
@given(_fitting)
def test_what_fits_is_accepted_and_reads_back(fitting: dict[str, Any]) -> None:
    config = read_pxelinux(
        rendered(**{key: fitting[key] for key in ("labels", "timeout", "comment")})
    )
    assert [found["name"] for found in config["labels"]] == [
        found["name"] for found in fitting["labels"]
    ]
    assert [found["append"].split() for found in config["labels"]] == [
        found.get("append", []) for found in fitting["labels"]
    ]


def test_a_password_that_only_grub_would_ask_for_is_refused() -> None:
    grub_only = {"grub": PASSWORDS["grub"]}
    (parsed,) = parse([entry(menu_password=grub_only, labels=[label(menu_password=grub_only)])])
    assert [where for where, _value, _expected in PXELINUX.faults(parsed)] == [
        "menu_password.pxelinux",
        "labels[0].menu_password.pxelinux",
    ]
