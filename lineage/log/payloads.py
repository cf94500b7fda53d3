"""Payloads and sources at rest: those of one stream's events in one append are packed together.

The bytes of a pack are dealt out evenly to its events: rows of one size fill pages well, a large
one among small ones does not. Digests are taken out of what is compressed
(`lineage.log._packing`): one of a stored body is kept as its number, any other by its event.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import apsw

from lineage.errors import Damaged
from lineage.log import frames
from lineage.log._packing import Content, deal, gather, pack
from lineage.log.base import NewEvent
from lineage.log.body_tables import digests_of

__all__ = ["MEMBERS", "EventRow", "PayloadReader", "add_rows"]

EventRow = tuple[int, int, int, bytes]
"""position, tag, schema, payload"""

MEMBERS: Final = 64  # events of a pack, at most
_BYTES: Final = 16 * 1024  # of payloads in a pack, on average
_MOST: Final = 1 << 29  # bytes of a pack's content that a reader accepts
_REMEMBERED: Final = 10_000  # digests


def add_rows(
    rows: list[EventRow], position: int, events: Sequence[NewEvent], numbers: dict[bytes, int]
) -> None:
    """Add the rows of one stream's events in one append.

    Args:
        position: of the first event.
        numbers: of bodies, by digest.
    """
    count, size = len(events), sum([len(event.payload) for event in events])
    packs = min(count, max(-(-count // MEMBERS), -(-size // _BYTES)))
    for number in range(packs):
        first, last = number * count // packs, (number + 1) * count // packs
        some = events if packs == 1 else events[first:last]
        content, kept = pack(some, numbers)
        deal(position + first, some, kept, *frames.compress(content, frames.PAYLOADS), rows)


class PayloadReader:
    """Gives payloads back. It remembers digests of bodies."""

    def __init__(self, note: Callable[[set[int]], None] | None = None) -> None:
        """Make a reader.

        Args:
            note: called with the numbers of bodies that events name.
        """
        self._bodies: dict[int, bytes] = {}
        self._note = note

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
        name = f"the payload of event {rows[start][0]}"
        try:
            encoding, data, kept = gather(rows, start)
            content = Content(frames.expand(encoding, data, _MOST, name), len(kept))
        except ValueError:
            raise Damaged(f"{name} cannot be read") from None
        named = content.references()
        if self._note is not None:
            self._note(named)
        if not named <= self._bodies.keys():
            if len(self._bodies) > _REMEMBERED:
                self._bodies.clear()
            self._bodies.update(digests_of(connection, named))
        return content, kept
