"""The event log in one SQLite file.

The file's format is described in FORMAT.md; `lineage.log.schema` makes and opens it.
"""

from __future__ import annotations

import ctypes
import os
import threading
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Final, cast
from weakref import WeakSet

import apsw

from lineage.errors import Damaged, Forked, LineageError
from lineage.log.backup import Progress, backup
from lineage.log.base import Append, StoredEvent, StreamHead
from lineage.log.body_tables import BodyReader, BodyWriter, has_body
from lineage.log.checks import check_bodies, check_range
from lineage.log.meanings import translate, translated
from lineage.log.payloads import PayloadReader
from lineage.log.rows import LAST_EVENT, STREAM_HEAD, Row, Rows, stream_id
from lineage.log.schema import open_store
from lineage.log.unsynced import forget_unsynced

__all__ = ["SQLiteLog", "translate"]

_CHUNK: Final = 1000  # events read at once, the lock let go in between

_COLUMNS: Final = "position, stream, version, recorded_at, tag, schema, payload, commit_number"
_BY_POSITION: Final = f"SELECT {_COLUMNS} FROM events WHERE position BETWEEN ? AND ? ORDER BY 1"  # noqa: S608
_BY_VERSION: Final = (
    f"SELECT {_COLUMNS} FROM events WHERE version BETWEEN ? AND ? AND stream = ? ORDER BY version"  # noqa: S608
)
_INSERT_EVENT: Final = f"INSERT INTO events ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_STREAMS: Final = (
    "SELECT key, (SELECT max(version) FROM events WHERE stream = streams.id), "
    "(SELECT max(position) FROM events WHERE stream = streams.id) FROM streams ORDER BY id"
)

# What leaves open how much of a write reached the file. SQLite could go on; but after a failed
# sync the system may show pages that the disk does not have, and only the log read again from
# its start, as on opening, tells what holds.
_UNCERTAIN: Final = (apsw.FullError, apsw.IOError, apsw.CantOpenError)


@contextmanager
def _write(connection: apsw.Connection) -> Iterator[None]:
    """A transaction that holds the write lock from its start."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def _reading(connection: apsw.Connection) -> Iterator[None]:
    """A transaction of several reads: else each locks and unlocks the file."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


_logs: Final[WeakSet[SQLiteLog]] = WeakSet()


@cache
def _watch_forks() -> None:
    os.register_at_fork(after_in_child=_leave_to_parent)


def _leave_to_parent() -> None:
    """In a forked child, see to it that no inherited connection is ever closed.

    Closed in the child, SQLite could take the parent's transaction for one of its own and undo
    it, or delete a -wal file that holds commits. apsw closes what is left open when its module
    goes. So the child keeps a reference to both that is never given back.
    """
    for log in _logs:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(log._connection))
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(apsw))


