"""What lists tell of domains and snapshots: no document is read for it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate, repeat
from operator import sub

import msgspec

from lineage.annotations import BLANK
from lineage.tree import Tree
from lineage.treestate import State, state_of

__all__ = ["DomainInfo", "Listed", "lines_of", "listed", "summary"]


class DomainInfo(msgspec.Struct, frozen=True, gc=False):
    """One domain as it is now.

    Attributes:
        name: what it is called, None if no document ever said.
        uuid: its UUID, None if only its name is known.
        stream: key of its events: the UUID, or ``name:NAME``.
        snapshots: how many it has.
        current: name of the current snapshot.
        version: of its last event.
        undefined: it was undefined and has no snapshot since.
        annotations: what was put to it, by key.
    """

    name: str | None
    uuid: str | None
    stream: str
    snapshots: int
    current: str | None
    version: int
    undefined: bool
    annotations: Mapping[str, str] = BLANK


class Listed(msgspec.Struct, frozen=True, gc=False):
    """One snapshot as a list tells of it.

    Attributes:
        stream: key of its domain's events: the UUID, or ``name:NAME``.
        domain_name: what its domain is called, None if no document ever said.
        parent: name of the parent, None for a root.
        parent_missing: that parent is not there.
        current: it is its domain's current snapshot.
        creation_time: seconds since the epoch.
        state: libvirt's word.
        external: libvirt's EXTERNAL: memory or any disk is external.
        recorded_at: when it was last recorded, nanoseconds since the epoch, UTC.
        position, version: of the event that recorded it.
        annotations: what was put to it, by key.
    """

    stream: str
    domain_name: str | None
    name: str
    parent: str | None
    parent_missing: bool
    current: bool
    creation_time: int
    state: str | None
    external: bool
    description: str | None
    recorded_at: int
    position: int
    version: int
    annotations: Mapping[str, str]

    @property
    def uuid(self) -> str | None:
        """The domain's UUID, None if only its name is known."""
        return None if self.stream.startswith("name:") else self.stream

    @property
    def location(self) -> str:
        """``external`` or ``internal``."""
        return "external" if self.external else "internal"


def summary(tree: Tree) -> DomainInfo:
    """Give a domain's summary."""
    return DomainInfo(
        name=tree.domain_name,
        uuid=tree.uuid,
        stream=tree.stream,
        snapshots=len(tree),
        current=tree.current,
        version=tree.version,
        undefined=tree.undefined,
        annotations=tree.annotations,
    )


def lines_of(tree: Tree) -> list[Listed]:
    """Give a line for each snapshot of a tree, by creation time, then name."""
    return listed(tree.stream, state_of(tree))


def listed(stream: str, state: State) -> list[Listed]:
    """Return a line for each snapshot, by creation time, then name."""
    names, parents, count = state.names, state.parent_names(), len(state.names)
    missing = [False] * count
    if state.absent:
        absent = set(state.absent)
        missing = [parent in absent for parent in parents]
    current = [False] * count
    if state.current in names:
        current[names.index(state.current)] = True
    descriptions: list[str | None] = [None] * count
    for place, text in state.descriptions.items():
        descriptions[place] = text
    words = [word for word in state.states for _ in (False, True)]
    notes: list[Mapping[str, str]] = [BLANK] * count
    for place, given in state.notes.items():
        notes[place] = given
    positions = list(accumulate(state.positions))
    return list(
        map(
            Listed,
            repeat(stream),
            repeat(state.domain_name),
            names,
            parents,
            missing,
            current,
            accumulate(state.created),
            [words[kind] for kind in state.kinds],
            [kind % 2 == 1 for kind in state.kinds],
            descriptions,
            accumulate(state.recorded),
            positions,
            map(sub, positions, accumulate(state.others)),
            notes,
        )
    )
