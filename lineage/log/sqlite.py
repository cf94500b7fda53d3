"""The event log in one SQLite file.

The file's format is described in FORMAT.md; `lineage.log.opening` makes and opens it.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Final, cast
from weakref import WeakSet

import apsw

from lineage.errors import Busy, Damaged, Forked, LineageError, NotFound
from lineage.log.backup import Progress, backup, copy
from lineage.log.base import (
    ALL,
    Append,
    CacheRow,
    Receipt,
    Request,
    StoredEvent,
    StreamHead,
    Waiter,
)
from lineage.log.beside import cached, put_cached, receipt
from lineage.log.body_tables import BodyReader, BodyWriter, has_body
from lineage.log.checks import check_bodies, check_range
from lineage.log.figures import Figures, figures
from lineage.log.meanings import translate, translated
from lineage.log.opening import open_for_check, open_store
from lineage.log.problems import WHOLE, Part, Problem
from lineage.log.rows import Rows, insert_request
from lineage.log.runs import last_run
from lineage.log.scan import CHUNK, Scan, position_at, run_with, runs_behind
from lineage.log.streams import Streams, reading
from lineage.log.unsynced import forget_unsynced
from lineage.log.verify import verify
from lineage.log.waiting import Waiters

__all__ = ["SQLiteLog", "translate"]

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
        allow_network: bool = False,
        _vfs: str | None = None,
    ) -> None:
        """Open the store at `path`.

        Args:
            readonly: only read; a missing file is not made.
            create: make the store, mode 0600, where there is no file or an empty one.
            allow_network: also on a network file system, where then one process at a time has
                the store open, or several that only read.
            _vfs: name of an SQLite VFS, for tests that stand between SQLite and the disk.

        Raises:
            NotAStore: not a store (left as it is), or missing and not to be made.
            TooNew: a store of a newer format.
            Busy: another process holds it for longer than the timeout.
            Damaged: a store that has lost parts.
            LineageError: directory, permissions, disk, a network file system.
        """
        self._path = Path(os.path.abspath(os.fspath(path)))  # noqa: PTH100 (keeps symlinks)
        self._readonly = readonly
        self._pid = os.getpid()
        self._vfs = _vfs
        self._failed = False
        self._lock = threading.Lock()
        self._waiters = Waiters(self._path)
        self._streams = Streams()
        self._bodies = BodyReader()
        self._writer = BodyWriter()
        try:
            os.fspath(self._path).encode()
        except UnicodeEncodeError:
            raise LineageError("the store's path is not UTF-8") from None
        _watch_forks()
        with translated(self._path):
            connection = open_store(
                self._path,
                readonly=readonly,
                create=create,
                allow_network=allow_network,
                vfs=_vfs,
            )
        self._connection: apsw.Connection | None = connection
        _logs.add(self)

    def append(
        self,
        batch: Sequence[Append],
        bodies: Mapping[bytes, bytes] | None = None,
        *,
        recorded_at: int | None = None,
        request: Request | None = None,
    ) -> int:
        """Append a batch; see `EventLog.append`.

        Raises:
            Conflict, Busy: as `EventLog.append`.
            ValueError: a key of `bodies` is not 32 bytes, a text is not valid Unicode.
            Damaged: the end of the log or of a stream is not what was written.
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
            number_of = partial(self._streams.id, connection)
            plan = self._writer.plan(connection, bodies, named, number_of)
            with _write(connection):
                rows = Rows(connection, self._streams, recorded_at)
                for entry in batch:
                    rows.add(entry)
                if rows:
                    if plan.outdated(connection):
                        plan = self._writer.plan(connection, bodies, named, number_of)
                    rows.insert_streams()
                    self._writer.insert(connection, plan, rows.numbers)
                    rows.insert_events(plan)
                if request is not None:
                    insert_request(connection, request, rows)
            if rows:
                self._writer.remember(plan)
                rows.remember()
        self._waiters.wake()
        return rows.position

    def read(
        self, after: int = 0, *, stream: str | None = None, limit: int | None = None
    ) -> Iterator[StoredEvent]:
        """Yield events in order of position; see `EventLog.read`.

        Raises (when called or while iterating):
            Damaged: an event is missing or not what was written.
        """
        check_range(after, limit)
        with self._use() as connection, reading(connection):
            if stream is None:
                run = last_run(connection)
                last = run.position if run else 0
                return self._all(after, last if limit is None else min(last, after + limit))
            number = self._streams.id(connection, stream)
            end = self._streams.end(connection, number).position if number else 0
            positions = runs_behind(connection, end, after)
        events = self._some(positions, after)
        return events if limit is None else islice(events, limit)

    def _all(self, after: int, last: int) -> Iterator[StoredEvent]:
        """Yield the events behind a position, up to another."""
        scan = Scan(self._streams)
        while after < last:
            with self._use() as connection, reading(connection):
                events = scan.behind(connection, after, last)
            after = events[-1].position
            yield from events

    def _some(self, positions: Sequence[int], after: int) -> Iterator[StoredEvent]:
        """Yield the events behind a position of the runs that end at some positions."""
        scan = Scan(self._streams)
        for start in range(0, len(positions), CHUNK):
            with self._use() as connection, reading(connection):
                events = scan.at(connection, positions[start : start + CHUNK])
            yield from (event for event in events if event.position > after)

    def event(self, position: int) -> StoredEvent:
        """The event at a position; see `EventLog.event`."""
        with self._use() as connection, reading(connection):
            run = run_with(connection, position) if position > 0 else None
            if run is None:
                raise NotFound(f"the log has no position {position}")
            events = Scan(self._streams).events(connection, [run])
            if position <= run.position - len(events):
                raise Damaged(f"the run with event {position} is missing")
            return events[position - run.position - 1]

    def head(self) -> int:
        """Position of the last event, 0 for an empty log."""
        with self._use() as connection:
            run = last_run(connection)
            return run.position if run else 0

    def version(self, stream: str) -> int:
        """Version of the stream's last event, 0 if it has none."""
        with self._use() as connection, reading(connection):
            number = self._streams.id(connection, stream)
            return self._streams.end(connection, number).version if number else 0

    def position_at(self, stream: str, time: int) -> int:
        """Position of the stream's last event recorded at or before a time, 0 if none."""
        with self._use() as connection, reading(connection):
            number = self._streams.id(connection, stream)
            if not number:
                return 0
            return position_at(connection, self._streams.end(connection, number).position, time)

    def streams(self) -> list[StreamHead]:
        """Every stream that has events, in order of its first event."""
        with self._use() as connection:
            ends = self._streams.ends(connection)
        return [StreamHead(end.key, end.version, end.position) for end in ends]

    def receipt(self, key: str) -> Receipt | None:
        """What the call under this key was answered, None if there was none."""
        with self._use() as connection:
            return receipt(connection, key)

    def cached(self, stream: str) -> CacheRow | None:
        """What was kept of the stream; None if nothing, or nothing sound."""
        with self._use() as connection, reading(connection):
            number = self._streams.id(connection, stream) if stream != ALL else 0
            return cached(connection, number, stream) if number or stream == ALL else None

    def put_cached(self, rows: Mapping[str, CacheRow]) -> None:
        """Keep what was derived from streams; see `EventLog.put_cached`."""
        if self._readonly or not rows:
            return
        with suppress(Busy), self._use(writing=True) as connection:
            patience = cast(int, connection.pragma("busy_timeout"))
            connection.set_busy_timeout(0)  # whoever only asks something waits for no writer
            try:
                # On a full disk nothing of it was committed, so nothing is in doubt.
                with suppress(apsw.FullError), _write(connection):
                    ids = self._streams
                    numbers = {s: ids.id(connection, s) if s != ALL else 0 for s in rows}
                    put_cached(connection, rows, numbers)
            finally:
                connection.set_busy_timeout(patience)

    def has_body(self, digest: bytes) -> bool:
        """Whether the body is stored."""
        with self._use() as connection:
            return has_body(connection, digest)

    def body(self, digest: bytes) -> bytes:
        """The body of that SHA-256 digest, verified; see `EventLog.body`."""
        with self._use() as connection:
            stored = self._bodies.fetch(connection, digest)
        return self._bodies.unpack(stored)

    def verify(
        self, part: Part = WHOLE, progress: Callable[[int, int], None] | None = None
    ) -> Iterator[Problem | StoredEvent]:
        """Yield what is wrong with the file, and the part's events; see `EventLog.verify`.

        Others may read and write meanwhile, this handle too: it is done by a connection of its
        own, in one transaction.

        Raises:
            Damaged: SQLite can read nothing of the file.
            LineageError: a network file system, and the store is open for writing: there the file
                can be opened only once.
        """
        with self._use() as connection:
            alone = self._is_alone(connection)
        if alone and not self._readonly:
            raise LineageError(
                f"{self._path}: on a network, open it for reading to have it checked"
            )
        with translated(self._path):
            connection = open_for_check(self._path, alone=alone, vfs=self._vfs)
            with closing(connection):
                yield from verify(connection, part, progress)

    def waiter(self) -> Waiter:
        """Begin to wait for events; see `EventLog.waiter`."""
        with self._use():
            return self._waiters.begin()

    def backup(self, path: str | os.PathLike[str], *, progress: Progress | None = None) -> None:
        """Copy the store as it is now to a new file; see `lineage.Store.backup`."""
        with self._use() as connection:  # open, in its process, and no write has failed
            if self._is_alone(connection):
                copy(connection, self._path, Path(path), progress)
                return
        backup(self._path, Path(path), progress, vfs=self._vfs)

    def figures(self) -> Figures:
        """How much there is in the file, and what takes the room."""
        with self._use() as connection, reading(connection):
            return figures(connection, self._path)

    def close(self) -> None:
        """Release files and locks. Closing twice is harmless, and so is closing in a fork."""
        if os.getpid() != self._pid:
            return
        self._waiters.close()
        with self._lock, translated(self._path):
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    @staticmethod
    def _is_alone(connection: apsw.Connection) -> bool:
        """Whether the connection has the file for itself: no other one can be opened."""
        mode: object = connection.pragma("locking_mode")
        return mode == "exclusive"

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
