"""Rows that say where things are: runs, the ends of streams, and requests, each with its seal.

A *run* is what one append added to one stream, at most `MOST` events. It is known by the position
of its last event, holds the hash of the stream's chain there, and names the stream's run before.
So a stream is read back from its end. A *seal* is a checksum of a row: SQLite trusts what it reads.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Sequence
from typing import Final, cast

import apsw
import msgspec

from lineage.errors import Damaged
from lineage.log.chain import GENESIS

__all__ = [
    "MOST",
    "RUN_COLUMNS",
    "End",
    "Run",
    "end_of",
    "last_run",
    "migration_seal",
    "request_id",
    "request_seal",
    "row_of_run",
    "run_at",
    "run_of",
    "seal_of_end",
    "seal_of_run",
    "start_of",
]

MOST: Final = 1024  # events of a run: so many are held to verify any of them

RUN_COLUMNS: Final = (
    "position, stream, previous, version, recorded_at, commit_number, streams, hash, seal"
)
# The end of the events in the same statement: of one state of the file.
_LAST: Final = f"""
SELECT (SELECT coalesce(max(position), 0) FROM events), runs.* FROM (SELECT 1)
LEFT JOIN (SELECT {RUN_COLUMNS} FROM runs ORDER BY position DESC LIMIT 1) AS runs"""  # noqa: S608
_AT: Final = f"SELECT {RUN_COLUMNS} FROM runs WHERE position = ?"  # noqa: S608
_HASH: Final = 32
_RUN: Final = struct.Struct("<7q32s")
_END: Final = struct.Struct("<3q")
_MIGRATION: Final = struct.Struct("<2q")
_REQUEST: Final = struct.Struct("<2q32s")


class Run(msgspec.Struct, frozen=True, gc=False):
    """Events of one stream that one append added.

    Attributes:
        position: of its last event.
        stream: number of the stream.
        previous: position of the stream's run before, 0 if it is the first.
        version: of its last event.
        recorded_at: when, nanoseconds since the epoch, UTC.
        commit: number of the append.
        streams: how many streams there are after the append.
        hash: of the stream's chain after its last event.
    """

    position: int
    stream: int
    previous: int
    version: int
    recorded_at: int
    commit: int
    streams: int
    hash: bytes


class End(msgspec.Struct, frozen=True, gc=False):
    """Where a stream ends.

    Attributes:
        id: number of the stream.
        position, version: of its last event.
    """

    id: int
    key: str
    position: int
    version: int


def _checksum(data: bytes) -> int:
    """CRC-32 as a signed number: SQLite keeps it in four bytes."""
    value = zlib.crc32(data)
    return value - (1 << 32) if value >> 31 else value


def seal_of_run(run: Run) -> int:
    """Give the seal of a run's row."""
    return _checksum(_RUN.pack(*msgspec.structs.astuple(run)))


def seal_of_end(end: End) -> int:
    """Give the seal of a stream's row."""
    return _checksum(_END.pack(end.id, end.position, end.version) + end.key.encode())


def request_id(key: str) -> int:
    """Give the number of the row that a request under a key has."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") >> 1


def migration_seal(number: int, release: str, recorded_at: int) -> int:
    """Give the seal of a row on a migration."""
    return _checksum(_MIGRATION.pack(number, recorded_at) + release.encode())


def request_seal(key: str, call: bytes, position: int, version: int) -> int:
    """Give the seal of a request's row."""
    return _checksum(_REQUEST.pack(position, version, call) + key.encode())


def row_of_run(run: Run) -> tuple[object, ...]:
    """Give a run's row, with its seal."""
    return (*msgspec.structs.astuple(run), seal_of_run(run))


def run_of(row: Sequence[object]) -> Run:
    """Give the run of a row with `RUN_COLUMNS`.

    Raises:
        Damaged: the row is not what was written.
    """
    run = Run(*cast(tuple[int, int, int, int, int, int, int, bytes], row[:-1]))
    try:
        if type(run.hash) is bytes and len(run.hash) == _HASH and seal_of_run(run) == row[-1]:
            return run
    except struct.error:
        pass
    raise Damaged(f"the row of run {row[0]} is not what was written")


def end_of(row: Sequence[object]) -> End:
    """Give the end of a stream from its row: id, key, position, version, seal.

    Raises:
        Damaged: the row is not what was written.
    """
    end = End(*cast(tuple[int, str, int, int], row[:-1]))
    try:
        if type(end.key) is str and seal_of_end(end) == row[-1]:
            return end
    except (struct.error, UnicodeEncodeError):
        pass
    raise Damaged(f"the row of stream {row[0]} is not what was written")


def last_run(connection: apsw.Connection) -> Run | None:
    """Give the last run, None of a log without events.

    Raises:
        Damaged: it is not what was written, or there are events behind it, or too few.
    """
    last, *row = cast(tuple[object, ...], connection.execute(_LAST).fetchone())
    run = None if row[0] is None else run_of(row)
    if last != (0 if run is None else run.position):
        raise Damaged(f"the log ends at position {last}, its last run elsewhere")
    return run


def run_at(connection: apsw.Connection, position: int) -> Run:
    """Give the run whose last event is at the position.

    Raises:
        Damaged: there is none.
    """
    row = connection.execute(_AT, (position,)).fetchone()
    if row is None:
        raise Damaged(f"the run that ends at position {position} is missing")
    return run_of(row)


def start_of(stream: int) -> Run:
    """What stands for the run before a stream's first."""
    return Run(0, stream, 0, 0, -(1 << 63), 0, 0, GENESIS)
