"""One snapshot of a tree, and the list of those that name the same parent.

`lineage.tree` makes and links them; everybody else only reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple, Protocol

import msgspec

from lineage.annotations import BLANK, Annotations
from lineage.errors import Damaged
from lineage.events import UNREADABLE, Defined, EventData, Redefined
from lineage.model import Head

__all__ = [
    "Brief",
    "Outline",
    "Past",
    "Recorded",
    "Siblings",
    "TreeNode",
    "age",
    "cycles",
    "oldest_last",
    "outline",
]


class Recorded(Protocol):
    """What the fold wants to know of a stored event's envelope."""

    @property
    def position(self) -> int:
        """Position in the whole log."""

    @property
    def version(self) -> int:
        """Version within the domain's stream."""

    @property
    def recorded_at(self) -> int:
        """Nanoseconds since the epoch, UTC."""


class Past(Protocol):
    """Where a tree that was not folded from its first event finds what it does not hold."""

    def definition(self, position: int) -> Defined | Redefined:
        """The definition at a position.

        Raises:
            Damaged: there is none, or it cannot be read.
        """

    def events(self, version: int) -> Iterable[tuple[Recorded, EventData]]:
        """The stream's events from the first one to the one of that version."""


class Brief(NamedTuple):
    """What a list of snapshots tells of a head."""

    state: str | None
    external: bool
    description: str | None


class Outline(msgspec.Struct, array_like=True, gc=False):
    """The first fields of `Head`: all that a fold needs, at a fraction of the cost."""

    name: msgspec.Raw
    description: msgspec.Raw
    state: msgspec.Raw
    parent: str | None
    creation_time: int | None


_OUTLINE: Final = msgspec.msgpack.Decoder(Outline)
_HEAD: Final = msgspec.msgpack.Decoder(Head)


def outline(stored: Recorded, data: Defined | Redefined) -> Outline:
    """Decode what a fold needs of a definition's head.

    Raises:
        Damaged: the stored head is not one.
    """
    try:
        return _OUTLINE.decode(data.head)
    except UNREADABLE as error:
        raise _damaged(stored.position, error) from None


def _damaged(position: int, error: Exception) -> Damaged:
    return Damaged(f"head of event {position} cannot be read: {error}")


class Siblings:
    """The snapshots that name one parent, newest first: a list spliced and emptied in O(1).

    Members find their parent's name through this object, so that renaming or deleting a
    parent touches one object however many children there are.
    """

    __slots__ = ("first", "last", "merged", "parent")

    def __init__(self, parent: str | None) -> None:
        self.parent = parent
        self.first: TreeNode | None = None
        self.last: TreeNode | None = None
        self.merged: Siblings | None = None

    def __iter__(self) -> Iterator[TreeNode]:
        node = self.first
        while node is not None:
            yield node
            node = node._older

    @staticmethod
    def of(node: TreeNode) -> Siblings:
        """The list that a node is in."""
        siblings = node._siblings
        while (merged := siblings.merged) is not None:
            if merged.merged is not None:
                siblings.merged = merged.merged
            siblings = merged
        node._siblings = siblings
        return siblings

    def push(self, node: TreeNode) -> None:
        """Put a node first that is a member of no list."""
        node._siblings, node._newer, node._older = self, None, self.first
        if self.first is None:
            self.last = node
        else:
            self.first._newer = node
        self.first = node

    def remove(self, node: TreeNode) -> None:
        """Take a member out."""
        if node._newer is None:
            self.first = node._older
        else:
            node._newer._older = node._older
        if node._older is None:
            self.last = node._newer
        else:
            node._older._newer = node._newer

    def append(self, older: Siblings) -> None:
        """Put all of another list's members behind one's own, keeping their order."""
        if self.last is None:
            self.first, self.last = older.first, older.last
        elif older.first is not None:
            self.last._older, older.first._newer = older.first, self.last
            self.last = older.last
        older.merged, older.first, older.last = self, None, None


