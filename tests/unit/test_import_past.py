"""An old archive shows documents as the fold made them: those are known too."""

from __future__ import annotations

from lineage.log import MemoryLog
from lineage.store import Store
from tests.unit.store_samples import NOON, A, Papers, chain, snapshot


def filled(*documents: bytes) -> Store:
    store = Store.over(MemoryLog())
    store.ingest(Papers(documents))
    return store


def known(store: Store, document: bytes, restore: bool = False) -> tuple[int, int]:
    """How many documents were known, and how many events that made."""
    report = store.ingest(Papers([document]), restore=restore)
    return report.known, report.events


def test_a_document_from_after_a_deletion_is_known_later() -> None:
    store = filled(*chain("a", "b", "c"))
    store.delete(A, "b")
    shown = store.xml(A, "c")
    assert shown == snapshot("c", "a", NOON + 2)
    store.record(snapshot("c", "a", NOON + 2, description="newer"))
    assert known(store, shown) == (1, 0)


def test_it_does_not_come_back_when_its_snapshot_was_deleted_since() -> None:
    store = filled(*chain("a", "b", "c"))
    store.delete(A, "b")
    shown = store.xml(A, "c")
    store.delete(A, "c")
    assert known(store, shown) == (1, 0)
    assert list(store.tree(A)) == ["a"]
    assert known(store, shown, restore=True) == (0, 1)
    assert store.xml(A, "c") == shown


def test_a_document_with_the_domain_it_inherited_is_known_later() -> None:
    store = filled(snapshot("a"))
    store.record(snapshot("a", description="bare", domain=None), domain=A)
    shown = store.xml(A, "a")
    store.record(snapshot("a", description="newest"))
    assert b"<domain type" in shown
    assert known(store, shown) == (1, 0)


def test_a_document_under_the_name_it_got_is_known_later() -> None:
    store = filled(*chain("a", "b"))
    store.rename(A, "a", "z")
    renamed, child = store.xml(A, "z"), store.xml(A, "b")
    store.record(snapshot("z", description="newer"))
    store.record(snapshot("b", "z", NOON + 1, description="newer"))
    assert known(store, renamed) == (1, 0)
    assert known(store, child) == (1, 0)


def test_what_no_snapshot_of_that_name_ever_was_is_still_new() -> None:
    store = filled(*chain("a", "b", "c"))
    store.delete(A, "b")
    report = store.ingest(Papers([snapshot("c", "a", NOON + 2, description="never seen")]))
    assert (report.known, report.redefined) == (0, 1)
