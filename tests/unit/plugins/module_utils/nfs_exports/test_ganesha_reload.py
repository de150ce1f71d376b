# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What NFS-Ganesha is told where exports change. That it obeys is in the boot tests."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports.ganesha import (
    ExportText,
    ganesha_conf,
    read_exports,
)
from ansible_collections.diskless.netboot.plugins.module_utils.nfs_exports.ganesha_reload import (
    Steps,
    half_done,
    nested,
    steps,
    too_many,
)


def exports(texts: Mapping[int, str]) -> dict[int, ExportText]:
    """Exports whose path is the first word of their text."""
    form = 'EXPORT {\n  Export_Id = %d;\n  Path = "%s";\n  # %s\n}'
    return {
        number: ExportText(number, text.split()[0], form % (number, text.split()[0], text))
        for number, text in texts.items()
    }


def paths(found: Mapping[int, ExportText]) -> dict[int, str]:
    return {number: export.path for number, export in found.items()}


def test_only_what_changed_is_told() -> None:
    before = exports({1: "/one", 2: "/two", 3: "/three for pc03", 4: "/four"})
    wanted = exports({1: "/one", 3: "/three for pc03 and pc05", 4: "/other", 5: "/five"})
    assert steps(wanted, list(before.values()), paths(before)) == Steps(
        remove=[2, 4], add=[5, 4], update=[3]
    )


def test_exports_below_others_go_first_and_come_last() -> None:
    before = exports({9: "/a", 3: "/a/b"})
    wanted = exports({1: "/c/d", 8: "/c"})
    assert steps(wanted, list(before.values()), paths(before)) == Steps([3, 9], [8, 1], [])


def test_all_are_read_again_where_one_that_stays_is_below_one_that_comes_or_goes() -> None:
    served = {1: "/a", 2: "/a/b", 3: "/c/d"}
    wanted = exports({2: "/a/b", 3: "/c/d", 4: "/c"})
    assert nested(Steps([1], [], []), wanted, served)
    assert nested(Steps([], [4], []), wanted, served)
    assert not nested(Steps([2], [], [1]), wanted, served)
    assert not nested(Steps([1, 2], [], []), wanted, served)


def test_after_a_run_that_was_killed_all_that_it_may_have_done_is_done_again() -> None:
    before = exports({1: "/one", 2: "/two", 3: "/three for pc03"})
    wanted = exports({1: "/one", 3: "/three for pc05", 4: "/four"})
    todo = steps(wanted, list(before.values()), paths(before))
    noted = read_exports(half_done(todo, wanted, list(before.values())))
    # It had come to the end, and the inventory says what it said before.
    again = steps(before, noted, paths(wanted))
    assert again == Steps(remove=[4], add=[2], update=[3])


def test_all_are_read_again_where_that_is_quicker() -> None:
    wanted = exports(dict.fromkeys(range(1000), "/one"))
    assert not too_many(Steps([], range(100), range(100)), wanted)
    assert too_many(Steps([1], range(100), range(100)), wanted)
    assert not too_many(Steps([], range(25), []), exports({1: "/one"}))


def test_nothing_is_told_where_nothing_changed() -> None:
    before = exports({1: "/one"})
    assert steps(before, list(before.values()), paths(before)) == Steps([], [], [])


def test_what_somebody_else_let_it_read_is_heeded_and_what_he_exports_stays() -> None:
    before = exports({1: "/one", 2: "/two"})
    wanted = exports({1: "/one", 3: "/three for pc03"})
    served = {0: "/", 1: "/one", 3: "/three", 77: "/of/somebody", 78: "/one"}
    assert steps(wanted, list(before.values()), served) == Steps(remove=[78], add=[], update=[3])


def test_an_export_is_read_as_it_was_written() -> None:
    told = [
        {"path": f"/srv/{name}", "clients": [{"address": "192.0.2.1", "options": ["ro"]}]}
        for name in ("one", "two")
    ]
    text = ganesha_conf(told, include="/etc/ganesha/other.conf")
    found = read_exports(text)
    assert sorted(export.path for export in found) == ["/srv/one", "/srv/two"]
    for export in found:
        assert export.text in text
        assert f"Export_Id = {export.number};" in export.text
        assert (export.text.count("EXPORT {"), export.text.count("CLIENT {")) == (1, 1)
