"""Import in batches: progress, commits, interruptions, and writers who are faster."""

from __future__ import annotations

import pytest

from lineage.errors import Busy
from lineage.events import CurrentChanged, Defined, Redefined
from lineage.log import MemoryLog
from lineage.store import Store
from tests.unit.store_samples import NOON, Papers, chain, snapshot


def test_progress_is_told_with_bytes_and_documents() -> None:
    store = Store.over(MemoryLog())
    told: list[tuple[int, int | None, int]] = []
    documents = [snapshot(f"s{n}") for n in range(200)]
    store.ingest(
        Papers(documents[:150]),
        Papers(documents[150:]),
        progress=lambda *numbers: told.append(numbers),
    )
    assert told[-1] == (200, 200, 200)
    assert told == sorted(told)
    assert len(told) >= 4


@pytest.mark.parametrize("batch", [1, 2, 7, 1000])
def test_the_batch_size_changes_nothing_but_the_commits(batch: int) -> None:
    documents = [*chain(*"abcdefgh", active="h"), snapshot("c", created=NOON + 99)]
    store = Store.over(MemoryLog())
    store.ingest(Papers(documents), batch=batch)
    assert [type(event.data) for event in store.events()] == [
        *[Defined] * 8,
        Redefined,
        CurrentChanged,
    ]
    commits = {event.commit for event in store.log.read()}
    assert len(commits) == -(-8 // batch) + 2


def test_a_batch_of_nothing_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="batch"):
        Store.over(MemoryLog()).ingest(Papers(chain("a")), batch=0)


class Racing(MemoryLog):
    """A log in which somebody else records just before our n-th append."""

    def __init__(self, when: int, documents: list[bytes]) -> None:
        super().__init__()
        self.when, self.documents = when, documents

    def append(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        self.when -= 1
        if self.when == 0:
            before = self.head()
            for document in self.documents:
                Store.over(self).record(document)
            self.theirs = self.head() - before
        return super().append(*args, **kwargs)


class Failing(MemoryLog):
    """A log whose n-th append finds no room."""

    def __init__(self, when: int) -> None:
        super().__init__()
        self.when = when

    def append(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        self.when -= 1
        if self.when == 0:
            raise Busy("no room")
        return super().append(*args, **kwargs)


@pytest.mark.parametrize("when", [1, 2, 3, 4])
def test_an_interrupted_import_is_completed_by_running_it_again(when: int) -> None:
    bare = snapshot("b", created=NOON + 7, description="bare", domain=None)
    documents = [*chain(*"abcd", active="c"), snapshot("c", created=NOON + 9), bare]
    store, whole = Store.over(Failing(when)), Store.over(MemoryLog())
    whole.ingest(Papers(documents, hint="vm"))
    with pytest.raises(Busy):
        store.ingest(Papers(documents, hint="vm"), batch=2)
    store.ingest(Papers(documents, hint="vm"), batch=2)
    for name in "abcd":
        assert store.xml("vm", name) == whole.xml("vm", name)
    assert store.tree("vm").current == whole.tree("vm").current == "c"


@pytest.mark.parametrize("when", [1, 2, 3, 4])
def test_a_racing_writer_loses_nothing_and_stops_nothing(when: int) -> None:
    theirs = [snapshot("b", "a", NOON + 1), snapshot("z", "a", NOON + 2, active=1)]
    documents = [*chain("a", "b", "c", active="c"), snapshot("c", created=NOON + 9)]
    log = Racing(when, theirs)
    store = Store.over(log)
    report = store.ingest(Papers(documents), batch=2)
    tree = store.tree("vm")
    assert sorted(tree) == ["a", "b", "c", "z"]
    assert store.xml("vm", "c") == snapshot("c", created=NOON + 9)
    assert report.events == store.head() - log.theirs
    assert report.added + report.redefined + report.equal == len(documents)
    again = store.ingest(Papers(documents))
    assert again.events == 0
