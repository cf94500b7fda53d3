"""Looks over rows that stand for themselves; reads tables on beyond a damaged page."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, Final

import apsw

from lineage.errors import Damaged
from lineage.log.base import ALL, CacheRow
from lineage.log.beside import digest_of_cached, receipt
from lineage.log.problems import Part, Problem
from lineage.log.runs import migration_seal, request_id

__all__ = ["caches", "migrations", "requests", "rows_of"]

_MIGRATIONS: Final = (
    "SELECT format, CAST(release AS BLOB), recorded_at, seal FROM migrations "
    "WHERE format > ? ORDER BY format"
)
_REQUESTS: Final = "SELECT id, CAST(key AS BLOB), position FROM requests WHERE id > ? ORDER BY id"
_BY_KEY: Final = "SELECT id FROM requests WHERE key = ?"
_TREES: Final = (
    "SELECT stream, fold, version, data, digest FROM trees WHERE stream > ? ORDER BY stream"
)
_FARTHEST: Final = (1 << 63) - 1


def rows_of(
    connection: apsw.Connection, query: str, table: str
) -> Iterator[tuple[Any, ...] | Problem]:
    """Yield the rows of a table, and in place of those that cannot be read, what is wrong.

    Args:
        query: takes a key and gives the rows behind it in order of that key, which comes first.
    """
    last, step, ordered = -_FARTHEST, 0, True
    while True:
        try:
            for row in connection.execute(query, (last + step,)):
                if row[0] <= last + step:  # a damaged page leads back, and may do so for ever
                    if ordered:
                        yield Problem("sqlite", f"{table} is out of order behind row {last}")
                    ordered = False
                    continue
                if step:
                    yield _unreadable(table, last + 1, row[0] - 1)
                last, step = row[0], 0
                yield row
        except (apsw.Error, UnicodeDecodeError) as error:
            if not step:
                yield Problem("sqlite", f"{table} cannot be read behind row {last}: {error}")
            # A page holds some rows: those of the next one may be sound.
            step = 2 * step or 1
            last = max(last, 0)
            if last + step < _FARTHEST:
                continue
        if step:
            yield _unreadable(table, last + 1, None)
        return


def _unreadable(table: str, first: int, last: int | None) -> Problem:
    until = "and all behind it" if last is None else f"to {last}"
    return Problem("sqlite", f"rows {first} {until} of {table} cannot be read")


def migrations(connection: apsw.Connection, current: int) -> Iterator[Problem]:
    """Look over what is said of the formats that the file has had.

    Args:
        current: the one that it has.
    """
    last = 0
    for row in rows_of(connection, _MIGRATIONS, "migrations"):
        if isinstance(row, Problem):
            yield row
            continue
        last, release, at, seal = row
        try:
            right = migration_seal(last, bytes(release).decode(), at) == seal
        except (struct.error, UnicodeDecodeError, TypeError):
            right = False
        if not right:
            yield Problem("bad-digest", f"the row of migration {last} is not what was written")
    if last != current:
        yield Problem("schema", f"the last migration led to format {last}, not {current}")


def requests(connection: apsw.Connection, part: Part, end: int) -> Iterator[Problem]:
    """Look over what is remembered of calls under a key, also whether the key finds it.

    Args:
        end: position of the last event.
    """
    for row in rows_of(connection, _REQUESTS, "requests"):
        if isinstance(row, Problem):
            yield row
            continue
        number, key, position = row
        if not part.has(number):
            continue
        problem, code = None, "bad-digest"
        try:
            name = bytes(key).decode()
            if request_id(name) != number or receipt(connection, name) is None:
                problem = "is not found by its key"
            elif connection.execute(_BY_KEY, (name,)).fetchone() != (number,):
                problem = "is not in the index of keys"
            elif position > end:
                problem, code = f"was answered position {position}, which is missing", "gap"
        except (Damaged, UnicodeDecodeError, TypeError):
            problem = "is not what was written"
        except apsw.Error as error:
            problem = f"cannot be read: {error}"
        if problem:
            yield Problem(code, f"request {number} {problem}")


def caches(connection: apsw.Connection, part: Part, keys: dict[int, str]) -> Iterator[Problem]:
    """Look over what was derived from streams, whether it is as it was put there."""
    for row in rows_of(connection, _TREES, "trees"):
        if isinstance(row, Problem):
            yield row
            continue
        number, fold, version, data, digest = row
        key = ALL if number == 0 else keys.get(number)
        if key is None or not part.has(number):  # of a stream that is missing, which was told
            continue
        if not _sound(key, CacheRow(fold, version, data), digest):
            what = f"tree that is kept of stream {number}" if number else "row of all streams"
            yield Problem("cache-differs", f"the {what} is not what was written", key or None)


def _sound(key: str, row: CacheRow, digest: bytes) -> bool:
    try:
        return type(row.data) is bytes and digest_of_cached(key, row) == digest
    except struct.error:
        return False
