"""What moves current, and what does not."""

from __future__ import annotations

import msgspec

import lineage
from lineage.events import CurrentChanged, Deleted, EventData, Renamed, Undefined
from lineage.reflog import moves
from tests.unit.store_samples import chain as documents
from tests.unit.tree_events import UUID, chain, defined, redefined


class Told(msgspec.Struct, frozen=True):
    position: int
    version: int
    recorded_at: int
    data: EventData


def moved(*events: EventData) -> list[tuple[int, str | None, str | None]]:
    told = [Told(n, n, n, data) for n, data in enumerate(events, 1)]
    return [(move.event.position, move.before, move.after) for move in moves(UUID, told)]


def test_a_snapshot_said_to_be_current_moves_it_when_it_comes() -> None:
    absent = CurrentChanged("b")
    assert moved(absent, defined("a"), defined("b")) == [(3, None, "b")]
    assert moved(absent, defined("a"), Renamed("a", "b")) == [(3, None, "b")]
    assert moved(defined("a"), CurrentChanged("a"), absent, redefined(defined("b"))) == [
        (2, None, "a"),
        (3, "a", None),
        (4, None, "b"),
    ]


def test_what_leaves_the_current_snapshot_alone_is_no_move() -> None:
    document = defined("s1", "s0", text="new")
    around = [redefined(document), CurrentChanged("s1"), Deleted("s2"), Renamed("s0", "base")]
    assert moved(*chain(3), CurrentChanged("s1"), *around) == [(4, None, "s1")]
    assert moved(*chain(1), Deleted("s0"), Undefined(), Undefined(), CurrentChanged(None)) == []


def test_a_deletion_moves_current_to_what_takes_its_place() -> None:
    start = [*chain(3), CurrentChanged("s2")]
    assert moved(*start, Deleted("s2"))[1:] == [(5, "s2", "s1")]
    assert moved(*start, Deleted("s1", "children"))[1:] == [(5, "s2", "s0")]
    assert moved(*start, Deleted("s0", "children"))[1:] == [(5, "s2", None)]
    assert moved(*start, Deleted("s0", "children-only"))[1:] == [(5, "s2", "s0")]
    assert moved(*start, Undefined(), *start)[1:] == [(5, "s2", None), (9, None, "s2")]


def test_a_store_gives_the_events_with_their_source(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with lineage.Store(tmp_path / "store.db") as store:
        for document in documents("a", "b", active="b"):
            store.record(document, source="by hand")
        store.rename("vm", "b", "c")
        first, second = store.reflog("vm")
        assert isinstance(first, lineage.CurrentMove)
        assert (first.before, first.after, first.event.source) == (None, "b", "by hand")
        assert (second.before, second.after) == ("b", "c")
        assert second.event == list(store.events())[-1]
