"""What is odd about the trees that an import leaves behind: no failure, but worth a note."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from operator import attrgetter
from typing import Protocol

from lineage.intake.report import Note
from lineage.listing import DomainInfo
from lineage.tree import Tree

__all__ = ["Links", "Named", "namesakes", "oddities"]

_GROUND = ""  # below no snapshot whose parent came late


class Links:
    """Tells whether the links of a new domain's snapshots may be odd, for little.

    Only a snapshot that came before its parent can miss it or be in a cycle. So those are
    remembered, and of the others which of them they are below.
    """

    __slots__ = ("_below", "_late")

    def __init__(self) -> None:
        self._late: dict[str, str] = {}  # the parents of those that came before them
        self._below: dict[str, str] = {}

    def add(self, name: str, parent: str, there: bool) -> None:
        """Take in a snapshot that has a parent.

        Args:
            there: the parent came before.
        """
        if not there:
            self._late[name] = parent
            self._below[name] = name
        elif self._below and (top := self._below.get(parent)) is not None:
            self._below[name] = top

    def odd(self, there: Callable[[str], bool]) -> bool:
        """Whether a parent is missing, or there is a cycle.

        If not, nothing that comes later changes that, and this may be forgotten.

        Args:
            there: whether there is a snapshot of that name by now.
        """
        if not all(map(there, self._late.values())):
            return True
        climbed: dict[str, str] = {}
        for start in self._late:
            top = start
            while top and top not in climbed:
                climbed[top] = start
                top = self._below.get(self._late[top], _GROUND)
            if top and climbed[top] == start:
                return True
        return False


def oddities(tree: Tree) -> Iterator[Note]:
    """Yield a note for each missing parent and each cycle."""
    for name, parent in tree.missing_parents().items():
        message = f"snapshot {name!r} has a parent {parent!r} that is not there"
        yield Note(tree.stream, "missing-parent", message)
    for name, parent in tree.cycle_roots().items():
        message = f"snapshot {name!r} has a parent {parent!r} that descends from it"
        yield Note(tree.stream, "cycle", message)


class Named(Protocol):
    """A domain of the import; see `lineage.intake.incoming.Incoming`."""

    stream: str
    fresh: bool
    names: set[str]


def namesakes(domains: Collection[Named], infos: Iterable[DomainInfo]) -> Iterator[Note]:
    """Yield a note for each new domain that is called like another one.

    Args:
        domains: those of the import.
        infos: those that are in the store; what it tells of the import's own does not count.
    """
    bearers: dict[str, set[str]] = {}
    ours = {domain.stream for domain in domains}
    for info in infos:
        if info.name is not None and not info.undefined and info.stream not in ours:
            bearers.setdefault(info.name, set()).add(info.stream)
    for domain in domains:
        for name in domain.names:
            bearers.setdefault(name, set()).add(domain.stream)
    for domain in sorted(domains, key=attrgetter("stream")):
        for name in sorted(domain.names) if domain.fresh else ():
            if others := sorted(bearers[name] - {domain.stream}):
                message = f"{', '.join(others)} is called {name!r} too: say which by its UUID"
                yield Note(domain.stream, "same-name", message)
