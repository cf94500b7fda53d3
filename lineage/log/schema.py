"""What a store file holds: its tables, what guards them, and how older formats become this one.

FORMAT.md describes them; `lineage.log.opening` opens the file.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Final

import apsw

from lineage.log.runs import migration_seal

__all__ = [
    "APPLICATION_ID",
    "FORMAT",
    "MIGRATIONS",
    "OBJECTS",
    "create_tables",
    "migrate",
    "wrong_objects",
]

APPLICATION_ID: Final = 0x6C6E6765  # "lnge"
FORMAT = 1  # PRAGMA user_version
MIGRATIONS: Final[dict[int, Callable[[apsw.Connection], None]]] = {}
"""What brings a store from a format to the next; run inside a transaction."""

_MIGRATED: Final = "INSERT INTO migrations (format, release, recorded_at, seal) VALUES (?, ?, ?, ?)"

_STREAMS: Final = """
CREATE TABLE streams (
    id       INTEGER PRIMARY KEY,
    key      TEXT    NOT NULL,
    position INTEGER NOT NULL,
    version  INTEGER NOT NULL,
    seal     INTEGER NOT NULL
) STRICT"""

_STREAMS_FOLLOW: Final = """
CREATE TRIGGER streams_follow BEFORE INSERT ON streams
WHEN new.id IS NOT (SELECT coalesce(max(id), 0) + 1 FROM streams)
BEGIN SELECT raise(ABORT, 'streams follow one another without a gap'); END"""

_STREAMS_GROW: Final = """
CREATE TRIGGER streams_grow BEFORE UPDATE ON streams
WHEN new.id IS NOT old.id OR new.key IS NOT old.key OR new.version <= old.version
  OR NOT EXISTS (SELECT 1 FROM runs
                 WHERE position = new.position AND stream = new.id AND version = new.version)
BEGIN SELECT raise(ABORT, 'a stream only grows'); END"""

_EVENTS: Final = """
CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    tag      INTEGER NOT NULL,
    schema   INTEGER NOT NULL,
    payload  BLOB    NOT NULL
) STRICT"""

_EVENTS_FOLLOW: Final = """
CREATE TRIGGER events_follow BEFORE INSERT ON events
WHEN new.position IS NOT (SELECT coalesce(max(position), 0) + 1 FROM events)
BEGIN SELECT raise(ABORT, 'events follow one another without a gap'); END"""

_RUNS: Final = """
CREATE TABLE runs (
    position      INTEGER PRIMARY KEY,
    stream        INTEGER NOT NULL REFERENCES streams (id),
    previous      INTEGER NOT NULL,
    version       INTEGER NOT NULL,
    recorded_at   INTEGER NOT NULL,
    commit_number INTEGER NOT NULL,
    streams       INTEGER NOT NULL,
    hash          BLOB    NOT NULL CHECK (length(hash) = 32),
    seal          INTEGER NOT NULL
) STRICT"""

_RUNS_FOLLOW: Final = """
CREATE TRIGGER runs_follow BEFORE INSERT ON runs
WHEN new.position > (SELECT max(position) FROM events)
  OR new.position <= (SELECT coalesce(max(position), 0) FROM runs)
  OR new.position - (SELECT coalesce(max(position), 0) FROM runs) IS NOT new.version - coalesce(
     (SELECT version FROM runs WHERE position = new.previous AND stream = new.stream), 0)
