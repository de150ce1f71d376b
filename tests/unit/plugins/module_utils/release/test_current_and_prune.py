# SPDX-FileCopyrightText: The diskless.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Going back to a release, and removing those that nobody needs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from ansible_collections.diskless.netboot.plugins.module_utils.nfsroot import marker
from ansible_collections.diskless.netboot.plugins.module_utils.release.catalogue import ReleaseError
from ansible_collections.diskless.netboot.tests.unit.plugins.module_utils.release import made
from ansible_collections.diskless.netboot.tests.unit.plugins.module_utils.release.made import Store

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners of a root are root's to keep")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with the releases a, b, c and d, of which d is current."""
    found = made.store(tmp_path)
    for name in "abcd":
        (found.root / "etc/hostname").write_text(name)
        found.publish(name)
    return found


def test_previous_is_the_one_before_the_current(store: Store) -> None:
    assert store.go_to("previous", check=True).current == "c"
    assert store.known.current == "d"
    assert store.go_to("previous").changed
    assert store.go_to("previous").changed
    assert store.known.current == "b"
    assert (store.image / "current").readlink() == Path("releases/b")
    assert not store.go_to("b").changed


def test_before_the_first_there_is_nothing_to_go_back_to(store: Store) -> None:
    store.go_to("a")
    with pytest.raises(ReleaseError, match="no release before the current one, a"):
        store.go_to("previous")


def test_a_release_that_is_not_there_is_named_with_those_that_are(store: Store) -> None:
    with pytest.raises(ReleaseError, match=r"no release 'e' \(there are: a, b, c, d\)"):
        store.go_to("e")
    assert store.known.current == "d"


def test_nobody_goes_back_to_what_clients_could_not_fetch(store: Store) -> None:
    store.publish("packed", squashfs="lz4")
    for name in ("previous", "a"):
        with pytest.raises(ReleaseError, match=r"has no squashfs.* one that has \(packed\)"):
            store.go_to(name, squashfs=True)
    assert store.known.current == "packed"
    assert store.go_to("a").changed
    assert store.go_to("packed", squashfs=True).changed


def test_whoever_went_back_stays_there_until_the_image_changes(store: Store) -> None:
    store.go_to("a")
    assert not store.publish().changed
    assert store.known.current == "a"
    (store.root / "etc/hostname").write_text("e")
    assert store.publish("e").changed
    assert store.known.current == "e"


def test_a_release_can_be_tried_before_it_is_everybody_s(store: Store) -> None:
    (store.root / "etc/hostname").write_text("e")
    told = store.publish("e", make_current="never")
    assert (told.release, told.current, store.known.current) == ("e", "d", "d")
    assert not store.publish(make_current="never").changed
    assert not store.publish().changed
    assert store.publish(make_current="always", check=True).current == "e"
    assert store.known.current == "d"
    assert store.publish(make_current="always").changed
    assert store.known.current == "e"
    store.go_to("previous")
    assert not store.publish().changed
    assert store.publish(make_current="always").current == store.known.current == "e"


def test_the_newest_and_the_current_one_stay(store: Store) -> None:
    store.go_to("a")
    told = store.prune(2, check=True)
    assert (told.removed, store.known.names) == (["b"], ["a", "b", "c", "d"])
    told = store.prune(2)
    assert (told.removed, told.releases) == (["b"], ["a", "c", "d"])
    assert store.known.names == ["a", "c", "d"]
    assert told.kept["a"] == ["is the current one"]
    assert not store.prune(2).changed


def test_a_release_that_somebody_is_set_to_or_booted_or_was_copied_from_stays(
    store: Store,
) -> None:
    clients = Path(store.path, "clients")
    for client in ("pc02", "pc03", "pc04", "pc05", "pc06"):
        (clients / client / "state").mkdir(parents=True)
    mark = marker.Marker(marker.COMPLETE, str(store.known.path("b") / "root"), "b")
    marker.write(clients / "pc02/.root.nfsroot.json", mark)
    (clients / "pc03/state/booted").write_text(f"{store.known.path('c')}/root\n")
    (store.image / "shared").mkdir()
    marker.write(store.image / "shared/.root.nfsroot.json", mark)
    # A client may write what it likes; it decides for itself alone.
    (clients / "pc04/state/booted").write_bytes(b"\xff/../d\0" * 10_000)

    # What it fetched, and from an image of that name elsewhere.
    fetched = "http://192.0.2.1:8080/images/library/b/root.squashfs\n"
    (clients / "pc05/state/booted").write_text(fetched)
    (clients / "pc06/state/booted").write_text(f"/else{fetched}")

    told = store.prune(1, pc01="a")

    assert not told.changed
    assert told.kept == {
        "a": ["pc01 is set to it"],
        "b": [
            "the root that clients share was copied from it",
            "the root of pc02 was copied from it",
            "pc05 booted it last",
        ],
        "c": ["pc03 booted it last"],
        "d": ["is the current one", "is one of the newest 1"],
    }


def test_nothing_is_removed_where_it_cannot_be_told_what_a_root_was_copied_from(
    store: Store,
) -> None:
    folder = Path(store.path, "clients/pc02")
    folder.mkdir(parents=True)
    (folder / ".root.nfsroot.json").write_text("?")
    with pytest.raises(ReleaseError, match=r"is not a marker.*; nothing was removed"):
        store.prune(1)
    assert len(store.known.names) == 4


def test_at_least_one_release_is_kept(store: Store) -> None:
    with pytest.raises(ReleaseError, match="keep: 0: must be at least 1"):
        store.prune(0)


def test_what_a_killed_run_left_of_a_release_is_gone_after_the_next(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_path: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", die)
        with pytest.raises(KeyboardInterrupt):
            store.prune(3)
    assert store.known.names == ["b", "c", "d"]
    assert (store.image / "releases/.a.removed").is_dir()
    store.prune(3)
    assert {path.name for path in (store.image / "releases").iterdir()} == {"b", "c", "d"}


def test_removing_a_release_leaves_the_others_as_they_were(store: Store) -> None:
    before = {name: made.digest(store.known.path(name)) for name in "cd"}
    store.prune(2)
    assert {name: made.digest(store.known.path(name)) for name in "cd"} == before


def test_an_image_that_was_never_published_has_nothing_to_prune(tmp_path: Path) -> None:
    empty = Store(str(tmp_path / "store"))
    assert not empty.prune(1).changed
    assert not (tmp_path / "store").exists()
