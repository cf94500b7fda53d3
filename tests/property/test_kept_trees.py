"""Laws of kept trees: restored, a tree is the one that was folded, whatever happens next."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.definitions import new_event
from lineage.events import CurrentChanged, Defined, Deleted, EventData, Redefined, Renamed
from lineage.kept import Kept, agrees, row_of
from lineage.listing import lines_of, listed
from lineage.log import Append, MemoryLog
from lineage.model import Disk, Head, Memory
from lineage.past import replay
from lineage.tree import Tree, fold
from lineage.treestate import State, read, restore, state_of, write
from tests.property.test_tree_laws import NAMES, SCOPES, events, everything

STREAM = "0b5c3a52-6d5e-4b0e-8f60-3f1f1d0c9a01"

words = st.none() | st.sampled_from(["", "before", "Größe 漢字 \N{SMILING FACE WITH SUNGLASSES}"])
times = st.integers(-(2**63), 2**63 - 1) | st.integers(0, 3)
some_name = st.sampled_from(NAMES)


@st.composite
def documents(
    draw: st.DrawFn, names: str = NAMES, parents: st.SearchStrategy[str | None] | None = None
) -> Defined:
    """Definitions that differ in all that a kept tree has to tell."""
    name = draw(st.sampled_from(names))
    head = Head(
        name=name,
        description=draw(words),
        state=draw(st.sampled_from(["shutoff", "running", "disk-snapshot"])),
        parent=draw(st.none() | some_name if parents is None else parents),
        creation_time=draw(times),
        memory=draw(st.none() | st.builds(Memory, st.sampled_from(["no", "external"]))),
        disks=draw(st.none() | st.just((Disk("vda", snapshot="external"),))),
    )
    encoded = msgspec.msgpack.encode(head)
    body = draw(st.none() | st.sampled_from([b"1" * 32, b"2" * 32]))
    named = draw(st.none() | st.sampled_from(["vm", "other"]))
    bare = body is not None and draw(st.booleans())
    digest = encoded[:32].ljust(32)
    return Defined(name, encoded, digest, domain=body, domain_name=named, bare=bare)


# All are there and well-formed, so that what comes then has an effect.
grown = st.tuples(
    *(documents(name, st.sampled_from([*NAMES[:n], None])) for n, name in enumerate(NAMES))
).map(list)
rich = documents()
links = st.one_of(
    st.builds(Deleted, some_name),
    st.builds(Renamed, some_name, some_name | st.just("z")),
    rich.map(lambda data: Redefined(**msgspec.structs.asdict(data))),
)
anything = st.one_of(
    links,
    rich,
    st.builds(Deleted, some_name, st.sampled_from(SCOPES)),
    st.builds(CurrentChanged, st.none() | some_name),
    events,
)
stories: st.SearchStrategy[list[EventData]] = st.builds(
    lambda *parts: [event for part in parts for event in part],
    st.just([]) | grown | grown,
    st.lists(links, min_size=2, max_size=4),
    st.lists(anything, max_size=6),
)


def log_of(story: list[EventData]) -> MemoryLog:
    """A log with these events, those of another domain in between."""
    log = MemoryLog()
    for number, data in enumerate(story):
        if number % 3 == 1:
            log.append([Append("other", [new_event(CurrentChanged(None), "")])])
        log.append([Append(STREAM, [new_event(data, "")])], recorded_at=number // 2)
    return log


def told(log: MemoryLog, version: int) -> Tree:
    """The tree after the first events."""
    return fold(STREAM, [pair for pair in replay(log, STREAM) if pair[0].version <= version])


def all_of(tree: Tree) -> dict[str, object]:
    """All that can be seen of a tree."""
    nodes = {
        n.name: (n.definition, n.domain, n.bare, n.cookie, n.brief, n.version, n.recorded_at)
        for n in tree.topological()
    }
    return everything(tree) | {"more": nodes, "lines": lines_of(tree), "state": state_of(tree)}


@settings(max_examples=200)
@given(stories, st.integers(0, 18), st.booleans())
def test_a_restored_tree_is_the_folded_one_whatever_happens_next(
    story: list[EventData], cut: int, ask: bool
) -> None:
    log = log_of(story)
    log.put_cached({STREAM: row_of(told(log, cut))})
    tree, whole = Kept(log).tree(STREAM), told(log, len(story))
    if ask:
        assert all_of(tree) == all_of(whole)
    for name in (*NAMES, "z"):
        data = Renamed(name, "z") if name != "z" else Deleted("z", "children")
        log.append([Append(STREAM, [new_event(data, "")])])
        for stored, event in replay(log, STREAM, tree.position):
            tree.apply(stored, event)
            whole.apply(stored, event)
        assert state_of(tree) == state_of(whole)
    assert all_of(tree) == all_of(whole)


@settings(max_examples=200)
@given(stories, st.lists(st.integers(0, 18), max_size=3))
def test_the_same_events_give_the_same_bytes_kept_on_the_way_or_not(
    story: list[EventData], cuts: list[int]
) -> None:
    log = log_of(story)
    for cut in sorted(cuts):
        kept = log.cached(STREAM)
        if kept is None or kept.version <= cut:
            past = MemoryLog() if kept is None else log
            tree = Kept(past).tree(STREAM)
            for stored, data in replay(log, STREAM, tree.position):
                if stored.version <= cut:
                    tree.apply(stored, data)
            log.put_cached({STREAM: row_of(tree)})
    assert row_of(Kept(log).tree(STREAM)) == row_of(told(log, len(story)))
    assert agrees(row_of(Kept(log).tree(STREAM)), told(log, len(story)))


@settings(max_examples=200)
@given(stories)
def test_a_state_comes_back_from_its_bytes(story: list[EventData]) -> None:
    log = log_of(story)
    state = state_of(told(log, len(story)))
    again = read(write(state))
    assert again == state
    assert listed(STREAM, again) == lines_of(told(log, len(story)))


@settings(max_examples=200)
@given(st.data())
def test_no_bytes_make_reading_a_state_fail_but_by_a_refusal(data: st.DataObject) -> None:
    story = data.draw(stories)
    spoiled = bytearray(write(state_of(told(log_of(story), len(story)))))
    for _ in range(data.draw(st.integers(1, 3))):
        spoiled[data.draw(st.integers(0, len(spoiled) - 1))] = data.draw(st.integers(0, 255))
    log = MemoryLog()
    kept = Kept(log)
    try:
        state: State = read(bytes(spoiled))
        restore(STREAM, state, kept._past)
        listed(STREAM, state)
    except ValueError:
        pass
