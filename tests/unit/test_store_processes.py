"""Promises 3, 4 and 6 among processes: who writes at once wins or learns why not, and readers see
every event once, in order.
"""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.generate import archive
from lineage import Store
from lineage.errors import Conflict
from tests.unit.processes import finish, go, start
from tests.unit.store_samples import A, snapshot


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "s.lineage"
    with Store(made) as store:
        store.record(snapshot("root"))
    return made


# Prints how often it won, and each conflict as (expected, actual).
RACER = """
name, last = sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
with Store(path) as store:
    version, won = store.tree(A).version, 0
    while version < last:
        try:
            version = store.record(snapshot(f"{name}{version}", "root"), expect=version).version
            won += 1
        except Conflict as conflict:
            print(version, conflict.actual)
            version = conflict.actual
print(won)
"""


def test_of_processes_that_expect_the_same_version_one_wins_and_the_others_learn_the_actual(
    path: Path,
) -> None:
    last = 81
    racers = {name: start(RACER, path, name, last) for name in "wxyz"}
    go(*racers.values())
    outputs = {name: finish(racer).splitlines() for name, racer in racers.items()}
    won = {name: int(lines[-1]) for name, lines in outputs.items()}
    with Store(path) as store:
        events = list(store.events(domain=A))
    assert [event.version for event in events] == list(range(1, len(events) + 1))
    assert len(events) == 1 + sum(won.values()) >= last
    # Each version has one winner, who recorded it; nothing of a loser is there.
    recorded = Counter(event.data.name[0] for event in events[1:])  # type: ignore[union-attr]
    assert recorded == Counter({name: count for name, count in won.items() if count})
    for lines in outputs.values():
        for line in lines[:-1]:
            expected, actual = map(int, line.split())
            assert expected < actual <= len(events)


# In each round both expect the version that both know, and one of them is refused.
DUELLIST = """
name = sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
with Store(path) as store:
    for version in range(1, 31):
        while store.tree(A).version < version:
            time.sleep(0.0005)
        try:
            store.record(snapshot(f"{name}{version}"), expect=version)
            print("won")
        except Conflict as conflict:
            print(conflict.actual)
"""


def test_exactly_one_of_two_processes_that_expect_the_same_version_wins(path: Path) -> None:
    duellists = [start(DUELLIST, path, name) for name in "xy"]
    go(*duellists)
    one, other = (finish(process).split() for process in duellists)
    with Store(path) as store:
        assert store.tree(A).version == 31
    for version, pair in enumerate(zip(one, other, strict=True), 1):
        assert "won" in pair
        (loser,) = set(pair) - {"won"}
        # It may have come late, when the winner had won the rounds behind it too.
        assert int(loser) > version


POLLER = """
with Store(path, readonly=True) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    last, seen = 0, 0
    while last < int(sys.argv[2]):
        for event in store.events(after=last):
            assert event.position == last + 1, (last, event)
            last, seen = event.position, seen + 1
        assert store.head() >= last
    print(seen)
"""
SINGLES = """
name = sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
with Store(path) as store:
    for number in range(40):
        store.record(snapshot(f"{name}{number}", "root"))
        if number % 4 == 0:
            with store.batch(A) as batch:
                for part in range(3):
                    batch.record(snapshot(f"{name}{number}-{part}", f"{name}{number}"))
"""
TOTAL = 1 + 3 * (40 + 10 * 3)


def test_readers_that_poll_see_every_position_once_and_in_order_beside_processes(
    path: Path,
) -> None:
    pollers = [start(POLLER, path, TOTAL) for _ in range(2)]
    writers = [start(SINGLES, path, name) for name in "xyz"]
    go(*pollers, *writers)
    for writer in writers:
        finish(writer)
    assert [finish(poller) for poller in pollers] == [f"{TOTAL}\n"] * 2
    with Store(path) as store:
        assert store.head() == TOTAL
        assert list(store.check()) == []


IMPORTER = """
print("ready", flush=True)
sys.stdin.readline()
with Store(path) as store:
    report = store.ingest(sys.argv[2], batch=7)
print(report.added, report.failed, report.events)
"""


def test_an_import_beside_single_calls_takes_and_loses_nothing(path: Path, tmp_path: Path) -> None:
    tree = tmp_path / "archive"
    for name, xml in archive(6, 20, seed=3):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(xml)
    with Store(tmp_path / "alone") as store:
        alone = store.ingest(tree)
        expected = {
            (info.stream, name): store.xml(info.stream, name)
            for info in store.domains()
            for name in store.tree(info.stream)
        }
    assert len(expected) == alone.added == 120
    processes = [start(IMPORTER, path, tree), *(start(SINGLES, path, name) for name in "xyz")]
    go(*processes)
    imported, *_ = (finish(process) for process in processes)
    added, failed, events = map(int, imported.split())
    assert (added, failed) == (120, 0)
    with Store(path) as store:
        assert store.head() == TOTAL + events
        assert [event.position for event in store.events()] == list(range(1, store.head() + 1))
        assert len(store.tree(A)) == TOTAL
        for (stream, name), xml in expected.items():
            assert store.xml(stream, name) == xml
        assert list(store.check()) == []


