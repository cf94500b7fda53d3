"""The SQLite log as a file: how it is made, recognised, opened and protected."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from lineage.errors import Busy, Conflict, Damaged, LineageError, NotAStore, TooNew
from lineage.log import Append, NewEvent, SQLiteLog, opening, schema
from lineage.log.body_tables import BodyWriter, Plan
from lineage.log.sqlite import translate

EVENT = NewEvent(1, 1, b"payload", "test")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s.lineage"


@pytest.fixture
def log(path: Path) -> Iterator[SQLiteLog]:
    made = SQLiteLog(path)
    yield made
    made.close()


def fill(log: SQLiteLog, count: int = 1, **stored: bytes) -> list[bytes]:
    """Append `count` events and the bodies; return the digests."""
    keyed = {hashlib.sha256(body).digest(): body for body in stored.values()}
    log.append([Append("a", [EVENT] * count)], keyed)
    return list(keyed)


def rewrite(path: Path, *statements: str) -> None:
    """Change a store behind its back."""
    connection = apsw.Connection(str(path))
    for statement in statements:
        connection.execute(statement)
    connection.close()


def listing(directory: Path) -> dict[str, bytes | None]:
    return {p.name: p.read_bytes() if p.is_file() else None for p in directory.iterdir()}


@pytest.mark.parametrize("mask", [0, 0o777])
def test_files_are_for_their_owner_alone_under_any_umask(path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        log = SQLiteLog(path)
        fill(log)
        modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in path.parent.iterdir()}
        log.close()
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(["s.lineage", "s.lineage-wal", "s.lineage-shm"], 0o600)


def test_what_was_appended_is_there_after_reopening(path: Path) -> None:
    for number in range(1, 4):
        log = SQLiteLog(path)
        assert log.append([Append("a", [EVENT], expect=number - 1)]) == number
        log.close()
    assert [p.name for p in path.parent.iterdir()] == ["s.lineage"]
    log = SQLiteLog(path, create=False)
    assert [e.version for e in log.read()] == [1, 2, 3]
    log.close()


def test_an_empty_file_becomes_a_store_only_if_it_may(path: Path) -> None:
    path.touch(0o644)
    for options in ({"readonly": True}, {"create": False}):
        with pytest.raises(NotAStore, match="empty"):
            SQLiteLog(path, **options)
        assert listing(path.parent) == {"s.lineage": b""}
    log = SQLiteLog(path)
    fill(log)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    log.close()


@pytest.mark.parametrize("options", [{"readonly": True}, {"create": False}])
def test_a_missing_file_is_not_made_unasked(path: Path, options: dict[str, bool]) -> None:
    with pytest.raises(NotAStore, match="no such store"):
        SQLiteLog(path, **options)
    assert listing(path.parent) == {}


def foreign(path: Path, kind: str) -> None:
    """Put something there that is not a store."""
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "dangling link":
        path.symlink_to(path.parent / "nowhere")
    elif kind.startswith("sqlite"):
        rewrite(path, f"PRAGMA journal_mode={kind.split()[1]}", "CREATE TABLE t (x)")
    elif kind == "foreign format":
        rewrite(path, "PRAGMA application_id=7", "PRAGMA user_version=1", "CREATE TABLE t (x)")
    elif kind == "no format":
        rewrite(path, f"PRAGMA application_id={schema.APPLICATION_ID}", "CREATE TABLE t (x)")
    else:
        path.write_bytes({"text": b"<domainsnapshot/>\n" * 300, "short": b"x"}[kind])


@pytest.mark.parametrize("readonly", [False, True])
@pytest.mark.parametrize(
    "kind",
    [
        "text",
        "short",
        "directory",
        "fifo",
        "dangling link",
        "sqlite delete",
        "sqlite wal",
        "foreign format",
        "no format",
    ],
)
def test_what_is_not_a_store_is_refused_and_left_alone(
    path: Path, kind: str, readonly: bool
) -> None:
    foreign(path, kind)
    before = listing(path.parent)
    with pytest.raises(NotAStore) as caught:
        SQLiteLog(path, readonly=readonly)
    assert not isinstance(caught.value, TooNew)
    assert str(path) in str(caught.value)
    assert listing(path.parent) == before


@pytest.mark.parametrize("size", [1, 99, 100, 5000])
def test_a_file_of_zeros_is_not_a_store(path: Path, size: int) -> None:
    path.write_bytes(bytes(size))
    with pytest.raises(NotAStore):
        SQLiteLog(path)
    assert listing(path.parent) == {"s.lineage": bytes(size)}


@pytest.mark.parametrize("readonly", [False, True])
def test_promise_11_a_newer_file_is_refused_cleanly_and_left_alone(
    path: Path, readonly: bool
) -> None:
    SQLiteLog(path).close()
    rewrite(path, "PRAGMA user_version=2")
    before = listing(path.parent)
    with pytest.raises(TooNew, match="format 2 is newer than this release reads"):
        SQLiteLog(path, readonly=readonly)
    assert listing(path.parent) == before


def test_a_newer_format_is_refused_while_it_is_in_the_wal_only(path: Path) -> None:
    SQLiteLog(path).close()
    newer = apsw.Connection(str(path))
    newer.execute("PRAGMA user_version=2")
    assert path.read_bytes()[60:64] == b"\0\0\0\1"
    with pytest.raises(TooNew):
        SQLiteLog(path)
    newer.close()


@pytest.mark.parametrize("missing", ["TRIGGER events_no_update", "TRIGGER events_follow"])
def test_a_store_without_its_guards_is_damaged(path: Path, missing: str) -> None:
    SQLiteLog(path).close()
    rewrite(path, f"DROP {missing}")
    with pytest.raises(Damaged, match=missing.split()[1]):
        SQLiteLog(path)


def test_a_place_where_no_file_can_be_is_a_clear_error(path: Path) -> None:
    with pytest.raises(LineageError, match=r"nodir: no such directory") as caught:
        SQLiteLog(path.parent / "nodir" / "s.lineage")
    assert not isinstance(caught.value, NotAStore)
    assert listing(path.parent) == {}
    path.write_bytes(b"")
    with pytest.raises(LineageError, match="Not a directory"):
        SQLiteLog(path / "s.lineage")
    with pytest.raises(LineageError, match="not UTF-8"):
        SQLiteLog(os.fsdecode(bytes(path.parent) + b"/\xff"))
    assert listing(path.parent) == {"s.lineage": b""}


@pytest.mark.parametrize("name", [":memory:", "file:x?mode=memory", "a?b#c%20 d'e", "\u00e9\n"])
def test_every_file_name_is_only_a_file_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    log = SQLiteLog(name)
    fill(log)
    log.close()
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_a_store_can_be_opened_through_a_link(path: Path, log: SQLiteLog) -> None:
    link = path.parent / "link"
    link.symlink_to(path)
    fill(log)
    other = SQLiteLog(link)
    fill(other)
    other.close()
    assert log.head() == 2


def test_a_readonly_log_follows_a_writer_and_writes_nothing(path: Path, log: SQLiteLog) -> None:
    reader = SQLiteLog(path, readonly=True)
    assert reader.head() == 0
    fill(log, 3)
    assert [e.stream for e in reader.read()] == ["a"] * 3
    with pytest.raises(LineageError, match="reading only"):
        fill(reader)
    reader.close()
    assert log.head() == 3


def test_a_commit_is_synchronous_and_the_file_is_not_trusted(log: SQLiteLog) -> None:
    connection = log._connection
    assert connection is not None
    expected = {"journal_mode": "wal", "synchronous": 2, "trusted_schema": 0, "mmap_size": 0}
    expected |= {"cell_size_check": 1, "foreign_keys": 1, "busy_timeout": 5000}
    assert {name: connection.pragma(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (apsw.BusyError("x"), Busy, "another process holds the lock"),
        (apsw.LockedError("x"), Busy, "another connection"),
        (apsw.CorruptError("x"), Damaged, "damaged"),
        (apsw.NotADBError("x"), Damaged, "damaged"),
        (apsw.FullError("x"), LineageError, "no space left"),
        (apsw.CantOpenError("x"), LineageError, "cannot be opened"),
        (apsw.ReadOnlyError("x"), LineageError, "cannot be written"),
        (apsw.IOError("x"), LineageError, "input or output failed"),
        (apsw.SQLError("x"), LineageError, "SQLite failed"),
        (PermissionError(13, "Permission denied"), LineageError, "Permission denied"),
        (UnicodeDecodeError("utf-8", b"\xd5", 0, 1, "x"), Damaged, "damaged"),
    ],
)
def test_every_error_of_the_driver_becomes_one_of_ours(
    error: Exception, kind: type[LineageError], text: str
) -> None:
    translated = translate(error, Path("/srv/s.lineage"))
    assert type(translated) is kind
    assert str(translated).startswith("/srv/s.lineage: ")
    assert text in str(translated)


def test_a_write_lock_held_too_long_is_busy_and_nothing_is_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "BUSY_TIMEOUT_MS", 30)
    log = SQLiteLog(path)
    fill(log)
    holder = apsw.Connection(str(path))
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(Busy, match=r"s\.lineage"):
        fill(log)
    assert [e.position for e in log.read()] == [1]  # readers need no lock
    holder.execute("ROLLBACK")
    fill(log)
    assert log.head() == 2
    log.close()
    holder.close()


def test_a_store_whose_maker_died_before_the_wal_is_finished(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SQLiteLog(path).close()
    rewrite(path, "PRAGMA journal_mode=delete")
    holder = apsw.Connection(str(path))
    holder.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(opening, "BUSY_TIMEOUT_MS", 30)
    with pytest.raises(Busy):
        SQLiteLog(path)
    monkeypatch.undo()
    release = threading.Timer(0.1, holder.execute, ["ROLLBACK"])
    release.start()
    log = SQLiteLog(path)
    release.join()
    assert holder.pragma("journal_mode") == "wal"
    log.close()
    holder.close()


def test_a_full_disk_undoes_the_append_and_the_store_has_to_be_reopened(
    path: Path, log: SQLiteLog
) -> None:
    fill(log)
    assert log._connection is not None
    log._connection.pragma("max_page_count", log._connection.pragma("page_count"))
    with pytest.raises(LineageError, match="no space left"):
        fill(log, 1, body=os.urandom(100_000))
    with pytest.raises(LineageError, match="reopen"):
        log.head()
    with pytest.raises(LineageError, match="reopen"):
        fill(log)
    log.close()
    again = SQLiteLog(path, create=False)
    assert again.head() == 1
    fill(again)
    assert again.head() == 2
    again.close()


def test_handles_of_one_store_learn_of_each_others_streams(path: Path, log: SQLiteLog) -> None:
    other = SQLiteLog(path)
    for number in range(3):
        stream = f"s{number}"
        assert other.append([Append(stream, [EVENT], expect=0)]) == 2 * number + 1
        assert [e.stream for e in log.read(2 * number)] == [stream]
        assert log.append([Append(stream, [EVENT], expect=1)]) == 2 * number + 2
        assert [e.version for e in other.read(stream=stream)] == [1, 2]
    other.close()


def test_a_body_that_another_writer_stores_meanwhile_is_stored_once(
    path: Path, log: SQLiteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = SQLiteLog(path)
    plan = BodyWriter.plan

    def slowly(
        writer: BodyWriter,
        connection: apsw.Connection,
        bodies: dict[bytes, bytes],
        named: dict[bytes, str],
        number_of: Callable[[str], int],
    ) -> Plan:
        made = plan(writer, connection, bodies, named, number_of)
        monkeypatch.undo()
        fill(other, body=b"body" * 100)
        return made

    monkeypatch.setattr(BodyWriter, "plan", slowly)
    digests = fill(log, body=b"body" * 100, own=b"own" * 100)
    other.close()
    assert [log.body(digest) for digest in digests] == [b"body" * 100, b"own" * 100]
    assert log._connection is not None
    assert log._connection.execute("SELECT count(*) FROM bodies").fetchall() == [(2,)]


def test_a_stream_undone_by_a_conflict_leaves_nothing_in_the_handle(log: SQLiteLog) -> None:
    with pytest.raises(Conflict):
        log.append([Append("undone", [EVENT]), Append("a", [EVENT], expect=9)])
    log.append([Append("first", [EVENT])])
    log.append([Append("undone", [EVENT], expect=0)])
    assert [(e.position, e.stream) for e in log.read()] == [(1, "first"), (2, "undone")]
