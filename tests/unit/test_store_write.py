"""What happened to snapshots besides new documents: deleted, current, renamed, undefined."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lineage.errors import Conflict, NotFound
from lineage.events import CurrentChanged, Deleted, Renamed
from lineage.log import MemoryLog, SQLiteLog
from lineage.store import Store, Written
from tests.unit.store_samples import A, body, snapshot


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """root <- mid <- leaf, and mid is current; five events."""
    log = MemoryLog() if request.param == "memory" else SQLiteLog(tmp_path / "store.db")
    with Store.over(log) as made:
        for name, parent in (("root", None), ("mid", "root"), ("leaf", "mid")):
            made.record(snapshot(name, parent))
        made.record(snapshot("other", domain=body("1" * 32, "else")))
        made.set_current("vm", "mid")
        yield made


def parents(store: Store) -> dict[str, str | None]:
    return {node.name: node.parent for node, _ in store.tree(A).walk()}


@pytest.mark.parametrize(
    ("scope", "left", "current"),
    [
        ("single", {"root": None, "leaf": "root"}, "root"),
        ("children", {"root": None}, "root"),
        ("children-only", {"root": None, "mid": "root"}, "mid"),
    ],
)
def test_deleting_is_one_event_with_libvirts_consequences(
    store: Store, scope: str, left: dict[str, str | None], current: str
) -> None:
    assert store.delete("vm", "mid", scope, source="daemon").version == 5
    *_, last = store.events()
    assert (last.data, last.source) == (Deleted("mid", scope), "daemon")
    assert parents(store) == left
    assert store.tree("vm").current == current


def test_a_child_of_a_deleted_snapshot_comes_out_with_its_new_parent(store: Store) -> None:
    store.delete("vm", "mid")
    assert store.xml("vm", "leaf") == snapshot("leaf", "root")
    assert store.xml("vm", "leaf", at=6 - 1) == snapshot("leaf", "mid")
    store.delete("vm", "root")
    assert store.xml("vm", "leaf") == snapshot("leaf")


def test_deleting_the_children_of_a_leaf_is_no_event(store: Store) -> None:
    assert store.delete("vm", "leaf", "children-only").version == 4


def test_current_moves_by_one_event_and_only_if_it_is_another(store: Store) -> None:
    assert store.set_current("vm", "leaf").version == 5
    assert store.set_current("vm", "leaf").version == 5
    assert store.set_current("vm", None).version == 6
    assert store.set_current("vm", None).version == 6
    assert [event.data for event in store.events(5)] == [
        CurrentChanged("leaf"),
        CurrentChanged(None),
    ]
    assert store.tree("vm").current is None


def test_renaming_is_one_event_and_children_and_current_follow(store: Store) -> None:
    assert store.rename("vm", "mid", "mitte & Co").version == 5
    *_, last = store.events()
    assert last.data == Renamed("mid", "mitte & Co")
    assert parents(store) == {"root": None, "mitte & Co": "root", "leaf": "mitte & Co"}
    assert store.tree("vm").current == "mitte & Co"
    assert store.xml("vm", "leaf") == snapshot("leaf", "mitte & Co")
    assert store.xml("vm", "mitte & Co") == snapshot("mitte & Co", "root")


def test_renaming_onto_an_existing_name_is_refused(store: Store) -> None:
    for name in ("root", "mid"):
        with pytest.raises(Conflict) as caught:
            store.rename("vm", "mid", name)
        assert caught.value.actual == 4
    assert store.head() == 5


@pytest.mark.parametrize("name", ["", "a\0b", "a\x1bb", "\ud800", "\uffff"])
def test_a_name_that_no_document_can_hold_is_refused(store: Store, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        store.rename("vm", "mid", name)
    assert store.head() == 5


def test_undefining_leaves_the_history_and_frees_the_name(store: Store) -> None:
    assert store.undefine("vm").version == 5
    assert len(store.tree(A)) == 0
    assert store.tree(A).undefined
    assert parents_at(store, 5) == {"root": None, "mid": "root", "leaf": "mid"}
    with pytest.raises(NotFound, match=A):
        store.tree("vm")
    with pytest.raises(NotFound):
        store.undefine(A)


def parents_at(store: Store, position: int) -> dict[str, str | None]:
    return {node.name: node.parent for node, _ in store.tree(A, position).walk()}


def test_the_same_uuid_after_undefine_continues_its_stream(store: Store) -> None:
    store.undefine("vm")
    assert store.record(snapshot("fresh")).version == 6
    assert list(store.tree("vm")) == ["fresh"]
    assert not store.tree("vm").undefined


@pytest.mark.parametrize(
    "write",
    [
        lambda store: store.delete("vm", "nobody"),
        lambda store: store.set_current("vm", "nobody"),
        lambda store: store.rename("vm", "nobody", "new"),
        lambda store: store.delete("nowhere", "mid"),
        lambda store: store.set_current("nowhere", None),
        lambda store: store.rename("nowhere", "mid", "new"),
        lambda store: store.undefine("nowhere"),
        lambda store: store.annotate("nowhere", {"a": "b"}),
        lambda store: store.annotate("vm", {"a": "b"}, snapshot="nobody"),
        lambda store: store.undefine("22222222-2222-2222-2222-222222222222"),
    ],
)
def test_what_is_not_there_is_not_found_and_nothing_is_written(
    store: Store, write: Callable[[Store], Written]
) -> None:
    with pytest.raises(NotFound):
        write(store)
    assert store.head() == 5


def test_an_unknown_scope_is_a_value_error(store: Store) -> None:
    with pytest.raises(ValueError, match="scope"):
        store.delete("vm", "mid", "everything")
