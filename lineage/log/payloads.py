"""Payloads and sources at rest: those of one stream's events in one append are packed together.

The bytes of a pack are dealt out evenly to its events: rows of one size fill pages well, a large
one among small ones does not. Digests are taken out of what is compressed
(`lineage.log._packing`): one of a stored body is kept as its number, any other by its event.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

import apsw

from lineage.errors import Damaged
from lineage.log import frames
from lineage.log._packing import Content, pack
from lineage.log.base import NewEvent
from lineage.log.body_tables import digests_of

__all__ = ["MEMBERS", "PayloadReader", "stored"]

MEMBERS: Final = 64  # events of a pack, at most
_BYTES: Final = 16 * 1024  # of payloads in a pack, on average
_MOST: Final = 1 << 29  # bytes of a pack's content that a reader accepts
_DIGEST: Final = 32
_HEADER: Final = 6  # bytes
_REMEMBERED: Final = 10_000  # digests
_PAYLOADS: Final = "SELECT position, payload FROM events WHERE position >= ? ORDER BY 1 LIMIT ?"
# What a stored payload starts with: a pack's encoding, or this and more: how far away it is.
_AWAY: Final = 128
_MEMBER: Final = [bytes((_AWAY + away,)) for away in range(MEMBERS)]


def stored(events: Sequence[NewEvent], numbers: dict[bytes, int]) -> list[bytes]:
    """Give the payloads of one stream's events in one append as they are stored.

    Args:
        numbers: of bodies, by digest.
    """
    result: list[bytes] = []
    count, size = len(events), sum([len(event.payload) for event in events])
    packs = min(count, max(-(-count // MEMBERS), -(-size // _BYTES)))
    for number in range(packs):
        _pack(result, events[number * count // packs : (number + 1) * count // packs], numbers)
    return result


def _pack(result: list[bytes], events: Sequence[NewEvent], numbers: dict[bytes, int]) -> None:
    content, kept = pack(events, numbers)
    encoding, data = frames.compress(content, frames.PAYLOADS)
    count, size = len(events), len(data)
    head = bytes((encoding, count)) + size.to_bytes(4, "little")
    result.append(head + kept[0] + data[: size // count])
    result += [
        _MEMBER[n] + kept[n] + data[n * size // count : (n + 1) * size // count]
        for n in range(1, count)
    ]


class PayloadReader:
    """Gives payloads back, in any order; best in that of the events.

    It remembers digests of bodies, and the pack that it looked into last.
    """

    def __init__(self) -> None:
        self._position: int | None = None
        self._content: Content | None = None
        self._kept: list[bytes] = []
        self._bodies: dict[int, bytes] = {}

    def read(self, connection: apsw.Connection, position: int, data: bytes) -> tuple[bytes, str]:
        """Give payload and source of the event at the position, which holds the data.

        Raises:
            Damaged: it cannot be what was stored, or its pack or a body is missing.
        """
        away = data[0] - _AWAY if data and data[0] > _AWAY else 0
        content = self._content
        if content is None or self._position != position - away:
            content = self._open(connection, position - away)
        try:
            return content.payload(away, self._kept[away], self._bodies), content.source(away)
        except (ValueError, IndexError):
            raise Damaged(f"the payload of event {position} cannot be read") from None
        except KeyError as error:
            raise Damaged(f"event {position} names body {error}, which is missing") from None

    def _open(self, connection: apsw.Connection, position: int) -> Content:
        """Put a pack together that begins at the position, and look into it."""
        name = f"the payload of event {position}"
        rows = connection.execute(_PAYLOADS, (position, 1)).fetchall()
        first = cast(bytes, rows[0][1]) if rows and rows[0][0] == position else b""
        if len(first) < _HEADER or first[0] >= _AWAY or not first[1]:
            raise Damaged(f"{name} is no pack")
        encoding, count = first[0], first[1]
        if count > 1:
            rows += connection.execute(_PAYLOADS, (position + 1, count - 1)).fetchall()
        data = _gathered(first, cast(list[tuple[int, bytes]], rows), position, self._kept)
        try:
            if data is None:
                raise ValueError
            content = Content(frames.expand(encoding, data, _MOST, name), count)
        except ValueError:
            raise Damaged(f"{name} cannot be read") from None
        named = content.references()
        if not named <= self._bodies.keys():
            if len(self._bodies) > _REMEMBERED:
                self._bodies.clear()
            self._bodies.update(digests_of(connection, named))
        self._content, self._position = content, position
        return content


def _gathered(
    first: bytes, rows: list[tuple[int, bytes]], position: int, kept: list[bytes]
) -> bytes | None:
    """The bytes dealt out to the events of a pack; None if they do not make one.

    Args:
        kept: gets the digests that each of them keeps.
    """
    count, size = first[1], int.from_bytes(first[2:_HEADER], "little")
    pieces: list[bytes] = []
    kept.clear()
    for number, (at, row) in enumerate(rows):
        start = 1 if number else _HEADER
        piece = (number + 1) * size // count - number * size // count
        if at != position + number:
            raise Damaged(f"event {position + number} is missing")
        if len(row) < start + piece:
            return None
        if number and row[0] != _AWAY + number:
            return None
        pieces.append(row[len(row) - piece :])
        kept.append(row[start : len(row) - piece])
    return b"".join(pieces) if len(pieces) == count else None
