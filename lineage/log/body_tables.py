"""The tables of bodies: `packs` holds their bytes, `bodies` says where in which pack each is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, cast

import apsw
import msgspec

from lineage.errors import Damaged, NotFound
from lineage.log.bodies import Pack, cut, packs, unpack

__all__ = ["BodyReader", "StoredBody", "has_body", "insert", "pack_unknown"]

_KNOWN: Final = "SELECT digest FROM bodies WHERE digest = ?"
_BODY: Final = "SELECT pack, start, length FROM bodies WHERE digest = ?"
_PACK: Final = "SELECT encoding, length, data FROM packs WHERE id = ?"
_NEXT_PACK: Final = "SELECT coalesce(max(id), 0) + 1 FROM packs"
_INSERT_PACK: Final = "INSERT INTO packs (id, encoding, length, data) VALUES (?, ?, ?, ?)"
_INSERT_BODY: Final = (
    "INSERT INTO bodies (digest, pack, start, length) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (digest) DO NOTHING"
)
_WORTH_KEEPING: Final = 256 * 1024


def has_body(connection: apsw.Connection, digest: bytes) -> bool:
    """Whether the body is stored."""
    return connection.execute(_KNOWN, (digest,)).fetchone() is not None


def pack_unknown(connection: apsw.Connection, bodies: Mapping[bytes, bytes]) -> list[Pack]:
    """Pack the bodies that are not stored yet.

    To be done before the write lock is taken, since it takes time. Another writer may store
    one of them meanwhile: `insert` then leaves that one's bytes in the pack unused.

    Raises:
        ValueError: a body is too long.
    """
    known = _known(connection, bodies) if bodies else ()
    return list(packs(item for item in bodies.items() if item[0] not in known))


def _known(connection: apsw.Connection, digests: Iterable[bytes]) -> set[bytes]:
    """Those of the digests whose bodies are stored."""
    connection.execute("BEGIN")  # else every row locks and unlocks the file
    try:
        rows = connection.executemany(_KNOWN, ((digest,) for digest in digests))
        return {row[0] for row in cast(Iterable[tuple[bytes]], rows)}
    finally:
        connection.execute("COMMIT")


def insert(connection: apsw.Connection, packed: Sequence[Pack]) -> None:
    """Store packs; of a body that is stored already nothing changes."""
    if not packed:
        return
    first = cast(tuple[int], connection.execute(_NEXT_PACK).fetchone())[0]
    numbered = list(enumerate(packed, first))
    connection.executemany(
        _INSERT_PACK, ((n, pack.encoding, pack.length, pack.data) for n, pack in numbered)
    )
    connection.executemany(
        _INSERT_BODY,
        (
            (digest, n, start, length)
            for n, pack in numbered
            for digest, start, length in pack.bodies
        ),
    )


class StoredBody(msgspec.Struct, frozen=True, gc=False):
    """A body as it lies in the file.

    Attributes:
        pack: number of its pack.
        start, length: its place in the pack's content, in bytes.
        row: the pack (encoding, length, data); None if its content is `content`.
    """

    digest: bytes
    pack: int
    start: int
    length: int
    row: tuple[int, int, bytes] | None
    content: bytes


class BodyReader:
    """Reads bodies, and keeps the pack read last: neighbours are often wanted together.

    Several threads may share one.
    """

    def __init__(self) -> None:
        self._last = (0, b"")

    def fetch(self, connection: apsw.Connection, digest: bytes) -> StoredBody:
        """Get what is stored of a body, as quickly as possible: a lock may be held.

        Raises:
            NotFound: there is none.
            Damaged: its pack is missing.
        """
        place = cast(tuple[int, int, int] | None, connection.execute(_BODY, (digest,)).fetchone())
        if place is None:
            raise NotFound(f"no body {digest.hex()}")
        number, content = self._last
        if number == place[0]:
            return StoredBody(digest, *place, None, content)
        row = connection.execute(_PACK, place[:1]).fetchone()
        if row is None:
            raise Damaged(f"body {digest.hex()} is in a pack that is missing")
        return StoredBody(digest, *place, cast(tuple[int, int, bytes], row), b"")

    def unpack(self, stored: StoredBody) -> bytes:
        """Give the body, verified.

        Raises:
            Damaged: the stored bytes are not what was stored.
        """
        content = stored.content
        if stored.row is not None:
            content = unpack(stored.digest, *stored.row)
            if len(content) <= _WORTH_KEEPING:
                self._last = stored.pack, content
        return cut(stored.digest, content, stored.start, stored.length)
