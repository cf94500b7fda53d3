"""Looks a whole store file over. What is wrong is told, and the next thing looked at."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, cast

import apsw

from lineage.log import schema
from lineage.log.base import StoredEvent
from lineage.log.problems import Part, Problem
from lineage.log.verify_bodies import BodyWalk
from lineage.log.verify_events import EventWalk
from lineage.log.verify_rows import caches, migrations, requests

__all__ = ["verify"]

_STEPS: Final = 1_000_000  # of SQLite's machine, between two looks at the interpreter's signals


def verify(
    connection: apsw.Connection, part: Part, progress: Callable[[int, int], None] | None = None
) -> Iterator[Problem | StoredEvent]:
    """Yield what is wrong with a file, and between it the events of the part, each verified.

    What cannot be divided is looked at in the first part: SQLite's own check of the file, the
    schema, and whether each body is named by an event.

    Args:
        connection: nobody else's; it sees one state of the file throughout.
        progress: called now and then with events and bodies done, and to be done.
    """
    connection.execute("BEGIN")
    try:
        connection.set_progress_handler(lambda: False, _STEPS)
        if part.first:
            yield from _schema(connection)
            yield from _integrity(connection)
            yield from migrations(connection, schema.FORMAT)
        show = _Progress(connection, progress)
        events = EventWalk(connection, part, show.add)
        yield from events.walk()
        bodies = BodyWalk(connection, part, show.add)
        yield from bodies.walk()
        if part.first and events.named is not None:
            yield from bodies.orphans(events.named)
            yield from bodies.strange(events.unclaimed)
        yield from requests(connection, part, events.end)
        yield from caches(connection, part, events.keys)
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _integrity(connection: apsw.Connection) -> Iterator[Problem]:
    """What SQLite finds: its trees, its indexes, types and constraints of columns."""
    try:
        for (message,) in connection.execute("PRAGMA integrity_check"):
            if message != "ok":
                yield Problem("sqlite", str(message))
    except (apsw.Error, UnicodeDecodeError) as error:
        yield Problem("sqlite", f"SQLite's check of the file ended early: {error}")
    try:
        for table, row, other, _ in connection.execute("PRAGMA foreign_key_check"):
            yield Problem("sqlite", f"row {row} of {table} names a row of {other} that is missing")
    except (apsw.Error, UnicodeDecodeError) as error:
        yield Problem("sqlite", f"SQLite's check of references ended early: {error}")


def _schema(connection: apsw.Connection) -> Iterator[Problem]:
    """Whether the file has the tables, indexes and triggers of its format.

    Tables and indexes beside them change nothing; a trigger could.
    """
    try:
        for pragma, wanted in (
            ("application_id", schema.APPLICATION_ID),
            ("user_version", schema.FORMAT),
        ):
            if (found := connection.pragma(pragma)) != wanted:
                yield Problem("schema", f"{pragma} is {found}, not {wanted}")
        made = set(connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema"))
    except (apsw.Error, UnicodeDecodeError) as error:
        yield Problem("schema", f"the schema cannot be read: {error}")
        return
    for name, sql in schema.OBJECTS.items():
        kind, table = _kind_of(name, sql)
        if (kind, name, table, sql) not in made:
            yield Problem("schema", f"{name} is missing, or another than this format has")
    for kind, name, _, _ in made:
        if kind == "trigger" and name not in schema.OBJECTS:
            yield Problem("schema", f"trigger {name} is no part of this format")


def _kind_of(name: str, sql: str) -> tuple[str, str]:
    """Say what a statement makes, and of which table."""
    for kind in ("trigger", "index"):
        if found := re.match(rf"CREATE (?:UNIQUE )?{kind} .*? ON (\w+)", sql, re.I | re.S):
            return kind, found[1]
    return "table", name


class _Progress:
    """Counts events and bodies."""

    def __init__(
        self, connection: apsw.Connection, tell: Callable[[int, int], None] | None
    ) -> None:
        self._tell = tell
        self._done = self._total = 0
        if tell is not None:
            for table, key in (("events", "position"), ("bodies", "id")):
                query = f"SELECT coalesce(max({key}), 0) FROM {table}"  # noqa: S608
                try:
                    ((last,),) = cast(list[tuple[int]], connection.execute(query).fetchall())
                    self._total += last
                except apsw.Error:  # what follows will tell it
                    continue

    def add(self, count: int) -> None:
        """So many are done."""
        self._done += count
        if self._tell is not None:
            self._tell(self._done, self._total)
