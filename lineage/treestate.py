"""A tree's state at a version, as bytes: what is kept of a fold so that it need not be done again.

It holds what a tree and a list of it show, and what the fold of further events needs: names,
links, times, positions, the order of siblings. It holds no head, no digest and no body; those
are in the events, and a restored tree reads them there when they are asked for.

The same events give the same bytes, whether folded at once or from an earlier state (FORMAT.md,
"Kept trees"). No I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import accumulate, pairwise
from operator import sub
from typing import Final, TypeVar

import msgspec

from lineage.annotations import BLANK, annotated
from lineage.tree import Past, Tree
from lineage.treenode import Brief, TreeNode, age

__all__ = ["FOLD", "State", "read", "restore", "state_of", "unread", "write"]

FOLD: Final = 1
"""Number of the fold and of this layout. Whoever changes what the same events give, or how it
is written, gives it another one; what was kept under the old one is not used again."""


class State(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A tree. The columns have an item for each snapshot, by (creation time, name).

    A column that is said to be in steps holds the difference to the item before, its first
    item that to 0.

    Attributes:
        domain_name, undefined, version, position, recorded_at, annotations: as in `Tree`.
        named_by: creation time and name of the snapshot whose document named the domain.
        current: what the last event made current, though it may not be there.
        names: of the snapshots.
        absent: names of parents that are not there, sorted.
        parents: how many places before the snapshot its parent stands, `absent` standing
            behind the last snapshot; None for a root.
        created, recorded: creation times and times of recording, in steps.
        positions: in steps.
        others: positions less versions, in steps: how many events of others came between.
        kinds: twice the place in `states`, and 1 if external.
        states: libvirt's words, sorted; those that come up.
        origins: how far before the snapshot's own event the one stands that gave its domain;
            None if it has no domain.
        descriptions: by place.
        notes: annotations, by place.
        given: name and parent in the document, by place, where they are others by now.
        siblings: places of those with one parent, last defined or moved there first, where
            this is not the order of positions; by place of the first.
        cycles: the root of a cycle by the parent that it names, sorted.
    """

    domain_name: str | None
    undefined: bool
    version: int
    position: int
    recorded_at: int
    annotations: dict[str, str]
    named_by: tuple[int, str] | None
    current: str | None
    names: list[str]
    absent: list[str]
    parents: list[int | None]
    created: list[int]
    recorded: list[int]
    positions: list[int]
    others: list[int]
    kinds: list[int]
    states: list[str | None]
    origins: list[int | None]
    descriptions: dict[int, str]
    notes: dict[int, dict[str, str]]
    given: dict[int, tuple[str, str | None]]
    siblings: list[list[int]]
    cycles: dict[str, str]

    def parent_names(self) -> list[str | None]:
        """Each snapshot's parent's name."""
        known = self.names + self.absent
        return [None if up is None else known[n - up] for n, up in enumerate(self.parents)]

    def briefs(self) -> list[Brief]:
        """Each snapshot's state, location and description."""
        kinds = [(state, external) for state in self.states for external in (False, True)]
        found = [Brief(*kinds[kind], None) for kind in self.kinds]
        for place, text in self.descriptions.items():
            found[place] = found[place]._replace(description=text)
        return found


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(State)
_COLUMNS: Final = ("parents", "created", "recorded", "positions", "others", "kinds", "origins")
_Item = TypeVar("_Item")


def write(state: State) -> bytes:
    """Return the state as bytes."""
    return _ENCODER.encode(state)


def read(data: bytes) -> State:
    """Return the state that `write` was given.

    Raises:
        ValueError: this is none.
    """
    state = _DECODER.decode(data)
    count = len(state.names)
    if any(len(getattr(state, column)) != count for column in _COLUMNS):
        raise ValueError("columns of several lengths")
    return state


