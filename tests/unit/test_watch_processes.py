"""`Store.watch` on a file that others write: how it learns of commits, and what it costs."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from lineage import Store, Watch
from lineage.log import SQLiteLog, inotify, waiting
from lineage.log.base import StoredEvent
from lineage.log.waiting import _Reports
from tests.unit.mounts import pretend
from tests.unit.processes import finish, go, start
from tests.unit.store_samples import snapshot

SOON = 10.0
NEVER = 3600.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    directory = tmp_path / "dir"
    directory.mkdir()
    with Store(directory / "s.lineage"):
        pass
    return directory / "s.lineage"


class Looks(SQLiteLog):
    """A log that counts how often it is looked at."""

    looks = 0

    def head(self) -> int:
        self.looks += 1
        return super().head()


WRITER = """
with Store(path) as store:
    for line in sys.stdin:
        store.record(snapshot(line.strip()))
        print(store.head(), flush=True)
"""


def commit(writer: subprocess.Popen[str], name: str) -> None:
    """Let another process record a snapshot."""
    assert writer.stdin is not None
    assert writer.stdout is not None
    writer.stdin.write(f"{name}\n")
    writer.stdin.flush()
    assert writer.stdout.readline()


@pytest.fixture
def writer(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that records a snapshot for each line."""
    process = start(WRITER, path)
    yield process
    finish(process)


def waiting_long(watch: Watch) -> None:
    """Have the last report so long ago that only another one makes it look again."""
    watch._waiter._reported -= NEVER  # type: ignore[attr-defined]


def test_a_commit_of_another_process_is_reported_and_not_asked_for(
    path: Path, writer: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "_LATEST", NEVER)
    with Store(path, readonly=True) as store, store.watch(timeout=SOON) as watch:
        for number in range(1, 10):
            waiting_long(watch)
            timer = threading.Timer(0.05, commit, (writer, f"s{number}"))
            timer.start()
            began = time.monotonic()
            assert next(watch).position == number
            assert time.monotonic() - began < SOON / 2  # not only when its time was up
            timer.join()


def test_a_commit_of_another_handle_in_this_process_is_reported(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "_LATEST", NEVER)
    with Store(path) as store, Store(path) as other, store.watch(timeout=SOON) as watch:
        for number in range(1, 10):
            waiting_long(watch)
            timer = threading.Timer(0.05, other.record, (snapshot(f"s{number}"),))
            timer.start()
            began = time.monotonic()
            assert next(watch).position == number
            assert time.monotonic() - began < SOON / 2  # not only when its time was up
            timer.join()


