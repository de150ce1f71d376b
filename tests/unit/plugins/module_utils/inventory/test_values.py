# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each kind of value has one normal form, and what is none is refused with what would be right."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.inventory import values
from hypothesis import given, settings
from hypothesis import strategies as st

NORMAL = "52:54:00:ab:cd:ef"


@pytest.mark.parametrize(
    "written",
    [
        "52:54:00:ab:cd:ef",
        "52-54-00-AB-CD-EF",
        "5254.00ab.cdef",
        "5254-00AB-CDEF",
        "525400-abcdef",
        "525400ABCDEF",
        " 52:54:00:ab:cd:ef\n",
    ],
)
def test_every_usual_spelling_of_a_mac_is_read(written: str) -> None:
    assert values.mac(written) == NORMAL


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=6, max_size=6))
def test_all_spellings_of_a_mac_have_one_normal_form(octets: bytes) -> None:
    digits = octets.hex()
    pairs = [digits[place : place + 2] for place in range(0, 12, 2)]
    spellings = [
        ":".join(pairs),
        "-".join(pairs).upper(),
        ".".join(digits[place : place + 4] for place in (0, 4, 8)),
        digits,
        digits.upper(),
    ]
    if octets[0] & 1 or not any(octets):
        for spelling in spellings:
            with pytest.raises(ValueError, match="no card's own"):
                values.mac(spelling)
    else:
        assert {values.mac(spelling) for spelling in spellings} == {":".join(pairs)}


@pytest.mark.parametrize(
    "written",
    [
        "",
        "52:54:00:ab:cd",
        "52:54:00:ab:cd:eg",
        "52:54-00:ab:cd:ef",
        "52:54:00:ab:cd:ef:01",
        "\uff152:54:00:ab:cd:ef",
    ],
)
def test_what_is_no_mac_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="must be a MAC address such as"):
        values.mac(written)


@pytest.mark.parametrize("written", ["00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01"])
def test_a_mac_that_no_card_has_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="no card's own"):
        values.mac(written)


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (41135085296, "quote it: '52:54:00:12:34:56'"),
        (525400123456, "quote it"),
        (0, "quote it"),
        (-5, "quote it"),
        (1.5, "quote it"),
        (10**40, "quote it"),
    ],
)
def test_a_mac_that_yaml_read_as_a_number_is_refused_with_quote_it(number: Any, says: str) -> None:
    with pytest.raises(ValueError, match=f"was read by YAML as a number, {says}$"):
        values.mac(number)


def test_yaml_itself_reads_an_unquoted_all_digit_mac_as_that_number() -> None:
    yaml = pytest.importorskip("yaml")
    assert yaml.safe_load("52:54:00:12:34:56") == 41135085296


@pytest.mark.parametrize("value", [None, [], {}, b"x", True])
def test_what_is_no_string_is_refused_as_such(value: Any) -> None:
    for parse in (values.mac, values.ipv4, values.hostname, values.segment, values.nic):
        with pytest.raises(ValueError, match="must be a string"):
            parse(value)


@pytest.mark.parametrize("name", ["a", "pc-01", "PC01", "1a", "a.b.c", "a" * 63])
def test_host_names_of_rfc_1123_are_taken_as_they_are(name: str) -> None:
    assert values.hostname(name) == name


@pytest.mark.parametrize("name", ["", ".", "a.", ".a", "a..b", "-a", "a-", "a_b", "ä", "1.2", "12"])
def test_other_host_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="RFC 1123"):
        values.hostname(name)


@pytest.mark.parametrize("name", ["", ".", "..", ".a", "-a", "a/b", "a b", "a\n", "é", "a\0"])
def test_what_is_not_one_path_segment_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="one path segment"):
        values.segment(name)


@pytest.mark.parametrize(
    ("path", "normal"), [("/a/", "/a"), ("//a//b", "/a/b"), ("/a/./b", "/a/b"), ("/a..b", "/a..b")]
)
def test_paths_are_normalised(path: str, normal: str) -> None:
    assert values.absolute_path(path) == normal


@pytest.mark.parametrize("path", ["", "a", "/", "//", "/.", "/..", "/a/..", "/a\n", "/a'b", "/a b"])
def test_paths_that_leave_or_cannot_be_written_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match="absolute path below /"):
        values.absolute_path(path)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=12))
def test_an_accepted_kernel_argument_is_one_printable_word(text: str) -> None:
    try:
        argument = values.kernel_argument(text)
    except ValueError:
        return
    assert argument == text
    assert argument.split() == [argument]
    assert argument.isascii()
    assert argument.isprintable()
    assert not set(argument) & set("\"'\\`")
