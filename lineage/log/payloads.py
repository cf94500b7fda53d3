"""Payloads and sources at rest: those of one stream's events in one append are packed together.

The bytes of a pack are dealt out evenly to its events: rows of one size fill pages well, a large
one among small ones does not. Digests are taken out of what is compressed
(`lineage.log._packing`): one of a stored body is kept as its number, any other by its event.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import apsw

from lineage.errors import Damaged
from lineage.log import frames
from lineage.log._packing import Content, pack
from lineage.log.base import NewEvent
from lineage.log.body_tables import digests_of

__all__ = ["MEMBERS", "EventRow", "PayloadReader", "stored"]

EventRow = tuple[int, int, int, bytes]
"""position, tag, schema, payload"""

MEMBERS: Final = 64  # events of a pack, at most
_BYTES: Final = 16 * 1024  # of payloads in a pack, on average
_MOST: Final = 1 << 29  # bytes of a pack's content that a reader accepts
_DIGEST: Final = 32
_HEADER: Final = 6  # bytes
_REMEMBERED: Final = 10_000  # digests
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
    """Gives payloads back. It remembers digests of bodies."""

    def __init__(self) -> None:
        self._bodies: dict[int, bytes] = {}

    def read(
        self, connection: apsw.Connection, rows: Sequence[EventRow]
    ) -> list[tuple[int, int, str, bytes]]:
        """Give tag, schema, source and payload of each of some events.

        Args:
            rows: of events that follow one another. The first one begins a pack, the last one
                ends one.

        Raises:
            Damaged: they cannot be what was stored, or a body is missing.
        """
        events: list[tuple[int, int, str, bytes]] = []
        while len(events) < len(rows):
            start = len(events)
            content, kept = self._open(connection, rows, start)
            for n, digests in enumerate(kept):
                position, tag, schema, _ = rows[start + n]
                try:
                    payload = content.payload(n, digests, self._bodies)
                    events.append((tag, schema, content.source(n), payload))
                except ValueError:
                    raise Damaged(f"the payload of event {position} cannot be read") from None
                except KeyError as error:
                    message = f"event {position} names body {error}, which is missing"
                    raise Damaged(message) from None
        return events

    def _open(
        self, connection: apsw.Connection, rows: Sequence[EventRow], start: int
    ) -> tuple[Content, list[bytes]]:
        """Put a pack together that begins with a row, and look into it.

        Returns:
            the content, and the digests that each of its events keeps.
        """
        position, _, _, first = rows[start]
        name = f"the payload of event {position}"
        if type(first) is not bytes or len(first) < _HEADER or first[0] >= _AWAY or not first[1]:
            raise Damaged(f"{name} is no pack")
        encoding, count = first[0], first[1]
        kept: list[bytes] = []
        data = _gathered(first, rows[start : start + count], kept)
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
        return content, kept


def _gathered(first: bytes, rows: Sequence[EventRow], kept: list[bytes]) -> bytes | None:
    """The bytes dealt out to the events of a pack; None if they do not make one.

    Args:
        kept: gets the digests that each of them keeps.
    """
    count, size = first[1], int.from_bytes(first[2:_HEADER], "little")
    pieces: list[bytes] = []
    for number, (_, _, _, row) in enumerate(rows):
        start = 1 if number else _HEADER
        piece = (number + 1) * size // count - number * size // count
        if type(row) is not bytes or len(row) < start + piece:
            return None
        if number and row[0] != _AWAY + number:
            return None
        pieces.append(row[len(row) - piece :])
        kept.append(row[start : len(row) - piece])
    return b"".join(pieces) if len(pieces) == count else None
