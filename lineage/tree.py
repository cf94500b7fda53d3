"""The fold: one domain's events, in order, make its snapshot tree. No I/O.

What a tree means, where libvirt leaves it open:

* Parents link by name, when read. A snapshot whose parent is missing is a root that keeps
  its parent's name, until a snapshot of that name comes and takes it as a child.
* In a cycle the snapshot with the least (creation time, name) is the root. It keeps its
  parent's name and is nobody's child.
* Deleting any root, these two kinds included, makes its children roots without a parent.
* An event that does not fit has no effect and raises nothing, since a stored log must fold:
  deleting, renaming or annotating a snapshot that is not there, renaming onto one that is.
  `Defined` for a snapshot that is there redefines it; `Redefined` for one that is not defines it.
* The domain's name is the one in the document of greatest (creation time, snapshot name);
  it outlives that snapshot and the domain's undefinition.

An event costs amortised O(1), give or take the inverse Ackermann function for the links to
parents; deleting children costs what it removes. One exception: deleting a snapshot that has
children looks at every snapshot if a link made since the last such look may have closed a
cycle (to prove the contrary, a climb of some hundred parents is tried).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from lineage.annotations import BLANK, annotated
from lineage.errors import NotFound
from lineage.events import (
    Annotated,
    CurrentChanged,
    Defined,
    Deleted,
    EventData,
    Redefined,
    Renamed,
)
from lineage.histories import Histories
from lineage.treenode import Past, Recorded, Siblings, TreeNode, age, cycles, oldest_last, outline

__all__ = ["Past", "Recorded", "Tree", "TreeNode", "fold"]

# How far to climb to prove that a new link closes no cycle, before leaving it to a full look.
_CLIMB: Final = 256


class Tree:
    """One domain's snapshots after some prefix of its events.

    Attributes:
        stream: the stream's key, the domain's UUID or ``name:NAME``.
        domain_name: the domain's name as its documents give it, None if none ever did.
        uuid: the domain's UUID, None if only its name is known.
        undefined: the domain was undefined and has no snapshot since.
        annotations: what was put to the domain, by key; a mapping that never changes.
        version, position, recorded_at: of the last event applied, 0 before the first.
    """

    def __init__(self, stream: str) -> None:
        by_name = stream.startswith("name:")
        self.stream = stream
        self.uuid = None if by_name else stream
        self.domain_name = stream.removeprefix("name:") if by_name else None
        self.undefined = False
        self.version = 0
        self.position = 0
        self.recorded_at = 0
        self.annotations = BLANK
        self._nodes: dict[str, TreeNode] = {}
        self._families: dict[str | None, Siblings] = {}  # by the parent they name, never empty
        self._loops: dict[str, str] | None = {}  # parent named -> a cycle's root; None: look
        self._current: str | None = None
        self._named_by: tuple[int, str] | None = None
        self._histories: Histories | None = Histories()
        self._past: Past | None = None  # of what is not held: heads, digests, histories

    def __repr__(self) -> str:
        return f"<Tree {self.stream!r} version {self.version}: {len(self)} snapshots>"

    # Reading

    @property
    def current(self) -> str | None:
        """Name of the current snapshot, None if there is none.

        The last event that set it decides, also when its snapshot comes only later; until
        then there is no current snapshot.
        """
        return self._current if self._current in self._nodes else None

    @property
    def awaited(self) -> str | None:
        """Name of a snapshot that is not there, and current as soon as it comes."""
        return None if self._current in self._nodes else self._current

    def __len__(self) -> int:
        return len(self._nodes)

    def __contains__(self, name: object) -> bool:
        return name in self._nodes

    def __getitem__(self, name: str) -> TreeNode:
        """The snapshot of that name.

        Raises:
            NotFound: the domain has none.
        """
        try:
            return self._nodes[name]
        except KeyError:
            raise NotFound(f"no snapshot {name!r}") from None

    def __iter__(self) -> Iterator[str]:
        """Names in printed order, which no order of recording changes."""
        return (node.name for node, _ in self.walk())

    def roots(self) -> list[TreeNode]:
        """Snapshots without a parent, newest first; then those whose parent is missing, by
        its name; then the roots of cycles, by name (libvirt leaves both to a hash's order).
        """
        nodes, loops = self._nodes, self._known_loops()
        absent = sorted(p for p in self._families if p is not None and p not in nodes)
        roots = list(self._families.get(None, ()))
        roots += (node for parent in absent for node in self._families[parent])
        roots += (nodes[name] for name in sorted(loops.values()))
        return roots

    def children(self, name: str) -> list[TreeNode]:
        """A snapshot's children in libvirt's order: last defined or moved there first.

        Raises:
            NotFound: there is no such snapshot.
        """
        return self._children(self[name])

    def _children(self, node: TreeNode) -> list[TreeNode]:
        root = self._known_loops().get(node.name)
        return [child for child in self._families.get(node.name, ()) if child.name != root]

    def descendants(self, name: str) -> list[TreeNode]:
        """All snapshots below one, depth first in libvirt's order (DESCENDANTS).

        Raises:
            NotFound: there is no such snapshot.
        """
        found: list[TreeNode] = []
        waiting = self.children(name)[::-1]
        while waiting:
            node = waiting.pop()
            found.append(node)
            waiting += reversed(self._children(node))
        return found

    def walk(self) -> Iterator[tuple[TreeNode, int]]:
        """Yield every snapshot and its depth as printed: parents first, siblings by
        (creation time, name). Depth is 0 for every root, those of a missing parent included.
        """
        waiting = [(node, 0) for node in oldest_last(self.roots())]
        while waiting:
            node, depth = waiting.pop()
            yield node, depth
            waiting += ((n, depth + 1) for n in oldest_last(self._children(node)))

    def topological(self) -> list[TreeNode]:
        """Every snapshot, parents before their children, in printed order."""
        return [node for node, _ in self.walk()]

    def missing_parents(self) -> dict[str, str]:
        """Snapshots whose parent is missing, in order of name, and the parent they name."""
        absent = (p for p in self._families if p is not None and p not in self._nodes)
        return dict(sorted((node.name, p) for p in absent for node in self._families[p]))

    def cycle_roots(self) -> dict[str, str]:
        """Snapshots that are roots though their parent is there, since it descends from them,
        in order of name, and that parent.
        """
        return dict(sorted((root, parent) for parent, root in self._known_loops().items()))

    def seen(self, name: str) -> frozenset[bytes]:
        """Digest of every document that a snapshot of this name ever had.

        Deleting and undefining forget nothing; a renamed snapshot takes its history along.
        """
        if self._histories is None:
            self._histories = self._replayed_histories()
        return self._histories.of(name)

    def _replayed_histories(self) -> Histories:
        events = () if self._past is None else self._past.events(self.version)
        return fold(self.stream, events)._histories or Histories()

    # Folding

    def apply(self, stored: Recorded, data: EventData) -> None:
        """Fold the stream's next event in.

        Args:
            stored: its envelope.
            data: what happened.

        Raises:
            Damaged: a definition's head cannot be read; the tree is as before.
        """
        if isinstance(data, Defined | Redefined):
            self._define(stored, data)
        elif isinstance(data, CurrentChanged):
            self._current = data.name
        elif isinstance(data, Deleted):
            self._delete(data)
        elif isinstance(data, Renamed):
            self._rename(data.old, data.new)
        elif isinstance(data, Annotated):
            self._annotate(data)
        else:
            self._undefine()
        self.position, self.version = stored.position, stored.version
        self.recorded_at = stored.recorded_at

    def _define(self, stored: Recorded, data: Defined | Redefined) -> None:
        brief = outline(stored, data)
        name, parent = data.name, brief.parent
        old = self._nodes.get(name)
        if old is None:
            node = TreeNode(data, stored, brief)
            self._look_for_cycle(name, parent)
        else:
            node = TreeNode(data, stored, brief, old)
            moved = parent != old.parent
            if self._loops and (moved or node.creation_time != old.creation_time):
                self._loops = None
            elif moved:
                self._look_for_cycle(name, parent)
            self._unlink(old)
        self._nodes[name] = node
        self._family(parent).push(node)
        if self._histories is not None:
            self._histories.add(name, data.digest)
        if data.domain_name is not None:
            self._name_domain(data.domain_name, node, again=old is not None)
        self.undefined = False

    def _name_domain(self, domain_name: str, node: TreeNode, *, again: bool) -> None:
        """Let a document have its say. A present snapshot's next one takes the place of the
        one before; a snapshot that was deleted meanwhile is another one.
        """
        by = self._named_by
        if by is None or (again and node.name == by[1]) or age(node) >= by:
            self.domain_name, self._named_by = domain_name, age(node)

    def _delete(self, data: Deleted) -> None:
        node = self._nodes.get(data.name)
        if node is None:
            return
        if data.scope == "single":
            self._delete_single(node)
        elif data.scope == "children":
            self._delete_below(node, itself=True)
        elif data.scope == "children-only":
            self._delete_below(node, itself=False)

    def _delete_single(self, node: TreeNode) -> None:
        """As libvirt: the children go first among the children of the parent's parent."""
        name, heir = node.name, self._heir(node)
        self._forget(node)
        children = self._families.pop(name, None)
        root = self._loops.pop(name, None) if self._loops else None
        if root is not None and children is not None:  # no child: its parent is missing now
            children.remove(self._nodes[root])
            self._family(name).push(self._nodes[root])
        if children is not None and children.first is not None:
            children.parent = heir
            if (others := self._families.get(heir)) is not None:
                children.append(others)
            self._families[heir] = children
        if self._current == name:
            self._current = heir

    def _delete_below(self, node: TreeNode, *, itself: bool) -> None:
        gone = self.descendants(node.name)
        heir: str | None = node.name
        lost = {child.name for child in gone}
        if itself:
            heir = self._heir(node)
            lost.add(node.name)
            self._forget(node)
        for child in gone:
            del self._nodes[child.name]
        loops = self._known_loops()
        for name in lost | {node.name}:
            self._families.pop(name, None)
            root = self._nodes.get(loops.get(name, ""))
            if root is not None:  # it names this parent, but is not below it
                self._family(name).push(root)
            if name in lost:
                loops.pop(name, None)
        if self._current in lost:
            self._current = heir

    def _heir(self, node: TreeNode) -> str | None:
        """What takes a deleted snapshot's place: its parent, None if it is a root."""
        parent = node.parent
        if parent is None or parent not in self._nodes:
            return None
        # Without children it is in no cycle, whatever the cycles are.
        if node.name in self._families and self._known_loops().get(parent) == node.name:
            return None
        return parent

    def _forget(self, node: TreeNode) -> None:
        parent = node.parent
        self._unlink(node)
        del self._nodes[node.name]
        if self._loops and parent is not None and self._loops.get(parent) == node.name:
            del self._loops[parent]

    def _rename(self, old: str, new: str) -> None:
        node = self._nodes.get(old)
        if node is None or new in self._nodes:
            return
        del self._nodes[old]
        node.name = new
        self._nodes[new] = node
        waiting = self._families.pop(new, None)
        children = self._families.pop(old, None) or Siblings(new)
        children.parent = new
        if waiting is not None:
            children.append(waiting)
        if children.first is not None:
            self._families[new] = children
        if self._loops:
            self._loops = None
        elif waiting is not None:
            self._look_for_cycle(new, node.parent)
        if self._current == old:
            self._current = new
        if self._named_by is not None and self._named_by[1] == old:
            self._named_by = (self._named_by[0], new)
        if self._histories is not None:
            self._histories.rename(old, new)

    def _annotate(self, data: Annotated) -> None:
        target = self if data.name is None else self._nodes.get(data.name)
        if target is not None:
            target.annotations = annotated(target.annotations, data.changes)

    def _undefine(self) -> None:
        self.annotations = BLANK
        self._nodes.clear()
        self._families.clear()
        self._loops = {}
        self._current = self._named_by = None
        self.undefined = True

    # Links

    def _family(self, parent: str | None) -> Siblings:
        family = self._families.get(parent)
        if family is None:
            family = self._families[parent] = Siblings(parent)
        return family

    def _unlink(self, node: TreeNode) -> None:
        family = Siblings.of(node)
        family.remove(node)
        if family.first is None:
            del self._families[family.parent]

    def _look_for_cycle(self, name: str, parent: str | None) -> None:
        """Before linking: give up what is known of cycles if this link may close one."""
        if self._loops is None or (name != parent and name not in self._families):
            return
        for _ in range(_CLIMB):
            if parent == name:
                break
            above = self._nodes.get(parent) if parent is not None else None
            if above is None:
                return
            parent = above.parent
        self._loops = None

    def _known_loops(self) -> dict[str, str]:
        if self._loops is None:
            self._loops = cycles(self._nodes)
        return self._loops


def fold(stream: str, events: Iterable[tuple[Recorded, EventData]]) -> Tree:
    """Fold a stream's events, or any first part of them, into the domain's tree.

    Args:
        stream: the stream's key, the domain's UUID or ``name:NAME``.
        events: envelope and data of each, in order of version.

    Raises:
        Damaged: a definition's head cannot be read.
    """
    tree = Tree(stream)
    for stored, data in events:
        tree.apply(stored, data)
    return tree
