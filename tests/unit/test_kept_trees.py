"""Trees kept in the log: what they save, and that they change nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import apsw
import msgspec
import pytest

from lineage import Store
from lineage.directory import directory_of, infos_of
from lineage.errors import Damaged, LineageError
from lineage.events import CurrentChanged, Deleted, Undefined
from lineage.kept import Kept, agrees, row_of
from lineage.listing import summary
from lineage.log import EventLog, MemoryLog, SQLiteLog, sqlite
from lineage.log.base import ALL, CacheRow, StoredEvent
from lineage.log.opening import BUSY_TIMEOUT_MS
from lineage.past import LogPast
from lineage.reader import open_reader
from lineage.tree import Tree
from lineage.treestate import FOLD

from .kept_samples import MANY, C, Counting, answers, fill, folded, told
from .store_samples import A, B, snapshot
from .tree_events import chain


@pytest.fixture(params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventLog]:
    """A log of each backend: two domains with a long history, and one that is undefined."""
    made: EventLog = MemoryLog() if request.param == "memory" else SQLiteLog(tmp_path / "s.lineage")
    fill(made)
    yield made
    made.close()


# What is not used


def test_rows_of_another_fold_are_not_used_and_are_replaced(log: EventLog) -> None:
    wanted = answers(log)
    right = log.cached(A)
    assert right is not None
    wrong = row_of(Tree(A))
    for number in (FOLD - 1, FOLD + 1):
        log.put_cached({A: CacheRow(number, right.version, wrong.data)})
        assert answers(log) == wanted
        assert log.cached(A) == right


def test_a_row_from_the_future_is_not_used(log: EventLog) -> None:
    wanted = answers(log)
    tree = Kept(log).tree(A)
    for number in range(5):
        envelope = StoredEvent(10**6 + number, A, tree.version + 1, 0, 0, 0, b"", "", 0, b"")
        tree.apply(envelope, Deleted(f"s{number}"))
    log.put_cached({A: row_of(tree)})
    assert answers(log) == wanted


def test_a_row_of_another_history_is_not_used(log: EventLog) -> None:
    other = MemoryLog()
    told(other, B, *chain(5))
    told(other, A, *chain(5))
    row = row_of(Kept(other).tree(A))
    wanted = answers(log)
    log.put_cached({A: row})
    assert answers(log) == wanted


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x90", msgspec.msgpack.encode([1, 2, 3])])
def test_a_row_that_is_none_is_not_used(log: EventLog, data: bytes) -> None:
    wanted = answers(log)
    right = log.cached(A)
    assert right is not None
    log.put_cached({A: CacheRow(FOLD, right.version, data)})
    assert answers(log) == wanted
    assert log.cached(A) == right


def test_a_row_with_any_bit_flipped_changes_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "s.lineage"
    with Store(path) as store:
        fill(store.log)
        wanted = answers(store.log)
    connection = apsw.Connection(str(path))
    data = bytes(connection.execute("SELECT data FROM trees WHERE stream = 1").fetchone()[0])
    for place in range(0, len(data), max(1, len(data) // 40)):
        bad = data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :]
        connection.execute("UPDATE trees SET data = ? WHERE stream = 1", (bad,))
        with Store(path, readonly=True) as store:
            assert store.log.cached(A) is None
            assert store.snapshots(A) == [line for line in wanted["list"] if line.stream == A]  # type: ignore[attr-defined]
    connection.close()


def test_check_can_tell_a_row_that_differs_from_a_replay(log: EventLog) -> None:
    tree = folded(log, A)
    row = row_of(tree)
    assert agrees(row, tree)
    assert not agrees(row, folded(log, B))
    assert not agrees(CacheRow(row.fold, row.version, row.data[:-1]), tree)
    assert not agrees(CacheRow(row.fold, row.version + 1, row.data), tree)
    name = tree.domain_name or ""
    assert not agrees(
        CacheRow(row.fold, row.version, row.data.replace(name.encode(), b"FIRST")), tree
    )


# What is not read


def test_a_tree_never_reads_events_of_other_domains() -> None:
    log = Counting()
    fill(log)
    for fresh in (False, True):
        log.read_events, log.asked_for = [], set()
        tree = Store.over(log).tree(A)
        assert {event.stream for event in log.read_events} <= {A}
        assert log.asked_for == {A}
        assert bool(log.read_events) is not fresh
        assert tree["s5"].parent == "s4"
    assert tree["s5"].head.name == "s5"
    assert [event.stream for event in log.read_events] == [A]
    assert [tree[f"s{n}"].head.name for n in range(100)] == [f"s{n}" for n in range(100)]
    assert tree.seen("s5")
    assert {event.stream for event in log.read_events} == {A}


def test_a_fresh_list_reads_no_event_at_all() -> None:
    log = Counting()
    fill(log)
    first = answers(log)
    log.read_events = []
    store = Store.over(log)
    assert store.snapshots() == first["list"]
    assert store.snapshots("first", "second", A) == store.snapshots(A, B, A)
    assert store.domains() == first["domains"]
    assert not log.read_events


def test_a_name_is_looked_up_without_folding() -> None:
    log = Counting()
    fill(log)
    answers(log)
    log.read_events = []
    assert Store.over(log).resolve("second") == B
    assert not log.read_events


def test_a_name_among_many_small_domains_is_looked_up_without_reading_them() -> None:
    log = Counting()
    for number in range(500):
        told(log, f"name:vm{number}", *chain(2))
    assert Store.over(log).resolve("vm7") == "name:vm7"
    log.read_events, log.asked_for = [], set()
    tree = Store.over(log).tree("vm7")
    assert [event.stream for event in log.read_events] == ["name:vm7"] * tree.version
    assert log.asked_for == {ALL, "name:vm7"}


def test_summaries_that_were_kept_are_brought_up_to_date() -> None:
    log = Counting()
    fill(log)
    answers(log)
    told(log, A, Undefined())
    told(log, "name:new", *chain(2))
    log.read_events = []
    infos = {info.stream: info for info in Store.over(log).domains()}
    assert {event.stream for event in log.read_events} == {A, "name:new"}
    assert infos == {stream: summary(folded(log, stream)) for stream in (A, B, C, "name:new")}
    for number in range(100):
        told(log, f"name:vm{number}", *chain(number % 3))
    told(log, B, *(CurrentChanged(f"s{n}") for n in range(MANY)))
    again = Store.over(log).domains()
    assert len(again) == 4 + 100 - 34
    assert {info.stream: info for info in again}[B] == summary(folded(log, B))
    kept = log.cached(ALL)
    assert kept is not None
    assert kept.version == log.head()
    assert infos_of(kept) == {info.stream: info for info in again}


@pytest.mark.parametrize("data", [b"", b"\x90", msgspec.msgpack.encode([0, b"\x97"])])
def test_summaries_that_are_none_or_of_the_future_are_not_used(log: EventLog, data: bytes) -> None:
    wanted = answers(log)
    right = log.cached(ALL)
    assert right is not None
    for row in (
        CacheRow(FOLD, right.version, data),
        CacheRow(FOLD + 1, right.version, right.data),
        directory_of([], log.head() + 1),
    ):
        log.put_cached({ALL: row})
        assert answers(log) == wanted
        assert log.cached(ALL) == right


def test_only_what_came_since_is_folded_onto_a_row() -> None:
    log = Counting()
    fill(log)
    answers(log)
    told(log, A, Deleted("s7"))
    log.read_events = []
    store = Store.over(log)
    assert "s7" not in store.tree(A)
    assert [event.version for event in log.read_events] == [folded(log, A).version]


def test_who_asks_for_all_definitions_has_them_read_at_once() -> None:
    log = Counting()
    fill(log)
    answers(log)
    tree = Store.over(log).tree(A)
    log.read_events = []
    heads = [node.head.name for node in tree.topological()]
    assert heads == list(tree)
    assert len(log.read_events) < 2 * MANY


def test_an_event_that_is_no_definition_is_damage(log: EventLog) -> None:
    past = LogPast(log, A, list)
    annotated = MANY + 1
    for position in (annotated, 3 * MANY, 10**9):
        with pytest.raises(Damaged):
            past.definition(position)
    many = LogPast(log, A, lambda: range(1, 50))
    for position in range(1, 50):
        assert many.definition(position).name == f"s{position - 1}"
    with pytest.raises(Damaged):
        many.definition(annotated)


# When rows are written


def test_little_history_is_not_worth_a_row() -> None:
    log = Counting()
    told(log, A, *chain(50))
    Store.over(log).tree(A)
    assert log.cached(A) is None


def test_a_row_is_renewed_when_much_came_since() -> None:
    log = Counting()
    told(log, A, *chain(MANY))
    Store.over(log).tree(A)
    first = log.cached(A)
    assert first is not None
    told(log, A, CurrentChanged("s1"))
    Store.over(log).tree(A)
    assert log.cached(A) == first
    told(log, A, *(CurrentChanged(f"s{n}") for n in range(MANY)))
    store = Store.over(log)
    assert store.tree(A).current == f"s{MANY - 1}"
    assert log.cached(A) == row_of(folded(log, A))


def test_all_domains_are_kept_in_one_write() -> None:
    log = Counting()
    fill(log)
    Store.over(log).snapshots()
    assert log.puts == [{A, B, C, ALL}]


def test_a_log_that_cannot_write_does_without() -> None:
    class Full(MemoryLog):
        def put_cached(self, rows: Mapping[str, CacheRow]) -> None:
            raise LineageError("no space left")

    log = Full()
    fill(log)
    assert len(Store.over(log).tree(A)) == MANY + 1
    assert len(Store.over(log).snapshots(A)) == MANY + 1


def test_nobody_waits_for_a_writer_to_keep_what_was_folded(tmp_path: Path) -> None:
    with Store(tmp_path / "s.lineage") as store:
        fill(store.log)
    writer = apsw.Connection(str(tmp_path / "s.lineage"))
    writer.execute("BEGIN IMMEDIATE")
    with Store(tmp_path / "s.lineage") as store:
        begun = time.monotonic()
        assert len(store.snapshots(A)) == MANY + 1
        assert time.monotonic() - begun < BUSY_TIMEOUT_MS / 2000
        assert store.log.cached(A) is None
        writer.execute("ROLLBACK")
        writer.close()
        store.record(snapshot("s1000"))  # the handle is as good as before


def test_a_full_disk_that_keeps_no_tree_spoils_no_handle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise apsw.FullError("database or disk is full")

    with Store(tmp_path / "s.lineage") as store:
        fill(store.log)
    with Store(tmp_path / "s.lineage") as store:
        monkeypatch.setattr(sqlite, "put_cached", full)
        assert len(store.snapshots(A)) == MANY + 1
        assert store.log.cached(A) is None
        monkeypatch.undo()
        store.record(snapshot("s1000"))
        assert len(store.snapshots(A)) == MANY + 2


def test_a_process_that_only_writes_leaves_rows_behind_now_and_then() -> None:
    log = Counting()
    store = Store.over(log)
    store.record(snapshot("s0"))
    for n in range(1, 2 * MANY + 3):
        store.set_current(A, "s0" if n % 2 else None)
    row = log.cached(A)
    assert row is not None
    assert row.version > MANY
    assert len(log.puts) <= 3
    assert Store.over(log).tree(A).version == 2 * MANY + 3


def test_an_import_folds_nothing_and_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "vm").mkdir()
    for n in range(MANY):
        (tmp_path / "vm" / f"s{n}.xml").write_bytes(snapshot(f"s{n}", created=n + 1))
    with Store(tmp_path / "s.lineage") as store:
        assert store.ingest(tmp_path / "vm").added == MANY
        assert store.log.cached(A) is None
        assert len(store.snapshots()) == MANY
        assert store.log.cached(A) is not None


def test_a_readonly_store_lists_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "s.lineage"
    with Store(path) as store:
        fill(store.log)
    before = path.read_bytes()
    with Store(path, readonly=True) as store:
        assert answers(store.log)["list"]
        assert store.log.cached(A) is None
    assert path.read_bytes() == before


def test_a_reader_leaves_behind_what_it_folded(tmp_path: Path) -> None:
    path = tmp_path / "s.lineage"
    with Store(path) as store:
        fill(store.log)
    with open_reader(path) as store:
        lines = store.snapshots()
        assert store.log.cached(A) is None
    with open_reader(path) as store:
        assert store.log.cached(A) is not None
        assert store.snapshots() == lines
    assert sum(each.stat().st_size for each in tmp_path.glob("*-wal")) == 0


def test_a_reader_works_where_nothing_may_be_written(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "s.lineage"
    with Store(path) as store:
        fill(store.log)
    before = path.read_bytes()
    monkeypatch.setattr("lineage.reader.os.access", lambda *_: False)
    with open_reader(path) as store:
        assert len(store.snapshots(A)) == MANY + 1
    assert path.read_bytes() == before
