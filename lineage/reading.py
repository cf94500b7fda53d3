"""Events as a store's reader sees them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import msgspec

from lineage.events import EventData, decode
from lineage.log.base import EventLog, StoredEvent

__all__ = ["Event", "read_events"]


class Event(msgspec.Struct, frozen=True, gc=False):
    """An event as read back.

    Attributes:
        position: in the whole log, from 1, gapless.
        domain: key of the domain's events: its UUID, or ``name:NAME``.
        version: within the domain, from 1, gapless.
        recorded_at: nanoseconds since the epoch, UTC; never goes back within a domain.
        data: what happened.
        source: free text: where it came from.
        commit: number of the append that wrote it; equal for all that was written at once.
        hash: of the domain's chain up to this event (FORMAT.md, "The chain").
    """

    position: int
    domain: str
    version: int
    recorded_at: int
    data: EventData
    source: str
    commit: int
    hash: bytes


def read_events(log: EventLog, after: int, stream: str | None) -> Iterator[Event]:
    """Give the events behind a position, of one stream or of all, decoded one by one.

    Raises:
        ValueError: a negative position.
        Damaged: while iterating: an event cannot be read.
        Forked: while iterating: the log is of no use after `os.fork`.
    """
    return _decoded(log, log.read(after, stream=stream), os.getpid())


def _decoded(log: EventLog, events: Iterator[StoredEvent], pid: int) -> Iterator[Event]:
    for stored in events:
        _require_process(log, pid)
        yield Event(
            stored.position,
            stored.stream,
            stored.version,
            stored.recorded_at,
            decode(stored.tag, stored.schema, stored.payload),
            stored.source,
            stored.commit,
            stored.hash,
        )
    _require_process(log, pid)


def _require_process(log: EventLog, pid: int) -> None:
    if os.getpid() != pid:
        log.head()  # a log that a child may not use says so; what was read ahead does not
