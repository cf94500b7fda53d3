"""How much a store holds, and what that takes."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from lineage.errors import LineageError
from lineage.events import TAGS, Defined, Redefined
from lineage.log.figures import SupportsFigures
from lineage.store import Store

__all__ = ["Stats", "stats"]

_CAPITAL: Final = re.compile(r"(?<!^)(?=[A-Z])")
_KINDS: Final = {tag: _CAPITAL.sub("-", kind.__name__).lower() for kind, tag in TAGS.items()}
_DOCUMENTS: Final = (TAGS[Defined], TAGS[Redefined])


class Stats(msgspec.Struct, frozen=True, gc=False):
    """What `stats` tells. Sizes are in bytes, times in nanoseconds since the epoch, UTC.

    Attributes:
        events: how many.
        kinds: how many of each kind there is, such as ``current-changed``.
        commits: how many appends wrote them.
        domains: those that are not undefined.
        undefined: domains that are.
        snapshots: those present.
        documents: those recorded: snapshots defined and redefined.
        bodies, body_bytes: how many domains' and other large parts of documents are stored,
            each once, and what they take, packed.
        file, wal, free: of the store's file, of the write-ahead log beside it, and what is not in
            use of the file.
        per_document: (file + wal) / documents, None without any.
        tables: by table and index, None if this SQLite cannot tell.
        oldest, newest: when events were recorded, None without any.
        format: of the file.
        sqlite: version of the library in use.
    """

    events: int
    kinds: dict[str, int]
    commits: int
    domains: int
    undefined: int
    snapshots: int
    documents: int
    bodies: int
    body_bytes: int
    file: int
    wal: int
    free: int
    per_document: float | None
    tables: dict[str, int] | None
    oldest: int | None
    newest: int | None
    format: int
    sqlite: str


def stats(store: Store) -> Stats:
    """Count what a store holds. No document is read; events recorded meanwhile may count in part.

    Raises:
        LineageError: the store's event log is no file.
    """
    log = store.log
    if not isinstance(log, SupportsFigures):
        raise LineageError(f"a {type(log).__name__} cannot tell what it takes")
    found, infos = log.figures(), store.domains()
    documents = sum(found.tags.get(tag, 0) for tag in _DOCUMENTS)
    size = found.file + found.wal
    return Stats(
        events=sum(found.tags.values()),
        kinds={name: found.tags.get(tag, 0) for tag, name in _KINDS.items()},
        commits=found.commits,
        domains=sum(not info.undefined for info in infos),
        undefined=sum(info.undefined for info in infos),
        snapshots=sum(info.snapshots for info in infos),
        documents=documents,
        bodies=found.bodies,
        body_bytes=found.body_bytes,
        file=found.file,
        wal=found.wal,
        free=found.free,
        per_document=size / documents if documents else None,
        tables=found.tables,
        oldest=found.oldest,
        newest=found.newest,
        format=found.format,
        sqlite=found.sqlite,
    )
