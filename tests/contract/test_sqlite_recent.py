"""What a handle has just appended it gives without reading the file: the same as any other."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from lineage.log import Append, NewEvent, SQLiteLog


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s.lineage"


@pytest.fixture
def log(path: Path) -> Iterator[SQLiteLog]:
    made = SQLiteLog(path)
    yield made
    made.close()


@pytest.fixture
def other(log: SQLiteLog, path: Path) -> Iterator[SQLiteLog]:
    made = SQLiteLog(path)
    yield made
    made.close()


def event(number: int) -> NewEvent:
    return NewEvent(1 + number % 3, 1 + number % 2, str(number).encode(), f"ü{number % 4}")


def test_it_reads_as_another_handle_does_after_every_append(
    log: SQLiteLog, other: SQLiteLog
) -> None:
    """Any number of events, of streams in any order, by either handle, read behind any of them."""
    rng = random.Random(3)
    for number in range(150):
        batch = [
            Append(rng.choice("abc"), [event(number + n) for n in range(rng.choice([1, 1, 2, 20]))])
            for _ in range(rng.choice([1, 1, 2, 3]))
        ]
        writer, reader = rng.sample([log, other], 2)
        head = writer.append(batch, recorded_at=1000 - number % 3)
        for stream in "abc":
            for after in (0, head - 21, head - 2, head - 1, head):
                after = max(after, 0)
                mine = list(writer.read(after, stream=stream))
                assert mine == list(reader.read(after, stream=stream))
                assert mine[:1] == list(writer.read(after, stream=stream, limit=1))


def test_it_is_forgotten_once_another_handle_appended(log: SQLiteLog, other: SQLiteLog) -> None:
    log.append([Append("a", [event(1)])])
    other.append([Append("a", [event(2)])])
    assert [e.payload for e in log.read(stream="a")] == [b"1", b"2"]
    assert [e.payload for e in log.read(1, stream="a")] == [b"2"]


def test_it_is_not_there_if_the_append_failed(log: SQLiteLog) -> None:
    log.append([Append("a", [event(1)])])
    with pytest.raises(UnicodeEncodeError):
        log.append([Append("a", [event(2)]), Append("a", [NewEvent(1, 1, b"", "\ud800")])])
    assert [e.payload for e in log.read(stream="a")] == [b"1"]


def test_it_takes_no_reading_of_events(log: SQLiteLog) -> None:
    log.append([Append("a", [event(1)])])
    log.append([Append("a", [event(2)])])
    asked: list[str] = []
    connection = log._connection
    assert connection is not None
    connection.trace_v2(apsw.SQLITE_TRACE_STMT, lambda said: asked.append(said["sql"]))
    assert [e.payload for e in log.read(1, stream="a")] == [b"2"]
    assert not [sql for sql in asked if "FROM events" in sql]
    assert [e.payload for e in log.read(stream="a")] == [b"1", b"2"]
    assert [sql for sql in asked if "FROM events" in sql]
    connection.trace_v2(0)
