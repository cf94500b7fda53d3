"""`Store.check`: what it takes, what it costs, and that it disturbs nobody."""

from __future__ import annotations

import hashlib
import re
import threading
import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest

from lineage import LineageError, Store
from lineage.check import check
from lineage.log import Append, MemoryLog, NewEvent, SQLiteLog
from lineage.log.base import StoredEvent
from lineage.log.problems import Part, Problem
from tests.unit.store_samples import A, B, body, chain, snapshot

EVENT = NewEvent(6, 1, b"\x90")  # undefined: the least there is


@pytest.mark.parametrize("subset", [(0, 1), (2, 1), (-1, 3), (1, 0)])
def test_a_part_that_there_is_not_is_refused_at_once(subset: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="subset"):
        check(MemoryLog(), subset)


def test_all_parts_together_look_at_every_event_once(tmp_path: Path) -> None:
    with closing(SQLiteLog(tmp_path / "s.db")) as log:
        for number in range(50):
            log.append([Append(f"name:{number % 7}", [EVENT] * (number % 3 + 1))])
        everything = list(log.read())
        parts = [list(log.verify(Part(number, 5))) for number in range(1, 6)]
    seen = [each for part in parts for each in part if isinstance(each, StoredEvent)]
    assert sorted(seen, key=lambda event: event.position) == everything
    assert all(part for part in parts)


def test_a_log_in_memory_is_looked_over_too() -> None:
    log = MemoryLog()
    store = Store.over(log)
    for document in chain("a", "b"):
        store.record(document)
    assert list(store.check()) == []
    event = log._events[1]
    log._streams[event.stream][1] = StoredEvent(*event.__reduce__()[1][:-1], bytes(32))
    digest = hashlib.sha256(b"never").digest()
    log._bodies[digest] = b"other"
    assert [(each.code, each.position) for each in store.check()] == [
        ("broken-chain", 2),
        ("bad-digest", None),
    ]


def test_progress_goes_to_the_end_and_never_back(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    with Store(tmp_path / "s.db") as store:
        for number in range(30):
            store.record(snapshot(f"s{number}", domain=body(memory=1024 * number)))
        assert not list(store.check(progress=lambda *numbers: told.append(numbers)))
        bodies = 30
        assert told[-1] == (store.head() + bodies, store.head() + bodies)
    assert told == sorted(told)


def test_a_store_in_use_is_looked_over_as_it_was_when_that_began(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with Store(path) as store, Store(path) as writer:
        for document in chain("a", "b", "c"):
            store.record(document)
        done = threading.Event()
        appended = 0

        def write() -> None:
            nonlocal appended
            while not done.is_set():
                writer.record(snapshot(f"s{appended}", domain=body(B, "other", appended)))
                appended += 1

        thread = threading.Thread(target=write)
        thread.start()
        try:
            before = 0
            for _ in range(10):
                assert list(store.check()) == []
                while appended == before:
                    pass
                before = appended
        finally:
            done.set()
            thread.join()
    assert appended >= 10


def test_looking_over_can_be_given_up(tmp_path: Path) -> None:
    with Store(tmp_path / "s.db") as store:
        for document in chain("a", "b", "c"):
            store.record(document)
        walk = store.log.verify()
        assert isinstance(next(walk), StoredEvent)
        walk.close()
        store.record(snapshot("d"))
        assert store.log.head() > 3


def test_a_closed_store_is_not_looked_over(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db")
    store.close()
    with pytest.raises((ValueError, LineageError)):
        list(store.check())


def test_memory_does_not_grow_with_the_number_of_events(tmp_path: Path) -> None:
    def peak(events: int) -> int:
        with closing(SQLiteLog(tmp_path / f"{events}.db")) as log:
            for _ in range(events // 500):
                log.append([Append("name:a", [EVENT] * 500)])
            tracemalloc.start()
            try:
                for each in check(log):
                    raise AssertionError(each)
                return tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

    peak(500)  # what is made once
    assert peak(20_000) < 1.5 * peak(4_000)


def test_what_a_page_of_rubbish_hides_is_said_and_the_rest_is_read(tmp_path: Path) -> None:
    """Rows behind a damaged page are found again."""
    path = tmp_path / "s.db"
    with closing(SQLiteLog(path)) as log:
        for number in range(400):
            log.append([Append(f"name:{number % 40}", [EVENT])])
        written = list(log.read())
    content = bytearray(path.read_bytes())
    page = content.index(written[200].hash) // 4096 * 4096  # one in the middle of `runs`
    content[page : page + 4096] = b"\xff" * 4096
    path.write_bytes(content)
    with closing(SQLiteLog(path)) as log:
        found = list(log.verify())
    problems = [each for each in found if isinstance(each, Problem)]
    events = [each for each in found if isinstance(each, StoredEvent)]
    assert any(re.match(r"rows \d+ to \d+ of runs cannot be read", p.message) for p in problems)
    assert {event.position for event in events} < {event.position for event in written}
    assert max(event.position for event in events) == 400
    # A page has some sixty runs, and the next of each stream cannot be held against the one lost.
    assert len(events) > 400 - 70 - 40


def test_the_uuid_of_the_domain_is_in_the_finding(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with Store(path) as store:
        store.record(snapshot("a", domain=body(A)))
        connection = store.log._connection
        connection.execute("DROP TRIGGER events_no_update")
        connection.execute("UPDATE events SET tag = 5")
        (schema, finding) = store.check()
    assert schema.code == "schema"
    assert (finding.domain, finding.position, finding.version) == (A, 1, 1)
    assert finding.code == "broken-chain"
