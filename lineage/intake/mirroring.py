"""What a mirror does to a domain: its snapshots that the sources do not have are deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from lineage import documents
from lineage.documents import BodySource
from lineage.events import Deleted, EventData
from lineage.tree import Tree

__all__ = ["Completeness", "Mirror", "Terms", "deletions", "gone"]


class Completeness:
    """Which domains' documents were all read, so that a snapshot without one is gone.

    A file that could not be read is one of the domain whose directory it is in, and one of any
    domain if it is in none; and so is what a source held that could not be read to its end.
    """

    def __init__(self) -> None:
        self._streams: dict[str, set[str]] = {}  # by directory
        self._unread: set[str] = set()
        self._all = True

    def saw(self, directory: str, stream: str) -> None:
        """A domain has a document in that directory."""
        self._streams.setdefault(directory, set()).add(stream)

    def missed(self, directory: str | None) -> None:
        """Something could not be read there; None: who knows where."""
        if directory is None:
            self._all = False
        else:
            self._unread.add(directory)

    def of(self, stream: str) -> bool:
        """Whether all documents of a domain were read."""
        unread = (self._streams.get(directory, ()) for directory in self._unread)
        return self._all and not any(stream in streams for streams in unread)


class Mirror(msgspec.Struct, frozen=True):
    """The sources are all there is.

    Attributes:
        complete: which domains' documents were all read.
        origin: what the sources are called.
    """

    complete: Completeness
    origin: str


class Terms(msgspec.Struct, frozen=True):
    """What an import is to do.

    Attributes:
        restore: define again what a snapshot had before and has not now.
        mirror: make present what the sources have, and delete the rest.
        batch: how many events are made durable at once.
    """

    restore: bool
    mirror: Mirror | None
    batch: int


def gone(tree: Tree, named: set[str], before: frozenset[str] | None = None) -> list[str]:
    """Give the snapshots to be deleted, children before their parents.

    Args:
        named: snapshots that the sources have.
        before: only of these: the others came from somebody else, after the sources were read.
    """
    names = [node.name for node in tree.topological() if node.name not in named]
    return [name for name in reversed(names) if before is None or name in before]


def deletions(
    log: BodySource, tree: Tree, names: Sequence[str], held: set[str]
) -> Iterator[EventData]:
    """Yield the events that delete these snapshots and leave the others' documents as they are.

    A child of a deleted snapshot gets another parent, as in libvirt. If the sources hold it
    with the parent that is gone, it is redefined so.

    Args:
        held: snapshots whose present document the sources hold.
    """
    lost = set(names)
    for name in names:
        yield Deleted(name)
    for node in tree.topological():
        if node.parent in lost and node.name in held and node.name not in lost:
            yield documents.present(log, node)
