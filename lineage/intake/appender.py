"""Events on their way to the log, made durable many at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Generic, TypeVar

from lineage.errors import Conflict
from lineage.log.base import Append, Ground, NewEvent

__all__ = ["Appender"]

_BYTES: Final = 32 << 20
_HANDED: Final = 200_000
_TRIES: Final = 1000

D = TypeVar("D")
"""A decision, in whatever form its maker understands."""


class Appender(Generic[D]):
    """Collects events of many streams and appends them together.

    Events are the outcome of decisions on the versions that their streams had. If another
    writer was faster nothing is written, and the decisions are made again.

    Args:
        log: where the events go.
        size: how many events are appended at once.
        forget: called with the streams of a refused batch: what is known of them is stale.
        again: called then with each decision to be made again.

    Attributes:
        versions: of the streams; whoever decides puts here the version decided upon.
        bodies: what the waiting events need, by digest.
        refused: what the events needed whose decisions are made again just now, by digest.
        written: how many events were appended.
    """

    def __init__(
        self,
        log: Ground,
        size: int,
        forget: Callable[[Iterable[str]], None],
        again: Callable[[D], None],
    ) -> None:
        self._log = log
        self._size = size
        self._forget = forget
        self._again = again
        self._waiting: dict[str, list[NewEvent]] = {}
        self._decisions: list[D] = []
        self._count = 0
        self._bytes = 0
        self._handed: set[bytes] = set()
        self.versions: dict[str, int] = {}
        self.bodies: dict[bytes, bytes] = {}
        self.refused: dict[bytes, bytes] = {}
        self.written = 0

    def add(self, stream: str, event: NewEvent, size: int = 0) -> None:
        """Let an event wait.

        Args:
            size: about how many bytes wait with it.
        """
        waiting = self._waiting.get(stream)
        if waiting is None:
            self._waiting[stream] = [event]
        else:
            waiting.append(event)
        self._count += 1
        self._bytes += size

    def remember(self, decision: D) -> None:
        """Keep the decision that has just added events: it may have to be made again."""
        self._decisions.append(decision)

    def full(self) -> bool:
        """Whether enough waits for a batch. Whoever decides flushes then, once it is done."""
        return self._count >= self._size or self._bytes >= _BYTES

    def flush(self) -> None:
        """Append all that waits.

        Raises:
            Busy: the log could not be written; nothing that waited is lost or written.
        """
        tries = 0
        while self._count:
            try:
                self._append()
            except Conflict:
                tries += 1
                if tries == _TRIES:
                    raise
                self._decide_again()

    def _append(self) -> None:
        versions = self.versions
        batch = [
            Append(stream, events, versions[stream]) for stream, events in self._waiting.items()
        ]
        handed = self._handed
        self._log.append(batch, {d: b for d, b in self.bodies.items() if d not in handed})
        for entry in batch:
            versions[entry.stream] += len(entry.events)
        if len(handed) > _HANDED:
            handed.clear()
        handed.update(self.bodies)
        self.written += self._count
        self._reset()

    def _decide_again(self) -> None:
        decisions, stale = self._decisions, list(self._waiting)
        self.refused = self.bodies
        self._reset()
        self._forget(stale)
        for decision in decisions:
            self._again(decision)
        self.refused = {}

    def _reset(self) -> None:
        self._waiting, self._decisions, self.bodies = {}, [], {}
        self._count = self._bytes = 0
