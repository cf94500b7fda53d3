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

__all__ = ["Recorder", "stored"]

FULL: Final = 2
TOPICS: Final = {
    1: "lineage.events:Defined",
    2: "lineage.events:Redefined",
    3: "lineage.events:Deleted",
    4: "lineage.events:CurrentChanged",
}


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

    def notifications(self, page: int = 1000) -> Iterator[Any]:
        """Every event in order of position (`id`), fetched a page at a time."""
        start = 1
        while found := self._recorder.select_notifications(start=start, limit=page):
            yield from found
            start = found[-1].id + 1

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
