"""Streams by key and by number, as far as a handle knows them. Neither ever changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import apsw

from lineage.errors import Damaged
from lineage.log.runs import End, Run, end_of, last_run, run_at, start_of

__all__ = ["Streams", "reading"]

_COLUMNS: Final = "id, key, position, version, seal"
_END: Final = f"SELECT {_COLUMNS} FROM streams WHERE id = ?"  # noqa: S608
_BEHIND: Final = f"SELECT {_COLUMNS} FROM streams WHERE id > ? ORDER BY id"  # noqa: S608
_KEPT: Final = 10_000


@contextmanager
def reading(connection: apsw.Connection) -> Iterator[None]:
    """Let several reads see one state of the file, and lock it once. May be nested."""
    nested = connection.in_transaction
    if nested:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


class Streams:
    """What a handle knows of streams. There is no index of keys: it could be damaged unseen.

    Used by one thread at a time.
    """

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._keys: list[str] = []
        self._last: dict[int, Run] = {}

    def id(self, connection: apsw.Connection, key: str) -> int:
        """Give a stream's number, 0 if there is none of that key.

        Raises:
            Damaged: streams are missing or not what was written.
        """
        number = self._ids.get(key)
        if number is None:
            self.refresh(connection)
            number = self._ids.get(key, 0)
        return number

    def known(self, key: str) -> int:
        """Give a stream's number if the handle knows it, else 0."""
        return self._ids.get(key, 0)

    def key(self, connection: apsw.Connection, number: int) -> str:
        """Give a stream's key.

        Raises:
            Damaged: there is no such stream, or streams are missing.
        """
        if not 0 < number <= len(self._keys):
            self.refresh(connection)
            if not 0 < number <= len(self._keys):
                raise Damaged(f"stream {number} is missing")
        return self._keys[number - 1]

    def refresh(self, connection: apsw.Connection) -> None:
        """Learn of the streams that came since."""
        with reading(connection):
            run = last_run(connection)
            for end in self._ends(connection, len(self._keys)):
                self.add(end)
        if len(self._keys) != (0 if run is None else run.streams):
            raise Damaged("the last streams are missing")

    def ends(self, connection: apsw.Connection) -> list[End]:
        """Give the ends of all streams, in order of their first event.

        Raises:
            Damaged: streams are missing or not what was written.
        """
        with reading(connection):
            run = last_run(connection)
            ends = list(self._ends(connection, 0))
        if len(ends) != (0 if run is None else run.streams):
            raise Damaged("the last streams are missing")
        return ends

    def _ends(self, connection: apsw.Connection, behind: int) -> Iterator[End]:
        for number, row in enumerate(connection.execute(_BEHIND, (behind,)), behind + 1):
            end = end_of(row)
            if end.id != number:
                raise Damaged(f"stream {number} is missing")
            yield end

    def add(self, end: End) -> None:
        """Take notice of a new stream."""
        if end.id == len(self._keys) + 1:
            self._keys.append(end.key)
            self._ids[end.key] = end.id

    def end(self, connection: apsw.Connection, number: int) -> End:
        """Say where a stream ends.

        Raises:
            Damaged: its row is missing or not what was written.
        """
        row = connection.execute(_END, (number,)).fetchone()
        if row is None:
            raise Damaged(f"stream {number} is missing")
        end = end_of(row)
        if end.key != self.key(connection, number):
            raise Damaged(f"stream {number} has another key than before")
        return end

    def last(self, connection: apsw.Connection, number: int) -> Run:
        """Give a stream's last run.

        Raises:
            Damaged: it is missing or not what was written.
        """
        end = self.end(connection, number)
        run = self._last.get(number)
        if run is None or run.position != end.position:
            run = run_at(connection, end.position)
            self.remember(run)
        if run.stream != number or run.version != end.version:
            raise Damaged(f"stream {end.key} does not end with run {run.position}")
        return run

    def remember(self, run: Run) -> None:
        """Keep a stream's last run: whoever writes the next needs it."""
        if len(self._last) >= _KEPT:
            self._last.clear()
        self._last[run.stream] = run

    def before(self, connection: apsw.Connection, run: Run) -> Run:
        """Give the run of the same stream before one, a made-up one before the first.

        Raises:
            Damaged: it is missing, or the two do not follow each other.
        """
        if run.previous == 0:
            return start_of(run.stream)
        return run_at(connection, run.previous)
