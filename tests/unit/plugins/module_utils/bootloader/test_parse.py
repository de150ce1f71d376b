# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused in a list of boot entries, whatever the loader."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.model import EntryError
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader.parse import parse
from ansible_collections.diskless.netboot.tests.unit.plugins.module_utils.bootloader.made import (
    MAC,
    entry,
    label,
)


def faults(*entries: dict[str, Any]) -> list[str]:
    with pytest.raises(EntryError) as caught:
        parse(entries)
    return [f"{fault.client}: {fault.what}" for fault in caught.value.faults]


def test_a_mac_that_yaml_made_a_number_is_refused_with_quote_it() -> None:
    assert "quote it" in faults(entry(client=41135085296))[0]


@pytest.mark.parametrize("client", ["", "pc01", "../default", "10.0.0.256", None, ["default"]])
def test_what_is_no_client_is_refused(client: Any) -> None:
    assert len(faults(entry(client=client))) == 1


def test_one_client_in_two_spellings_is_refused() -> None:
    found = faults(entry(), entry(client="5254.0012.3456"))
    assert found == [
        "entries[1]: client: '5254.0012.3456': must be named once: "
        "entries[0] is for the same client"
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"labels": None}, "labels: must hold at least one label"),
        ({"labels": [label(name="a b")]}, "labels[0].name: 'a b': must be printable ASCII"),
        ({"labels": [label(), label()]}, "labels: 'linux': must be a name that no other label"),
        ({"ontimeout": "linx"}, "ontimeout: 'linx': must be the name of a label: linux; did you"),
        ({"menu_password": {"pxelinux": "secret"}}, "menu_password.pxelinux: must be a hash of"),
        ({"menu_password": {"grub": "secret"}}, "menu_password.grub: must be a hash of grub-mk"),
        (
            {"labels": [label(menu_password={"pxelinux": "$6$a\n"})]},
            "labels[0].menu_password.pxelinux: must be a hash of",
        ),
        ({"include": ["../x"]}, "include[0]: '../x': must not hold the step"),
        ({"raw": {"pxelinux": "a\x07"}}, "raw.pxelinux: 'a\\x07': must not hold control"),
        ({"labels": [label(raw={"grub": "x" * 4095})]}, "labels[0].raw.grub: makes a line of 4095"),
        ({"default": "linx"}, "default: 'linx': must be the name of a label: linux; did you mean"),
        ({"labels": [{"name": "a"}]}, "labels[0]: must have exactly one of kernel, com32 and"),
        ({"labels": [label(localboot=0)]}, "labels[0]: 'kernel and localboot': must have exactly"),
        ({"labels": [label(kernel="../vmlinuz")]}, "must not hold the step '..'"),
        ({"labels": [label(kernel="a b")]}, "labels[0].kernel: 'a b': must be a path below"),
        ({"labels": [label(kernel="10.0.0.1::a")]}, "must be a path below the TFTP root"),
        ({"labels": [label(kernel="")]}, "labels[0].kernel: '': must be a path below"),
        ({"labels": [label(kernel="a/")]}, "must be a path below the TFTP root"),
        ({"labels": [label(initrd=["a,b"])]}, "labels[0].initrd[0]: 'a,b': must be a path below"),
        ({"labels": [label(kernel="a" * 128)]}, "has 128 bytes, 127 are possible"),
        ({"labels": [label(append="ro quiet")]}, "must be a list, one kernel argument each"),
        ({"labels": [label(append=["ro quiet"])]}, "labels[0].append[0]: 'ro quiet': must be one"),
        ({"labels": [label(append=['a="b c'])]}, "must close its double quote"),
        ({"labels": [label(append=['""'])]}, "labels[0].append[0]: '\"\"': must be one"),
        ({"labels": [label(append=["a\nDEFAULT b"])]}, "control characters or line ends"),
        ({"labels": [label(append=["a\x1b"])]}, "control characters or line ends"),
        ({"labels": [label(append=["a\udc80"])]}, "control characters or line ends"),
        ({"labels": [label(append=[6])]}, "but YAML read it as a number: quote it"),
        ({"labels": [label(append=["-"])]}, "must not be '-' alone"),
        ({"labels": [label(append=["initrd=x"])]}, "must be given as initrd"),
        ({"labels": [label(append=["x" * 2027, "y"])]}, "makes a command line of 2048 bytes"),
        ({"labels": [label(append=["x" * 2001])], "sysappend": 2}, "a command line of 2048 bytes"),
        (
            {"labels": [label(help="a\n  EndText b")]},
            "must not hold a line that begins with ENDTEXT",
        ),
        (
            {"labels": [label(menu_label="a\r")]},
            "labels[0].menu_label: 'a\\r': must not hold control",
        ),
        (
            {"labels": [{"name": "a", "localboot": 0, "append": ["x"]}]},
            "must not go with localboot",
        ),
        ({"labels": [{"name": "a", "localboot": 7}]}, "7: must be one of -1, 0, 4, 5"),
        ({"labels": [{"name": "a", "com32": "a.c32", "initrd": ["b"]}]}, "must go with a kernel"),
        ({"menu_title": " a"}, "menu_title: ' a': must be text without blanks at its ends"),
        ({"menu_title": ""}, "menu_title: '': must be text without blanks at its ends"),
        ({"menu_title": "a\nLABEL b"}, "menu_title: 'a\\nLABEL b': must not hold control"),
        ({"menu_title": "x" * 4084}, "menu_title: makes a line of 4095 bytes, 4094 are possible"),
        ({"labels": [label(menu_label="x" * 4082)]}, "menu_label: makes a line of 4095 bytes"),
        ({"menu_password": {"pxelinux": "$6$" + "x" * 4073}}, "makes a line of 4095 bytes"),
        (
            {"labels": [label(menu_password={"pxelinux": "$6$" + "x" * 4078})]},
            "labels[0].menu_password.pxelinux: makes a line of 4095 bytes",
        ),
        ({"comment": "fine\n" + "x" * 4093}, "comment: makes a line of 4095 bytes"),
        ({"comment": "a\x00"}, "comment: 'a\\x00': must not hold control characters"),
        ({"timeout": 3600}, "timeout: 3600: must be 0 (wait for ever) to 3599.6 seconds"),
        ({"timeout": 0.04}, "timeout: 0.04: must be 0"),
        ({"timeout": float("nan")}, "timeout: nan: must be 0"),
        ({"sysappend": -1}, "sysappend: -1: must be 0 to 524287"),
        ({"serial": {"port": 4}}, "serial.port: 4: must be 0 to 3"),
        ({"serial": {"baud": 50}}, "serial.baud: 50: must divide 115200"),
        ({"ui": "../menu.c32"}, "ui: '../menu.c32': must not hold the step"),
    ],
)
def test_what_the_loader_could_not_read_is_refused(changes: dict[str, Any], said: str) -> None:
    found = faults(entry(**changes))
    assert len(found) == 1, found
    assert found[0].startswith(f"{MAC}: ")
    assert said in found[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"labels": [label(append=["x" * 2026, "y"])]},
        {"labels": [label(kernel="a" * 127)]},
        {"menu_title": "x" * 4083},
        {"labels": [label(menu_label="x" * 4081)]},
        {"menu_password": {"pxelinux": "$6$" + "x" * 4072}},
        {"labels": [label(menu_password={"pxelinux": "$6$" + "x" * 4077})]},
        {"comment": "x" * 4092},
        {"timeout": 3599.6},
        {"labels": [label(kernel="http://192.0.2.1:8080/vmlinuz?pc=1")]},
    ],
)
def test_what_just_fits_is_accepted(changes: dict[str, Any]) -> None:
    assert len(parse([entry(**changes)])) == 1


def test_one_error_names_every_fault_of_every_entry() -> None:
    found = faults(
        entry(client=12, default="x", timeout=-1),
        entry(labels=[label(kernel="a b", append=["c d"])]),
        entry(client="10.0.0.1", sysappend=-1),
    )
    assert [fault.split(":")[0] for fault in found[:2]] == ["entries[0]", "entries[0]"]
    assert len(found) == 6
