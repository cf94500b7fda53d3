"""What the file of a store refuses by itself, whoever writes to it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from lineage.log import Append, NewEvent, Request, SQLiteLog

EVENT = NewEvent(1, 1, b"payload", "test")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s.lineage"


@pytest.fixture
def log(path: Path) -> Iterator[SQLiteLog]:
    made = SQLiteLog(path)
    yield made
    made.close()


def fill(log: SQLiteLog, count: int = 1) -> None:
    body = b"body"
    log.append([Append("a", [EVENT] * count)], {hashlib.sha256(body).digest(): body})


def rewrite(path: Path, *statements: str) -> None:
    """Change a store behind its back."""
    connection = apsw.Connection(str(path))
    for statement in statements:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize("verb", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}"])
@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("events", "payload"),
        ("runs", "hash"),
        ("packs", "data"),
        ("bodies", "digest"),
        ("requests", "call"),
        ("migrations", "release"),
    ],
)
def test_stored_rows_cannot_be_changed_or_deleted(
    path: Path, log: SQLiteLog, verb: str, table: str, column: str
) -> None:
    fill(log, 2)
    log.append([], request=Request("key", bytes(32)))
    with pytest.raises(apsw.ConstraintError, match=f"{table} are never changed"):
        rewrite(path, verb.format(table, column))
    assert log.head() == 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("DELETE FROM streams", "streams are never changed"),
        ("UPDATE streams SET key = 'other', version = 2, position = 2", "only grows"),
        ("UPDATE streams SET id = 7, version = 2, position = 2", "only grows"),
        ("UPDATE streams SET version = 1, position = 1", "only grows"),
        ("UPDATE streams SET version = 3, position = 3", "only grows"),
        ("INSERT INTO streams VALUES (3, 'third', 1, 1, 0)", "without a gap"),
    ],
)
def test_a_stream_can_only_grow(path: Path, log: SQLiteLog, change: str, reason: str) -> None:
    fill(log, 2)
    with pytest.raises(apsw.ConstraintError, match=reason):
        rewrite(path, change)
    assert log.version("a") == 2


@pytest.mark.parametrize("position", [1, 2, 4, "NULL"])
def test_only_the_next_position_can_be_inserted(
    path: Path, log: SQLiteLog, position: int | str
) -> None:
    fill(log, 2)
    with pytest.raises(apsw.ConstraintError, match="without a gap"):
        rewrite(path, f"INSERT OR REPLACE INTO events VALUES ({position}, 1, 1, x'')")
    assert log.head() == 2


@pytest.mark.parametrize(
    ("position", "stream", "previous", "version"),
    [
        (2, 1, 1, 2),  # that run is there already
        (4, 1, 2, 4),  # there is no such event
        (3, 1, 2, 4),  # a version left out
        (3, 1, 2, 2),  # the same version again
        (3, 1, 1, 3),  # not behind the stream's last run
        (3, 2, 2, 3),  # behind another stream's run
    ],
)
def test_only_the_next_run_of_a_stream_can_be_inserted(
    path: Path, log: SQLiteLog, position: int, stream: int, previous: int, version: int
) -> None:
    fill(log, 1)
    fill(log, 1)
    row = f"({position}, {stream}, {previous}, {version}, 0, 9, 1, zeroblob(32), 0)"
    event = "INSERT INTO events VALUES (3, 1, 1, x'000103000000000000');"
    with pytest.raises(apsw.ConstraintError, match="without a gap"):
        rewrite(path, f"BEGIN; {event} INSERT OR REPLACE INTO runs VALUES {row}")
    assert log.head() == 2