class SQLiteLog:
    """An `EventLog` in one SQLite file, open to any number of processes and threads.

    Several threads may share a handle. After `os.fork` a handle is of no use to the child:
    every call but `close` raises `Forked`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        readonly: bool = False,
        create: bool = True,
        _vfs: str | None = None,
    ) -> None:
        """Open the store at `path`.

        Args:
            readonly: only read; a missing file is not made.
            create: make the store, mode 0600, where there is no file or an empty one.
            _vfs: name of an SQLite VFS, for tests that stand between SQLite and the disk.

        Raises:
            NotAStore: not a store (left as it is), or missing and not to be made.
            TooNew: a store of a newer format.
            Busy: another process holds it for longer than the timeout.
            Damaged: a store that has lost parts.
            LineageError: directory, permissions, disk.
        """
        self._path = Path(os.path.abspath(os.fspath(path)))  # noqa: PTH100 (keeps symlinks)
        self._readonly = readonly
        self._pid = os.getpid()
        self._vfs = _vfs
        self._failed = False
        self._lock = threading.Lock()
        self._ids: dict[str, int] = {}
        self._keys: dict[int, str] = {}
        self._bodies = BodyReader()
        self._writer = BodyWriter()
        try:
            os.fspath(self._path).encode()
        except UnicodeEncodeError:
            raise LineageError("the store's path is not UTF-8") from None
        _watch_forks()
        with translated(self._path):
            connection = open_store(self._path, readonly=readonly, create=create, vfs=_vfs)
        self._connection: apsw.Connection | None = connection
        _logs.add(self)

    def append(
        self,
        batch: Sequence[Append],
        bodies: Mapping[bytes, bytes] | None = None,
        *,
        recorded_at: int | None = None,
    ) -> int:
        """Append a batch; see `EventLog.append`.

        Raises:
            Conflict, Busy: as `EventLog.append`.
            ValueError: a key of `bodies` is not 32 bytes, a text is not valid Unicode.
            LineageError: opened readonly; disk full, input or output failed: then the batch
                is there as a whole or not at all, and this handle is of no further use:
                close it, open another, and look.
        """
        bodies = bodies or {}
        check_bodies(bodies)
        with self._use(writing=True) as connection:
            if self._readonly:
                raise LineageError(f"{self._path}: opened for reading only")
            named = {d: entry.stream for entry in batch for e in entry.events for d in e.bodies}
            plan = self._writer.plan(connection, bodies, named)
            with _write(connection):
                rows = Rows(connection, self._ids, recorded_at)
                for entry in batch:
                    rows.add(entry)
                if rows:
                    if plan.outdated(connection):
                        plan = self._writer.plan(connection, bodies, named)
                    self._writer.insert(connection, plan, rows.streams)
                    connection.executemany(_INSERT_EVENT, rows.stored(plan))
            if rows:
                self._writer.remember(plan)
            self._remember(rows.new_streams)
        return rows.position

    def read(
        self, after: int = 0, *, stream: str | None = None, limit: int | None = None
    ) -> Iterator[StoredEvent]:
        """Yield events in order of position; see `EventLog.read`.

        Raises (when called or while iterating):
            Damaged: an event is missing or cannot be read.
        """
        check_range(after, limit)
        with self._use() as connection:
            if stream is None:
                first, last = after, self._head(connection)
                which: tuple[int, ...] = ()
            else:
                number = self._stream_id(connection, stream)
                last = _version(connection, number)
                first = _versions_until(connection, number, after, last)
                which = (number,)
        if limit is not None:
            last = min(last, first + limit)
        return self._scan(first + 1, last, which)

    def _scan(self, first: int, last: int, which: tuple[int, ...]) -> Iterator[StoredEvent]:
        """Yield the events whose position (version, if a stream is given) is in first..last."""
        reader = PayloadReader()
        for start in range(first, last + 1, _CHUNK):
            stop = min(start + _CHUNK - 1, last)
            with self._use() as connection, _reading(connection):
                query = _BY_VERSION if which else _BY_POSITION
                rows = cast(list[Row], connection.execute(query, (start, stop, *which)).fetchall())
                keys = self._keys_of(connection, rows)
                if len(rows) != stop - start + 1:
                    raise Damaged(f"{self._path}: events are missing between {start} and {stop}")
                read = partial(reader.read, connection)
                events = [
                    StoredEvent(p, keys[stream], v, at, tag, schema, *read(p, data), c, b"")
                    for p, stream, v, at, tag, schema, data, c in rows
                ]
            yield from events

    def head(self) -> int:
        """Position of the last event, 0 for an empty log."""
        with self._use() as connection:
            return self._head(connection)

    def version(self, stream: str) -> int:
        """Version of the stream's last event, 0 if it has none."""
        with self._use() as connection:
            return _version(connection, self._stream_id(connection, stream))

    def streams(self) -> list[StreamHead]:
        """Every stream that has events, in order of its first event."""
        with self._use() as connection:
            rows = cast(list[tuple[str, int, int]], connection.execute(_STREAMS).fetchall())
        return [StreamHead(*row) for row in rows]

    def has_body(self, digest: bytes) -> bool:
        """Whether the body is stored."""
        with self._use() as connection:
            return has_body(connection, digest)

    def body(self, digest: bytes) -> bytes:
        """The body of that SHA-256 digest, verified; see `EventLog.body`."""
        with self._use() as connection:
            stored = self._bodies.fetch(connection, digest)
        return self._bodies.unpack(stored)

    def backup(self, path: str | os.PathLike[str], *, progress: Progress | None = None) -> None:
        """Copy the store as it is now to a new file; see `lineage.Store.backup`."""
        with self._use():
            pass  # open, in the process that opened it, and no write has failed
        backup(self._path, Path(path), progress, vfs=self._vfs)

    def close(self) -> None:
        """Release files and locks. Closing twice is harmless, and so is closing in a fork."""
        if os.getpid() != self._pid:
            return
        with self._lock, translated(self._path):
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    @contextmanager
    def _use(self, *, writing: bool = False) -> Iterator[apsw.Connection]:
        """The connection, for this thread alone, its errors translated."""
        if os.getpid() != self._pid:
            raise Forked(f"{self._path}: opened before os.fork(); open it again in the child")
        with self._lock, translated(self._path):
            if self._connection is None:
                raise ValueError("the log is closed")
            if self._failed:
                raise LineageError(f"{self._path}: a write failed; close the store and reopen it")
            try:
                yield self._connection
            except _UNCERTAIN:
                if writing:
                    self._failed = True
                    forget_unsynced(self._connection, self._vfs)
                raise

    def _head(self, connection: apsw.Connection) -> int:
        row = connection.execute(LAST_EVENT).fetchone()
        return cast(int, row[0]) if row else 0

    def _stream_id(self, connection: apsw.Connection, stream: str) -> int:
        """The stream's number, 0 if it has no event."""
        number = self._ids.get(stream) or stream_id(connection, stream)
        if number:
            self._remember({stream: number})
        return number

    def _keys_of(self, connection: apsw.Connection, rows: list[Row]) -> Mapping[int, str]:
        """Keys of (at least) the streams that come up in the rows."""
        if not self._keys.keys() >= {row[1] for row in rows}:
            streams = connection.execute("SELECT key, id FROM streams").fetchall()
            self._remember(dict(cast(list[tuple[str, int]], streams)))
            if not self._keys.keys() >= {row[1] for row in rows}:
                raise Damaged(f"{self._path}: an event's stream is missing")
        return self._keys

    def _remember(self, streams: Mapping[str, int]) -> None:
        self._ids.update(streams)
        self._keys.update((number, key) for key, number in streams.items())


def _version(connection: apsw.Connection, number: int) -> int:
    row = number and connection.execute(STREAM_HEAD, (number,)).fetchone()
    return cast(int, row[0]) if row else 0


def _versions_until(connection: apsw.Connection, number: int, position: int, last: int) -> int:
    """How many events of the stream stand at or before the position, in O(log n)."""
    if position == 0:
        return 0
    query = "SELECT position FROM events WHERE stream = ? AND version = ?"

    def position_of(version: int) -> int:
        row = connection.execute(query, (number, version)).fetchone()
        if row is None:
            raise Damaged(f"version {version} of a stream is missing")
        return cast(int, row[0])

    return bisect_right(range(1, last + 1), position, key=position_of)
