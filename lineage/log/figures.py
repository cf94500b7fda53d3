"""How much there is in a store's file, and what takes the room; nothing is unpacked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Protocol, cast, runtime_checkable

import apsw
import msgspec

__all__ = ["Figures", "SupportsFigures", "figures"]

_TAGS: Final = "SELECT tag FROM events"
_RUNS: Final = (
    "SELECT coalesce(max(commit_number), 0), min(recorded_at), max(recorded_at) FROM runs"
)
_BODIES: Final = "SELECT count(*) FROM bodies"
_PACKS: Final = "SELECT coalesce(sum(length(data)), 0) FROM packs"
_SIZES: Final = "SELECT name, pgsize FROM dbstat WHERE aggregate = TRUE ORDER BY pgsize DESC, name"


class Figures(msgspec.Struct, frozen=True, gc=False):
    """What `figures` tells. Sizes are in bytes.

    Attributes:
        tags: how many events have each tag.
        commits: how many appends wrote them.
        oldest, newest: least and greatest time of recording (ns, UTC), None without events.
        bodies: how many are stored.
        body_bytes: what they take, packed.
        file, wal: size of the store's file, and of what waits beside it to be carried over.
        free: of the file, what is not in use.
        tables: of the file and what waits, by table and index, greatest first; None if this
            SQLite cannot tell.
        format: of the file.
        sqlite: version of the library.
    """

    tags: dict[int, int]
    commits: int
    oldest: int | None
    newest: int | None
    bodies: int
    body_bytes: int
    file: int
    wal: int
    free: int
    tables: dict[str, int] | None
    format: int
    sqlite: str


@runtime_checkable
class SupportsFigures(Protocol):
    """An event log that can tell what it takes."""

    def figures(self) -> Figures:
        """How much there is, and what takes the room."""
        ...


def figures(connection: apsw.Connection, path: Path) -> Figures:
    """Count what is in a store, of one moment, in one pass over its pages.

    Args:
        connection: in a transaction.
        path: of the store's file.
    """
    # Counted here: SQLite would sort the tags of all events to group them.
    tags = Counter(tag for (tag,) in cast(Iterable[tuple[int]], connection.execute(_TAGS)))
    commits, oldest, newest = cast(
        tuple[int, int | None, int | None], connection.execute(_RUNS).fetchone()
    )
    real = path.resolve()
    return Figures(
        tags=dict(sorted(tags.items())),
        commits=commits,
        oldest=oldest,
        newest=newest,
        bodies=_number(connection, _BODIES),
        body_bytes=_number(connection, _PACKS),
        file=_size(real),
        wal=_size(real.with_name(real.name + "-wal")),
        free=_number(connection, "PRAGMA freelist_count") * _number(connection, "PRAGMA page_size"),
        tables=_tables(connection),
        format=_number(connection, "PRAGMA user_version"),
        sqlite=apsw.sqlite_lib_version(),
    )


def _number(connection: apsw.Connection, query: str) -> int:
    return cast(tuple[int], connection.execute(query).fetchone())[0]


def _tables(connection: apsw.Connection) -> dict[str, int] | None:
    if "ENABLE_DBSTAT_VTAB" not in apsw.compile_options:
        return None
    return dict(cast(Iterable[tuple[str, int]], connection.execute(_SIZES)))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