def state_of(tree: Tree) -> State:
    """Return what is to be kept of a tree.

    Raises:
        Damaged: a head cannot be read.
    """
    nodes = sorted(tree._nodes.values(), key=age)
    places = {node.name: place for place, node in enumerate(nodes)}
    absent = sorted(p for p in tree._families if p is not None and p not in places)
    ups = places | {name: place for place, name in enumerate(absent, len(nodes))}
    parents = [node.parent for node in nodes]
    briefs = [node.brief for node in nodes]
    states = sorted({brief.state for brief in briefs}, key=lambda state: state or "")
    ranks = {state: 2 * rank for rank, state in enumerate(states)}
    return State(
        domain_name=tree.domain_name,
        undefined=tree.undefined,
        version=tree.version,
        position=tree.position,
        recorded_at=tree.recorded_at,
        annotations=dict(tree.annotations),
        named_by=tree._named_by,
        current=tree._current,
        names=[node.name for node in nodes],
        absent=absent,
        parents=[None if up is None else n - ups[up] for n, up in enumerate(parents)],
        created=_steps(node.creation_time for node in nodes),
        recorded=_steps(node.recorded_at for node in nodes),
        positions=_steps(node.position for node in nodes),
        others=_steps(node.position - node.version for node in nodes),
        kinds=[ranks[brief.state] + brief.external for brief in briefs],
        states=states,
        origins=[n.position - n._domain_at if n._domain_at else None for n in nodes],
        descriptions={n: b.description for n, b in enumerate(briefs) if b.description is not None},
        notes={n: dict(node.annotations) for n, node in enumerate(nodes) if node.annotations},
        given={
            n: (node._given_name, node._given_parent)
            for n, (node, parent) in enumerate(zip(nodes, parents, strict=True))
            if (node._given_name, node._given_parent) != (node.name, parent)
        },
        siblings=_unusual(tree, places),
        cycles=dict(sorted(tree._known_loops().items())),
    )


def _steps(numbers: Iterable[int]) -> list[int]:
    items = [0, *numbers]
    return list(map(sub, items[1:], items))


def _unusual(tree: Tree, places: dict[str, int]) -> list[list[int]]:
    """The families that do not stand in the order in which their members were defined."""
    return sorted(
        [places[node.name] for node in family]
        for family in tree._families.values()
        if any(node.position < older.position for node, older in pairwise(family))
    )


def restore(stream: str, state: State, past: Callable[[Tree], Past]) -> Tree:
    """Make the tree again.

    Args:
        past: gives where the tree finds what the state does not hold.

    Raises:
        ValueError: there is no such tree.
    """
    tree = Tree(stream)
    tree.domain_name, tree.undefined = state.domain_name, state.undefined
    tree.version, tree.position = state.version, state.position
    tree.recorded_at, tree.annotations = state.recorded_at, annotated(BLANK, state.annotations)
    tree._named_by, tree._current = state.named_by, state.current
    tree._histories, tree._past = None, past(tree)
    try:
        nodes = _nodes(state, tree._past)
        tree._nodes = {node.name: node for node in nodes}
        if len(tree._nodes) != len(nodes):
            raise ValueError("two snapshots of one name")
        _link(tree, state, nodes)
    except (IndexError, OverflowError) as error:
        raise ValueError("no state of a tree") from error
    tree._loops = dict(state.cycles)
    return tree


def unread(tree: Tree) -> set[int]:
    """Positions of the definitions that a restored tree may still ask for."""
    wanted = set[int]()
    for node in tree._nodes.values():
        if node._definition is None:
            wanted.add(node.position)
        if node._domain is None and node._domain_at:
            wanted.add(node._domain_at)
    return wanted


def _nodes(state: State, past: Past) -> list[TreeNode]:
    nodes, new = [], TreeNode.__new__
    for name, parent, created, recorded, position, others, origin, brief in zip(
        state.names,
        state.parent_names(),
        accumulate(state.created),
        accumulate(state.recorded),
        accumulate(state.positions),
        accumulate(state.others),
        state.origins,
        state.briefs(),
        strict=True,
    ):
        node = new(TreeNode)
        node.name = node._given_name = name
        node._given_parent = parent
        node.position, node.version, node.recorded_at = position, position - others, recorded
        node.creation_time = created
        node._brief, node._past, node.annotations = brief, past, BLANK
        node._domain_at = 0 if origin is None else position - origin
        node._domain = node._definition = node._head = None
        node._bare = False  # until its domain is known
        nodes.append(node)
    for place, notes in state.notes.items():
        nodes[place].annotations = annotated(BLANK, notes)
    for place, (name, parent) in state.given.items():
        nodes[place]._given_name, nodes[place]._given_parent = name, parent
    return nodes


def _link(tree: Tree, state: State, nodes: list[TreeNode]) -> None:
    """Put every node among those with the same parent."""
    parents = state.parent_names()
    apart = {place for family in state.siblings for place in family}
    usual = sorted(set(range(len(nodes))) - apart, key=lambda place: nodes[place].position)
    for places in (usual, *(family[::-1] for family in state.siblings)):
        for place in places:
            tree._family(parents[place]).push(nodes[place])
