"""Which snapshots a list shows: libvirt's filters, under the names of virsh's options.

Everything is decided on what a list tells of a snapshot; no document is read for it.

libvirt answers nothing when asked for LEAVES and NO_LEAVES together, though its manual says that
a group of which all is asked for filters nothing. Here it filters nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Final, TypedDict

import msgspec

from lineage.errors import NotFound
from lineage.listing import Listed

__all__ = ["Filter", "Wanted"]


class Wanted(TypedDict, total=False):
    """The filters as keyword arguments; see `Filter`."""

    roots: bool
    leaves: bool
    no_leaves: bool
    metadata: bool
    no_metadata: bool
    inactive: bool
    active: bool
    disk_only: bool
    internal: bool
    external: bool
    from_: str | None
    current: bool
    descendants: bool
    topological: bool


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list is to show. Of several in one group any will do; groups are joined by and.

    Attributes:
        roots: those without a parent that is there.
        leaves, no_leaves: a group: those without children, those with.
        metadata, no_metadata: a group: a store has metadata of all that it knows.
        inactive, active, disk_only: a group: the state is ``shutoff``, another one,
            ``disk-snapshot``.
        internal, external: a group: external is what has memory or any disk external.
        from_: only children of the snapshot of this name, which itself is not among them.
        current: only children of the current snapshot.
        descendants: not only the children of `from_` or `current`, but all below.
        topological: parents before their children, siblings by creation time, then name.

    Raises:
        ValueError: `roots`, `from_` and `current` exclude one another, and `descendants` needs
            one of the latter two.
    """

    roots: bool = False
    leaves: bool = False
    no_leaves: bool = False
    metadata: bool = False
    no_metadata: bool = False
    inactive: bool = False
    active: bool = False
    disk_only: bool = False
    internal: bool = False
    external: bool = False
    from_: str | None = None
    current: bool = False
    descendants: bool = False
    topological: bool = False

    def __post_init__(self) -> None:
        below = (self.from_ is not None) + self.current
        if below + self.roots > 1:
            raise ValueError("roots, from and current exclude one another")
        if self.descendants and not below:
            raise ValueError("descendants requires from or current")

    def chosen(self, domains: Iterable[list[Listed]]) -> list[Listed]:
        """Give those lines that are asked for.

        Args:
            domains: of each all lines, by creation time, then name.

        Raises:
            NotFound: none of the domains has the snapshot `from_`.
        """
        if self == _ALL:
            return list(chain.from_iterable(domains))
        found: list[Listed] = []
        begun = self.from_ is None
        for family in map(_Family, domains):
            begun = begun or self.from_ in family.places
            found += filter(self._admits(family), self._within(family))
        if not begun:
            raise NotFound(f"no snapshot {self.from_!r}")
        return found

    def _within(self, family: _Family) -> Sequence[Listed]:
        if self.from_ is None and not self.current:
            return family.topological() if self.topological else family.lines
        top = self.from_ if self.from_ is not None else family.current()
        if top is None or top not in family.places:
            return []
        places = list(family.below(family.places[top]) if self.descendants else family.kids(top))
        return [family.lines[place] for place in (places if self.topological else sorted(places))]

    def _admits(self, family: _Family) -> Callable[[Listed], bool]:
        states = {
            word
            for wanted, word in (
                (self.inactive, "inactive"),
                (self.active, "active"),
                (self.disk_only, "disk-only"),
            )
            if wanted
        }

        def admits(line: Listed) -> bool:
            if self.roots and line.name not in family.roots:
                return False
            if self.leaves != self.no_leaves and self.leaves == (line.name in family.children):
                return False
            if self.internal != self.external and self.external != line.external:
                return False
            if self.no_metadata and not self.metadata:
                return False
            return not states or _STATUS.get(str(line.state), "active") in states

        return admits


_ALL: Final = Filter()
_STATUS: Final = {"shutoff": "inactive", "disk-snapshot": "disk-only"}


class _Family:
    """One domain's lines and how they hang together.

    Attributes:
        lines: by creation time, then name.
        places: of the lines, by name.
        roots: names of the roots: also of a missing parent's children, and in each cycle the
            first one.
        children: places of each snapshot's children, if it has any.
    """

    def __init__(self, lines: list[Listed]) -> None:
        self.lines = lines
        self.places = {line.name: place for place, line in enumerate(lines)}
        self.roots = self._find_roots()
        self.children: dict[str, list[int]] = {}
        for place, line in enumerate(lines):
            if line.parent is not None and line.name not in self.roots:
                self.children.setdefault(line.parent, []).append(place)

    def _find_roots(self) -> set[str]:
        parents = {line.name: line.parent for line in self.lines}
        roots = {name for name, parent in parents.items() if parent not in parents}
        climbed = set(roots)
        for name in parents:
            path: list[str] = []
            here: str | None = name
            while here is not None and here not in climbed:
                climbed.add(here)
                path.append(here)
                here = parents[here]
            if here in set(path):  # a cycle that nobody came to before
                cycle = path[path.index(str(here)) :]
                roots.add(min(cycle, key=self.places.__getitem__))
        return roots

    def current(self) -> str | None:
        """Name of the current snapshot."""
        return next((line.name for line in self.lines if line.current), None)

    def kids(self, name: str) -> list[int]:
        """Places of a snapshot's children."""
        return self.children.get(name, [])

    def below(self, top: int) -> Iterator[int]:
        """Yield the places of all below one, parents first, in printed order."""
        waiting = self.kids(self.lines[top].name)[::-1]
        while waiting:
            place = waiting.pop()
            yield place
            waiting += reversed(self.kids(self.lines[place].name))

    def topological(self) -> list[Listed]:
        """All lines, parents before their children."""
        ordered: list[Listed] = []
        for place, line in enumerate(self.lines):
            if line.name in self.roots:
                ordered.append(line)
                ordered += (self.lines[below] for below in self.below(place))
        return ordered
