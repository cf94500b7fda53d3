"""Payloads and sources at rest: those of one stream's events in one append are packed together.

The first event of a pack holds it; the others say how many events before them that is. Digests
are taken out of what is compressed (`lineage.log._packing`): one of a stored body is kept as its
number, any other by the event itself.
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

MEMBERS: Final = 24  # events of a pack
_BYTES: Final = 5000  # of payloads, beyond which a pack takes no further one: a row fills no page
_MOST: Final = 1 << 29  # bytes of a pack's content that a reader accepts
_DIGEST: Final = 32
_HEADER: Final = 3  # bytes
_REMEMBERED: Final = 10_000  # digests
_PAYLOAD: Final = "SELECT payload FROM events WHERE position = ?"
# What a stored payload starts with: a pack's encoding, or this and more: how far away it is.
_AWAY: Final = 128
_MEMBER: Final = [bytes((_AWAY + away,)) for away in range(MEMBERS)]


def stored(events: Sequence[NewEvent], numbers: dict[bytes, int]) -> list[bytes]:
    """Give the payloads of one stream's events in one append as they are stored.

    Args:
        numbers: of bodies, by digest.
    """
    result: list[bytes] = []
    start, size = 0, 0
    for index, event in enumerate(events):
        size += len(event.payload)
        if index - start == MEMBERS or (size > _BYTES and index > start):
            _pack(result, events[start:index], numbers)
            start, size = index, len(event.payload)
    _pack(result, events[start:] if start else events, numbers)
    return result


def _pack(result: list[bytes], events: Sequence[NewEvent], numbers: dict[bytes, int]) -> None:
    content, kept = pack(events, numbers)
    encoding, data = frames.compress(content, frames.PAYLOADS)
    result.append(bytes((encoding, len(events), len(kept[0]) // _DIGEST)) + kept[0] + data)
    result += [_MEMBER[away] + kept[away] for away in range(1, len(events))]


class PayloadReader:
    """Gives payloads back, in any order; best in that of the events.

    It remembers digests of bodies, and the pack that it looked into last.
    """

    def __init__(self) -> None:
        self._position: int | None = None
        self._content: Content | None = None
        self._bodies: dict[int, bytes] = {}

    def read(self, connection: apsw.Connection, position: int, data: bytes) -> tuple[bytes, str]:
        """Give payload and source of the event at the position, which holds the data.

        Raises:
            Damaged: it cannot be what was stored, or its pack or a body is missing.
        """
        away = data[0] - _AWAY if data else -_AWAY
        content, kept = self._content, data[1:]
        if away < 0:
            away = 0
            content, kept = self._open(connection, position, data)
        elif content is None or self._position != position - away:
            row = connection.execute(_PAYLOAD, (position - away,)).fetchone()
            stored = cast(bytes, row[0]) if row else b""
            content, _ = self._open(connection, position - away, stored)
        try:
            return content.payload(away, kept, self._bodies), content.source(away)
        except ValueError:
            raise Damaged(f"the payload of event {position} cannot be read") from None
        except KeyError as error:
            raise Damaged(f"event {position} names body {error}, which is missing") from None

    def _open(
        self, connection: apsw.Connection, position: int, data: bytes
    ) -> tuple[Content, bytes]:
        """Look into a pack; give its content, and the digests that its first event keeps."""
        name = f"the payload of event {position}"
        if len(data) < _HEADER or data[0] >= _AWAY:
            raise Damaged(f"{name} is no pack")
        start = _HEADER + _DIGEST * data[2]
        expanded = frames.expand(data[0], data[start:], _MOST, name)
        try:
            content = Content(expanded, data[1])
        except ValueError:
            raise Damaged(f"{name} cannot be read") from None
        named = content.references()
        if not named <= self._bodies.keys():
            if len(self._bodies) > _REMEMBERED:
                self._bodies.clear()
            self._bodies.update(digests_of(connection, named))
        self._content, self._position = content, position
        return content, data[_HEADER:start]
