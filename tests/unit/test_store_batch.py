"""`store.batch`: several events of one domain, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lineage.batch import Batch
from lineage.errors import Ambiguous, Conflict, DocumentError, NotFound, SnapshotError
from lineage.events import Annotated, CurrentChanged, Defined, Deleted, Renamed, Undefined
from lineage.log import EXISTS, MemoryLog, SQLiteLog
from lineage.store import Store, Written
from tests.unit.store_samples import A, B, body, snapshot
from tests.unit.writers import BEFORE, VERSION, batched, begun


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    log = MemoryLog() if request.param == "memory" else SQLiteLog(tmp_path / "store.db")
    with Store.over(log) as made:
        yield begun(made)


def parents(store: Store) -> dict[str, str | None]:
    return {node.name: node.parent for node, _ in store.tree(A).walk()}


def test_a_batch_is_written_at_once_and_tells_where_it_ended(store: Store) -> None:
    with store.batch("vm", source="daemon") as batch:
        batch.record(snapshot("new", "leaf"), current=True)
        batch.rename("new", "newer")
        batch.annotate({"job": "7"}, snapshot="newer")
        batch.delete("mid")
        batch.set_current(None)
        batch.undefine()
        assert batch.written is None
        assert store.head() == BEFORE
    assert batch.written == Written(BEFORE + 7, VERSION + 7)
    events = list(store.events(BEFORE))
    assert [type(event.data) for event in events] == [
        Defined,
        CurrentChanged,
        Renamed,
        Annotated,
        Deleted,
        CurrentChanged,
        Undefined,
    ]
    assert {(event.commit, event.source) for event in events} == {(events[0].commit, "daemon")}
    assert events[0].commit > next(store.events(BEFORE - 1)).commit


def test_each_call_of_a_batch_sees_what_those_before_it_did(store: Store) -> None:
    with store.batch("vm") as batch:
        batch.record(snapshot("new", "leaf"))
        batch.record(snapshot("new", "leaf"))  # equal by now
        batch.rename("leaf", "sheet")
        with pytest.raises(NotFound, match="leaf"):
            batch.delete("leaf")
        with pytest.raises(Conflict):
            batch.rename("mid", "new")
        batch.record(snapshot("last", "sheet"), strict=True)
        with pytest.raises(SnapshotError, match="parent"):
            batch.record(snapshot("lost", "leaf"), strict=True)
        batch.delete("sheet")
        batch.set_current("last")
        batch.set_current("last")
    assert [type(event.data) for event in store.events(BEFORE)] == [
        Defined,
        Renamed,
        Defined,
        Deleted,
        CurrentChanged,
    ]
    assert parents(store) == {"root": None, "mid": "root", "new": "mid", "last": "mid"}
    assert store.tree("vm").current == "last"


def test_a_block_that_raises_writes_nothing(store: Store) -> None:
    before = parents(store)
    with pytest.raises(RuntimeError):
        _fail_in_the_middle(store)
    assert store.head() == BEFORE
    assert parents(store) == before
    assert store.delete("vm", "mid") == Written(BEFORE + 1, VERSION + 1)


def _fail_in_the_middle(store: Store) -> None:
    with store.batch("vm") as batch:
        batch.delete("mid")
        batch.undefine()
        raise RuntimeError


def test_nobody_sees_anything_of_a_batch_before_its_end(store: Store) -> None:
    held = store.tree("vm")
    with store.batch("vm") as batch:
        batch.delete("mid")
        batch.record(snapshot("new"))
        for reader in (store, Store.over(store.log)):
            assert list(reader.tree("vm")) == ["root", "mid", "leaf"]
            assert {info.name: info.snapshots for info in reader.domains()}["vm"] == 3
    assert sorted(store.tree("vm")) == ["leaf", "new", "root"]
    assert list(held) == ["root", "mid", "leaf"], "a tree given away never changes"


def test_a_document_of_another_domain_is_refused(store: Store) -> None:
    with store.batch("vm") as batch:
        batch.record(snapshot("bare", domain=None))
        with pytest.raises(SnapshotError) as caught:
            batch.record(snapshot("new", domain=body(B)))
        assert caught.value.code == "domain-mismatch"
    assert [event.domain for event in store.events(BEFORE)] == [A]


def test_the_first_document_may_bring_the_domain(store: Store) -> None:
    for word in ("fresh", B, B.upper()):
        with Store.over(MemoryLog()) as empty:
            with empty.batch(word, expect=0) as batch:
                batch.record(snapshot("s1", domain=body(B, "fresh")))
                batch.record(snapshot("s2", "s1", domain=None))
            assert list(empty.tree("fresh")) == ["s1", "s2"]
    with pytest.raises(SnapshotError, match="mismatch"):
        batched_on(store, "fresh", lambda batch: batch.record(snapshot()))
    calls: list[Callable[[Batch], None]] = [
        lambda batch: batch.delete("s1"),
        lambda batch: batch.undefine(),
        lambda batch: batch.annotate({"a": "b"}),
        lambda batch: batch.set_current("s1"),
        lambda batch: batch.record(snapshot(domain=None)),
    ]
    for call in calls:
        with pytest.raises(NotFound):
            batched_on(store, "fresh", call)
    for call in calls[:-1]:
        with pytest.raises(NotFound):
            batched_on(store, B, call)
    assert store.head() == BEFORE


def batched_on(store: Store, domain: str, call: Callable[[Batch], None]) -> None:
    with store.batch(domain) as batch:
        call(batch)


def test_a_name_that_several_domains_bear_is_ambiguous(store: Store) -> None:
    store.record(snapshot(domain=body(B)))
    with pytest.raises(Ambiguous), store.batch("vm"):
        pass


def test_bodies_that_a_batch_brings_can_be_inherited_in_it(store: Store) -> None:
    bare = snapshot("new", description="b", domain=None)
    with store.batch("vm") as batch:
        batch.record(snapshot("new", domain=body(A, memory=4096)))
        batch.record(bare)
        batch.record(bare)  # equal, with the domain it inherits from this batch
        batch.record(snapshot("new", description="b", domain=body(A, memory=4096)))  # so too
        batch.rename("new", "newer")
        batch.record(snapshot("newer", description="b", domain=body(A, memory=4096)))
    assert len(list(store.events(BEFORE))) == 3
    wanted = snapshot("newer", description="b", domain=body(A, memory=4096))
    assert store.xml("vm", "newer") == wanted == Store.over(store.log).xml("vm", "newer")


def test_a_batch_takes_calls_in_its_block_only(store: Store) -> None:
    batch = store.batch("vm")
    with pytest.raises(ValueError, match="block"):
        batch.undefine()
    with batch:
        pass
    with pytest.raises(ValueError, match="block"):
        batch.record(snapshot())
    with pytest.raises(ValueError, match="once"):
        batch.__enter__()
    assert store.head() == BEFORE


def test_a_bad_document_costs_itself(store: Store) -> None:
    with store.batch("vm") as batch:
        with pytest.raises(DocumentError):
            batch.record("<domainsnapshot>")
        with pytest.raises(ValueError, match="scope"):
            batch.delete("mid", "everything")
        batch.record(snapshot("good"))
    assert len(list(store.events(BEFORE))) == 1


# Another writer was faster


@pytest.mark.parametrize("expect", [None, EXISTS])
def test_a_faster_writer_makes_a_batch_decide_again(store: Store, expect: int | None) -> None:
    other = Store.over(store.log)
    with store.batch("vm", expect=expect) as batch:
        batch.record(snapshot("new"), current=True)
        batch.delete("mid")
        other.record(snapshot("new"))
        other.delete("vm", "leaf")
    assert [type(event.data) for event in store.events(BEFORE + 2)] == [CurrentChanged, Deleted]
    assert batch.written == Written(BEFORE + 4, VERSION + 4)
    assert parents(store) == {"root": None, "new": None}


def test_what_cannot_be_decided_again_is_raised_at_the_end_and_nothing_is_written(
    store: Store,
) -> None:
    def meanwhile(_: Batch) -> None:
        Store.over(store.log).delete("vm", "mid")

    hopeless = batched(
        lambda batch: batch.record(snapshot("new")), lambda batch: batch.delete("mid"), meanwhile
    )
    with pytest.raises(NotFound, match="mid"):
        hopeless(store)
    assert store.head() == BEFORE + 1
    assert parents(store) == {"root": None, "leaf": "root"}


def test_a_faster_writer_is_a_conflict_for_a_batch_that_named_a_version(store: Store) -> None:
    def meanwhile(_: Batch) -> None:
        Store.over(store.log).delete("vm", "leaf")

    late = batched(lambda batch: batch.delete("mid"), meanwhile)
    with pytest.raises(Conflict) as caught:
        late(store, expect=VERSION)
    assert caught.value.actual == VERSION + 1
    assert store.head() == BEFORE + 1
    assert parents(store) == {"root": None, "mid": "root"}


def test_writers_of_other_domains_do_not_disturb_a_batch(store: Store) -> None:
    with store.batch("vm", expect=VERSION) as batch:
        batch.record(snapshot("new"))
        store.record(snapshot("s1", domain=body(B, "else")))
        batch.delete("mid")
    assert [event.position for event in store.events(domain=A)][-2:] == [BEFORE + 2, BEFORE + 3]
    assert store.tree("vm")["new"].position == BEFORE + 2


# What it costs


class Counting(MemoryLog):
    """A log that counts the events it was asked to read."""

    count = 0

    def read(self, after=0, *, stream=None, limit=None):  # type: ignore[no-untyped-def]
        for event in super().read(after, stream=stream, limit=limit):
            self.count += 1
            yield event


def test_a_single_writer_reads_no_event_back() -> None:
    log = Counting()
    store = begun(Store.over(log))
    store.domains()
    log.count = 0
    for number in range(20):
        store.record(snapshot(f"s{number}"), domain="vm", key=f"record {number}")
        with store.batch("vm", key=f"batch {number}") as batch:
            batch.record(snapshot(f"t{number}", f"s{number}"))
            batch.set_current(f"t{number}")
        store.annotate("vm", {"last": str(number)})
        assert store.xml("vm", f"t{number}")
    assert len(store.domains()) == 2
    assert log.count == 0
    assert store.head() == BEFORE + 80


def test_a_batch_that_comes_to_nothing_costs_no_fold_later() -> None:
    log = Counting()
    store = begun(Store.over(log))
    log.count = 0
    with store.batch(A) as batch:
        batch.set_current("mid")
    with pytest.raises(NotFound):
        batched_on(store, A, lambda batch: batch.delete("nobody"))
    store.xml(A, "mid")
    assert log.count == 0
