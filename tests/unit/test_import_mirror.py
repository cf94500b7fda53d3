"""A mirror makes present what its sources have, and deletes nothing that it is not sure of."""

from __future__ import annotations

import pytest

from lineage.events import CurrentChanged, Deleted, Redefined
from lineage.log import MemoryLog
from lineage.sources import Document, SourceError
from lineage.store import Store
from tests.unit.store_samples import NOON, A, B, Papers, body, chain, snapshot

OTHER = body(B, "other")


def filled(*documents: bytes) -> Store:
    store = Store.over(MemoryLog())
    store.ingest(Papers(documents))
    return store


def data(store: Store, after: int) -> list[object]:
    return [event.data for event in store.events(after)]


def test_what_the_source_no_longer_has_is_recorded_as_deleted() -> None:
    store = filled(*chain("a", "b", "c", active="c"))
    head = store.head()
    now = [snapshot("a", None, NOON), snapshot("c", "a", NOON + 2, active=1)]
    report = store.ingest(Papers(now), mirror=True)
    assert (report.deleted, report.events, report.notes) == (1, 1, [])
    (event,) = store.events(head)
    assert (event.data, event.source) == (Deleted("b"), "papers")
    assert [(node.name, node.parent) for node, _ in store.tree(A).walk()] == [
        ("a", None),
        ("c", "a"),
    ]
    again = store.ingest(Papers(now), mirror=True)
    assert (again.equal, again.events) == (2, 0)


def test_a_child_that_still_names_the_deleted_parent_stays_as_the_source_has_it() -> None:
    documents = chain("a", "b", "c", active="c")
    store = filled(*documents)
    head = store.head()
    left = [documents[0], documents[2]]
    report = store.ingest(Papers(left), mirror=True)
    assert [type(each) for each in data(store, head)] == [Deleted, Redefined]
    assert store.xml(A, "c", active=True) == documents[2]
    assert [note.code for note in report.notes] == ["missing-parent"]
    assert store.ingest(Papers(left), mirror=True).events == 0


def test_a_mirror_compares_with_the_present_and_puts_older_documents_back() -> None:
    old, new = snapshot("a", description="old"), snapshot("a", description="new")
    store = filled(old)
    store.record(new)
    assert store.ingest(Papers([old])).known == 1
    report = store.ingest(Papers([old]), mirror=True)
    assert (report.known, report.redefined) == (0, 1)
    assert store.xml(A, "a") == old


def test_the_current_snapshot_becomes_that_of_the_source() -> None:
    store = filled(*chain("a", "b", active="b"))
    head = store.head()
    store.ingest(Papers(chain("a", "b", active="a")), mirror=True)
    assert data(store, head) == [CurrentChanged("a")]
    store.ingest(Papers(chain("a", "b")), mirror=True)
    assert data(store, head + 1) == [CurrentChanged(None)]


def test_documents_that_do_not_say_which_is_current_leave_that_alone() -> None:
    store = filled(*chain("a", "b", active="b"))
    silent = [snapshot("a", None, NOON), snapshot("b", "a", NOON + 1)]
    assert store.ingest(Papers(silent), mirror=True).events == 0


def test_a_domain_that_the_source_has_nothing_of_is_left_alone() -> None:
    store = filled(*chain("a", "b"), snapshot("x", domain=OTHER))
    report = store.ingest(Papers([snapshot("y", domain=OTHER)]), mirror=True)
    assert (report.deleted, len(store.tree(A)), list(store.tree(B))) == (1, 2, ["y"])


BROKEN = b"<domainsnapshot><name>b</name>"
UNREAD = SourceError("unreadable", "it cannot be read")


@pytest.mark.parametrize(
    "failed",
    [
        Document("b.xml", BROKEN, "vm", None, 1),
        Document("b.xml", b"", "vm", UNREAD, 1),
        Document("b.xml", BROKEN, None, None, 1),
        Document("vm", b"", None, UNREAD, 1),
    ],
)
def test_nothing_is_deleted_of_a_domain_with_a_document_that_failed(failed: Document) -> None:
    store = filled(*chain("a", "b", "c"))
    kept = Document("a.xml", chain("a")[0], "vm", None, 0)
    report = store.ingest(Papers([kept, failed]), mirror=True)
    assert (report.deleted, report.failed, len(store.tree(A))) == (0, 1, 3)
    assert [(note.label, note.code) for note in report.notes] == [(A, "mirror-incomplete")]


def test_a_document_that_failed_saves_the_domain_of_its_directory_alone() -> None:
    store = filled(*chain("a", "b"), snapshot("x", domain=OTHER), snapshot("y", domain=OTHER))
    report = store.ingest(
        Papers([chain("a")[0], BROKEN], hint="vm"),
        Papers([snapshot("x", domain=OTHER)], hint="other"),
        mirror=True,
    )
    assert (report.deleted, len(store.tree(A)), list(store.tree(B))) == (1, 2, ["x"])


class Broken(Papers):
    """A source that ends in an error."""

    def __iter__(self):  # type: ignore[no-untyped-def]
        yield from self.documents
        raise SourceError("archive-truncated", "the archive ends early")


def test_nothing_is_deleted_after_a_source_that_was_cut_off() -> None:
    store = filled(*chain("a", "b", "c"))
    report = store.ingest(Broken([chain("a")[0]]), mirror=True)
    assert (report.deleted, len(store.tree(A))) == (0, 3)
    assert [failure.code for failure in report.failures] == ["archive-truncated"]


def test_an_empty_source_is_an_error_and_nothing_is_deleted() -> None:
    store = filled(*chain("a", "b"))
    report = store.ingest(Papers([chain("a")[0]]), Papers([]), mirror=True)
    assert [(each.label, each.code) for each in report.failures] == [("papers", "empty-source")]
    assert (report.deleted, len(store.tree(A))) == (0, 2)


def test_without_the_word_nothing_is_deleted() -> None:
    store = filled(*chain("a", "b"))
    report = store.ingest(Papers([chain("a")[0]]))
    assert (report.deleted, len(store.tree(A))) == (0, 2)


def test_a_deleted_snapshot_that_the_source_has_is_defined_again() -> None:
    documents = chain("a", "b")
    store = filled(*documents)
    store.delete(A, "b")
    assert store.ingest(Papers(documents), mirror=True).added == 1
    assert list(store.tree(A)) == ["a", "b"]


class Racing(MemoryLog):
    """A log in which somebody else records just before the next append that deletes."""

    def __init__(self) -> None:
        super().__init__()
        self.document: bytes | None = None

    def append(self, batch, *args, **kwargs):  # type: ignore[no-untyped-def]
        document, self.document = self.document, None
        if document is not None:
            Store.over(self).record(document)
        return super().append(batch, *args, **kwargs)


def test_what_another_writer_records_meanwhile_is_not_deleted() -> None:
    log = Racing()
    store = Store.over(log)
    store.ingest(Papers(chain("a", "b", "c")))
    log.document = snapshot("theirs", "a", NOON + 9)
    report = store.ingest(Papers([chain("a")[0]]), mirror=True)
    assert (report.deleted, list(store.tree(A))) == (2, ["a", "theirs"])
