"""Formats of a store: an older one is brought up when opened for writing, and that is on record."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from lineage.errors import LineageError, TooNew
from lineage.log import Append, NewEvent, SQLiteLog, schema


def add_table(connection: apsw.Connection) -> None:
    connection.execute("CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT")


def fail(connection: apsw.Connection) -> None:
    connection.execute("CREATE TABLE half (id INTEGER PRIMARY KEY) STRICT")
    raise RuntimeError("half way")


def record(path: Path) -> tuple[int, list[int]]:
    connection = apsw.Connection(str(path), apsw.SQLITE_OPEN_READONLY)
    formats = connection.execute("SELECT format FROM migrations ORDER BY format").fetchall()
    found = int(str(connection.pragma("user_version"))), [int(str(row[0])) for row in formats]
    connection.close()
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "s.lineage"
    log = SQLiteLog(made)
    log.append([Append("a", [NewEvent(1, 1, b"payload")])])
    log.close()
    return made


@pytest.fixture
def later(path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """As a release would be two formats later, when the store had been made."""
    assert path.exists()
    monkeypatch.setattr(schema, "FORMAT", 3)
    monkeypatch.setitem(schema.MIGRATIONS, 1, add_table)
    monkeypatch.setitem(schema.MIGRATIONS, 2, lambda connection: None)
    return monkeypatch


def test_a_new_store_records_the_format_it_was_made_in(path: Path) -> None:
    assert record(path) == (1, [1])


@pytest.mark.usefixtures("later")
def test_an_older_store_is_migrated_step_by_step_and_each_step_is_recorded(path: Path) -> None:
    for _ in range(2):
        log = SQLiteLog(path)
        assert [event.payload for event in log.read()] == [b"payload"]
        log.close()
        assert record(path) == (3, [1, 2, 3])


@pytest.mark.usefixtures("later")
def test_an_older_store_is_not_touched_by_a_reader_who_is_told_what_to_do(path: Path) -> None:
    with pytest.raises(LineageError, match="format 1 is older than 3: open it once for writing"):
        SQLiteLog(path, readonly=True)
    assert record(path) == (1, [1])


def test_a_migration_that_fails_changes_nothing(path: Path, later: pytest.MonkeyPatch) -> None:
    later.setitem(schema.MIGRATIONS, 2, fail)
    with pytest.raises(RuntimeError, match="half way"):
        SQLiteLog(path)
    assert record(path) == (1, [1])


def test_a_release_of_before_refuses_the_migrated_store(
    path: Path, later: pytest.MonkeyPatch
) -> None:
    SQLiteLog(path).close()
    later.undo()
    before = path.read_bytes()
    with pytest.raises(TooNew, match="format 3 is newer than this release reads"):
        SQLiteLog(path)
    assert path.read_bytes() == before
