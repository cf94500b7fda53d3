"""What the file keeps beside the log: answered requests, and what was derived from streams."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from typing import Final, cast

import apsw

from lineage.errors import Damaged
from lineage.log.base import ALL, CacheRow, Receipt
from lineage.log.runs import request_id, request_seal

__all__ = ["cached", "digest_of_cached", "put_cached", "receipt"]

_RECEIPT: Final = "SELECT key, call, position, version, seal FROM requests WHERE id = ?"
_KNOWN: Final = "SELECT 1 FROM requests WHERE key = ?"
_CACHED: Final = "SELECT fold, version, data, digest FROM trees WHERE stream = ?"
_PUT_CACHED: Final = "INSERT OR REPLACE INTO trees VALUES (?, ?, ?, ?, ?)"
_NUMBERS: Final = struct.Struct("<2q")


def receipt(connection: apsw.Connection, key: str) -> Receipt | None:
    """Give what a call under a key was answered, None if there was none.

    A damaged page could hide it, and the call would be done once more. So the table and its index
    are asked both: they share no page.

    Raises:
        Damaged: the row is not what was written.
    """
    row = connection.execute(_RECEIPT, (request_id(key),)).fetchone()
    if row is None:
        if connection.execute(_KNOWN, (key,)).fetchone() is None:
            return None
        raise Damaged(f"the row of request {key!r} is missing")
    found, call, position, version, seal = cast(tuple[str, bytes, int, int, int], row)
    try:
        if (
            found == key
            and type(call) is bytes
            and request_seal(key, call, position, version) == seal
        ):
            return Receipt(call, position, version)
    except struct.error:
        pass
    raise Damaged(f"the row of request {key!r} is not what was written")


def digest_of_cached(stream: str, row: CacheRow) -> bytes:
    """Give the digest that a cached row is kept with.

    Args:
        stream: the stream's key.
    """
    key = stream.encode()
    parts = (_NUMBERS.pack(row.fold, row.version), len(key).to_bytes(4, "little"), key, row.data)
    return hashlib.sha256(b"".join(parts)).digest()


def cached(connection: apsw.Connection, number: int, stream: str) -> CacheRow | None:
    """Give what was kept of a stream; None if nothing, or not what was put there.

    Args:
        number, stream: of the stream, and its key; 0 and ALL.
    """
    found = connection.execute(_CACHED, (number,)).fetchone()
    if found is None:
        return None
    row = CacheRow(*cast(tuple[int, int, bytes], found[:3]))
    try:
        if type(row.data) is bytes and digest_of_cached(stream, row) == found[3]:
            return row
    except struct.error:
        pass
    return None


def put_cached(
    connection: apsw.Connection, rows: Mapping[str, CacheRow], numbers: Mapping[str, int]
) -> None:
    """Keep what was derived from streams, inside of a transaction.

    Args:
        numbers: of the streams, 0 for one that there is not and for ALL.
    """
    connection.executemany(
        _PUT_CACHED,
        [
            (numbers[stream], row.fold, row.version, row.data, digest_of_cached(stream, row))
            for stream, row in rows.items()
            if numbers[stream] or stream == ALL
        ],
    )
