"""A stream's events read back from the log, all of them or those that a kept tree asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile
from typing import Final

from lineage.errors import Damaged, NotFound
from lineage.events import Defined, EventData, Redefined, decode
from lineage.log.base import EventLog, Ground, StoredEvent

__all__ = ["LogPast", "replay"]

_SINGLY: Final = 8  # definitions that are read one by one


def replay(log: Ground, stream: str, after: int = 0) -> Iterator[tuple[StoredEvent, EventData]]:
    """Yield one domain's events after a position, decoded.

    Raises:
        Damaged: an event cannot be read.
    """
    for event in log.read(after, stream=stream):
        yield event, decode(event.tag, event.schema, event.payload)


class LogPast:
    """What a tree that was kept does not hold, read while the log is open.

    Who asks for a few definitions gets those read; who asks for more is about to ask for all,
    and gets them in one go.

    Args:
        wanted: positions of all the definitions that the tree may ask for.
    """

    def __init__(self, log: EventLog, stream: str, wanted: Callable[[], Iterable[int]]) -> None:
        self._log = log
        self._stream = stream
        self._wanted = wanted
        self._asked = 0
        self._read: dict[int, Defined | Redefined] = {}

    def events(self, version: int) -> Iterator[tuple[StoredEvent, EventData]]:
        """Yield the stream's events from the first one to the one of that version."""
        return takewhile(lambda e: e[0].version <= version, replay(self._log, self._stream))

    def definition(self, position: int) -> Defined | Redefined:
        """The definition at a position; see `lineage.tree.Past`."""
        self._asked += 1
        if self._asked > _SINGLY and position not in self._read:
            self._read_all({*self._wanted(), position})
        found = self._read.get(position) or self._one(position)
        if found is None:
            raise Damaged(f"event {position} is no definition in domain {self._stream}")
        return found

    def _one(self, position: int) -> Defined | Redefined | None:
        try:
            event = self._log.event(position)
        except NotFound:
            return None
        data = decode(event.tag, event.schema, event.payload)
        if event.stream == self._stream and isinstance(data, (Defined, Redefined)):
            return data
        return None

    def _read_all(self, wanted: set[int]) -> None:
        last = max(wanted)
        for event in self._log.read(min(wanted) - 1, stream=self._stream):
            if event.position > last:
                return
            if event.position in wanted:
                data = decode(event.tag, event.schema, event.payload)
                if isinstance(data, (Defined, Redefined)):
                    self._read[event.position] = data
