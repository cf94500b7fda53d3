"""The rows that one append adds to `streams`, `events` and `runs`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

import apsw
from msgspec.structs import replace

from lineage.errors import Conflict
from lineage.log.base import Append, NewEvent, Request
from lineage.log.beside import receipt
from lineage.log.body_tables import Plan
from lineage.log.chain import links
from lineage.log.checks import check_expect
from lineage.log.payloads import EventRow, add_rows
from lineage.log.runs import (
    MOST,
    End,
    Run,
    last_run,
    request_id,
    request_seal,
    row_of_run,
    seal_of_end,
    start_of,
)
from lineage.log.streams import Streams

__all__ = ["Rows", "insert_request"]

_INSERT_EVENT: Final = "INSERT INTO events (position, tag, schema, payload) VALUES (?, ?, ?, ?)"
_INSERT_RUN: Final = "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_STREAM: Final = "INSERT INTO streams VALUES (?, ?, ?, ?, ?)"
_MOVE_STREAM: Final = "UPDATE streams SET position = ?, version = ?, seal = ? WHERE id = ?"
_INSERT_REQUEST: Final = (
    "INSERT INTO requests (id, key, call, position, version, seal) VALUES (?, ?, ?, ?, ?, ?)"
)


class Rows:
    """The rows of one append, made while the write lock is held.

    Attributes:
        position, version: of the last event of all entries added, and within its stream.
        new: the streams that this append makes.
        latest: the last run of every stream that gets events.
    """

    def __init__(
        self, connection: apsw.Connection, streams: Streams, recorded_at: int | None
    ) -> None:
        last = last_run(connection)
        self.position, commit, self._count = (
            (0, 0, 0) if last is None else (last.position, last.commit, last.streams)
        )
        self.version = 0
        self.new: dict[str, int] = {}
        self.latest: dict[str, Run] = {}
        self._commit = commit + 1
        self._now = time.time_ns() if recorded_at is None else recorded_at
        self._connection = connection
        self._streams = streams
        self._fresh = False  # whether it knows all streams: nobody makes one while we write
        self._runs: list[tuple[Run, Sequence[NewEvent]]] = []

    def __bool__(self) -> bool:
        return bool(self._runs)

    @property
    def numbers(self) -> dict[str, int]:
        """Numbers by key of the streams that get events."""
        return {key: run.stream for key, run in self.latest.items()}

    def add(self, entry: Append) -> None:
        """Give every event of the entry its place, if the entry's `expect` holds."""
        key, events = entry.stream, entry.events
        last = self.latest.get(key) or self._last(key)
        check_expect(entry, last.version)
        if not events:
            return
        if not last.stream:
            last = start_of(len(self.new) + self._count + 1)
            self.new[key] = last.stream
        now = self._now if entry.recorded_at is None else entry.recorded_at
        for start in range(0, len(events), MOST):
            last = self._add_run(last, key, events[start : start + MOST], now)
        self.latest[key] = last
        self.position, self.version = last.position, last.version

    def _last(self, key: str) -> Run:
        number = self._streams.known(key)
        if not number and not self._fresh:
            self._streams.refresh(self._connection)
            self._fresh = True
            number = self._streams.known(key)
        return self._streams.last(self._connection, number) if number else start_of(0)

    def _add_run(self, last: Run, key: str, events: Sequence[NewEvent], now: int) -> Run:
        at = max(last.recorded_at, now)
        told = [(e.tag, e.schema, e.source, e.payload) for e in events]
        hashes = links(last.hash, key, last.version + 1, at, told)
        self.position += len(events)
        run = Run(
            self.position,
            last.stream,
            last.position,
            last.version + len(events),
            at,
            self._commit,
            0,  # how many streams there are is known only in the end
            hashes[-1],
        )
        self._runs.append((run, events))
        return run

    def insert_streams(self) -> None:
        """Store the new streams."""
        rows = []
        for key, number in self.new.items():
            last = self.latest[key]
            end = End(number, key, last.position, last.version)
            rows.append((number, key, last.position, last.version, seal_of_end(end)))
        if rows:
            self._connection.executemany(_INSERT_STREAM, rows)

    def insert_events(self, plan: Plan) -> None:
        """Store the events and their runs, and let the streams end there.

        Args:
            plan: says which number each body has that the events name.
        """
        connection, streams = self._connection, self._count + len(self.new)
        rows: list[EventRow] = []
        for run, events in self._runs:
            add_rows(rows, run.position - len(events) + 1, events, plan.numbers)
        connection.executemany(_INSERT_EVENT, rows)
        connection.executemany(
            _INSERT_RUN, [row_of_run(replace(run, streams=streams)) for run, _ in self._runs]
        )
        moved = []
        for key, run in self.latest.items():
            if key not in self.new:
                end = End(run.stream, key, run.position, run.version)
                moved.append((run.position, run.version, seal_of_end(end), run.stream))
        if moved:
            connection.executemany(_MOVE_STREAM, moved)

    def remember(self) -> None:
        """Let the handle know of the streams, once all is committed."""
        for key, number in self.new.items():
            self._streams.add(End(number, key, 0, 0))
        for run in self.latest.values():
            self._streams.remember(run)


def insert_request(connection: apsw.Connection, request: Request, rows: Rows) -> None:
    """Store what a call under a key was answered.

    Raises:
        Conflict: the key is there already.
        Damaged: its row is not what was written.
    """
    known = receipt(connection, request.key)
    if known is not None:
        raise Conflict(f"key {request.key!r} was used before", known.version)
    position, version = request.position, request.version
    if rows:
        position, version = rows.position, rows.version
    seal = request_seal(request.key, request.call, position, version)
    connection.execute(
        _INSERT_REQUEST,
        (request_id(request.key), request.key, request.call, position, version, seal),
    )
