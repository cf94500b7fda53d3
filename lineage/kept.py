"""Trees kept in the log, so that opening a store folds nothing again.

A row is a state of `lineage.treestate` with the little in front that tells of the domain. It is
used only if this release's fold made it and the stream has come that far; what happened since
is folded onto it. A row that is lost, damaged or of another release costs time, no more.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Final

import msgspec

from lineage.directory import directory_of, infos_of
from lineage.errors import Damaged, LineageError
from lineage.events import UNREADABLE
from lineage.listing import DomainInfo, Listed, listed
from lineage.log.base import ALL, CacheRow, EventLog
from lineage.log.frames import PLAIN, compress, expand
from lineage.past import LogPast, replay
from lineage.tree import Tree
from lineage.treestate import FOLD, read, restore, state_of, unread, write

__all__ = ["Kept", "agrees", "row_of"]

_WORTH: Final = 256  # events folded onto a row, for a new one to be kept
_SHARE: Final = 16  # and one for so many snapshots
_AT_ONCE: Final = 4 << 20  # bytes of rows that wait, at most
_MOST: Final = 256 << 20  # bytes of a state


class _Row(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A row's data: the domain's summary, and its tree's state at rest."""

    name: str | None
    snapshots: int
    current: str | None
    undefined: bool
    annotations: dict[str, str]
    position: int
    encoding: int
    state: bytes


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(_Row)


def row_of(tree: Tree) -> CacheRow:
    """Return the row that keeps a tree.

    Raises:
        Damaged: a head cannot be read.
    """
    encoding, state = compress(write(state_of(tree)), PLAIN)
    return CacheRow(FOLD, tree.version, _ENCODER.encode(_row(tree, encoding, state)))


def agrees(row: CacheRow, tree: Tree) -> bool:
    """Whether a row of this release's fold keeps just this tree.

    Raises:
        Damaged: a head cannot be read.
    """
    try:
        kept = _DECODER.decode(row.data)
        state = expand(kept.encoding, kept.state, _MOST, "a kept tree")
    except (Damaged, *UNREADABLE):
        return False
    plain = msgspec.structs.replace(kept, encoding=0, state=state)
    whole = _row(tree, 0, write(state_of(tree)))
    return (row.fold, row.version, plain) == (FOLD, tree.version, whole)


def _row(tree: Tree, encoding: int, state: bytes) -> _Row:
    return _Row(
        tree.domain_name,
        len(tree),
        tree.current,
        tree.undefined,
        dict(tree.annotations),
        tree.position,
        encoding,
        state,
    )


class Kept:
    """The rows of a log's domains.

    Args:
        log: whose events are folded, and which keeps the rows.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._versions: dict[str, int] = {}  # of the rows of trees that are written to
        self._waiting: dict[str, CacheRow] = {}
        self._weight = 0

    def tree(self, stream: str) -> Tree:
        """Give a domain's tree as of now.

        Raises:
            Damaged: an event cannot be read.
        """
        tree = self._restored(stream)
        if tree is None or not self._follow(tree, tree.version):
            tree = Tree(stream)
            self._follow(tree, 0)
        return tree

    def _follow(self, tree: Tree, since: int) -> bool:
        """Fold what happened since; False: the tree is none of this log's."""
        for event, data in replay(self._log, tree.stream, tree.position):
            if event.version != tree.version + 1:
                return False
            tree.apply(event, data)
        self.offer(tree, since)
        return True

    def info(self, stream: str, version: int) -> DomainInfo | None:
        """Give a domain's summary, if a row of this version is kept."""
        row = self._row(stream)
        if row is None or row.version != version:
            return None
        try:
            kept = _DECODER.decode(row.data)
        except UNREADABLE:
            return None
        return DomainInfo(
            name=kept.name,
            uuid=None if stream.startswith("name:") else stream,
            stream=stream,
            snapshots=kept.snapshots,
            current=kept.current,
            version=version,
            undefined=kept.undefined,
            annotations=kept.annotations,
        )

    def infos(self, head: int) -> tuple[dict[str, DomainInfo], int]:
        """Give every domain's summary as they were kept, and as of which position that is.

        Args:
            head: the position as of which the log is known.
        """
        row = self._log.cached(ALL)
        infos = infos_of(row) if row is not None and row.version <= head else None
        return (infos, row.version) if infos is not None and row is not None else ({}, 0)

    def offer_infos(self, infos: Iterable[DomainInfo], head: int, since: int) -> None:
        """Keep every domain's summary, if that saves enough; `flush` writes it.

        Args:
            head: the position as of which they are.
            since: the position as of which they were kept before.
        """
        if head - since >= _WORTH and self._log.head() == head:
            self._waiting[ALL] = directory_of(infos, head)

    def listed(self, stream: str) -> list[Listed] | None:
        """Give a line for each snapshot of a domain, if a row is kept that is fresh."""
        row = self._row(stream)
        if row is None or row.version != self._log.version(stream):
            return None
        try:
            return listed(stream, read(_unpacked(row)))
        except (Damaged, ValueError, IndexError):
            return None

    def wrote(self, tree: Tree) -> None:
        """Keep a tree that grew by what was appended, if enough was since a row was kept."""
        since = self._versions.get(tree.stream)
        if since is None:
            row = self._row(tree.stream)
            since = self._versions[tree.stream] = row.version if row is not None else 0
        self.offer(tree, since)
        self.flush()

    def offer(self, tree: Tree, since: int) -> None:
        """Keep a tree, if that saves enough; `flush` writes it.

        Args:
            since: the version from which it was folded.
        """
        if tree.version - since >= max(_WORTH, len(tree) // _SHARE):
            row = row_of(tree)
            self._versions[tree.stream] = tree.version
            self._waiting[tree.stream] = row
            self._weight += len(row.data)
            if self._weight > _AT_ONCE:
                self.flush()

    def flush(self) -> None:
        """Hand the log what it is to keep. A log that cannot write does without."""
        if self._waiting:
            rows, self._waiting, self._weight = self._waiting, {}, 0
            with suppress(LineageError):
                self._log.put_cached(rows)

    def _row(self, stream: str) -> CacheRow | None:
        row = self._log.cached(stream)
        return row if row is not None and row.fold == FOLD else None

    def _restored(self, stream: str) -> Tree | None:
        row = self._row(stream)
        if row is None or row.version > self._log.version(stream):
            return None
        try:
            state = read(_unpacked(row))
            if state.version != row.version:
                return None
            return restore(stream, state, self._past)
        except (Damaged, ValueError):
            return None

    def _past(self, tree: Tree) -> LogPast:
        return LogPast(self._log, tree.stream, lambda: unread(tree))


def _unpacked(row: CacheRow) -> bytes:
    kept = _DECODER.decode(row.data)
    return expand(kept.encoding, kept.state, _MOST, "a kept tree")
