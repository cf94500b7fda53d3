"""Laws of the fold: it agrees with an obvious slow one, and with itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.events import (
    Annotated,
    CurrentChanged,
    Defined,
    Deleted,
    EventData,
    Redefined,
    Renamed,
    Undefined,
)
from lineage.model import Head
from lineage.tree import Tree, fold

NAMES: Final = "abcdef"
SCOPES: Final = ("single", "children", "children-only")


class Envelope(msgspec.Struct, frozen=True, gc=False):
    position: int
    version: int
    recorded_at: int


class Obvious:
    """The fold as one would write it without a thought for speed: every question is answered
    from a list of (name, parent, creation time), the last linked first.
    """

    def __init__(self) -> None:
        self.rows: list[tuple[str, str | None, int]] = []
        self.current: str | None = None
        self.notes: dict[tuple[str | None, str], str] = {}  # by snapshot (None: domain) and key

    def parent(self, name: str | None) -> str | None:
        return next((row[1] for row in self.rows if row[0] == name), None)

    def has(self, name: str | None) -> bool:
        return any(row[0] == name for row in self.rows)

    def cycle_roots(self) -> set[str]:
        roots = set()
        for name, _, _ in self.rows:
            ring = [name]
            while (above := self.parent(ring[-1])) is not None and above not in ring:
                ring.append(above)
            if above == name:
                roots.add(min((row[2], row[0]) for row in self.rows if row[0] in ring)[1])
        return roots

    def is_root(self, name: str) -> bool:
        return not self.has(self.parent(name)) or name in self.cycle_roots()

    def children(self, name: str) -> list[str]:
        apart = self.cycle_roots()
        return [row[0] for row in self.rows if row[1] == name and row[0] not in apart]

    def roots(self) -> list[str]:
        def place(name: str) -> tuple[int, str]:
            parent = self.parent(name)
            if parent is None:
                return 0, ""
            return (1, parent) if not self.has(parent) else (2, name)

        return sorted((row[0] for row in self.rows if self.is_root(row[0])), key=place)

    def below(self, name: str) -> list[str]:
        return [n for child in self.children(name) for n in (child, *self.below(child))]

    def walk(self, siblings: Iterable[str], depth: int = 0) -> Iterator[tuple[str, int]]:
        ages = {row[0]: (row[2], row[0]) for row in self.rows}
        for name in sorted(siblings, key=ages.__getitem__):
            yield name, depth
            yield from self.walk(self.children(name), depth + 1)

    def apply(self, data: EventData) -> None:
        match data:
            case Defined() | Redefined():
                head = msgspec.msgpack.decode(data.head, type=Head)
                self.rows = [row for row in self.rows if row[0] != data.name]
                self.rows.insert(0, (data.name, head.parent, head.creation_time or 0))
            case Deleted(name, scope) if self.has(name):
                self.delete(name, scope)
            case CurrentChanged(name):
                self.current = name
            case Renamed(old, new) if self.has(old) and not self.has(new):
                self.rename(old, new)
            case Undefined():
                self.rows, self.current, self.notes = [], None, {}
            case Annotated(name, changes) if name is None or self.has(name):
                told = {(name, key): text for key, text in changes.items()}
                after = {**self.notes, **told}
                self.notes = {at: text for at, text in after.items() if text is not None}

    def delete(self, name: str, scope: str) -> None:
        heir = None if self.is_root(name) else self.parent(name)
        gone = [name] if scope == "single" else [name, *self.below(name)]
        if scope == "children-only":
            gone, heir = gone[1:], name
        up = self.children(name) if scope == "single" else []
        moved = [(row[0], heir, row[2]) for row in self.rows if row[0] in up]
        self.rows = moved + [row for row in self.rows if row[0] not in (*gone, *up)]
        if self.current in gone:
            self.current = heir
        self.notes = {at: text for at, text in self.notes.items() if at[0] not in gone}

    def rename(self, old: str, new: str) -> None:
        waiting = [row for row in self.rows if row[1] == new]
        rows = [row for row in self.rows if row[1] != new] + waiting
        self.rows = [
            (new if n == old else n, new if parent == old else parent, at) for n, parent, at in rows
        ]
        self.current = new if self.current == old else self.current
        self.notes = {
            (new if name == old else name, key): text for (name, key), text in self.notes.items()
        }

    def noted(self, name: str | None) -> dict[str, str]:
        return {key: text for (of, key), text in self.notes.items() if of == name}


def document(name: str, parent: str | None, at: int) -> Defined:
    head = Head(name=name, state="shutoff", parent=parent, creation_time=at)
    encoded = msgspec.msgpack.encode(head)
    return Defined(name, encoded, encoded[:32], domain_name=f"vm{at}")


some_name = st.sampled_from(NAMES)
some_text = st.sampled_from([None, "1", "2"])
definitions = st.builds(document, some_name, st.none() | some_name, st.integers(-1, 2))
events: st.SearchStrategy[EventData] = st.one_of(
    definitions,
    definitions,
    definitions.map(lambda data: Redefined(**msgspec.structs.asdict(data))),
    st.builds(Deleted, some_name, st.sampled_from(SCOPES)),
    definitions,
    st.builds(CurrentChanged, st.none() | some_name),
    st.builds(Renamed, some_name, some_name),
    st.sampled_from([CurrentChanged("a"), CurrentChanged("b"), Undefined()]),
    st.builds(Annotated, st.none() | some_name, st.dictionaries(st.sampled_from("xy"), some_text)),
)
# Only well-formed trees: a parent is one of those before it.
forests = st.lists(st.tuples(st.integers(-1, 30), st.integers(0, 3)), min_size=1, max_size=30).map(
    lambda rows: [
        document(f"s{n}", f"s{up % n}" if n and up >= 0 else None, at)
        for n, (up, at) in enumerate(rows)
    ]
)
planted = st.tuples(*(st.integers(0, n) for n in range(len(NAMES)))).map(
    lambda ups: [document(name, (None, *NAMES)[up], 0) for name, up in zip(NAMES, ups, strict=True)]
)
changes = st.lists(events, min_size=1, max_size=20)
stories = changes | st.builds(list.__add__, planted, changes)


def applied(tree: Tree, data: Iterable[EventData]) -> Tree:
    for event in data:
        n = tree.version + 1
        tree.apply(Envelope(n, n, n), event)
    return tree


def everything(tree: Tree) -> dict[str, Any]:
    """All that can be seen of a tree, its order of children included."""
    return {
        "nodes": {
            node.name: (node.parent, node.position, node.head, node.rewritten, node.annotations)
            for node in tree.topological()
        },
        "children": {name: [n.name for n in tree.children(name)] for name in tree},
        "roots": [node.name for node in tree.roots()],
        "current": tree.current,
        "seen": {name: tree.seen(name) for name in NAMES},
        "missing": list(tree.missing_parents().items()),
        "cycles": list(tree.cycle_roots().items()),
        "domain": (tree.domain_name, tree.undefined, tree.annotations),
        "end": (tree.version, tree.position, tree.recorded_at),
    }


def printed(tree: Tree) -> dict[str, Any]:
    """What no order of recording may change."""
    return {
        "walk": [(node.name, node.parent, node.head, depth) for node, depth in tree.walk()],
        "names": list(tree),
        "current": tree.current,
        "domain": tree.domain_name,
        "missing": list(tree.missing_parents().items()),
        "cycles": list(tree.cycle_roots().items()),
    }


@settings(max_examples=500)
@given(stories, st.booleans())
def test_the_fold_agrees_with_the_obvious_one(story: list[EventData], ask: bool) -> None:
    tree, obvious = Tree("u"), Obvious()
    for event in story:
        applied(tree, [event])
        obvious.apply(event)
        if not ask and event is not story[-1]:
            continue  # the fold keeps what a question made it look up: try without
        names = [row[0] for row in obvious.rows]
        assert sorted(tree) == sorted(names)
        assert {name: tree[name].parent for name in names} == {n: p for n, p, _ in obvious.rows}
        assert [node.name for node in tree.roots()] == obvious.roots()
        for name in names:
            assert [node.name for node in tree.children(name)] == obvious.children(name)
            assert [node.name for node in tree.descendants(name)] == obvious.below(name)
        walked = [(node.name, depth) for node, depth in tree.walk()]
        assert walked == list(obvious.walk(obvious.roots()))
        assert tree.current == (obvious.current if obvious.has(obvious.current) else None)
        assert set(tree.cycle_roots()) == obvious.cycle_roots()
        assert {n: tree[n].annotations for n in names} == {n: obvious.noted(n) for n in names}
        assert tree.annotations == obvious.noted(None)


@settings(max_examples=100)
@given(stories, st.integers(0, 30))
def test_folding_in_two_parts_is_folding_at_once(story: list[EventData], cut: int) -> None:
    envelopes = [Envelope(n, n, n) for n in range(1, len(story) + 1)]
    at_once = fold("u", zip(envelopes, story, strict=True))
    first = applied(Tree("u"), story[:cut])
    everything(first)  # looking changes nothing
    assert everything(applied(first, story[cut:])) == everything(at_once)


@settings(max_examples=100)
@given(stories)
def test_a_walk_meets_every_snapshot_once_and_parents_first(story: list[EventData]) -> None:
    tree = applied(Tree("u"), story)
    met: dict[str, int] = {}
    for node, depth in tree.walk():
        assert node.name not in met
        assert depth == 0 or met[str(node.parent)] == depth - 1
        met[node.name] = depth
    assert len(met) == len(tree)
    assert {name for name, depth in met.items() if not depth} == {n.name for n in tree.roots()}


@settings(max_examples=100)
@given(forests, st.integers(0, 29))
def test_deleting_one_removes_one_and_all_others_keep_their_ancestors(
    forest: list[Defined], which: int
) -> None:
    tree = applied(Tree("u"), forest)
    victim = forest[which % len(forest)].name
    before = {name: {n.name for n in tree.descendants(name)} - {victim} for name in tree}
    applied(tree, [Deleted(victim)])
    assert len(tree) == len(forest) - 1
    assert all({n.name for n in tree.descendants(name)} == before[name] for name in tree)


@settings(max_examples=100)
@given(forests, st.integers(0, 29))
def test_children_scopes_remove_exactly_the_descendants(forest: list[Defined], which: int) -> None:
    victim = forest[which % len(forest)].name
    whole, below = (applied(Tree("u"), forest) for _ in range(2))
    doomed = {node.name for node in whole.descendants(victim)}
    applied(whole, [Deleted(victim, "children")])
    applied(below, [Deleted(victim, "children-only")])
    assert set(below) == {data.name for data in forest} - doomed
    assert set(whole) == set(below) - {victim}


@settings(max_examples=200)
@given(
    st.lists(definitions, min_size=1, max_size=6, unique_by=lambda data: data.name).flatmap(
        lambda documents: st.tuples(st.just(documents), st.permutations(documents))
    ),
    st.none() | some_name,
    st.integers(0, 6),
)
def test_no_order_of_defined_events_changes_what_is_printed(
    orders: tuple[list[Defined], list[Defined]], current: str | None, where: int
) -> None:
    documents, shuffled = orders
    change = CurrentChanged(current)
    one = applied(Tree("u"), [*documents, change])
    other = applied(Tree("u"), [*shuffled[:where], change, *shuffled[where:]])
    assert printed(one) == printed(other)


@settings(max_examples=100)
@given(stories)
def test_renaming_there_and_back_changes_no_link(story: list[EventData]) -> None:
    tree = applied(Tree("u"), story)
    before = printed(tree)
    for name in list(tree):
        applied(tree, [Renamed(name, "elsewhere"), Renamed("elsewhere", name)])
    assert printed(tree) == before
