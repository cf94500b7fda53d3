"""Folded trees, kept while they are fresh. All of it can be thrown away and comes back equal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import takewhile
from typing import Final

import msgspec

from lineage.errors import NotFound
from lineage.events import EventData, decode
from lineage.log.base import EventLog, StoredEvent
from lineage.tree import Tree, fold

__all__ = ["At", "DomainInfo", "Views", "replay"]

At = int | dt.datetime
"""A moment: a position in the log, or a time of recording with its zone."""

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LAST: Final = 2**63 - 1
_KEEP: Final = 200_000


class DomainInfo(msgspec.Struct, frozen=True, gc=False):
    """One domain as it is now.

    Attributes:
        name: what it is called, None if no document ever said.
        uuid: its UUID, None if only its name is known.
        stream: key of its events: the UUID, or ``name:NAME``.
        snapshots: how many it has.
        current: name of the current snapshot.
        version: of its last event.
        undefined: it was undefined and has no snapshot since.
    """

    name: str | None
    uuid: str | None
    stream: str
    snapshots: int
    current: str | None
    version: int
    undefined: bool


def replay(log: EventLog, stream: str, after: int = 0) -> Iterator[tuple[StoredEvent, EventData]]:
    """Yield one domain's events after a position, decoded.

    Raises:
        Damaged: an event cannot be read.
    """
    for event in log.read(after, stream=stream):
        yield event, decode(event.tag, event.schema, event.payload)


class Views:
    """The trees of a log's domains as of now, and of any earlier moment.

    Args:
        log: whose events are folded.
        keep: how many snapshots the kept trees have together, at most (the tree last asked
            for is kept whatever its size).
    """

    def __init__(self, log: EventLog, *, keep: int = _KEEP) -> None:
        self._log = log
        self._keep = keep
        self._trees: dict[str, Tree] = {}  # the one asked for last is the last
        self._given: set[str] = set()
        self._held = 0
        self._infos: dict[str, DomainInfo] = {}
        self._seen = 0

    def live(self, stream: str) -> Tree:
        """Give a domain's tree as of now. It changes when it is next asked for."""
        tree = self._trees.pop(stream, None)
        version = self._log.version(stream)
        if tree is not None:
            self._held -= len(tree)
            if tree.version != version:
                tree = self._advanced(tree)
        if tree is None:
            self._given.discard(stream)
            tree = fold(stream, replay(self._log, stream))
        self._trees[stream] = tree
        self._held += len(tree)
        self._evict()
        return tree

    def shared(self, stream: str) -> Tree:
        """Give a domain's tree as of now, for a caller who may keep it: it never changes."""
        tree = self.live(stream)
        self._given.add(stream)
        return tree

    def at(self, stream: str, moment: At) -> Tree:
        """Give a domain's tree as of a moment.

        Raises:
            ValueError: a negative position, or a time without a zone.
            NotFound: the log has not come to that position yet.
        """
        if isinstance(moment, dt.datetime):
            position = self._log.position_at(stream, _nanoseconds(moment))
        elif moment < 0:
            raise ValueError("a position is not negative")
        elif moment > (head := self._log.head()):
            raise NotFound(f"no position {moment}: the last event has position {head}")
        else:
            position = moment
        events = replay(self._log, stream)
        return fold(stream, takewhile(lambda event: event[0].position <= position, events))

    def infos(self) -> dict[str, DomainInfo]:
        """Give every domain's summary by its stream."""
        head = self._log.head()
        if head == self._seen:
            return self._infos
        if self._infos:
            touched = dict.fromkeys(event.stream for event in self._log.read(self._seen))
        else:
            touched = dict.fromkeys(each.stream for each in self._log.streams())
        for stream in touched:
            self._infos[stream] = _summary(self.live(stream))
        self._seen = head
        return self._infos

    def _advanced(self, tree: Tree) -> Tree | None:
        if tree.stream in self._given:
            return None
        try:
            for event, data in replay(self._log, tree.stream, tree.position):
                tree.apply(event, data)
        except BaseException:
            self._given.discard(tree.stream)
            raise
        return tree

    def _evict(self) -> None:
        while self._held > self._keep and len(self._trees) > 1:
            oldest = next(iter(self._trees))
            self._held -= len(self._trees.pop(oldest))
            self._given.discard(oldest)


def _summary(tree: Tree) -> DomainInfo:
    return DomainInfo(
        name=tree.domain_name,
        uuid=tree.uuid,
        stream=tree.stream,
        snapshots=len(tree),
        current=tree.current,
        version=tree.version,
        undefined=tree.undefined,
    )


def _nanoseconds(moment: dt.datetime) -> int:
    """Since the epoch; what no log can hold becomes the nearest that it can."""
    if moment.utcoffset() is None:
        raise ValueError("a time needs a zone: naive datetimes are refused")
    time = (moment - _EPOCH) // dt.timedelta(microseconds=1) * 1000
    return max(-_LAST - 1, min(time, _LAST))
