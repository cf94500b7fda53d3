"""Parents that are missing or go round in circles, and what would be right instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from lineage.doctor.finding import Finding, found
from lineage.events import Defined, EventData, Redefined, Renamed
from lineage.tree import Recorded, Tree
from lineage.treenode import outline

__all__ = ["Link", "current", "links"]

_History = Callable[[], Iterable[tuple[Recorded, EventData]]]
_SHOWN = 5  # members of a cycle


class Link(msgspec.Struct, frozen=True, gc=False):
    """A wrong link to a parent, and the parent that would repair it (None: it is a root)."""

    finding: Finding
    snapshot: str
    parent: str | None


def links(tree: Tree, history: _History) -> Iterator[Link]:
    """Yield the links that lead nowhere or in a circle.

    All the parents together that would repair them make no circle.

    Args:
        history: gives the events that the tree was folded from.
    """
    yield from _circles(tree)
    missing = tree.missing_parents()
    if not missing:
        return
    heirs, roots = _Heirs(history()), _Roots(tree)
    for name, parent in missing.items():
        heir = heirs.of(parent, tree)
        if heir is not None and roots.of(heir) == name:
            heir = None  # it descends from the snapshot
        roots.link(name, heir)
        yield _link(tree, "missing-parent", name, heir, f"its parent {parent!r} is not there")


def current(tree: Tree) -> Iterator[Finding]:
    """Yield a snapshot that was made current and is not there."""
    if tree.awaited is not None:
        message = f"{tree.awaited!r} was made current and is not there"
        remedy = "record that none is current"
        yield found(tree, "current-missing", None, message, remedy, repairable=True)


def _link(tree: Tree, code: str, name: str, heir: str | None, message: str) -> Link:
    whose = "without a parent" if heir is None else f"with the parent {heir!r}"
    remedy = f"redefine it {whose}"
    return Link(found(tree, code, name, message, remedy, repairable=True), name, heir)


def _circles(tree: Tree) -> Iterator[Link]:
    for name, parent in tree.cycle_roots().items():
        if name == parent:
            yield _link(tree, "self-parent", name, None, "it is its own parent")
            continue
        members, above = [name], parent
        while above != name:
            members.append(above)
            above = tree[above].parent or name  # a cycle's members have parents
        shown = [repr(each) for each in members[:_SHOWN]]
        if len(members) > _SHOWN:
            shown.append("...")
        way = " is below ".join([*shown, repr(name)])
        yield _link(tree, "cycle", name, None, f"it descends from itself: {way}")


class _Heirs:
    """What takes the place of a snapshot that is gone, as far as its history tells."""

    def __init__(self, history: Iterable[tuple[Recorded, EventData]]) -> None:
        self._parents: dict[str, str | None] = {}
        self._renamed: dict[str, str] = {}
        for stored, data in history:
            if isinstance(data, Defined | Redefined):
                self._parents[data.name] = outline(stored, data).parent
                self._renamed.pop(data.name, None)
            elif isinstance(data, Renamed) and data.old in self._parents:
                self._parents[data.new] = self._parents[data.old]
                self._renamed[data.old] = data.new

    def of(self, name: str, tree: Tree) -> str | None:
        """The nearest of its ancestors that is there; None if none is known."""
        climbed: set[str] = set()
        above: str | None = name
        while above is not None and above not in tree and above not in climbed:
            climbed.add(above)
            above = self._renamed.get(above) or self._parents.get(above)
        return above if above is not None and above in tree else None


class _Roots:
    """Which root a snapshot descends from, while roots find parents."""

    def __init__(self, tree: Tree) -> None:
        self._above: dict[str, str] = {}
        root = ""
        for node, depth in tree.walk():
            if depth:
                self._above[node.name] = root
            else:
                root = node.name

    def of(self, name: str) -> str:
        climbed: list[str] = []
        while (above := self._above.get(name)) is not None:
            climbed.append(name)
            name = above
        for each in climbed:
            self._above[each] = name
        return name

    def link(self, root: str, parent: str | None) -> None:
        """Make a root the child of a snapshot that does not descend from it."""
        if parent is not None:
            self._above[root] = self.of(parent)
