"""A store on a network file system (so called): refused, or for one process at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from lineage import Store
from lineage.errors import Busy, LineageError
from lineage.log import Append, NewEvent, SQLiteLog, opening
from tests.unit.mounts import pretend
from tests.unit.store_samples import snapshot

EVENT = NewEvent(1, 1, b"payload", "test")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    directory = tmp_path / "export"
    directory.mkdir()
    return directory / "s.lineage"


@pytest.fixture
def network(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The list of mounts that says so; locks are waited for only shortly."""
    monkeypatch.setattr(opening, "BUSY_TIMEOUT_MS", 50)
    return pretend(monkeypatch, path, "nfs4")


def alone(path: Path, *, readonly: bool = False) -> SQLiteLog:
    return SQLiteLog(path, readonly=readonly, allow_network=True)


def versions(log: SQLiteLog) -> list[int]:
    return [event.version for event in log.read()]


PRELUDE = """
import os, signal, sys
from contextlib import closing
from pathlib import Path
from lineage.errors import Busy
from lineage.log import Append, NewEvent, SQLiteLog, filesystems, opening
filesystems.MOUNTS, path = Path(sys.argv[1]), sys.argv[2]
opening.BUSY_TIMEOUT_MS = 50
event = NewEvent(1, 1, b"payload")
"""


def elsewhere(script: str, network: Path, path: Path) -> str:
    """What a script prints in a process of its own, to which the file system is the same."""
    return subprocess.run(
        [sys.executable, "-c", PRELUDE + script, network, path],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    ).stdout


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("readonly", [False, True])
def test_a_network_store_is_refused_unless_allowed_and_nothing_is_made(
    path: Path, readonly: bool
) -> None:
    for make in (SQLiteLog, Store):
        with pytest.raises(LineageError, match=r"on a network file system \(nfs4\)"):
            make(path, readonly=readonly)
    assert list(path.parent.iterdir()) == []


@pytest.mark.usefixtures("network")
def test_an_allowed_network_store_works_without_shared_memory(path: Path) -> None:
    with Store(path, allow_network=True) as store:
        store.record(snapshot("s1"), current=True)
        assert {p.name for p in path.parent.iterdir()} == {path.name, path.name + "-journal"}
        assert len(list(store.events())) == 2
        log = store.log
        assert isinstance(log, SQLiteLog)
        assert log._connection is not None
        settings = {"journal_mode": "persist", "synchronous": 2, "locking_mode": "exclusive"}
        assert {name: log._connection.pragma(name) for name in settings} == settings
    with Store(path, allow_network=True) as store:
        assert list(store.tree("vm")) == ["s1"]


def test_allowing_a_network_changes_nothing_on_a_local_disk(path: Path) -> None:
    with closing(alone(path)) as log, closing(alone(path)) as other:
        log.append([Append("a", [EVENT])])
        assert other.head() == 1
        assert path.with_name(path.name + "-wal").exists()


SECOND = """
for readonly in (False, True):
    try:
        SQLiteLog(path, readonly=readonly, allow_network=True)
    except Busy as busy:
        print(type(busy).__name__)
"""


def test_a_second_one_to_open_a_network_store_gets_busy(network: Path, path: Path) -> None:
    log = alone(path)
    for readonly in (False, True):
        with pytest.raises(Busy):
            alone(path, readonly=readonly)
    assert elsewhere(SECOND, network, path) == "Busy\nBusy\n"
    log.append([Append("a", [EVENT])])
    log.close()
    log = alone(path)
    assert versions(log) == [1]
    log.close()
    assert elsewhere(SECOND, network, path) == ""


RACER = """
opening.BUSY_TIMEOUT_MS = 30000
for number in range(10):
    with closing(SQLiteLog(path, allow_network=True)) as log:
        log.append([Append("a", [event])])
"""


def test_processes_that_open_a_network_store_at_once_take_turns(network: Path, path: Path) -> None:
    command = [sys.executable, "-c", PRELUDE + RACER, network, path]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    racers = [subprocess.Popen(command, env=env) for _ in range(3)]
    assert [racer.wait(timeout=60) for racer in racers] == [0, 0, 0]
    with closing(alone(path)) as log:
        assert versions(log) == list(range(1, 31))