class TreeNode:
    """One snapshot of a tree, until it is redefined. Only the fold changes its name and links.

    Attributes:
        name: its present name.
        position, version: of `definition` in the log and in the domain's stream.
        recorded_at: when `definition` was recorded, nanoseconds since the epoch, UTC.
        creation_time: the document's, seconds since the epoch.
        annotations: what was put to it, by key; a mapping that never changes.
    """

    __slots__ = (
        "_bare",
        "_brief",
        "_definition",
        "_domain",
        "_domain_at",
        "_given_name",
        "_given_parent",
        "_head",
        "_newer",
        "_older",
        "_past",
        "_siblings",
        "annotations",
        "creation_time",
        "name",
        "position",
        "recorded_at",
        "version",
    )

    def __init__(
        self,
        data: Defined | Redefined,
        stored: Recorded,
        brief: Outline,
        old: TreeNode | None = None,
    ) -> None:
        self.name = self._given_name = data.name
        self.position = stored.position
        self.version = stored.version
        self.recorded_at = stored.recorded_at
        self.creation_time = brief.creation_time or 0
        self.annotations: Annotations = BLANK if old is None else old.annotations
        self._given_parent = brief.parent
        self._definition: Defined | Redefined | None = data
        self._past: Past | None = None
        self._head: Head | None = None
        self._brief: Brief | None = None
        self._siblings: Siblings
        self._newer: TreeNode | None = None
        self._older: TreeNode | None = None
        # The digest of its domain, and the position of the event that gave it (0: it has none).
        self._domain, self._bare = data.domain, data.bare
        self._domain_at = 0 if data.domain is None else stored.position
        if old is not None and (data.domain is None or (data.bare and old.has_domain)):
            self._domain, self._bare = old._domain, old._bare
            self._domain_at, self._past = old._domain_at, old._past

    def __repr__(self) -> str:
        return f"<TreeNode {self.name!r} at {self.position}>"

    @property
    def parent(self) -> str | None:
        """The parent's present name, None for a root; it may name a missing snapshot."""
        return Siblings.of(self).parent

    @property
    def definition(self) -> Defined | Redefined:
        """The event that gave the present document.

        Raises:
            Damaged: it is not held, and cannot be read.
        """
        if self._definition is None:
            self._definition = self._recall(self.position)
        return self._definition

    @property
    def domain(self) -> bytes | None:
        """Digest of the ``<domain>`` it has now; a redefinition without one, or with one that
        has no type, inherits it.

        The other two bodies are never inherited (libvirt's virDomainSnapshotRedefinePrep).
        """
        if self._domain is None and self._domain_at:
            own = self._domain_at == self.position
            given = self.definition if own else self._recall(self._domain_at)
            self._domain, self._bare = given.domain, given.bare
        return self._domain

    @property
    def bare(self) -> bool:
        """Whether `domain` is there and has no type."""
        return self.domain is not None and self._bare

    @property
    def has_domain(self) -> bool:
        """Whether libvirt would find a domain in the present document."""
        return self.domain is not None and not self._bare

    @property
    def inactive_domain(self) -> bytes | None:
        """Digest of its ``<inactiveDomain>``."""
        return self.definition.inactive_domain

    @property
    def cookie(self) -> bytes | None:
        """Digest of its ``<cookie>``."""
        return self.definition.cookie

    @property
    def head(self) -> Head:
        """The snapshot's own fields, with its present name and parent. Decoded when asked for.

        Raises:
            Damaged: the stored head is not one.
        """
        if self._head is None:
            self._head = self._given_head()
        head, parent = self._head, self.parent
        if head.name != self.name or head.parent != parent:
            head = msgspec.structs.replace(head, name=self.name, parent=parent)
        return head

    @property
    def brief(self) -> Brief:
        """State, location and description.

        Raises:
            Damaged: the stored head is not one.
        """
        if self._brief is None:
            head = self._head or self._given_head()
            self._brief = Brief(head.state, head.external, head.description)
        return self._brief

    @property
    def rewritten(self) -> bool:
        """Whether the present document is another than the one of `definition.digest`.

        So it is when later events changed its name or parent, or when its domain is inherited.
        """
        inherits = self._domain_at not in (self.position, 0)
        return inherits or (self.name, self.parent) != (self._given_name, self._given_parent)

    def settle(self, places: Mapping[int, int], recorded_at: int) -> None:
        """Take the place in the log that was made up until now (see `lineage.batch`).

        Args:
            places: positions that the log gave, by those that were made up.
            recorded_at: when the definition was recorded.
        """
        self.position = places[self.position]
        self._domain_at = places.get(self._domain_at, self._domain_at)
        self.recorded_at = recorded_at

    def _given_head(self) -> Head:
        try:
            return _HEAD.decode(self.definition.head)
        except UNREADABLE as error:
            raise _damaged(self.position, error) from None

    def _recall(self, position: int) -> Defined | Redefined:
        if self._past is None:
            raise Damaged(f"there is no definition at {position}")
        return self._past.definition(position)


def age(node: TreeNode) -> tuple[int, str]:
    """What printed siblings are sorted by, and the root of a cycle is least in."""
    return node.creation_time, node.name


def oldest_last(siblings: Iterable[TreeNode]) -> list[TreeNode]:
    """Give siblings in the reverse of the order in which they are printed."""
    return sorted(siblings, key=age, reverse=True)


def cycles(nodes: Mapping[str, TreeNode]) -> dict[str, str]:
    """Every cycle's root by the name of the parent that it names."""
    found: dict[str, str] = {}
    climbed: dict[str, str] = {}  # name -> where the climb that came by had started
    for start in nodes:
        name: str | None = start
        while name is not None and name in nodes and name not in climbed:
            climbed[name] = start
            name = nodes[name].parent
        if name is None or climbed.get(name) != start:
            continue
        members = [nodes[name]]
        while (above := members[-1].parent) is not None and above != name:
            members.append(nodes[above])
        root = min(members, key=age)
        if root.parent is not None:
            found[root.parent] = root.name
    return found
