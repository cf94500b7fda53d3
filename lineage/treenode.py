"""One snapshot of a tree, and the list of those that name the same parent.

`lineage.tree` makes and links them; everybody else only reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Protocol

import msgspec

from lineage.errors import Damaged
from lineage.events import UNREADABLE, Defined, Redefined
from lineage.model import Head

__all__ = ["Outline", "Recorded", "Siblings", "TreeNode", "age", "cycles", "outline"]


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
        definition: the event that gave the present document.
        domain, inactive_domain, cookie: digests of the bodies it has now; a redefinition
            without ``<domain>`` inherits it, the other two are never inherited (libvirt's
            virDomainSnapshotRedefinePrep).
        position, version: of `definition` in the log and in the domain's stream.
        recorded_at: when `definition` was recorded, nanoseconds since the epoch, UTC.
        creation_time: the document's, seconds since the epoch.
    """

    __slots__ = (
        "_given_parent",
        "_head",
        "_newer",
        "_older",
        "_siblings",
        "cookie",
        "creation_time",
        "definition",
        "domain",
        "inactive_domain",
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
        inherited: bytes | None = None,
    ) -> None:
        self.name = data.name
        self.definition = data
        self.domain = data.domain if data.domain is not None else inherited
        self.inactive_domain = data.inactive_domain
        self.cookie = data.cookie
        self.position = stored.position
        self.version = stored.version
        self.recorded_at = stored.recorded_at
        self.creation_time = brief.creation_time or 0
        self._given_parent = brief.parent
        self._head: Head | None = None
        self._siblings: Siblings
        self._newer: TreeNode | None = None
        self._older: TreeNode | None = None

    def __repr__(self) -> str:
        return f"<TreeNode {self.name!r} at {self.position}>"

    @property
    def parent(self) -> str | None:
        """The parent's present name, None for a root; it may name a missing snapshot."""
        return Siblings.of(self).parent

    @property
    def head(self) -> Head:
        """The snapshot's own fields, with its present name and parent. Decoded when asked for.

        Raises:
            Damaged: the stored head is not one.
        """
        if self._head is None:
            try:
                self._head = _HEAD.decode(self.definition.head)
            except UNREADABLE as error:
                raise _damaged(self.position, error) from None
        head, parent = self._head, self.parent
        if head.name != self.name or head.parent != parent:
            head = msgspec.structs.replace(head, name=self.name, parent=parent)
        return head

    @property
    def rewritten(self) -> bool:
        """Whether the present document is another than the one of `definition.digest`.

        So it is when later events changed its name or parent, or when its domain is inherited.
        """
        given = self.definition
        return (self.name, self.parent, self.domain) != (
            given.name,
            self._given_parent,
            given.domain,
        )


def age(node: TreeNode) -> tuple[int, str]:
    """What printed siblings are sorted by, and the root of a cycle is least in."""
    return node.creation_time, node.name


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
