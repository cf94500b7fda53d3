"""Folded trees, kept while they are fresh. All of it can be thrown away and comes back equal."""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from typing import Final

from lineage.errors import NotFound
from lineage.events import EventData
from lineage.kept import Kept
from lineage.listing import DomainInfo, Listed, lines_of, summary
from lineage.log.base import EventLog
from lineage.past import replay
from lineage.tree import Recorded, Tree, fold

__all__ = ["At", "DomainInfo", "Listed", "Views", "lines_of", "replay", "summary"]

At = int | dt.datetime
"""A moment: a position in the log, or a time of recording with its zone."""

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LAST: Final = 2**63 - 1
_KEEP: Final = 200_000
_FEW: Final = 64  # events that are sooner read than all streams


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
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._trees: dict[str, Tree] = {}  # the one asked for last is the last
        self._given: set[str] = set()
        self._held = 0
        self._infos: dict[str, DomainInfo] = {}
        self._seen = 0
        self._kept = Kept(log)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other threads away from the trees. Who reads or writes them does it in here."""
        if os.getpid() != self._pid:  # another thread may have held the lock when we forked
            yield
            return
        with self._lock:
            yield

    def live(self, stream: str) -> Tree:
        """Give a domain's tree as of now. It changes when it is next asked for."""
        tree = self._live(stream)
        self._kept.flush()
        return tree

    def _live(self, stream: str) -> Tree:
        tree = self._trees.pop(stream, None)
        version = self._log.version(stream)
        if tree is not None:
            self._held -= len(tree)
            if tree.version != version:
                tree = self._advanced(tree)
        if tree is None:
            self._given.discard(stream)
            tree = self._kept.tree(stream)
        self._trees[stream] = tree
        self._held += len(tree)
        self._evict()
        return tree

    def shared(self, stream: str) -> Tree:
        """Give a domain's tree as of now, for a caller who may keep it: it never changes."""
        tree = self.live(stream)
        self._given.add(stream)
        return tree

    def taken(self, stream: str) -> Tree:
        """Give a domain's tree as of now, to be changed by the caller and by nobody else."""
        tree = self.live(stream)
        if stream in self._given:
            return self._kept.tree(stream)
        self._drop(stream)
        return tree

    def put(self, tree: Tree, before: int) -> None:
        """Keep a tree that was taken, with what was appended since.

        Args:
            before: the log's head before the last events of the tree, which are all that there
                are behind it.
        """
        other = self._trees.get(tree.stream)
        if other is not None and other.version >= tree.version:
            return
        self._drop(tree.stream)
        self._given.discard(tree.stream)
        self._trees[tree.stream] = tree
        self._held += len(tree)
        self._evict()
        self._kept.wrote(tree)
        if self._infos and self._seen == before:
            self._infos[tree.stream] = summary(tree)
            self._seen = tree.position

    def follow(self, tree: Tree, events: Sequence[tuple[Recorded, EventData]]) -> None:
        """Take in what was just appended to a live tree's stream, without reading it back."""
        if tree.stream in self._given:
            return
        self._drop(tree.stream)
        for stored, data in events:
            tree.apply(stored, data)
        self.put(tree, events[0][0].position - 1)

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
        if not self._infos:
            self._infos, self._seen = self._kept.infos(head)
        if head != self._seen:
            for stream, version in self._touched(head):
                info = None if stream in self._trees else self._kept.info(stream, version)
                self._infos[stream] = info or summary(self._live(stream))
            self._kept.offer_infos(self._infos.values(), head, self._seen)
            self._kept.flush()
            self._seen = head
        return self._infos

    def listed(self, streams: Iterable[str], at: At | None = None) -> list[list[Listed]]:
        """Give for each of these domains a line a snapshot, by creation time, then name.

        Raises:
            ValueError, NotFound: see `at`.
        """
        domains: list[list[Listed]] = []
        for stream in list(streams):
            if at is not None:
                domains.append(lines_of(self.at(stream, at)))
                continue
            known = None if stream in self._trees else self._kept.listed(stream)
            domains.append(lines_of(self._live(stream)) if known is None else known)
        self._kept.flush()
        return domains

    def _touched(self, head: int) -> Iterable[tuple[str, int]]:
        """Streams and versions of the domains that are not as they were seen last."""
        if head - self._seen <= _FEW:
            recent = {event.stream: event.version for event in self._log.read(self._seen)}
            return recent.items()
        known = {stream: info.version for stream, info in self._infos.items()}
        heads = self._log.streams()
        return [(e.stream, e.version) for e in heads if known.get(e.stream) != e.version]

    def _advanced(self, tree: Tree) -> Tree | None:
        if tree.stream in self._given:
            return None
        since = tree.version
        try:
            for event, data in replay(self._log, tree.stream, tree.position):
                tree.apply(event, data)
            self._kept.offer(tree, since)
        except BaseException:
            self._given.discard(tree.stream)
            raise
        return tree

    def _drop(self, stream: str) -> None:
        tree = self._trees.pop(stream, None)
        if tree is not None:
            self._held -= len(tree)

    def _evict(self) -> None:
        while self._held > self._keep and len(self._trees) > 1:
            oldest = next(iter(self._trees))
            self._held -= len(self._trees.pop(oldest))
            self._given.discard(oldest)


def _nanoseconds(moment: dt.datetime) -> int:
    """Since the epoch; what no log can hold becomes the nearest that it can."""
    if moment.utcoffset() is None:
        raise ValueError("a time needs a zone: naive datetimes are refused")
    time = (moment - _EPOCH) // dt.timedelta(microseconds=1) * 1000
    return max(-_LAST - 1, min(time, _LAST))
