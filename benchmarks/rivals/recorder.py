"""The recorder for SQLite of the library `eventsourcing`, as its applications use it.

A stored event there is an aggregate's id, a version, a topic (what it is) and its state, in bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from lineage.events import TAGS

__all__ = ["TOPICS", "Recorder", "stored"]

FULL: Final = 2  # PRAGMA synchronous
PAGE: Final = 1000
TOPICS: Final = {tag: f"{kind.__module__}:{kind.__name__}" for kind, tag in TAGS.items()}


class Recorder:
    """A recorder with a file of its own: write-ahead log (its default), synced at each commit."""

    def __init__(self, path: Path) -> None:
        self._datastore = SQLiteDatastore(str(path))
        with self._datastore.transaction(commit=False) as cursor:
            assert _value(cursor, "journal_mode") == "wal"
            assert _value(cursor, "synchronous") == FULL
        self._recorder = SQLiteApplicationRecorder(self._datastore)
        self._recorder.create_table()

    def insert(self, events: Sequence[StoredEvent]) -> None:
        """Append events in one transaction."""
        self._recorder.insert_events(events)

    def notifications(self, limit: int) -> Iterator[Any]:
        """Yield the first events in order of position (`id`), fetched a page at a time."""
        last = 0
        while last < limit:
            page = min(PAGE, limit - last)
            yield from self._recorder.select_notifications(start=last + 1, limit=page)
            last += page

    def close(self) -> None:
        """Close the file."""
        self._datastore.close()


def _value(cursor: Any, pragma: str) -> object:
    cursor.execute(f"PRAGMA {pragma}")
    return cursor.fetchone()[0]


def stored(stream: str, version: int, tag: int, state: bytes) -> StoredEvent:
    """An event as the recorder takes it.

    Args:
        stream: a UUID.
        state: what it keeps.
    """
    return StoredEvent(UUID(stream), version, TOPICS[tag], state)