def test_many_handles_and_threads_of_one_process_lose_and_repeat_nothing(path: Path) -> None:
    handles = [Store(path) for _ in range(8)]
    conflicts: list[tuple[int, int]] = []

    def write(store: Store, name: str) -> None:
        version = store.tree(A).version
        for number in range(10):
            while True:
                try:
                    document = snapshot(f"{name}{number}", "root")
                    version = store.record(document, expect=version).version
                    break
                except Conflict as conflict:
                    conflicts.append((version, conflict.actual))
                    version = conflict.actual

    threads = [
        threading.Thread(target=write, args=(store, f"{number}-{part}-"))
        for number, store in enumerate(handles)
        for part in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in handles:
        assert len(store.tree(A)) == 1 + 8 * 2 * 10 == store.head()
        store.close()
    assert all(expected < actual for expected, actual in conflicts)


# What is called in a forked child, by the name of the method.
FORKING = """
import tempfile
from pathlib import Path
from lineage.log import CacheRow, SQLiteLog, NewEvent, Append
store = Store(path)
store.record(snapshot("a"), current=True)
begun = [store.events(), store.watch(), store.reflog(A), store.check()]
assert next(begun[0]).position == next(begun[1]).position == 1
assert next(begun[2]).after == "a"
batch = store.batch(A)
batch.__enter__()
batch.record(snapshot("never"))
elsewhere = Path(path).with_name("copy")
calls = {
    "annotate": lambda: store.annotate(A, {"k": "v"}),
    "backup": lambda: store.backup(elsewhere),
    "batch": lambda: store.batch(A).__enter__(),
    "check": lambda: list(store.check()),
    "delete": lambda: store.delete(A, "a"),
    "domains": lambda: store.domains(),
    "events": lambda: list(store.events()),
    "head": lambda: store.head(),
    "ingest": lambda: store.ingest(sys.argv[2]),
    "record": lambda: store.record(snapshot("b")),
    "reflog": lambda: list(store.reflog(A)),
    "rename": lambda: store.rename(A, "a", "b"),
    "resolve": lambda: store.resolve("vm"),
    "set_current": lambda: store.set_current(A, None),
    "snapshots": lambda: store.snapshots(),
    "tree": lambda: store.tree(A),
    "undefine": lambda: store.undefine(A),
    "watch": lambda: next(store.watch()),
    "xml": lambda: store.xml(A, "a"),
}
log = store.log
of_log = {
    "append": lambda: log.append([Append("a", [NewEvent(1, 1, b"")])]),
    "backup": lambda: log.backup(elsewhere),
    "body": lambda: log.body(bytes(32)),
    "cached": lambda: log.cached(A),
    "event": lambda: log.event(1),
    "figures": lambda: log.figures(),
    "has_body": lambda: log.has_body(bytes(32)),
    "head": lambda: log.head(),
    "position_at": lambda: log.position_at(A, 0),
    "put_cached": lambda: log.put_cached({A: CacheRow(1, 1, b"")}),
    "read": lambda: log.read(),
    "receipt": lambda: log.receipt("key"),
    "streams": lambda: log.streams(),
    "verify": lambda: list(log.verify()),
    "version": lambda: log.version(A),
    "waiter": lambda: log.waiter(),
}
def public(kind):
    return {name for name in dir(kind) if not name.startswith("_")}
print(*sorted(public(Store) - set(calls)))
print(*sorted(public(SQLiteLog) - set(of_log)))
sys.stdout.flush()
child = os.fork()
if not child:
    steps = {f"begun {n}": lambda it=it: next(it) for n, it in enumerate(begun)}
    steps["end of batch"] = lambda: batch.__exit__(None, None, None)
    for name, call in {**calls, **{f"log.{n}": c for n, c in of_log.items()}, **steps}.items():
        try:
            call()
            print("not refused:", name)
        except Forked:
            pass
        except BaseException as error:
            print(name, repr(error))
    begun[1].close()
    store.close()
    print("done", flush=True)
    os._exit(0)
os.waitpid(child, 0)
batch.__exit__(ValueError, ValueError(), None)
print(store.head(), elsewhere.exists())
store.record(snapshot("b"))
print(*store.tree(A))
"""


def test_after_a_fork_every_method_of_a_store_raises_forked_and_harms_nothing(
    tmp_path: Path,
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x.xml").write_bytes(snapshot("x"))
    output = finish(start(FORKING, tmp_path / "s.lineage", tmp_path / "in")).splitlines()
    assert output == ["close log over", "close", "done", "2 False", "a b"]
