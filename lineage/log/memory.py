"""The event log in memory: for an embedder's own tests, and the model of the others."""

from __future__ import annotations

import hashlib
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter

from lineage.errors import Conflict, Damaged, NotFound
from lineage.log.base import Append, CacheRow, Receipt, Request, StoredEvent, StreamHead, Waiter
from lineage.log.chain import GENESIS, link
from lineage.log.checks import check_bodies, check_expect, check_range, receipt_of
from lineage.log.problems import WHOLE, Part, Problem
from lineage.log.waiting import Waiters

__all__ = ["MemoryLog"]


class MemoryLog:
    """An `EventLog` that keeps everything in memory and forgets it with the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: list[StoredEvent] = []
        self._streams: dict[str, list[StoredEvent]] = {}  # in order of the first event
        self._bodies: dict[bytes, bytes] = {}
        self._receipts: dict[str, Receipt] = {}
        self._cache: dict[str, CacheRow] = {}
        self._waiters = Waiters()
        self._closed = False

    def append(
        self,
        batch: Sequence[Append],
        bodies: Mapping[bytes, bytes] | None = None,
        *,
        recorded_at: int | None = None,
        request: Request | None = None,
    ) -> int:
        """Append a batch; see `EventLog.append`. A key of `bodies` not 32 bytes: ValueError."""
        bodies = bodies or {}
        check_bodies(bodies)
        with self._lock:
            self._check_open()
            if request is not None and (known := self._receipts.get(request.key)):
                raise Conflict(f"key {request.key!r} was used before", known.version)
            staged = self._stage(batch, time.time_ns() if recorded_at is None else recorded_at)
            for event in staged:
                self._events.append(event)
                self._streams.setdefault(event.stream, []).append(event)
            if staged:
                for digest, body in bodies.items():
                    self._bodies.setdefault(digest, body)
            if request is not None:
                self._receipts[request.key] = receipt_of(request, staged[-1] if staged else None)
            position = len(self._events)
        self._waiters.wake()
        return position

    def _stage(self, batch: Sequence[Append], now: int) -> list[StoredEvent]:
        """The events as they would be stored; changes nothing."""
        staged: list[StoredEvent] = []
        last: dict[str, StoredEvent] = {}  # of the streams that this batch has come by
        commit = self._events[-1].commit + 1 if self._events else 1
        for entry in batch:
            entry.stream.encode()  # what cannot be stored as UTF-8 is a ValueError here too
            before = last.get(entry.stream) or self._last(entry.stream)
            check_expect(entry, before.version if before else 0)
            told = now if entry.recorded_at is None else entry.recorded_at
            for event in entry.events:
                version = before.version + 1 if before else 1
                at = max(told, before.recorded_at) if before else told
                before = last[entry.stream] = StoredEvent(
                    position=len(self._events) + len(staged) + 1,
                    stream=entry.stream,
                    version=version,
                    recorded_at=at,
                    tag=event.tag,
                    schema=event.schema,
                    payload=event.payload,
                    source=event.source,
                    commit=commit,
                    hash=link(
                        before.hash if before else GENESIS,
                        entry.stream,
                        version,
                        at,
                        event.tag,
                        event.schema,
                        event.source,
                        event.payload,
                    ),
                )
                staged.append(before)
        return staged

    def _last(self, stream: str) -> StoredEvent | None:
        events = self._streams.get(stream)
        return events[-1] if events else None

    def read(
        self, after: int = 0, *, stream: str | None = None, limit: int | None = None
    ) -> Iterator[StoredEvent]:
        """Yield events in order of position; see `EventLog.read`."""
        check_range(after, limit)
        with self._lock:
            self._check_open()
            events = self._events if stream is None else self._streams.get(stream, [])
            first = bisect_right(events, after, key=attrgetter("position"))
            last = len(events) if limit is None else min(len(events), first + limit)
        # The list only grows, so its first `last` items are a snapshot without a copy.
        return (events[index] for index in range(first, last))

    def event(self, position: int) -> StoredEvent:
        """The event at a position; see `EventLog.event`."""
        with self._lock:
            self._check_open()
            if not 0 < position <= len(self._events):
                raise NotFound(f"the log has no position {position}")
            return self._events[position - 1]

    def head(self) -> int:
        """Position of the last event, 0 for an empty log."""
        with self._lock:
            self._check_open()
            return len(self._events)

    def version(self, stream: str) -> int:
        """Version of the stream's last event, 0 if it has none."""
        with self._lock:
            self._check_open()
            return len(self._streams.get(stream, ()))

    def position_at(self, stream: str, time: int) -> int:
        """Position of the stream's last event recorded at or before a time, 0 if none."""
        with self._lock:
            self._check_open()
            events = self._streams.get(stream, [])
            before = bisect_right(events, time, key=attrgetter("recorded_at"))
            return events[before - 1].position if before else 0

    def streams(self) -> list[StreamHead]:
        """Every stream that has events, in order of its first event."""
        with self._lock:
            self._check_open()
            return [
                StreamHead(stream, len(events), events[-1].position)
                for stream, events in self._streams.items()
            ]

    def receipt(self, key: str) -> Receipt | None:
        """What the call under this key was answered, None if there was none."""
        with self._lock:
            self._check_open()
            return self._receipts.get(key)

    def cached(self, stream: str) -> CacheRow | None:
        """What was derived from the stream, None if nothing was kept."""
        with self._lock:
            self._check_open()
            return self._cache.get(stream)

    def put_cached(self, rows: Mapping[str, CacheRow]) -> None:
        """Keep what was derived from streams."""
        with self._lock:
            self._check_open()
            self._cache.update(rows)

    def has_body(self, digest: bytes) -> bool:
        """Whether the body is stored."""
        with self._lock:
            self._check_open()
            return digest in self._bodies

    def body(self, digest: bytes) -> bytes:
        """The body of that SHA-256 digest, verified; see `EventLog.body`."""
        with self._lock:
            self._check_open()
            body = self._bodies.get(digest)
        if body is None:
            raise NotFound(f"no body {digest.hex()}")
        if hashlib.sha256(body).digest() != digest:
            raise Damaged(f"body {digest.hex()} has another digest")
        return body

    def verify(
        self, part: Part = WHOLE, progress: Callable[[int, int], None] | None = None
    ) -> Iterator[Problem | StoredEvent]:
        """Yield events whose chain leads to their hash, and what is wrong with the others."""
        with self._lock:
            self._check_open()
            streams = [events[:] for events in self._streams.values()]
            bodies = list(self._bodies.items())
        for number, events in enumerate(streams, 1):
            if part.has(number):
                yield from _linked(events)
        for number, (digest, body) in enumerate(bodies, 1):
            if part.has(number) and hashlib.sha256(body).digest() != digest:
                yield Problem("bad-digest", f"body {digest.hex()} has another digest")
        if progress is not None:
            total = sum(map(len, streams)) + len(bodies)
            progress(total, total)

    def waiter(self) -> Waiter:
        """Begin to wait for events; see `EventLog.waiter`."""
        with self._lock:
            self._check_open()
            return self._waiters.begin()

    def close(self) -> None:
        """Forget everything. Closing twice is harmless."""
        self._waiters.close()
        with self._lock:
            self._closed = True
            self._events, self._streams, self._bodies = [], {}, {}
            self._receipts, self._cache = {}, {}

    def _check_open(self) -> None:
        if self._closed:
            raise ValueError("the log is closed")


def _linked(events: Sequence[StoredEvent]) -> Iterator[Problem | StoredEvent]:
    """The events of a stream, and in place of those that are not what was written, that."""
    before = GENESIS
    for e in events:
        made = link(
            before, e.stream, e.version, e.recorded_at, e.tag, e.schema, e.source, e.payload
        )
        before = e.hash
        if made == before:
            yield e
        else:
            message = f"event {e.position} is not what was written"
            yield Problem("broken-chain", message, e.stream, e.position, e.version)
