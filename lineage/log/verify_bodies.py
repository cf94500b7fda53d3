"""Looks over bodies: every pack is expanded, every body held against its digest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, cast

import apsw

from lineage.errors import Damaged
from lineage.log.bodies import member, verified, whole
from lineage.log.body_tables import has_body
from lineage.log.problems import Part, Problem
from lineage.log.verify_rows import rows_of

__all__ = ["BodyWalk"]

_PACKS: Final = "SELECT id, base, encoding, data, stream FROM packs WHERE id > ? ORDER BY id"
_BASE: Final = "SELECT encoding, data, stream FROM packs WHERE id = ? AND base IS NULL"
_BODIES: Final = "SELECT id, digest FROM bodies WHERE id >= ? AND id < ? ORDER BY id"
_IDS: Final = "SELECT id FROM bodies WHERE id > ? ORDER BY id"
_BEYOND: Final = (1 << 63) - 1
_DIGEST: Final = 32

_Pack = tuple[int, int | None, int, bytes, int | None]


class BodyWalk:
    """One walk through all packs in order."""

    def __init__(
        self, connection: apsw.Connection, part: Part, done: Callable[[int], None]
    ) -> None:
        self._connection = connection
        self._part = part
        self._done = done
        self._base: tuple[int, bytes, int | None] = (0, b"", None)  # the key body read last
        self._next = 1  # number of the first body that no pack has had yet

    def walk(self) -> Iterator[Problem]:
        """Yield what is wrong with packs and bodies."""
        for pack, behind in self._packs():
            if isinstance(pack, Problem):
                yield pack
                continue
            first = pack[0]
            if first != self._next:
                yield Problem("gap", f"bodies {self._next} to {first - 1} are in no pack")
            try:
                found = self._connection.execute(_BODIES, (first, behind)).fetchall()
            except apsw.Error as error:
                yield Problem("sqlite", f"bodies from {first} on cannot be read: {error}")
                self._next = behind
                continue
            bodies = cast(list[tuple[int, bytes]], found)
            self._next = bodies[-1][0] + 1 if bodies else first + 1
            yield from self._gaps(first, behind, bodies)
            if self._part.has(first):
                yield from self._pack(pack, bodies)
            self._done(len(bodies))

    def _packs(self) -> Iterator[tuple[_Pack | Problem, int]]:
        """Packs, each with the number of the one behind it."""
        waiting: Any = None
        for row in rows_of(self._connection, _PACKS, "packs"):
            if isinstance(row, Problem):
                yield row, 0
                continue
            if waiting is not None:
                yield waiting, row[0]
            waiting = row
        if waiting is not None:
            yield waiting, _BEYOND

    def _gaps(self, first: int, behind: int, bodies: list[tuple[int, bytes]]) -> Iterator[Problem]:
        last = behind - 1 if behind < _BEYOND else max((number for number, _ in bodies), default=0)
        at = first
        for number, _ in [*bodies, (last + 1, b"")]:
            if number > at:
                yield Problem("gap", f"bodies {at} to {number - 1} are missing")
            at = number + 1

    def _pack(self, pack: _Pack, bodies: list[tuple[int, bytes]]) -> Iterator[Problem]:
        first, base, encoding, data, stream = pack
        for number, digest in bodies:
            problem = None
            if type(digest) is not bytes or len(digest) != _DIGEST:
                yield Problem("bad-digest", f"the row of body {number} is not what was written")
                continue
            name = f"body {digest.hex()}"
            try:
                if type(data) is not bytes:
                    raise Damaged(f"{name} is in a pack that is not what was written")
                if base is None and number != first:
                    raise Damaged(f"{name} is in no pack")
                if base is None:
                    body = whole(encoding, data, name)
                    self._base = first, body, stream
                else:
                    body = member(
                        encoding, data, number - first, self._key(base, stream, name), name
                    )
                verified(digest, body)
                if not has_body(self._connection, digest):
                    yield Problem("sqlite", f"{name} is not found by its digest")
            except Damaged as error:
                problem = Problem("bad-digest", str(error))
            except apsw.Error as error:
                problem = Problem("sqlite", f"{name} cannot be read: {error}")
            if problem:
                yield problem

    def _key(self, number: int, stream: int | None, name: str) -> bytes:
        """A key body that others of its stream are told by."""
        if self._base[0] != number:
            row = self._connection.execute(_BASE, (number,)).fetchone()
            if row is None or type(row[1]) is not bytes:
                raise Damaged(f"{name} has a base that is missing")
            key = whole(cast(int, row[0]), row[1], name)
            self._base = number, key, cast(int | None, row[2])
        if self._base[2] != stream:
            raise Damaged(f"{name} and its base are not of one stream")
        return self._base[1]

    def orphans(self, named: bytearray) -> Iterator[Problem]:
        """Yield the bodies that no event names.

        Args:
            named: a bit for each that one does, by number.
        """
        for row in rows_of(self._connection, _IDS, "bodies"):
            if isinstance(row, Problem):
                yield row
                return
            number = row[0]
            if number < 8 * len(named) and named[number >> 3] & 1 << (number & 7):
                continue
            yield Problem("orphan-body", f"no event names body {number}")

    @staticmethod
    def strange(unclaimed: dict[int, int]) -> Iterator[Problem]:
        """Yield the key bodies that are said to be of a stream that does not name them."""
        for number, stream in unclaimed.items():
            message = f"body {number} is said to be of stream {stream}, which does not name it"
            yield Problem("bad-digest", message)
