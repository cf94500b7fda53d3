"""What a store has to hold: every append that went to it, and which of them returned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import apsw

from lineage.errors import Conflict, LineageError
from lineage.log import Append, EventLog, SQLiteLog, StoredEvent

__all__ = ["History", "Witness", "integrity"]

Fields = tuple[int, str, int, int, int, bytes, str]
"""What was asked to be kept of an event; the store gives it a time and a commit by itself."""


def _fields(event: StoredEvent) -> Fields:
    return (
        event.position,
        event.stream,
        event.version,
        event.tag,
        event.schema,
        event.payload,
        event.source,
    )


class History:
    """The appends so far, in order.

    Attributes:
        ends: position of the last event after each append; the first is 0, before any.
        events: of all appends.
        bodies: content by digest, and the position from which on it has to be there.
    """

    def __init__(self) -> None:
        self.ends = [0]
        self.events: list[Fields] = []
        self.bodies: dict[bytes, tuple[int, bytes]] = {}
        self._versions: Counter[str] = Counter()

    def add(self, batch: Sequence[Append], bodies: Mapping[bytes, bytes] | None = None) -> None:
        """Note an append, computing on its own which places its events get."""
        for entry in batch:
            for e in entry.events:
                self._versions[entry.stream] += 1
                place = len(self.events) + 1, entry.stream, self._versions[entry.stream]
                self.events.append((*place, e.tag, e.schema, e.payload, e.source))
        if len(self.events) > self.ends[-1]:
            self.ends.append(len(self.events))
            for digest, body in (bodies or {}).items():
                self.bodies.setdefault(digest, (self.ends[-1], body))

    def cut(self, head: int) -> None:
        """Forget the appends behind a position: they did not happen."""
        del self.events[head:]
        while self.ends[-1] > head:
            self.ends.pop()
        self._versions = Counter(fields[1] for fields in self.events)
        self.bodies = {d: kept for d, kept in self.bodies.items() if kept[0] <= head}

    def findings(self, log: EventLog, returned: int) -> Iterator[str]:
        """Yield what is wrong with a log in which so many appends returned, nothing if whole.

        One more append may be there: the one that was running when all ended.
        """
        head = log.head()
        least, most = self.ends[returned], self.ends[min(returned + 1, len(self.ends) - 1)]
        if head < least:
            yield f"lost: {least} events were acknowledged, {head} are there"
        elif head not in (least, most):
            yield f"part of an append: {head} events, {least} acknowledged, {most} under way"
        found = list(log.read())
        if [_fields(event) for event in found] != self.events[:head]:
            yield f"other events than were appended, among {len(found)}"
        times: dict[str, int] = {}
        for event in found:
            if event.recorded_at < times.get(event.stream, 0):
                yield f"event {event.position} was recorded before the one before it"
            times[event.stream] = event.recorded_at
        expected = Counter(fields[1] for fields in self.events[:head])
        if {each.stream: each.version for each in log.streams()} != expected:
            yield "other streams than were appended"
        yield from self._body_findings(log, head)

    def _body_findings(self, log: EventLog, head: int) -> Iterator[str]:
        for digest, (needed, body) in self.bodies.items():
            if needed <= head:
                try:
                    if log.body(digest) != body:
                        yield f"body {digest.hex()} is another one"
                except LineageError as error:
                    yield f"body {digest.hex()}: {type(error).__name__}: {error}"


class Witness:
    """An event log over another one: notes each append, and tells when it returned."""

    def __init__(self, log: EventLog, history: History, returned: Callable[[int], None]) -> None:
        self.log = log
        self._history = history
        self._returned = returned

    def append(
        self, batch: Sequence[Append], bodies: Mapping[bytes, bytes] | None = None, **more: Any
    ) -> int:
        """Append, and fail if the position is not the one that was to come."""
        before = len(self._history.events)
        self._history.add(batch, bodies)
        try:
            position = self.log.append(batch, bodies, **more)
        except Conflict:
            self._history.cut(before)  # nothing of it may be there
            raise
        assert position == len(self._history.events)
        if position > before:
            self._returned(len(self._history.ends) - 1)
        return position

    def __getattr__(self, name: str) -> Any:
        """Whatever else a log can do."""
        return getattr(self.log, name)


def integrity(log: SQLiteLog) -> list[str]:
    """What SQLite itself has to say against the file, nothing if it is whole."""
    connection = log._connection
    assert connection is not None
    try:
        found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
    except apsw.Error as error:
        return [str(error)]
    return [] if found == ["ok"] else found
