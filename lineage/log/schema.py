"""What a store file holds: its tables, and what guards them. `lineage.log.opening` opens it."""

from __future__ import annotations

from typing import Final

import apsw

from lineage.log.body_tables import TABLES as BODY_TABLES

__all__ = ["APPLICATION_ID", "FORMAT", "create_tables", "missing_objects"]

APPLICATION_ID: Final = 0x6C6E6765  # "lnge"
FORMAT: Final = 1  # PRAGMA user_version

_TABLES: Final = """
CREATE TABLE streams (
    id  INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE events (
    position      INTEGER PRIMARY KEY,
    stream        INTEGER NOT NULL REFERENCES streams (id),
    version       INTEGER NOT NULL,
    recorded_at   INTEGER NOT NULL,
    tag           INTEGER NOT NULL,
    schema        INTEGER NOT NULL,
    payload       BLOB    NOT NULL,
    commit_number INTEGER NOT NULL,
    UNIQUE (stream, version)
) STRICT;
CREATE TRIGGER events_follow BEFORE INSERT ON events
WHEN new.position IS NOT (SELECT coalesce(max(position), 0) + 1 FROM events)
  OR new.version IS NOT
     (SELECT coalesce(max(version), 0) + 1 FROM events WHERE stream = new.stream)
BEGIN SELECT raise(ABORT, 'events follow one another without a gap'); END;
"""
_FROZEN_TABLES: Final = ("streams", "events", "bodies", "packs")
_FROZEN: Final = "".join(
    f"CREATE TRIGGER {table}_no_{action} BEFORE {action} ON {table} "
    f"BEGIN SELECT raise(ABORT, '{table} are never changed'); END;\n"
    for table in _FROZEN_TABLES
    for action in ("update", "delete")
)
_OBJECTS: Final = frozenset(
    [*_FROZEN_TABLES, "events_follow", "bodies_digest", "packs_keys"]
    + [f"{table}_no_{action}" for table in _FROZEN_TABLES for action in ("update", "delete")]
)


def create_tables(connection: apsw.Connection) -> None:
    """Make all tables, indexes and triggers in an empty file, within the caller's transaction."""
    connection.execute(_TABLES + BODY_TABLES + _FROZEN)
    connection.pragma("application_id", APPLICATION_ID)
    connection.pragma("user_version", FORMAT)


def missing_objects(connection: apsw.Connection) -> list[str]:
    """Name the tables, indexes and triggers that a store has and this file has not."""
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema")}
    return sorted(_OBJECTS - names)
