"""Reading events back: run by run, each verified before any of its events is given out."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final, cast

import apsw

from lineage.errors import Damaged
from lineage.log.base import StoredEvent
from lineage.log.chain import links
from lineage.log.payloads import EventRow, PayloadReader
from lineage.log.runs import MOST, RUN_COLUMNS, Run, last_run, run_of, start_of
from lineage.log.runs import run_at as run_at_end
from lineage.log.streams import Streams

__all__ = ["Scan", "linked", "position_at", "run_with", "runs_behind"]

CHUNK: Final = 1000  # events read at once, about; the lock is let go in between

_BEHIND: Final = f"SELECT {RUN_COLUMNS} FROM runs WHERE position > ? ORDER BY position LIMIT ?"  # noqa: S608
_AT: Final = f"SELECT {RUN_COLUMNS} FROM runs WHERE position = ?"  # noqa: S608
_EVENTS: Final = (
    "SELECT position, tag, schema, payload FROM events WHERE position BETWEEN ? AND ? ORDER BY 1"
)
# Positions of a stream's runs from its end back to the first one behind ?2.
_BACK: Final = """
WITH RECURSIVE back (position, previous) AS (
    SELECT position, previous FROM runs WHERE position = ?1
    UNION ALL
    SELECT runs.position, runs.previous FROM back
    JOIN runs ON runs.position = back.previous AND runs.position < back.position
    WHERE back.previous > ?2)
SELECT position FROM back"""
_WALK: Final = f"""
WITH RECURSIVE back ({RUN_COLUMNS}) AS (
    SELECT {RUN_COLUMNS} FROM runs WHERE position = ?1
    UNION ALL
    SELECT {", ".join("runs." + name for name in RUN_COLUMNS.split(", "))} FROM back
    JOIN runs ON runs.position = back.previous AND runs.position < back.position
    WHERE back.recorded_at > ?2)
SELECT * FROM back"""  # noqa: S608


class Scan:
    """One reading of the log, in order of position. Used by one thread at a time.

    Args:
        streams: what the handle knows of streams.
    """

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._payloads = PayloadReader()
        self._latest: dict[int, Run] = {}  # of each stream, as far as was read

    def behind(self, connection: apsw.Connection, position: int, last: int) -> list[StoredEvent]:
        """Give about `CHUNK` events behind a position and up to another.

        Raises:
            Damaged: an event is missing or not what was written.
        """
        rows = connection.execute(_BEHIND, (position, CHUNK)).fetchall()
        runs: list[Run] = []
        for row in rows:
            run = run_of(row)
            runs.append(run)
            if run.position >= last or run.position - position >= CHUNK:
                break
        events = self.events(connection, runs)
        if (
            not events
            or not events[0].position <= position + 1 <= events[-1].position
            or _gaps(events)
        ):
            raise Damaged(f"events are missing behind position {position}")
        return [event for event in events if position < event.position <= last]

    def at(self, connection: apsw.Connection, positions: Sequence[int]) -> list[StoredEvent]:
        """Give the events of the runs that end at these positions.

        Raises:
            Damaged: one is missing, or not what was written.
        """
        rows = connection.executemany(_AT, ((position,) for position in positions)).fetchall()
        if len(rows) != len(positions):
            raise Damaged(f"a run between {positions[0]} and {positions[-1]} is missing")
        return self.events(connection, [run_of(row) for row in rows])

    def events(self, connection: apsw.Connection, runs: Sequence[Run]) -> list[StoredEvent]:
        """Give all events of some runs.

        Raises:
            Damaged: one is missing or not what was written.
        """
        before = [self._before(connection, run) for run in runs]
        ranges = [
            (run.position - (run.version - old.version) + 1, run.position)
            for run, old in zip(runs, before, strict=True)
        ]
        rows = _fetch(connection, ranges)
        events: list[StoredEvent] = []
        at = 0
        for run, old in zip(runs, before, strict=True):
            count = run.version - old.version
            mine = rows[at : at + count]
            at += count
            if len(mine) != count or mine[0][0] != run.position - count + 1:
                raise Damaged(f"events are missing before position {run.position + 1}")
            self._verified(connection, run, old, mine, events)
        return events

    def _verified(
        self,
        connection: apsw.Connection,
        run: Run,
        old: Run,
        rows: list[EventRow],
        events: list[StoredEvent],
    ) -> None:
        key = self._streams.key(connection, run.stream)
        read = self._payloads.read(connection, rows)
        chained = linked(run, old, key, read)
        if chained is None:
            start = run.position - len(rows) + 1
            raise Damaged(
                f"events {start} to {run.position} are not what was written: "
                f"the chain of {key} is broken"
            )
        events += chained

    def _before(self, connection: apsw.Connection, run: Run) -> Run:
        """Give the stream's run before one; the two are held against each other."""
        old = self._latest.get(run.stream)
        if old is None or old.position != run.previous:
            old = run_at_end(connection, run.previous) if run.previous else start_of(run.stream)
        self._latest[run.stream] = run
        count = run.version - old.version
        if (
            old.stream != run.stream
            or not 0 < count <= MOST
            or run.position - count < old.position
            or run.recorded_at < old.recorded_at
            or run.commit < old.commit
        ):
            raise Damaged(f"runs {old.position} and {run.position} do not follow each other")
        return old


