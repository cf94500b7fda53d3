"""Trees kept in the log: what they save, and that they change nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import apsw
import msgspec
import pytest

from lineage import Store
from lineage.definitions import new_event
from lineage.errors import Damaged, LineageError
from lineage.events import Annotated, CurrentChanged, Deleted, EventData, Renamed, Undefined
from lineage.kept import Kept, agrees, row_of
from lineage.log import Append, EventLog, MemoryLog, SQLiteLog
from lineage.log.base import CacheRow, StoredEvent
from lineage.past import LogPast
from lineage.reader import open_reader
from lineage.tree import Tree, fold
from lineage.treestate import FOLD, state_of, write
from lineage.views import Views, lines_of

from .store_samples import A, B, body, snapshot
from .tree_events import chain, defined, redefined

C = "5f3c1b0a-0000-4000-8000-00000000000c"
MANY = 300  # events that are worth a row
# Number and outcome of the fold of `history`.
GOLDEN = (1, "5268555306b6e2f0216bb4ede2a9192d218152643a493568591affb09854ab5d")


@pytest.fixture(params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventLog]:
    """A log of each backend: two domains with a long history, and one that is undefined."""
    made: EventLog = MemoryLog() if request.param == "memory" else SQLiteLog(tmp_path / "s.lineage")
    fill(made)
    yield made
    made.close()


def fill(log: EventLog) -> None:
    told(log, A, *chain(MANY), Annotated("s3", {"ticket": "7"}), domain_name="first")
    told(log, B, *chain(MANY), Deleted("s7"), CurrentChanged("s5"), domain_name="second")
    told(log, C, *chain(MANY), Undefined(), domain_name="third")


def told(log: EventLog, stream: str, *events: EventData, domain_name: str | None = None) -> None:
    if domain_name is not None:
        events = (*events, defined("named", at=10**6, domain_name=domain_name), *events[-1:])
    log.append([Append(stream, [new_event(data, "") for data in events])])


def answers(log: EventLog) -> dict[str, object]:
    """What a store over the log says, asked for the first time."""
    store = Store.over(log)
    trees = [store.tree(info.stream) for info in store.domains()]
    return {
        "domains": store.domains(),
        "list": store.snapshots(),
        "trees": [[(n.name, n.parent, n.brief, d) for n, d in tree.walk()] for tree in trees],
        "order": [[n.name for n in tree.roots()] for tree in trees],
        "states": [state_of(tree) for tree in trees],
        "heads": [[node.head for node in tree.topological()] for tree in trees],
        "seen": [[tree.seen(name) for name in tree] for tree in trees],
    }


class Counting(MemoryLog):
    """Remembers what was read of it."""

    def __init__(self) -> None:
        super().__init__()
        self.read_events: list[StoredEvent] = []
        self.asked_for: set[str] = set()

    def read(
        self, after: int = 0, *, stream: str | None = None, limit: int | None = None
    ) -> Iterator[StoredEvent]:
        for event in super().read(after, stream=stream, limit=limit):
            self.read_events.append(event)
            yield event

    def event(self, position: int) -> StoredEvent:
        event = super().event(position)
        self.read_events.append(event)
        return event

    def cached(self, stream: str) -> CacheRow | None:
        self.asked_for.add(stream)
        return super().cached(stream)

    def put_cached(self, rows: Mapping[str, CacheRow]) -> None:
        self.puts = [*getattr(self, "puts", []), set(rows)]
        super().put_cached(rows)


# Promise 10


def test_promise_10_caches_can_be_deleted_and_come_back_identical(tmp_path: Path) -> None:
    path = tmp_path / "s.lineage"
    with Store(path) as store:
        fill(store.log)
    query = "SELECT stream, fold, version, data, digest FROM trees ORDER BY stream"

    def rows() -> list[object]:
        connection = apsw.Connection(str(path))
        found = connection.execute(query).fetchall()
        connection.close()
        return list(found)

    with Store(path) as store:
        folded = answers(store.log)
    kept = rows()
    assert len(kept) == 3
    with Store(path) as store:
        assert answers(store.log) == folded
    connection = apsw.Connection(str(path))
    connection.execute("DELETE FROM trees")
    connection.close()
    assert not rows()
    with Store(path) as store:
        assert answers(store.log) == folded
    assert rows() == kept


def test_a_row_grown_in_steps_is_the_row_of_one_fold(log: EventLog) -> None:
    for number in range(4):
        Kept(log).tree(A)
        keep(log, A)
        told(log, A, Renamed(f"s{number}", f"t{number}"), Deleted(f"s{number + 50}"))
        told(log, A, redefined(defined(f"s{number + 100}", at=number), domain=None))
    whole = folded(log, A)
    assert row_of(Kept(log).tree(A)) == row_of(whole)


def keep(log: EventLog, stream: str) -> None:
    log.put_cached({stream: row_of(Kept(log).tree(stream))})


def folded(log: EventLog, stream: str) -> Tree:
    empty = MemoryLog()  # whoever asks it for a row gets none
    tree = Kept(empty).tree(stream)
    assert tree.version == 0
    return fold(stream, LogPast(log, stream, list).events(10**9))


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
    assert log.puts == [{A, B, C}]


def test_a_log_that_cannot_write_does_without() -> None:
    class Full(MemoryLog):
        def put_cached(self, rows: Mapping[str, CacheRow]) -> None:
            raise LineageError("no space left")

    log = Full()
    fill(log)
    assert len(Store.over(log).tree(A)) == MANY + 1
    assert len(Store.over(log).snapshots(A)) == MANY + 1


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


# The number of the fold


def history() -> list[EventData]:
    """One of everything that the fold knows."""
    first = [defined(f"s{n}", f"s{n - 2}" if n > 1 else None, at=50 - n % 7) for n in range(40)]
    return [
        *first,
        defined("lost", "nowhere", at=3, text="why", domain_name="vm"),
        defined("c1", "c2", at=9),
        defined("c2", "c1", at=8, domain=None),
        redefined(defined("s4", "s3", at=60), domain=None),
        Deleted("s1"),
        Deleted("s10", "children"),
        Deleted("s9", "children-only"),
        Renamed("s2", "renamed"),
        Annotated("renamed", {"ticket": "7", "gone": None}),
        Annotated(None, {"owner": "us"}),
        CurrentChanged("not yet"),
    ]


def test_whoever_changes_the_fold_gives_it_another_number() -> None:
    log = MemoryLog()
    log.append([Append("other", [new_event(Undefined(), "")])], recorded_at=5)
    for n, data in enumerate(history()):
        log.append([Append(A, [new_event(data, "")])], recorded_at=10**18 + n)
    state = write(state_of(folded(log, A)))
    # A new digest here needs a new FOLD, or rows of the release before would pass for ours.
    assert (FOLD, hashlib.sha256(state).hexdigest()) == GOLDEN


# Lines


def test_lines_are_the_same_from_a_row_from_a_tree_and_as_of_now(log: EventLog) -> None:
    store = Store.over(log)
    lines = store.snapshots(A)
    assert lines == lines_of(store.tree(A)) == store.snapshots(A, at=log.head())
    assert lines == Store.over(log).snapshots(A) == lines_of(folded(log, A))
    assert [line.name for line in lines][:3] == ["s0", "s1", "s2"]
    third = lines[3]
    assert (third.uuid, third.domain_name, third.parent, third.location) == (
        A,
        "first",
        "s2",
        "internal",
    )
    assert third.annotations == {"ticket": "7"}
    assert not third.parent_missing
    assert not store.snapshots(C)


def test_views_hold_no_more_than_they_should_with_rows(log: EventLog) -> None:
    answers(log)
    views = Views(log, keep=1)
    for stream in (A, B, C, A):
        assert state_of(views.live(stream)) == state_of(folded(log, stream))


def test_documents_of_a_restored_tree_are_whole(tmp_path: Path) -> None:
    with Store(tmp_path / "s.lineage") as store:
        for n in range(MANY):
            store.record(snapshot(f"s{n}", created=n + 1, domain=body(A, memory=2048 + n)))
        store.record(snapshot("s7", created=9, description="new", domain=None), domain=A)
        Kept(store.log).tree(A)
    with Store(tmp_path / "s.lineage") as store:
        keep(store.log, A)
    with Store(tmp_path / "s.lineage") as store:
        assert store.xml(A, "s9") == snapshot("s9", created=10, domain=body(A, memory=2057))
        inherited = snapshot("s7", created=9, description="new", domain=body(A, memory=2055))
        assert store.xml(A, "s7") == inherited
        assert store.tree(A)["s7"].rewritten
        version = store.tree(A).version
        store.record(snapshot("s7", created=9, description="new", domain=None), domain=A)
        store.record(snapshot("s9", created=10, domain=body(A, memory=2057)))
        assert store.tree(A).version == version
