"""The reflog of current: how the current snapshot came to be which it is. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, Protocol, TypeVar

import msgspec

from lineage.events import EventData
from lineage.tree import Recorded, Tree

__all__ = ["CurrentMove", "moves"]


class _Event(Recorded, Protocol):
    @property
    def data(self) -> EventData:
        """What happened."""


E = TypeVar("E", bound=_Event)


class CurrentMove(msgspec.Struct, Generic[E], frozen=True, gc=False):
    """An event after which another snapshot is current, or the same one under another name.

    Attributes:
        event: what happened: current changed, but also the current snapshot deleted, renamed or
            gone with its domain; or defined, long after it was said to be current.
        before, after: name of the current snapshot, None if there is none.
    """

    event: E
    before: str | None
    after: str | None


def moves(stream: str, events: Iterable[E]) -> Iterator[CurrentMove[E]]:
    """Yield the events of a stream that changed which snapshot is current, oldest first.

    Args:
        stream: the stream's key, the domain's UUID or ``name:NAME``.
        events: all of its events from the first, in order of version.

    Raises:
        Damaged: a definition's head cannot be read.
    """
    tree = Tree(stream)
    for event in events:
        before = tree.current
        tree.apply(event, event.data)
        if tree.current != before:
            yield CurrentMove(event, before, tree.current)