class SlowSync(apsw.VFS):
    """A disk that takes long to sync."""

    def __init__(self) -> None:
        super().__init__("slow-sync", "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        return _SlowFile("", name, flags)


class _SlowFile(apsw.VFSFile):
    seconds = 0.0

    def xSync(self, flags: int) -> bool:
        time.sleep(_SlowFile.seconds)
        return super().xSync(flags)  # type: ignore[func-returns-value]


def test_a_commit_that_becomes_visible_long_after_its_last_write_is_not_missed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is reported when a commit ends: the last report comes before the sync."""
    monkeypatch.setattr(waiting, "POLL", NEVER)
    vfs = SlowSync()
    assert vfs
    with (
        Store.over(SQLiteLog(path, _vfs="slow-sync")) as slow,
        Store(path) as store,
        store.watch(timeout=SOON) as watch,
    ):
        slow.record(snapshot("first"))
        assert next(watch).position == 1
        time.sleep(0.3)  # the first one's aftermath is over
        monkeypatch.setattr(_SlowFile, "seconds", 0.4)
        ended: list[float] = []
        thread = threading.Thread(
            target=lambda: (slow.record(snapshot("second")), ended.append(time.monotonic()))
        )
        thread.start()
        assert next(watch).position == 2
        seen = time.monotonic()
        thread.join()
        assert seen - ended[0] < 2.0


def no_inotify(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Exhausted:
        def inotify_init1(self, flags: int) -> int:
            return -1

    monkeypatch.setattr(inotify, "_libc", Exhausted)


def no_watches(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Exhausted:
        def __init__(self) -> None:
            self.inotify_init1 = real().inotify_init1

        def inotify_add_watch(self, *arguments: object) -> int:
            return -1

    real = inotify._libc
    monkeypatch.setattr(inotify, "_libc", Exhausted)


@pytest.mark.parametrize("without", [no_inotify, no_watches])
def test_where_the_system_reports_nothing_the_log_is_asked_ten_times_a_second(
    path: Path,
    writer: subprocess.Popen[str],
    without: Callable[[Path, pytest.MonkeyPatch], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without(path, monkeypatch)
    log = Looks(path)
    with Store.over(log) as store, store.watch(timeout=SOON) as watch:
        for number in range(1, 4):
            commit(writer, f"s{number}")
            assert next(watch).position == number
        log.looks = 0
        assert list(store.watch(3, timeout=1.0)) == []
        assert 5 <= log.looks <= 13


def test_on_a_file_system_that_somebody_serves_the_log_is_asked(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Looks(path)
    for name, asked in (("nfs4", True), ("9p", True), ("fuse.bindfs", True), ("xfs", False)):
        with monkeypatch.context() as patch:
            pretend(patch, path, name)
            waiter = log.waiter()
            assert (waiter._reports is None) == asked  # type: ignore[attr-defined]
            waiter.close()
    log.close()


def test_who_waits_for_nothing_hardly_looks(path: Path) -> None:
    """At twice, four times, eight times the time since the last report."""
    log = Looks(path)
    with Store.over(log) as store:
        assert list(store.watch(timeout=1.5)) == []
        assert log.looks <= 16


def test_other_files_of_the_directory_do_not_make_it_look(path: Path) -> None:
    log = Looks(path)
    with Store.over(log) as store:
        watch = store.watch(timeout=1.0)
        noise = threading.Thread(target=make_noise, args=(path.parent,))
        noise.start()
        assert list(watch) == []
        noise.join()
        assert log.looks <= 16


def make_noise(directory: Path) -> None:
    for number in range(300):
        other = directory / f"other{number}"
        other.write_bytes(b"x" * 5000)
        other.rename(directory / "s.lineage-walx")
        time.sleep(0.001)


def test_a_busy_writer_makes_it_look_no_oftener_than_once_a_millisecond(path: Path) -> None:
    log = Looks(path)
    process = start("s = Store(path)\nfor n in range(300): s.record(snapshot(f's{n}'))", path)
    with Store.over(log) as store:
        began = time.monotonic()
        watch = store.watch(timeout=SOON)
        assert [next(watch).position for _ in range(300)] == list(range(1, 301))
        watch.close()
        # Three times for each look that a report brings: before, after what it brought, at the end.
        assert log.looks <= 3 * (time.monotonic() - began) * 1000
        assert log.looks <= 5 * 300
    finish(process)


def test_reports_go_on_when_the_wal_file_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "s.lineage"
    wal = tmp_path / "s.lineage-wal"
    reports = _Reports.of(path)
    assert reports is not None
    assert not reports.take()
    for _ in range(3):
        with wal.open("wb") as file:
            assert reports.take()
            file.write(b"frame")
            file.flush()
            assert reports.take()
        assert not reports.take()
        wal.unlink()
        assert not reports.take()
    (tmp_path / "moved").write_bytes(b"")
    (tmp_path / "moved").rename(wal)
    assert reports.take()
    wal.write_bytes(b"frame")
    assert reports.take()
    reports.close()


def test_more_reports_than_the_system_keeps_are_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = _Reports.of(tmp_path / "s.lineage")
    assert reports is not None
    overflow = inotify._EVENT.pack(-1, inotify.IN_Q_OVERFLOW, 0, 0)
    monkeypatch.setattr(os, "read", lambda descriptor, size: overflow)
    assert reports.take()
    monkeypatch.undo()
    reports.close()


WATCHER = """
with Store(path, readonly=len(sys.argv) > 3) as store:
    print("ready", flush=True)
    watch = store.watch(timeout=50)
    print(*(next(watch).position for _ in range(int(sys.argv[2]))))
"""
RECORDER = """
print("ready", flush=True)
sys.stdin.readline()
with Store(path) as store:
    for number in range(40):
        store.record(snapshot(f"{sys.argv[2]}{number}"), current=number % 4 == 0)
"""


def test_watchers_of_all_processes_see_every_position_once_and_in_order(path: Path) -> None:
    """Promise 6, beside three processes that write."""
    total = 3 * 50
    watchers = [start(WATCHER, path, total, *["readonly"] * (n % 2)) for n in range(3)]
    writers = [start(RECORDER, path, name) for name in "xyz"]
    for watcher in watchers:
        assert watcher.stdout is not None
        assert watcher.stdout.readline() == "ready\n"
    with Store(path) as store:
        watch = store.watch(timeout=50)
        seen: list[StoredEvent | object] = []
        threads = [threading.Thread(target=lambda: seen.extend(take(watch, total)))]
        threads.append(threading.Thread(target=lambda: seen.extend(poll(store, total))))
        for thread in threads:
            thread.start()
        go(*writers)
        for process in writers:
            finish(process)
        for thread in threads:
            thread.join(60)
        watch.close()
    expected = list(range(1, total + 1))
    assert sorted(seen) == sorted(expected * 2)  # type: ignore[type-var]
    for watcher in watchers:
        assert finish(watcher).split() == [str(number) for number in expected]


def take(watch: Iterator[object], count: int) -> list[int]:
    """The next positions of a watch, in the order in which they came."""
    found = [next(watch).position for _ in range(count)]  # type: ignore[attr-defined]
    assert found == list(range(1, count + 1))
    return found


def poll(store: Store, count: int) -> list[int]:
    """The same by asking for the events behind the last one, again and again."""
    found: list[int] = []
    while len(found) < count:
        found += [event.position for event in store.events(found[-1] if found else 0)]
    assert found == list(range(1, count + 1))
    return found


FORKING = """
store = Store(path)
store.record(snapshot("a"))
store.record(snapshot("b"))
watch, events = store.watch(timeout=20), store.events()
assert next(watch).position == next(events).position == 1
child = os.fork()
if not child:
    for iterator in (watch, events, watch):
        try:
            next(iterator)
        except Forked:
            print("forked", flush=True)
    watch.close()
    sys.exit()
os.waitpid(child, 0)
assert not watch._waiter.closed
other = os.fork()
if not other:
    with Store(path) as own:
        own.record(snapshot("c"))
    sys.exit()
os.waitpid(other, 0)
print(*(next(watch).position for _ in range(2)), *(event.position for event in events))
"""


def test_a_watch_and_an_iterator_begun_before_a_fork_are_the_parents_alone(path: Path) -> None:
    assert finish(start(FORKING, path)).split() == ["forked"] * 3 + ["2", "3", "2"]
