"""Events as rows of one SQLite table, as they are: nothing is packed and nothing is verified."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from lineage.log.base import StoredEvent

__all__ = ["Row", "fill", "rows"]

_COLUMNS = "position, stream, version, recorded_at, tag, schema, payload, source"


class Row(msgspec.Struct, frozen=True, gc=False):
    """A row as read back."""

    position: int
    stream: str
    version: int
    recorded_at: int
    tag: int
    schema: int
    payload: bytes
    source: str


def fill(path: Path, events: Iterable[StoredEvent]) -> None:
    """Write events to a new file."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE TABLE events ({_COLUMNS}, PRIMARY KEY (position))")
        connection.executemany(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    e.position,
                    e.stream,
                    e.version,
                    e.recorded_at,
                    e.tag,
                    e.schema,
                    e.payload,
                    e.source,
                )
                for e in events
            ),
        )


def rows(path: Path, limit: int) -> Iterator[Row]:
    """Yield the first events, in order of position."""
    query = f"SELECT {_COLUMNS} FROM events ORDER BY position LIMIT ?"
    with closing(sqlite3.connect(path)) as connection:
        for row in connection.execute(query, (limit,)):
            yield Row(*row)