BEGIN SELECT raise(ABORT, 'runs follow one another without a gap'); END"""

_BODIES: Final = """
CREATE TABLE bodies (
    id     INTEGER PRIMARY KEY,
    digest BLOB NOT NULL CHECK (length(digest) = 32)
) STRICT"""

_BODIES_DIGEST: Final = "CREATE INDEX bodies_digest ON bodies (substr(digest, 1, 4))"

_PACKS: Final = """
CREATE TABLE packs (
    id       INTEGER PRIMARY KEY REFERENCES bodies (id),
    stream   INTEGER REFERENCES streams (id),
    base     INTEGER REFERENCES packs (id),
    encoding INTEGER NOT NULL,
    data     BLOB    NOT NULL
) STRICT"""

_PACKS_KEYS: Final = "CREATE INDEX packs_keys ON packs (stream) WHERE base IS NULL"

_REQUESTS: Final = """
CREATE TABLE requests (
    id       INTEGER PRIMARY KEY,
    key      TEXT    NOT NULL,
    call     BLOB    NOT NULL CHECK (length(call) = 32),
    position INTEGER NOT NULL,
    version  INTEGER NOT NULL,
    seal     INTEGER NOT NULL
) STRICT"""

_REQUESTS_KEY: Final = "CREATE UNIQUE INDEX requests_key ON requests (key)"

_TREES: Final = """
CREATE TABLE trees (
    stream  INTEGER PRIMARY KEY,
    fold    INTEGER NOT NULL,
    version INTEGER NOT NULL,
    data    BLOB    NOT NULL,
    digest  BLOB    NOT NULL CHECK (length(digest) = 32)
) STRICT"""

_MIGRATIONS: Final = """
CREATE TABLE migrations (
    format      INTEGER PRIMARY KEY,
    release     TEXT    NOT NULL,
    recorded_at INTEGER NOT NULL,
    seal        INTEGER NOT NULL
) STRICT"""

# What is written once and never changed.
_NEVER_CHANGED: Final = [
    (table, action)
    for table in ("events", "runs", "bodies", "packs", "requests", "migrations")
    for action in ("update", "delete")
] + [("streams", "delete")]

OBJECTS: Final[dict[str, str]] = {
    "streams": _STREAMS.lstrip(),
    "events": _EVENTS.lstrip(),
    "runs": _RUNS.lstrip(),
    "bodies": _BODIES.lstrip(),
    "bodies_digest": _BODIES_DIGEST,
    "packs": _PACKS.lstrip(),
    "packs_keys": _PACKS_KEYS,
    "requests": _REQUESTS.lstrip(),
    "requests_key": _REQUESTS_KEY,
    "trees": _TREES.lstrip(),
    "migrations": _MIGRATIONS.lstrip(),
    "streams_follow": _STREAMS_FOLLOW.lstrip(),
    "streams_grow": _STREAMS_GROW.lstrip(),
    "events_follow": _EVENTS_FOLLOW.lstrip(),
    "runs_follow": _RUNS_FOLLOW.lstrip(),
    **{
        f"{table}_no_{action}": f"CREATE TRIGGER {table}_no_{action} BEFORE {action} ON {table} "
        f"BEGIN SELECT raise(ABORT, '{table} are never changed'); END"
        for table, action in _NEVER_CHANGED
    },
}
"""The statement that makes each table, index and trigger, by its name, in an order that works."""


def create_tables(connection: apsw.Connection) -> None:
    """Make all tables, indexes and triggers in an empty file, within the caller's transaction."""
    for statement in OBJECTS.values():
        connection.execute(statement)
    connection.pragma("application_id", APPLICATION_ID)
    _enter(connection, FORMAT)


def wrong_objects(connection: apsw.Connection) -> list[str]:
    """Name the tables, indexes and triggers that this file lacks, or has of another kind."""
    made = set(connection.execute("SELECT name, sql FROM sqlite_schema"))
    return sorted(name for name, sql in OBJECTS.items() if (name, sql) not in made)


def migrate(connection: apsw.Connection) -> None:
    """Bring a store of an older format to this one, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may just have done it.
        for number in range(int(str(connection.pragma("user_version"))), FORMAT):
            MIGRATIONS[number](connection)
            _enter(connection, number + 1)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _enter(connection: apsw.Connection, number: int) -> None:
    connection.pragma("user_version", number)
    release, at = version("lineage-store"), time.time_ns()
    row = number, release, at, migration_seal(number, release, at)
    connection.execute(_MIGRATED, row)