def linked(
    run: Run, old: Run, key: str, read: Sequence[tuple[int, int, str, bytes]]
) -> list[StoredEvent] | None:
    """Give the events of a run; None if they do not lead to its hash.

    Args:
        old: the run before it in its stream, whose key is `key`.
        read: tag, schema, source and payload of each event.
    """
    version, at, commit = old.version + 1, run.recorded_at, run.commit
    start = run.position - len(read) + 1
    try:
        hashes = links(old.hash, key, version, at, read)
    except (struct.error, UnicodeEncodeError):
        return None
    if hashes[-1] != run.hash:
        return None
    return [
        StoredEvent(start + n, key, version + n, at, tag, schema, payload, source, commit, link)
        for n, ((tag, schema, source, payload), link) in enumerate(zip(read, hashes, strict=True))
    ]


def _fetch(connection: apsw.Connection, ranges: Sequence[tuple[int, int]]) -> list[EventRow]:
    """The rows of some ranges; those that follow one another are fetched in one go."""
    joined: list[tuple[int, int]] = []
    for first, last in ranges:
        if joined and joined[-1][1] + 1 == first:
            joined[-1] = joined[-1][0], last
        else:
            joined.append((first, last))
    return cast(list[EventRow], connection.executemany(_EVENTS, joined).fetchall())


def _gaps(events: list[StoredEvent]) -> bool:
    return events[-1].position - events[0].position + 1 != len(events)


def runs_behind(connection: apsw.Connection, end: int, after: int) -> list[int]:
    """Give the positions at which a stream's runs behind a position end, in order.

    Args:
        end: position of the stream's last event.

    Raises:
        Damaged: the last run is missing. Whoever reads the runs finds out about the others.
    """
    if end <= after:
        return []
    rows = connection.execute(_BACK, (end, after)).fetchall()
    if not rows:
        raise Damaged(f"the run that ends at position {end} is missing")
    return [cast(int, row[0]) for row in reversed(rows)]


def run_with(connection: apsw.Connection, position: int) -> Run | None:
    """Give the run that holds the event at a position, None if the log has not come so far.

    Raises:
        Damaged: the log's end is not what was written.
    """
    last = last_run(connection)
    if last is None or position > last.position:
        return None
    row = connection.execute(_BEHIND, (position - 1, 1)).fetchone()
    return run_of(row) if row else last


def position_at(connection: apsw.Connection, end: int, time: int) -> int:
    """Give the position of a stream's last event recorded at or before a time, 0 if none.

    Args:
        end: position of the stream's last event.

    Raises:
        Damaged: a run is not what was written.
    """
    run = None
    for row in connection.execute(_WALK, (end, time)):
        run = run_of(row)
    if run is None or (run.previous and run.recorded_at > time):
        raise Damaged(f"runs before position {end} are missing")
    return run.position if run.recorded_at <= time else 0
