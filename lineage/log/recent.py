"""What a handle appended last to a stream: who records and then looks need not read it back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lineage.log.base import NewEvent, StoredEvent
from lineage.log.runs import Run

__all__ = ["MOST", "Recent", "stored_events"]

MOST: Final = 16
"""Events of an append that are kept, if it has no more."""

_STREAMS: Final = 1000


def stored_events(
    run: Run, key: str, events: Sequence[NewEvent], hashes: Sequence[bytes]
) -> list[StoredEvent]:
    """Give the events of a run as they are read back.

    Args:
        hashes: of the chain of its stream `key`, after each event.
    """
    position, version = run.position - len(events), run.version - len(events)
    at, commit = run.recorded_at, run.commit
    return [
        StoredEvent(
            position + n, key, version + n, at, e.tag, e.schema, e.payload, e.source, commit, link
        )
        for n, (e, link) in enumerate(zip(events, hashes, strict=True), 1)
    ]


class Recent:
    """The last run of some streams, as far as they are short. Used by one thread at a time."""

    def __init__(self) -> None:
        self._runs: dict[int, tuple[Run, list[StoredEvent]]] = {}

    def add(self, run: Run, events: list[StoredEvent]) -> None:
        """Keep the events of a run, once it is committed."""
        if len(self._runs) >= _STREAMS:
            self._runs.clear()
        self._runs[run.stream] = run, events

    def behind(self, stream: int, end: int, after: int) -> list[StoredEvent] | None:
        """Give a stream's events behind a position; None if they are not known.

        Args:
            end: position of the stream's last event, as the file has it now.
        """
        run, events = self._runs.get(stream, (None, []))
        if run is None or run.position != end or run.previous > after:
            return None
        return [event for event in events if event.position > after]
