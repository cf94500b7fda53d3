"""`store.annotate`: words of one's own on a snapshot or a domain, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lineage.errors import NotFound
from lineage.events import Annotated
from lineage.log import MemoryLog, SQLiteLog
from lineage.store import Store, Written
from tests.unit.store_samples import A, snapshot
from tests.unit.writers import BEFORE, VERSION, begun


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    log = MemoryLog() if request.param == "memory" else SQLiteLog(tmp_path / "store.db")
    with Store.over(log) as made:
        yield begun(made)


def noted(store: Store, name: str | None = None, at: int | None = None) -> dict[str, str]:
    """Annotations as a store without any cached tree gives them."""
    tree = Store.over(store.log).tree(A, at)
    return dict(tree.annotations if name is None else tree[name].annotations)


def test_one_event_holds_all_pairs_that_change(store: Store) -> None:
    store.annotate("vm", {"job": "7", "by": "ops", "old": ""}, snapshot="mid")
    changes = {"job": "8", "by": "ops", "old": None, "never": None}
    assert store.annotate("vm", changes, snapshot="mid") == Written(BEFORE + 2, VERSION + 2)
    assert [event.data for event in store.events(BEFORE)] == [
        Annotated("mid", {"by": "ops", "job": "7", "old": ""}),
        Annotated("mid", {"job": "8", "old": None}),
    ]
    assert noted(store, "mid") == {"by": "ops", "job": "8"}
    assert noted(store, "mid", BEFORE + 1) == {"by": "ops", "job": "7", "old": ""}
    assert noted(store, "mid", BEFORE) == noted(store, "root") == noted(store) == {}


def test_nothing_is_recorded_if_all_is_so_already(store: Store) -> None:
    store.annotate("vm", {"a": "1", "b": "2"})
    for changes in ({"a": "1"}, {"a": "1", "b": "2", "c": None}, {}):
        assert store.annotate("vm", changes) == Written(BEFORE + 1, VERSION + 1)
    assert noted(store) == {"a": "1", "b": "2"}


def test_annotations_of_a_snapshot_stay_when_it_is_redefined_and_follow_its_new_name(
    store: Store,
) -> None:
    store.annotate("vm", {"job": "7"}, snapshot="mid")
    store.record(snapshot("mid", description="other"))
    store.rename("vm", "mid", "middle")
    store.record(snapshot("mid"))
    assert (noted(store, "middle"), noted(store, "mid")) == ({"job": "7"}, {})


@pytest.mark.parametrize("scope", ["single", "children"])
def test_annotations_go_with_the_snapshot_that_is_deleted(store: Store, scope: str) -> None:
    store.annotate("vm", {"job": "7"}, snapshot="mid")
    store.annotate("vm", {"kept": "yes"})
    store.delete("vm", "mid", scope)
    store.record(snapshot("mid"))
    assert (noted(store, "mid"), noted(store)) == ({}, {"kept": "yes"})


def test_deleting_only_the_children_leaves_the_parents_annotations(store: Store) -> None:
    store.annotate("vm", {"job": "7"}, snapshot="mid")
    store.delete("vm", "mid", "children-only")
    assert noted(store, "mid") == {"job": "7"}


def test_undefining_clears_all_annotations(store: Store) -> None:
    store.annotate("vm", {"a": "1"})
    store.annotate("vm", {"a": "1"}, snapshot="mid")
    store.undefine("vm")
    with pytest.raises(NotFound, match="undefined"):
        store.annotate(A, {"a": "2"})
    store.record(snapshot("mid"))
    assert (noted(store), noted(store, "mid")) == ({}, {})
    store.annotate("vm", {"a": "3"})
    assert noted(store) == {"a": "3"}


def test_annotations_that_were_given_away_never_change(store: Store) -> None:
    store.annotate("vm", {"a": "1"})
    tree = store.tree("vm")
    store.annotate("vm", {"a": "2"})
    assert tree.annotations == {"a": "1"}
    with pytest.raises(TypeError):
        tree.annotations["a"] = "3"  # type: ignore[index]


def test_annotations_change_no_document(store: Store) -> None:
    before = store.xml("vm", "mid")
    store.annotate("vm", {"description": "x"}, snapshot="mid")
    assert store.xml("vm", "mid") == before
    store.record(snapshot("mid", "root"))
    assert store.head() == BEFORE + 1, "equal is of documents alone"


@pytest.mark.parametrize(
    "changes",
    [
        {"": "x"},
        {"k" * 256: "x"},
        {"a=b": "x"},
        {"a\tb": "x"},
        {"a\nb": None},
        {"a\x1b": "x"},
        {"\ud800": "x"},
        {"a": "\x00"},
        {"a": "\udcff"},
        {"a": "\uffff"},
        {"a": "x" * 65_537},
        {f"k{number}": "x" for number in range(1025)},
    ],
)
def test_annotations_that_are_none_are_a_value_error(
    store: Store, changes: dict[str, str | None]
) -> None:
    for name in (None, "mid"):
        with pytest.raises(ValueError, match=r"key|annotation"):
            store.annotate("vm", {"fine": "x"} | changes, snapshot=name)
    assert store.head() == BEFORE


def test_the_largest_annotations_are_kept_exactly(store: Store) -> None:
    text = "\u00e9\U0001f4be\n\t \r" * 10_000
    store.annotate("vm", {f"{number:0255}": "x" for number in range(1023)})
    store.annotate("vm", {"\u5317 -": text})
    assert len(noted(store)) == 1024
    assert noted(store)["\u5317 -"] == text
    with pytest.raises(ValueError, match="1024"):
        store.annotate("vm", {"one more": "x"})
    store.annotate("vm", {"one more": "x", "\u5317 -": None})
    assert len(noted(store)) == 1024
