"""Payloads and sources at rest: those of one stream's events in one append are packed together.

The first event of a pack holds it; the others say how many events before them that is. Digests
are taken out of what is compressed (`lineage.log._packing`): one of a stored body is kept as its
number, any other by the event itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from lineage.errors import Damaged
from lineage.log import frames
from lineage.log._packing import Content, pack
from lineage.log.base import NewEvent

__all__ = ["MEMBERS", "PayloadReader", "stored"]

MEMBERS: Final = 24  # events of a pack
_BYTES: Final = 5000  # of payloads, beyond which a pack takes no further one: a row fills no page
_MOST: Final = 1 << 29  # bytes of a pack's content that a reader accepts
_DIGEST: Final = 32
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

    Args:
        pack_at: gives what the event at a position holds; None: there is none.
        digests: gives the digests of bodies by number.
    """

    def __init__(
        self,
        pack_at: Callable[[int], bytes | None],
        digests: Callable[[set[int]], dict[int, bytes]],
    ) -> None:
        self._pack_at = pack_at
        self._digests = digests
        self._position: int | None = None
        self._content: Content | None = None
        self._bodies: dict[int, bytes] = {}

    def read(self, position: int, data: bytes) -> tuple[bytes, str]:
        """Give payload and source of the event at the position, which holds the data.

        Raises:
            Damaged: it cannot be what was stored, or its pack or a body is missing.
        """
        away = data[0] - _AWAY if data else -_AWAY
        if away >= 0:
            kept = data[1:]
            if self._position != position - away:
                self._open(position - away, self._pack_at(position - away))
        else:
            away = 0
            kept = self._open(position, data)
        try:
            assert self._content is not None
            payload = self._content.payload(away, kept, self._bodies)
            return payload, self._content.source(away)
        except ValueError:
            raise Damaged(f"the payload of event {position} cannot be read") from None
        except KeyError as error:
            raise Damaged(f"event {position} names body {error}, which is missing") from None

    def _open(self, position: int, data: bytes | None) -> bytes:
        """Look into a pack, and give the digests that its first event keeps."""
        name = f"the payload of event {position}"
        if data is None or len(data) < 3 or data[0] >= _AWAY:
            raise Damaged(f"{name} is no pack")
        start = 3 + _DIGEST * data[2]
        content = frames.expand(data[0], data[start:], _MOST, name)
        try:
            self._content = Content(content, data[1])
        except ValueError:
            raise Damaged(f"{name} cannot be read") from None
        named = self._content.references()
        if not named <= self._bodies.keys():
            if len(self._bodies) > _REMEMBERED:
                self._bodies.clear()
            self._bodies.update(self._digests(named))
        self._position = position
        return data[3:start]
