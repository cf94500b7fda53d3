"""`expect` in its four modes, and what is answered, on every writer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lineage.errors import Conflict, NotFound
from lineage.log import EXISTS, MemoryLog, SQLiteLog
from lineage.store import Store, Written
from tests.unit.store_samples import A, snapshot
from tests.unit.writers import BEFORE, IDLE, VERSION, WRITERS, Write, begun

ALL = [*WRITERS.values(), *IDLE.values()]
NAMES = [*WRITERS, *(f"idle {name}" for name in IDLE)]

all_writers = pytest.mark.parametrize("write", ALL, ids=NAMES)
all_active = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
all_idle = pytest.mark.parametrize("write", IDLE.values(), ids=IDLE)


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    log = MemoryLog() if request.param == "memory" else SQLiteLog(tmp_path / "store.db")
    with Store.over(log) as made:
        yield begun(made)


@all_active
@pytest.mark.parametrize("expect", [None, EXISTS, VERSION])
def test_an_expect_that_holds_lets_the_writer_through_and_it_tells_where_its_last_event_stands(
    store: Store, write: Write, expect: int | None
) -> None:
    written = write(store, expect=expect, source="here")
    *_, last = store.events(domain=A)
    assert written == Written(last.position, last.version)
    assert (last.position, last.source) == (store.head(), "here")
    assert last.position > BEFORE
    assert store.tree(A).version == written.version


@all_idle
@pytest.mark.parametrize("expect", [None, EXISTS, VERSION])
def test_with_nothing_to_write_the_answer_is_the_domains_last_event_of_before(
    store: Store, write: Write, expect: int | None
) -> None:
    assert write(store, expect=expect) == Written(BEFORE, VERSION)
    assert store.head() == BEFORE


@all_writers
@pytest.mark.parametrize("expect", [0, 1, VERSION - 1, VERSION + 1, 99])
def test_promise_4_a_conflicting_expect_changes_nothing_and_reports_the_actual_version(
    store: Store, write: Write, expect: int
) -> None:
    with pytest.raises(Conflict) as caught:
        write(store, expect=expect)
    assert caught.value.actual == VERSION
    assert store.head() == BEFORE


@all_writers
@pytest.mark.parametrize("expect", [-1, -3])
def test_an_expect_that_means_nothing_is_a_value_error(
    store: Store, write: Write, expect: int
) -> None:
    with pytest.raises(ValueError, match="expect"):
        write(store, expect=expect)
    assert store.head() == BEFORE


def test_a_domain_without_events_satisfies_none_yet_and_any_alone() -> None:
    for expect in (EXISTS, 1):
        with Store.over(MemoryLog()) as store:
            with pytest.raises(Conflict) as caught:
                store.record(snapshot(), expect=expect)
            assert caught.value.actual == 0
            with pytest.raises(Conflict) as caught, store.batch(A, expect=expect):
                pass
            assert caught.value.actual == 0
            with pytest.raises(NotFound), store.batch("vm", expect=expect):
                pass
            assert store.head() == 0
    for fine in (None, 0):
        with Store.over(MemoryLog()) as store:
            assert store.record(snapshot(), expect=fine) == Written(1, 1)
        with Store.over(MemoryLog()) as store:
            with store.batch("vm", expect=fine) as batch:
                batch.record(snapshot())
            assert batch.written == Written(1, 1)
