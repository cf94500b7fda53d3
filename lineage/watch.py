"""Events as they are read back: those there are, and those to come."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import msgspec

from lineage.events import EventData, decode
from lineage.log.base import EventLog, StoredEvent

__all__ = ["Event", "Watch", "read_events"]


class Event(msgspec.Struct, frozen=True, gc=False):
    """An event as read back.

    Attributes:
        position: in the whole log, from 1, gapless.
        domain: key of the domain's events: its UUID, or ``name:NAME``.
        version: within the domain, from 1, gapless.
        recorded_at: nanoseconds since the epoch, UTC; never goes back within a domain.
        data: what happened.
        source: free text: where it came from.
    """

    position: int
    domain: str
    version: int
    recorded_at: int
    data: EventData
    source: str


def read_events(log: EventLog, after: int, stream: str | None) -> Iterator[Event]:
    """Give the events behind a position, of all streams or of one, decoded.

    Raises:
        ValueError: a negative position.
        Damaged: while iterating: an event cannot be read.
        Forked: while iterating: the log is of no use after `os.fork`.
    """
    return _decoded(log, log.read(after, stream=stream), os.getpid())


def _decoded(log: EventLog, events: Iterator[StoredEvent], pid: int) -> Iterator[Event]:
    for stored in events:
        if os.getpid() != pid:
            log.head()  # a log that a child may not use says so; what is read ahead would not
        yield Event(
            stored.position,
            stored.stream,
            stored.version,
            stored.recorded_at,
            decode(stored.tag, stored.schema, stored.payload),
            stored.source,
        )


class Watch:
    """An iterator over the events behind a position that waits for more; see `Store.watch`.

    It ends when closed, by any thread, or with the store. It is an iterator for one thread.
    """

    def __init__(
        self, log: EventLog, after: int, stream: str | None, timeout: float | None
    ) -> None:
        if timeout is not None and not timeout >= 0:
            raise ValueError("timeout is None, or seconds: 0 or more")
        self._log, self._stream, self._timeout = log, stream, timeout
        self._position = after
        self._waiter = log.waiter()  # before the first look, so that nothing falls in between
        try:
            self._seen = log.head()
            self._events = read_events(log, after, stream)
        except BaseException:
            self._waiter.close()
            raise

    @property
    def position(self) -> int:
        """Position of the event given last: where a later watch can go on."""
        return self._position

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event:
        event = None
        try:
            event = self._next()
        except BaseException as error:
            self._seen = -1  # who asks again gets the events behind the last one given
            if not (isinstance(error, ValueError) and self._waiter.closed):
                raise  # else the log was closed beside us
        if event is None:
            self.close()
            raise StopIteration
        self._position = event.position
        return event

    def _next(self) -> Event | None:
        end = None if self._timeout is None else time.monotonic() + self._timeout
        while not self._waiter.closed:
            event = next(self._events, None)
            if event is not None:
                return event
            head = self._log.head()
            if head != self._seen:
                self._events = read_events(self._log, self._position, self._stream)
                self._seen = head
                continue
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return None
            self._waiter.wait(left)
        return None

    def close(self) -> None:
        """End it, though another thread be waiting. Closing twice is harmless."""
        self._waiter.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_waiter"):
            self.close()
