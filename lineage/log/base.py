"""The event log's contract: what every backend promises. It moves bytes and knows no XML.

A *stream* is one domain's events, named by a short key (its UUID, or ``name:NAME``).
An event has a *version* within its stream (1, 2, 3...) and a *position* in the whole
log (1, 2, 3...), both gapless and never reused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final, Protocol, runtime_checkable

import msgspec

from lineage.log.problems import WHOLE, Part, Problem

__all__ = [
    "ALL",
    "ANY",
    "EXISTS",
    "Append",
    "CacheRow",
    "EventLog",
    "Ground",
    "NewEvent",
    "Receipt",
    "Request",
    "StoredEvent",
    "StreamHead",
    "Waiter",
]

ANY: Final = -1  # expect: whatever version the stream has
ALL: Final = ""  # in place of a stream: what was derived from all of them
EXISTS: Final = -2  # expect: the stream has at least one event


class NewEvent(msgspec.Struct, frozen=True, gc=False):
    """An event to append.

    Attributes:
        source: says in free text where it came from.
        bodies: digests of bodies that the payload names. The payload comes back as it was;
            this only tells the log what it may store in place of them.
        digests: other digests in the payload, before those of bodies: nothing that compresses.
    """

    tag: int
    schema: int
    payload: bytes
    source: str = ""
    bodies: tuple[bytes, ...] = ()
    digests: tuple[bytes, ...] = ()


class Append(msgspec.Struct, frozen=True, gc=False):
    """Events for one stream.

    Attributes:
        expect: ANY, EXISTS, or the version seen (0: no event yet).
        recorded_at: when these were recorded, in place of what the append says: they are a copy
            of what another log has.
    """

    stream: str
    events: Sequence[NewEvent]
    expect: int = ANY
    recorded_at: int | None = None


class Request(msgspec.Struct, frozen=True, gc=False):
    """A call that may come again, and what it is answered then.

    Attributes:
        key: names the call; unique in the log.
        call: SHA-256 of what was asked: tells another call under the same key.
        position, version: the answer, if the call appends nothing. If it does: where its last
            event stands, which the log knows better.
    """

    key: str
    call: bytes
    position: int = 0
    version: int = 0


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """What the first call under a key was, and was answered.

    Attributes:
        call: as in `Request`.
        position, version: of the last event of its stream after it.
    """

    call: bytes
    position: int
    version: int


class CacheRow(msgspec.Struct, frozen=True, gc=False):
    """What was derived from a stream's first events, so that it need not be derived again.

    Attributes:
        fold: number of the way in which it was derived.
        version: of the last event that went into it; its position if derived from all streams.
        data: whatever its maker keeps.
    """

    fold: int
    version: int
    data: bytes


class StoredEvent(msgspec.Struct, frozen=True, gc=False):
    """An event as read back.

    Attributes:
        recorded_at: nanoseconds since the epoch, UTC; never goes back within a stream.
        commit: number of the append that wrote it; equal for all events of one append.
        hash: of the stream's chain up to this event (FORMAT.md, "The chain").
    """

    position: int
    stream: str
    version: int
    recorded_at: int
    tag: int
    schema: int
    payload: bytes
    source: str
    commit: int
    hash: bytes


class StreamHead(msgspec.Struct, frozen=True, gc=False):
    """A stream and where it ends: version and position of its last event."""

    stream: str
    version: int
    position: int


class Waiter(Protocol):
    """Waits for a log to grow. It is for one thread, but any may close it."""

    @property
    def closed(self) -> bool:
        """Whether it was closed, or the log."""
        ...

    def wait(self, timeout: float | None = None) -> None:
        """Return when events may have been appended since the waiter was made or last waited.

        Or for no reason, so ask for the log's head then; at once when it is closed.

        Args:
            timeout: seconds after which to return anyway; None: never.
        """
        ...

    def waiting(self) -> AbstractContextManager[tuple[int, float | None]]:
        """Wait in an event loop, as long as the block lasts, instead of in `wait`.

        Gives a descriptor that can be read when there is something to look at, and after how
        many seconds to look all the same; None: never. `wait` with a timeout of 0 comes next.
        """
        ...

    def close(self) -> None:
        """End all waiting, that of another thread too. Closing twice is harmless."""
        ...


class Ground(Protocol):
    """The part of an event log that a bulk import stands on; see `EventLog`."""

    def append(
        self, batch: Sequence[Append], bodies: Mapping[bytes, bytes] | None = None
    ) -> int: ...
    def read(self, after: int = 0, *, stream: str) -> Iterator[StoredEvent]: ...
    def head(self) -> int: ...
    def version(self, stream: str) -> int: ...
    def body(self, digest: bytes) -> bytes: ...


@runtime_checkable
class EventLog(Protocol):
    """An append-only log of events and a content-addressed store of bodies.

    An implementation MUST make a batch durable before `append` returns (a backend without
    disk: visible), MUST write all of it or nothing, and MUST let a reader see a prefix of
    the log, never a hole.
    """

    def append(
        self,
        batch: Sequence[Append],
        bodies: Mapping[bytes, bytes] | None = None,
        *,
        recorded_at: int | None = None,
        request: Request | None = None,
    ) -> int:
        """Append every event of every entry, in order, with the bodies they name.

        A stream may come up in several entries; each entry's `expect` sees the versions that
        the entries before it made. An empty batch writes nothing but the request.

        Args:
            bodies: bytes by SHA-256 digest; those already stored are not stored again.
            recorded_at: the clock's reading (ns, UTC), the system clock if None. A reading
                before the stream's last event is raised to that event's time; so is an entry's
                own.
            request: remembered with the batch, which is then of one stream.

        Returns:
            Position of the last event written (the log's head if nothing was).

        Raises:
            Conflict: an `expect` does not hold, or the request's key is remembered already;
                carries the actual version; nothing written.
            Busy: the write lock could not be had in time; nothing written.
        """
        ...

    def read(
        self, after: int = 0, *, stream: str | None = None, limit: int | None = None
    ) -> Iterator[StoredEvent]:
        """Yield the events with a greater position than `after`, in order of position.

        The iterator is a snapshot: what is appended while it runs may or may not be seen, but
        what is seen is a prefix.
        """
        ...

    def event(self, position: int) -> StoredEvent:
        """The event at a position.

        Raises:
            NotFound: there is none.
            Damaged: it is not what was written.
        """
        ...

    def head(self) -> int:
        """Position of the last event, 0 for an empty log."""
        ...

    def version(self, stream: str) -> int:
        """Version of the stream's last event, 0 if it has none."""
        ...

    def position_at(self, stream: str, time: int) -> int:
        """Position of the stream's last event recorded at or before a time, 0 if there is none.

        Args:
            time: nanoseconds since the epoch, UTC.
        """
        ...

    def streams(self) -> list[StreamHead]:
        """Every stream that has events, in order of its first event."""
        ...

    def receipt(self, key: str) -> Receipt | None:
        """What the call under this key was answered, None if there was none."""
        ...

    def cached(self, stream: str) -> CacheRow | None:
        """What was put there last for the stream (or ALL); None if nothing, or nothing sound."""
        ...

    def put_cached(self, rows: Mapping[str, CacheRow]) -> None:
        """Keep what was derived from streams. A log that cannot write just now does nothing.

        It may be lost at any time and is no part of what the log promises to keep.
        """
        ...

    def has_body(self, digest: bytes) -> bool:
        """Whether the body is stored."""
        ...

    def body(self, digest: bytes) -> bytes:
        """The body of that SHA-256 digest, verified against it.

        Raises:
            NotFound: there is none.
            Damaged: the stored bytes have another digest.
        """
        ...

    def verify(
        self, part: Part = WHOLE, progress: Callable[[int, int], None] | None = None
    ) -> Iterator[Problem | StoredEvent]:
        """Read everything, and yield what is not what was written; damage does not end it.

        Between the problems come the events, each verified: who knows what they mean looks on.

        Args:
            part: only this part of the streams and bodies.
            progress: called now and then with events and bodies done, and how many there are.
        """
        ...

    def waiter(self) -> Waiter:
        """Begin to wait for events that anyone appends, this process or another."""
        ...

    def close(self) -> None:
        """Release files and locks, and end all waiting. Closing twice is harmless."""
        ...
