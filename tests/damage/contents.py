"""All that any query of SQLite could see of a file, read in every way there is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import apsw

__all__ = ["contents"]

# Columns by which an index finds rows: every index of the format.
_INDEXED: Final = {
    "bodies": ("substr(digest, 1, 4)", "digest"),
    "packs": ("stream", "stream"),
    "requests": ("key", "key"),
}
# What is compressed, by its length alone.
_SIZES: Final = {
    "events": "tag, schema, length(payload)",
    "packs": "stream, base, encoding, length(data)",
}


def contents(path: Path, *, packed: bool = True) -> list[Any]:
    """Give what is in the file, or the error that says that it cannot be read.

    Args:
        packed: with what is compressed, as it lies there.
    """
    connection = apsw.Connection(str(path), apsw.SQLITE_OPEN_READONLY)
    found: list[Any] = []
    try:
        found.extend(_seen(connection, packed))
    except (apsw.Error, UnicodeDecodeError) as error:
        found.append(repr(error))
    finally:
        connection.close()
    return found


def _seen(connection: apsw.Connection, packed: bool) -> Iterator[Any]:
    for pragma in ("application_id", "user_version", "encoding", "auto_vacuum", "page_size"):
        yield pragma, connection.pragma(pragma)
    schema = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema").fetchall()
    yield schema
    for table in [name for kind, name, _, _ in schema if kind == "table"]:
        columns = "*" if packed else _SIZES.get(str(table), "*")
        query = f"SELECT rowid, {columns} FROM {table}"
        rows = connection.execute(f"{query} ORDER BY rowid").fetchall()
        yield rows
        yield connection.execute(f"{query} ORDER BY rowid DESC").fetchall()
        yield connection.execute(f"SELECT count(*), max(rowid), min(rowid) FROM {table}").fetchall()
        yield [connection.execute(f"{query} WHERE rowid = ?", row[:1]).fetchall() for row in rows]
        if table in _INDEXED:
            yield from _by_index(connection, str(table), *_INDEXED[str(table)])


def _by_index(connection: apsw.Connection, table: str, indexed: str, column: str) -> Iterator[Any]:
    query = f"SELECT {indexed}, {column}, rowid FROM {table}"
    rows = connection.execute(f"{query} ORDER BY rowid").fetchall()
    yield connection.execute(f"{query} ORDER BY 1, 3").fetchall()
    lookup = f"SELECT rowid, {column} FROM {table} WHERE {indexed} IS ?"
    yield [connection.execute(lookup, row[:1]).fetchall() for row in rows]
