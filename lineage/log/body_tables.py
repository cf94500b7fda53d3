"""Bodies in their tables: `bodies` gives each its number, `packs` holds their bytes.

A pack holds the bodies whose numbers follow each other from its own.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, cast

import apsw
import msgspec

from lineage.errors import Damaged, NotFound
from lineage.log.bodies import KEYS, BodyPack, Key, member, packs, verified, whole
from lineage.log.streams import reading

__all__ = ["BodyReader", "BodyWriter", "Plan", "digests_of", "has_body"]

# The index holds four bytes of a digest: enough to find it, a quarter of the room.
_NUMBER: Final = (
    "SELECT id, digest FROM bodies WHERE substr(digest, 1, 4) = substr(?1, 1, 4) AND digest = ?1"
)
_DIGESTS: Final = "SELECT id, digest FROM bodies WHERE id BETWEEN ? AND ?"
_NEIGHBOURS: Final = 16  # rows beside each other cost less than another query
_LAST: Final = "SELECT coalesce(max(id), 0) FROM bodies"
_PACK_OF: Final = (
    "SELECT id, base, encoding, data FROM packs WHERE id <= ? ORDER BY id DESC LIMIT 1"
)
_PACK: Final = "SELECT id, base, encoding, data FROM packs WHERE id = ?"
_KEYS_OF: Final = (
    "SELECT packs.id, encoding, data, digest FROM packs JOIN bodies USING (id) "
    "WHERE base IS NULL AND stream = ? "
    "ORDER BY packs.id DESC LIMIT ?"
)
_INSERT_BODY: Final = "INSERT INTO bodies (id, digest) VALUES (?, ?)"
_INSERT_PACK: Final = "INSERT INTO packs (id, stream, base, encoding, data) VALUES (?, ?, ?, ?, ?)"
_CACHED_STREAMS: Final = 4096
_CACHED_BYTES: Final = 32 << 20
_CACHED_NUMBERS: Final = 50_000
_WORTH_KEEPING: Final = 256 * 1024


def has_body(connection: apsw.Connection, digest: bytes) -> bool:
    """Whether the body is stored."""
    return connection.execute(_NUMBER, (digest,)).fetchone() is not None


def digests_of(connection: apsw.Connection, numbers: set[int]) -> dict[int, bytes]:
    """Give digests, by number, of at least those of the bodies that are stored."""
    if not numbers:
        return {}
    first, last = min(numbers), max(numbers)
    if last - first < _NEIGHBOURS * len(numbers):
        rows = connection.execute(_DIGESTS, (first, last + _NEIGHBOURS)).fetchall()
    else:
        rows = connection.executemany(_DIGESTS, ((number, number) for number in numbers)).fetchall()
    stored = cast(Iterable[tuple[int, bytes]], rows)
    return {number: digest for number, digest in stored if type(digest) is bytes}


def _numbers_of(connection: apsw.Connection, digests: Iterable[bytes]) -> dict[bytes, int]:
    rows = connection.executemany(_NUMBER, ((digest,) for digest in digests))
    return {digest: number for number, digest in cast(Iterable[tuple[int, bytes]], rows)}


class Plan(msgspec.Struct, frozen=True, gc=False):
    """How the bodies of one append are going to be stored.

    Attributes:
        last: number of the last body stored when the plan was made. It holds while that does.
        numbers: of all bodies that the append gives or names and that are stored, or will be.
        packs: of those that will be, in order.
        keys: of the streams that they belong to, all key bodies to be remembered.
    """

    last: int
    numbers: dict[bytes, int]
    packs: list[tuple[int, BodyPack]]
    keys: dict[str, list[Key]]

    def outdated(self, connection: apsw.Connection) -> bool:
        """Whether bodies were stored since. To be asked under the write lock."""
        return bool(self.packs) and connection.execute(_LAST).fetchone() != (self.last,)


class BodyWriter:
    """Stores bodies, and remembers the key bodies of the streams written to lately.

    Used by one thread at a time.
    """

    def __init__(self) -> None:
        self._keys: OrderedDict[str, list[Key]] = OrderedDict()
        self._bytes = 0
        self._numbers: dict[bytes, int] = {}

    def plan(
        self,
        connection: apsw.Connection,
        bodies: Mapping[bytes, bytes],
        named: Mapping[bytes, str],
        number_of: Callable[[str], int],
    ) -> Plan:
        """Prepare to store the bodies that are not stored yet.

        To be done before the write lock is taken, since it takes time, and again under it if
        another writer has stored bodies meanwhile.

        Args:
            named: digests that the append's events name, each with a stream that names it.
            number_of: gives a stream's number, 0 if it has no event.

        Raises:
            ValueError: a body is too long.
        """
        if not bodies and not named:
            return Plan(0, {}, [], {})
        with reading(connection):
            return self._plan(connection, bodies, named, number_of)

    def _plan(
        self,
        connection: apsw.Connection,
        bodies: Mapping[bytes, bytes],
        named: Mapping[bytes, str],
        number_of: Callable[[str], int],
    ) -> Plan:
        last = cast(tuple[int], connection.execute(_LAST).fetchone())[0]
        seen = self._numbers
        numbers = {digest: seen[digest] for digest in named if digest in seen}
        if last:
            unsure = (bodies.keys() | named.keys()) - numbers.keys()
            numbers.update(_numbers_of(connection, unsure))
        new: dict[str | None, list[tuple[bytes, bytes]]] = {}
        for digest, body in bodies.items():
            if digest not in numbers:
                new.setdefault(named.get(digest), []).append((digest, body))
        plan = Plan(last, numbers, [], {})
        number = last
        for stream, items in new.items():
            keys = [] if stream is None else list(self._keys_of(connection, stream, number_of))
            for pack in packs(stream, items, keys):
                plan.packs.append((number + 1, pack))
                for digest in pack.digests:
                    number += 1
                    numbers[digest] = number
            if stream is not None:
                plan.keys[stream] = keys[-KEYS:]
        return plan

    def _keys_of(
        self, connection: apsw.Connection, stream: str, number_of: Callable[[str], int]
    ) -> list[Key]:
        keys = self._keys.get(stream)
        if keys is None:
            number = number_of(stream)
            if not number:
                return []
            rows = connection.execute(_KEYS_OF, (number, KEYS)).fetchall()
            keys = [
                Key(body, number)
                for number, encoding, data, digest in cast(
                    list[tuple[int, int, bytes, bytes]], reversed(rows)
                )
                if (body := _sound(digest, encoding, data)) is not None
            ]
        return keys

    def insert(self, connection: apsw.Connection, plan: Plan, streams: Mapping[str, int]) -> None:
        """Store what was planned.

        Args:
            streams: numbers of (at least) the streams in the plan.
        """
        if not plan.packs:
            return
        connection.executemany(
            _INSERT_BODY,
            (
                (number, digest)
                for first, pack in plan.packs
                for number, digest in enumerate(pack.digests, first)
            ),
        )
        for first, pack in plan.packs:
            if pack.key is not None:
                pack.key.number = first
        connection.executemany(
            _INSERT_PACK,
            (
                (
                    first,
                    None if pack.stream is None else streams[pack.stream],
                    None if pack.base is None else pack.base.number,
                    pack.encoding,
                    pack.data,
                )
                for first, pack in plan.packs
            ),
        )

    def remember(self, plan: Plan) -> None:
        """Keep what the plan found and made, once it is committed."""
        if len(self._numbers) > _CACHED_NUMBERS:
            self._numbers.clear()
        self._numbers.update(plan.numbers)
        for stream, keys in plan.keys.items():
            self._bytes -= _size(self._keys.pop(stream, []))
            self._keys[stream] = keys
            self._bytes += _size(keys)
        while self._bytes > _CACHED_BYTES or len(self._keys) > _CACHED_STREAMS:
            self._bytes -= _size(self._keys.popitem(last=False)[1])


def _size(keys: Sequence[Key]) -> int:
    return sum(len(key.data) for key in keys)


def _sound(digest: bytes, encoding: int, data: bytes) -> bytes | None:
    """The key body, None if it is damaged: whoever reads it will be told, a writer goes on."""
    try:
        return verified(digest, whole(encoding, data, _name(digest)))
    except Damaged:
        return None


def _name(digest: bytes) -> str:
    return f"body {digest.hex()}"


_PackRow = tuple[int, int | None, int, bytes]


class StoredBody(msgspec.Struct, frozen=True, gc=False):
    """A body as it lies in the file.

    Attributes:
        number: its own.
        pack, key: the pack that it is in, and the one of the key body that it is told by: the
            same if it is that. (number, base, encoding, data); of a key body still known None.
        base: the key body if it is known.
    """

    digest: bytes
    number: int
    pack: _PackRow
    key: _PackRow | None
    base: bytes


class BodyReader:
    """Reads bodies, and keeps the key body read last: neighbours are often wanted together.

    Several threads may share one.
    """

    def __init__(self) -> None:
        self._last = (0, b"")

    def fetch(self, connection: apsw.Connection, digest: bytes) -> StoredBody:
        """Get what is stored of a body, as quickly as possible: a lock may be held.

        Raises:
            NotFound: there is none.
            Damaged: its pack, or the one of its base, is missing.
        """
        found = connection.execute(_NUMBER, (digest,)).fetchone()
        if found is None:
            raise NotFound(f"no body {digest.hex()}")
        number = cast(int, found[0])
        pack = cast(_PackRow | None, connection.execute(_PACK_OF, (number,)).fetchone())
        if pack is None:
            raise Damaged(f"{_name(digest)} is in a pack that is missing")
        base = pack[1]
        if base is None:
            return StoredBody(digest, number, pack, pack, b"")
        known, data = self._last
        if known == base:
            return StoredBody(digest, number, pack, None, data)
        key = cast(_PackRow | None, connection.execute(_PACK, (base,)).fetchone())
        if key is None or key[1] is not None:
            raise Damaged(f"{_name(digest)} has a base that is missing")
        return StoredBody(digest, number, pack, key, b"")

    def unpack(self, stored: StoredBody) -> bytes:
        """Give the body, verified.

        Raises:
            Damaged: the stored bytes are not what was stored.
        """
        name, pack, key, base = _name(stored.digest), stored.pack, stored.key, stored.base
        if key is not None:
            base = whole(key[2], key[3], name)
            if len(base) <= _WORTH_KEEPING:
                self._last = key[0], base
        index = stored.number - pack[0]
        if pack[1] is None:
            if index:
                raise Damaged(f"{name} is in no pack")
            body = base
        else:
            body = member(pack[2], pack[3], index, base, name)
        return verified(stored.digest, body)
