"""The rows that one append adds to `events` and `streams`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, cast

import apsw

from lineage.log.base import Append, NewEvent
from lineage.log.body_tables import Plan
from lineage.log.checks import check_expect
from lineage.log.payloads import stored

__all__ = ["LAST_EVENT", "STREAM_HEAD", "Row", "Rows", "stream_id"]

LAST_EVENT: Final = "SELECT position, commit_number FROM events ORDER BY position DESC LIMIT 1"
STREAM_HEAD: Final = (
    "SELECT version, recorded_at FROM events WHERE stream = ? ORDER BY version DESC LIMIT 1"
)

Row = tuple[int, int, int, int, int, int, bytes, int]
"""position, stream, version, recorded_at, tag, schema, payload, commit_number"""


class Rows:
    """The rows of one append, made while the write lock is held.

    Attributes:
        position: of the last event, after all entries added.
        new_streams: numbers by key of the streams that this append made.
    """

    def __init__(
        self, connection: apsw.Connection, ids: Mapping[str, int], recorded_at: int | None
    ) -> None:
        row = connection.execute(LAST_EVENT).fetchone()
        self.position, commit = cast(tuple[int, int], row or (0, 0))
        self.new_streams: dict[str, int] = {}
        self._first = self.position + 1
        self._commit = commit + 1
        self._now = time.time_ns() if recorded_at is None else recorded_at
        self._connection = connection
        self._ids = ids
        self._heads: dict[str, tuple[int, int, int]] = {}  # stream: number, version, time
        # events of one stream, its number, the first one's version, their time
        self._runs: list[tuple[Sequence[NewEvent], int, int, int]] = []

    def __bool__(self) -> bool:
        return bool(self._runs)

    @property
    def streams(self) -> dict[str, int]:
        """Numbers by key of the streams that get events."""
        return {stream: head[0] for stream, head in self._heads.items()}

    def stored(self, plan: Plan) -> Iterator[Row]:
        """Yield the rows in order of position.

        Args:
            plan: says which number each body has that the events name.
        """
        position, commit = self._first, self._commit
        for events, number, first, at in self._runs:
            payloads = stored(events, plan.numbers)
            for version, (e, payload) in enumerate(zip(events, payloads, strict=True), first):
                yield position, number, version, at, e.tag, e.schema, payload, commit
                position += 1

    def add(self, entry: Append) -> None:
        """Give every event of the entry its place, if the entry's `expect` holds."""
        number, version, at = self._heads.get(entry.stream) or self._head(entry.stream)
        check_expect(entry, version)
        events = entry.events
        if not events:
            return
        number = number or self._new_stream(entry.stream)
        at = max(at, self._now)
        self._runs.append((events, number, version + 1, at))
        self.position += len(events)
        self._heads[entry.stream] = number, version + len(events), at

    def _head(self, stream: str) -> tuple[int, int, int]:
        number = self._ids.get(stream) or stream_id(self._connection, stream)
        row = number and self._connection.execute(STREAM_HEAD, (number,)).fetchone()
        version, at = cast(tuple[int, int], row) if row else (0, self._now)
        return number, version, at

    def _new_stream(self, stream: str) -> int:
        self._connection.execute("INSERT INTO streams (key) VALUES (?)", (stream,))
        number = self._connection.last_insert_rowid()
        self.new_streams[stream] = number
        return number


def stream_id(connection: apsw.Connection, stream: str) -> int:
    """The stream's number in this file, 0 if it has none."""
    row = connection.execute("SELECT id FROM streams WHERE key = ?", (stream,)).fetchone()
    return cast(int, row[0]) if row else 0
