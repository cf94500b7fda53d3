"""Events as they come: those there are, and those to come."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from lineage.log.base import EventLog, Waiter
from lineage.reading import Event, read_events

__all__ = ["Watch"]


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
            event = self._there()
            if event is not None:
                return event
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return None
            self._waiter.wait(left)
        return None

    def _there(self) -> Event | None:
        """The next event if it is there already."""
        event = next(self._events, None)
        while event is None and (head := self._log.head()) != self._seen:
            self._events = read_events(self._log, self._position, self._stream)
            self._seen = head
            event = next(self._events, None)
        return event

    def take(self, most: int) -> list[Event]:
        """Give the next events that are there already, so many at most; none if one has to wait.

        An error comes when the events before it are taken.
        """
        taken: list[Event] = []
        try:
            while len(taken) < most and (event := self._there()) is not None:
                taken.append(event)
                self._position = event.position
        except Exception as error:
            self._seen = -1  # who asks again meets it again
            if not taken and not (isinstance(error, ValueError) and self._waiter.closed):
                raise
        return taken

    @property
    def waiter(self) -> Waiter:
        """What waits for more; closed when the watch has ended."""
        return self._waiter

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
