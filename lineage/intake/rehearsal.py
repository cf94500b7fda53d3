"""An import that changes nothing: what it appends goes to a store that is thrown away."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace

from lineage.errors import NotFound
from lineage.log.base import Append, Ground, StoredEvent
from lineage.log.sqlite import SQLiteLog

__all__ = ["rehearsing"]


class _Rehearsal:
    """A log that is only read, and behind it another that takes what would be appended to it.

    Args:
        base: the log to be left alone; None: there is none, as if it were empty.
        scratch: an empty log.
    """

    def __init__(self, base: Ground | None, scratch: Ground) -> None:
        self._base = base
        self._scratch = scratch
        self._head = 0 if base is None else base.head()
        self._versions: dict[str, int] = {}  # of the base, as seen first

    def append(self, batch: Sequence[Append], bodies: Mapping[bytes, bytes] | None = None) -> int:
        """See `EventLog.append`."""
        own = [replace(each, expect=each.expect - self._below(each.stream)) for each in batch]
        return self._head + self._scratch.append(own, bodies)

    def read(self, after: int = 0, *, stream: str) -> Iterator[StoredEvent]:
        """See `EventLog.read`."""
        below = self._below(stream)
        if self._base is not None:
            for event in self._base.read(after, stream=stream):
                if event.version > below:
                    break
                yield event
        for event in self._scratch.read(max(0, after - self._head), stream=stream):
            yield replace(
                event, position=event.position + self._head, version=event.version + below
            )

    def head(self) -> int:
        """See `EventLog.head`."""
        return self._head + self._scratch.head()

    def version(self, stream: str) -> int:
        """See `EventLog.version`."""
        return self._below(stream) + self._scratch.version(stream)

    def body(self, digest: bytes) -> bytes:
        """See `EventLog.body`."""
        try:
            return self._scratch.body(digest)
        except NotFound:
            if self._base is None:
                raise
            return self._base.body(digest)

    def _below(self, stream: str) -> int:
        version = self._versions.get(stream)
        if version is None:
            version = 0 if self._base is None else self._base.version(stream)
            self._versions[stream] = version
        return version


@contextmanager
def rehearsing(base: Ground | None) -> Iterator[Ground]:
    """Give a log to import into while the block lasts, of which then nothing is left.

    Args:
        base: the log that it goes on from; None: from nothing.
    """
    with tempfile.TemporaryDirectory(prefix="lineage-") as place:
        scratch = SQLiteLog(Path(place) / "rehearsal", allow_network=True)
        try:
            yield _Rehearsal(base, scratch)
        finally:
            scratch.close()