READER = """
with closing(SQLiteLog(path, readonly=True, allow_network=True)) as log:
    print(log.head())
"""


def test_readers_of_a_network_store_keep_a_writer_out_and_not_each_other(
    network: Path, path: Path
) -> None:
    with closing(alone(path)) as log:
        log.append([Append("a", [EVENT])])
    with (
        closing(alone(path, readonly=True)) as reader,
        closing(alone(path, readonly=True)) as other,
    ):
        assert reader.head() == other.head() == 1
        assert elsewhere(READER, network, path) == "1\n"
        with pytest.raises(Busy):
            alone(path)
        assert versions(reader) == [1]
    with closing(alone(path)) as log:
        log.append([Append("a", [EVENT])])


@pytest.mark.usefixtures("network")
@pytest.mark.parametrize("readonly", [False, True])
def test_a_network_store_is_copied_by_who_has_it_open(path: Path, readonly: bool) -> None:
    with Store(path, allow_network=True) as store:
        store.record(snapshot("s1"))
    copy = path.parent.parent / "copy.lineage"
    with Store(path, readonly=readonly, allow_network=True) as store:
        store.backup(copy)
        assert store.head() == 1
        with pytest.raises(LineageError, match="is there already"):
            store.backup(copy)
        assert store.head() == 1
    copied = SQLiteLog(copy, allow_network=True)
    assert versions(copied) == [1]
    copied.close()


@pytest.mark.usefixtures("network")
def test_a_watch_of_a_network_store_sees_what_its_own_process_writes(path: Path) -> None:
    with Store(path, allow_network=True) as store, store.watch(timeout=10) as watch:
        for number in range(1, 4):
            store.record(snapshot(f"s{number}"))
            assert next(watch).position == number


KILLED = """
log = SQLiteLog(path, allow_network=True)
while True:
    print(log.append([Append("a", [event])]), flush=True)
    if log.head() == 7:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_no_lock_on_a_network_store(network: Path, path: Path) -> None:
    assert elsewhere(KILLED, network, path).split() == [str(n) for n in range(1, 8)]
    with closing(alone(path)) as log:
        assert versions(log) == list(range(1, 8))


CRASHED = """
log = SQLiteLog(path)
log.append([Append("a", [event] * 3)])
assert os.path.getsize(path + "-wal")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_store_with_a_wal_is_converted_for_a_network_and_back(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere(CRASHED, path, path)
    with monkeypatch.context() as patch:
        pretend(patch, path, "cifs")
        with closing(alone(path)) as log:
            assert versions(log) == [1, 2, 3]
            log.append([Append("a", [EVENT])])
        assert not path.with_name(path.name + "-wal").exists()
        assert path.read_bytes()[18:20] == b"\1\1"
    with closing(SQLiteLog(path)) as log, closing(SQLiteLog(path)) as other:
        log.append([Append("a", [EVENT])])
        assert versions(other) == [1, 2, 3, 4, 5]
        assert path.read_bytes()[18:20] == b"\2\2"
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_reader_cannot_convert_a_store_and_says_so(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SQLiteLog(path).close()
    pretend(monkeypatch, path, "nfs")
    before = path.read_bytes()
    with pytest.raises(LineageError, match="open it once for writing"):
        alone(path, readonly=True)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.usefixtures("network")
def test_what_is_not_a_store_is_left_alone_on_a_network(path: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA journal_mode=wal; CREATE TABLE t (x)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(LineageError, match="not a lineage store"):
        alone(path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.usefixtures("network")
def test_a_network_store_is_checked_by_who_only_reads_it(path: Path) -> None:
    with closing(alone(path)) as log:
        log.append([Append("a", [EVENT])])
        with pytest.raises(LineageError, match="open it for reading"):
            list(log.verify())
        assert log.append([Append("a", [EVENT])]) == 2
    with closing(alone(path, readonly=True)) as log:
        assert list(log.verify()) == list(log.read())
