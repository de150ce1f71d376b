# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pxelinux entries, read back by a reader of our own that follows the loader's parser."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.bootloader import pxelinux
from hypothesis import example, given, settings
from hypothesis import strategies as st

MAC = "52:54:00:12:34:56"


def read(text: str) -> dict[str, Any]:
    """Read an entry as readconfig.c does: 4095 bytes at a time, directives in any case."""
    chunks: list[bytes] = []
    for raw in text.encode().split(b"\n"):
        chunks += [raw[at : at + 4095] for at in range(0, max(len(raw), 1), 4095)]
    lines = iter([chunk.split(b"\r")[0].decode() for chunk in chunks])
    config: dict[str, Any] = {"labels": [], "comments": []}
    label: dict[str, Any] = {}
    for line in lines:
        word, _blank, rest = line.strip(" \t").partition(" ")
        rest = rest.lstrip(" \t")
        directive = word.upper()
        if directive.startswith("#"):
            config["comments"].append(line[1:].strip())
        elif directive == "LABEL":
            label = {"name": rest.split()[0], "append": "", "sysappend": config.get("sysappend")}
            config["labels"].append(label)
        elif directive == "MENU":
            kind, _blank, what = rest.partition(" ")
            (label if kind == "LABEL" else config)[f"menu {kind.lower()}"] = what.lstrip()
        elif directive == "TEXT":
            assert rest == "HELP"
            label["help"] = []
            for inner in lines:
                if inner.upper().split()[:1] == ["ENDTEXT"]:
                    break
                label["help"].append(inner)
        elif directive in ("LINUX", "COM32", "LOCALBOOT", "INITRD", "APPEND"):
            label[directive.lower()] = rest
        elif directive in ("DEFAULT", "PROMPT", "TIMEOUT", "SERIAL", "SYSAPPEND", "UI"):
            config[directive.lower()] = rest
        else:
            assert not directive, f"the loader would read {line!r} as a directive"
    return config


def entry(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "client": MAC,
        "labels": [{"name": "linux", "kernel": "images/lib/b1/vmlinuz"}],
    }
    return {**found, **changes}


def label(**changes: Any) -> dict[str, Any]:
    return {"name": "linux", "kernel": "vmlinuz", **changes}


def rendered(**changes: Any) -> str:
    (parsed,) = pxelinux.parse([entry(**changes)])
    return pxelinux.render(parsed)


def faults(*entries: dict[str, Any]) -> list[str]:
    with pytest.raises(pxelinux.EntryError) as caught:
        pxelinux.parse(entries)
    return [f"{fault.client}: {fault.what}" for fault in caught.value.faults]


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
    assert pxelinux.target(client)[1] == name


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


def test_an_entry_says_all_that_it_was_given() -> None:
    text = rendered(
        comment="pc01\nsecond line",
        serial={"port": 0x3F8, "baud": 9600},
        ui="menu.c32",
        menu_title="Reading room",
        timeout=2.5,
        prompt=True,
        sysappend=2,
        default="disk",
        labels=[
            label(
                name="linux",
                menu_label="^Linux",
                help="Two lines\n\nof help",
                initrd=["a/initrd.img", "b/extra.cpio"],
                append=["ro", 'dyndbg="file a.c +p"'],
            ),
            {"name": "disk", "localboot": 0},
            {"name": "test", "com32": "memtest.c32", "append": ["-x"]},
        ],
    )
    assert text.startswith(pxelinux.MARKER + "\n# pc01\n# second line\nSERIAL 1016 9600\n")
    assert read(text) == {
        "comments": [pxelinux.MARKER[2:], "pc01", "second line"],
        "serial": "1016 9600",
        "ui": "menu.c32",
        "menu title": "Reading room",
        "timeout": "25",
        "prompt": "1",
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
                "sysappend": "2",
            },
            {"name": "disk", "localboot": "0", "append": "", "sysappend": "2"},
            {
                "name": "test",
                "com32": "memtest.c32",
                "append": "-x",
                "sysappend": "2",
            },
        ],
    }


def test_the_first_label_boots_if_no_default_is_given() -> None:
    assert read(rendered(labels=[label(name="b"), label(name="a")]))["default"] == "b"


def test_a_kernel_is_linux_whatever_its_suffix() -> None:
    assert "  LINUX vmlinuz-6.1.0\n" in rendered(labels=[label(kernel="vmlinuz-6.1.0")])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"labels": None}, "labels: must hold at least one label"),
        ({"labels": [label(name="a b")]}, "labels[0].name: 'a b': must be printable ASCII"),
        ({"labels": [label(), label()]}, "labels: 'linux': must be a name that no other label"),
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
        {"comment": "x" * 4092},
        {"timeout": 3599.6},
        {"labels": [label(kernel="http://192.0.2.1:8080/vmlinuz?pc=1")]},
    ],
)
def test_what_just_fits_is_accepted(changes: dict[str, Any]) -> None:
    read(rendered(**changes))


def test_one_error_names_every_fault_of_every_entry() -> None:
    found = faults(
        entry(client=12, default="x", timeout=-1),
        entry(labels=[label(kernel="a b", append=["c d"])]),
        entry(client="10.0.0.1", sysappend=-1),
    )
    assert [fault.split(":")[0] for fault in found[:2]] == ["entries[0]", "entries[0]"]
    assert len(found) == 6


def test_files_are_what_the_tftp_server_must_have() -> None:
    (parsed,) = pxelinux.parse(
        [
            entry(
                ui="menu.c32",
                labels=[
                    label(initrd=["i1", "http://192.0.2.1/i2"]),
                    {"name": "m", "com32": "memtest.c32"},
                ],
            )
        ]
    )
    assert list(parsed.files()) == [
        ("ui", "menu.c32"),
        ("labels[0].kernel", "vmlinuz"),
        ("labels[0].initrd[0]", "i1"),
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
        (parsed,) = pxelinux.parse([given_entry])
    except pxelinux.EntryError:
        return
    config = read(pxelinux.render(parsed))
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
    config = read(rendered(**{key: fitting[key] for key in ("labels", "timeout", "comment")}))
    assert [found["name"] for found in config["labels"]] == [
        found["name"] for found in fitting["labels"]
    ]
    assert [found["append"].split() for found in config["labels"]] == [
        found.get("append", []) for found in fitting["labels"]
    ]
