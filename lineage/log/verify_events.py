"""Looks over runs, the events in them, and where streams end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, cast

import apsw

from lineage.errors import Damaged
from lineage.log.base import StoredEvent
from lineage.log.payloads import EventRow, PayloadReader
from lineage.log.problems import Part, Problem
from lineage.log.runs import MOST, RUN_COLUMNS, Run, end_of, run_of, start_of
from lineage.log.scan import linked
from lineage.log.verify_rows import rows_of

__all__ = ["EventWalk"]

_RUNS: Final = f"SELECT {RUN_COLUMNS} FROM runs WHERE position > ? ORDER BY position"  # noqa: S608
_STREAMS: Final = (
    "SELECT id, CAST(key AS BLOB), position, version, seal FROM streams WHERE id > ? ORDER BY id"
)
_EVENTS: Final = (
    "SELECT position, tag, schema, payload FROM events WHERE position BETWEEN ? AND ? ORDER BY 1"
)
_ENDS: Final = "SELECT coalesce(min(position), 1), coalesce(max(position), 0) FROM events"
_EVERY: Final = 1000  # events between two words on progress
_BODIES: Final = "SELECT coalesce(max(id), 0) FROM bodies"
_KEY_BODIES: Final = "SELECT id, stream FROM packs WHERE base IS NULL AND stream IS NOT NULL"
_MOST_BODIES: Final = 1 << 31


class EventWalk:
    """One walk through all runs in order of position: as they lie in the file.

    Memory grows with the number of streams and of key bodies, and by a bit for each body.

    Attributes:
        end: position of the last run.
        keys: of the streams whose rows are sound, by number.
        named: a bit for each body that an event names, by number; None if not all events
            could be read, or not all were to be.
        unclaimed: key bodies, with the number of the stream that they are said to be of, that no
            event of that stream names.
    """

    def __init__(
        self, connection: apsw.Connection, part: Part, done: Callable[[int], None]
    ) -> None:
        self.end = 0
        self.keys: dict[int, str] = {}
        self._tips: dict[int, tuple[int, int]] = {}
        self._doubtful: set[int] = set()  # streams of which something was told
        self._connection = connection
        self._part = part
        self._done = done
        self._bodies = _last_body(connection)
        self.named = bytearray((self._bodies >> 3) + 1) if part.first else None
        self.unclaimed = _key_bodies(connection) if part.first else {}
        self._reading = 0  # number of the stream whose events are read
        self._latest: dict[int, Run] = {}  # of each stream
        self._last: Run | None = start_of(0)  # None: it is not known
        self._payloads = PayloadReader(self._note)

    def walk(self) -> Iterator[Problem | StoredEvent]:
        """Yield what is wrong, and the events of the part that are right."""
        for found in self._walk():
            if isinstance(found, Problem):
                self.named = None
            yield found

    def _walk(self) -> Iterator[Problem | StoredEvent]:
        yield from self._streams()
        passed = 0
        for row in rows_of(self._connection, _RUNS, "runs"):
            if isinstance(row, Problem):
                self._last = None
                yield row
                continue
            before = self.end
            yield from self._run(row)
            passed += max(0, self.end - before)
            if passed > _EVERY:
                self._done(passed)
                passed = 0
        self._done(passed)
        yield from self._ends()

    def _streams(self) -> Iterator[Problem]:
        """Read what streams there are. Where they end is compared when the runs are known."""
        for row in rows_of(self._connection, _STREAMS, "streams"):
            if isinstance(row, Problem):
                yield row
                continue
            number = cast(int, row[0])
            try:
                self.keys[number] = key = bytes(row[1]).decode()
                end = end_of((number, key, *row[2:]))
                self._tips[number] = end.position, end.version
            except (Damaged, UnicodeDecodeError, TypeError):
                self._doubtful.add(number)
                message = f"the row of stream {number} is not what was written"
                yield Problem("bad-digest", message)

    def _run(self, row: tuple[object, ...]) -> Iterator[Problem | StoredEvent]:
        try:
            run = run_of(row)
        except Damaged as error:
            yield Problem("bad-digest", str(error), position=cast(int, row[0]))
            self._last = None
            # Most of it is right. What follows tells whether that is so of its hash.
            if [type(value) for value in row[:-1]] == [int] * 7 + [bytes]:
                run = Run(*cast(tuple[int, int, int, int, int, int, int, bytes], row[:-1]))
                self._latest[run.stream] = run
                self.end = run.position
            return
        old = self._latest.get(run.stream) or start_of(run.stream)
        yield from self._place(run)
        if run.previous != old.position:
            message = f"run {run.position} goes back to run {run.previous}, which is missing"
            yield Problem("broken-chain", message, self.keys.get(run.stream), run.position)
        else:
            yield from self._follows(run, old)
            wanted = self._part.has(run.stream) or self.named is not None
            if wanted and 0 < run.version - old.version <= MOST:
                yield from self._events(run, old)
        self._latest[run.stream] = self._last = run
        self.end = run.position

    def _place(self, run: Run) -> Iterator[Problem]:
        """Hold a run against the one before it in the file."""
        number, last = run.stream, self._last
        key = self.keys.get(number)
        if key is None and number not in self._doubtful:
            self._doubtful.add(number)
            yield Problem("gap", f"stream {number} is missing", position=run.position)
        if last is not None and not last.commit <= run.commit <= last.commit + 1:
            message = f"commit {run.commit} follows commit {last.commit}"
            yield Problem("gap", message, key, run.position, run.version)
        if run.streams < (last.streams if last is not None else number):
            message = f"run {run.position} counts fewer streams than there were"
            yield Problem("gap", message, key, run.position, run.version)

    def _follows(self, run: Run, old: Run) -> Iterator[Problem]:
        """Hold a run against the one before it in its stream."""
        key, count, last = self.keys.get(run.stream), run.version - old.version, self._last
        if not 0 < count <= MOST or run.recorded_at < old.recorded_at:
            message = f"runs {old.position} and {run.position} do not follow each other"
            yield Problem("broken-chain", message, key, run.position, run.version)
        elif last is not None and run.position - count != last.position:
            first, until = last.position + 1, run.position - count
            message = f"no run has the events {first} to {until}"
            if until < first:
                message = f"two runs have the events {until + 1} to {last.position}"
            yield Problem("gap", message, key, first)

    def _events(self, run: Run, old: Run) -> Iterator[Problem | StoredEvent]:
        """The events of a run, if they are what was written. All of them are, or none."""
        key = self.keys.get(run.stream)
        first = run.position - (run.version - old.version) + 1
        try:
            rows = cast(
                list[EventRow],
                self._connection.execute(_EVENTS, (first, run.position)).fetchall(),
            )
            if [row[0] for row in rows] != list(range(first, run.position + 1)):
                there = {row[0] for row in rows}
                lost = next((n for n in range(first, run.position + 1) if n not in there), first)
                message = f"event {lost} is missing, of the run {first} to {run.position}"
                yield Problem("gap", message, key, lost)
                return
            self._reading = run.stream
            read = self._payloads.read(self._connection, rows)
        except (apsw.Error, UnicodeDecodeError) as error:
            message = f"events {first} to {run.position} cannot be read: {error}"
            yield Problem("sqlite", message, key, first)
        except Damaged as error:
            yield Problem("bad-digest", str(error), key, first, old.version + 1)
        else:
            if key is not None and self._part.has(run.stream):
                yield from self._linked(key, run, old, read)

    def _linked(
        self, key: str, run: Run, old: Run, read: list[tuple[int, int, str, bytes]]
    ) -> Iterator[Problem | StoredEvent]:
        events = linked(run, old, key, read)
        if events is not None:
            yield from events
        elif run.stream in self._doubtful:
            del self.keys[run.stream]  # the stream's row was told to be wrong: so is its key
        else:
            first = run.position - len(read) + 1
            message = f"events {first} to {run.position} do not lead to the hash of their run"
            yield Problem("broken-chain", message, key, first, old.version + 1)

    def _ends(self) -> Iterator[Problem]:
        """Hold the ends of the log and of streams against the last runs."""
        for number in sorted(self._tips.keys() | self._latest.keys()):
            key, tip = self.keys.get(number), self._tips.get(number)
            run = self._latest.get(number) or start_of(number)
            if tip is not None and tip != (run.position, run.version):
                message = f"stream {key} ends at version {tip[1]}, its last run at {run.version}"
                yield Problem("gap", message, key, *tip)
        streams = max(self._tips.keys() | self._latest.keys(), default=0)
        if self._last is not None and streams != self._last.streams:
            message = f"{self._last.streams} streams were written, {streams} are there"
            yield Problem("gap", message)
        there = self._tips.keys() | self._doubtful
        missing = next((n for n in range(1, streams + 1) if n not in there), None)
        if missing is not None:
            yield Problem("gap", f"stream {missing} is missing, and all its events")
        try:
            first, last = cast(tuple[int, int], self._connection.execute(_ENDS).fetchone())
        except apsw.Error as error:
            yield Problem("sqlite", f"the last event cannot be read: {error}")
            return
        if first < 1 or last > self.end:
            beyond = first if first < 1 else last
            yield Problem("gap", f"event {beyond} is in no run", position=beyond)

    def _note(self, numbers: set[int]) -> None:
        """Events name these bodies."""
        if self.named is not None:
            for number in numbers:
                if number <= self._bodies:
                    self.named[number >> 3] |= 1 << (number & 7)
                if self.unclaimed.get(number) == self._reading:
                    del self.unclaimed[number]


def _key_bodies(connection: apsw.Connection) -> dict[int, int]:
    """Key bodies that are of a stream; none if that cannot be said."""
    try:
        return dict(cast(list[tuple[int, int]], connection.execute(_KEY_BODIES).fetchall()))
    except (apsw.Error, UnicodeDecodeError):
        return {}


def _last_body(connection: apsw.Connection) -> int:
    """Number of the last body; 0 if that cannot be said."""
    try:
        (number,) = cast(tuple[int], connection.execute(_BODIES).fetchone())
    except apsw.Error:
        return 0
    return number if number < _MOST_BODIES else 0
