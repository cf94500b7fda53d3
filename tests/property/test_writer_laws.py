"""Laws of writing: what a store keeps in memory is what a fresh one folds from its log."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.errors import Conflict, NotFound
from lineage.log import MemoryLog
from lineage.store import Store
from lineage.tree import Tree
from lineage.treestate import state_of
from tests.unit.store_samples import A, B, body, snapshot

NAMES: Final = "abcd"

some_name = st.sampled_from(NAMES)
some_text = st.sampled_from(["", "x", "y"])
Step = Callable[[Any], object]


def on_domain(method: str, *args: Any, **kwargs: Any) -> Step:
    """A call that a store takes with the domain, a batch without."""

    def step(target: Any) -> object:
        domain = (A,) if isinstance(target, Store) else ()
        return getattr(target, method)(*domain, *args, **kwargs)

    return step


def recording(
    name: str, parent: str | None, text: str, current: bool | None, memory: int | None
) -> Step:
    """Record a document; without `memory` it has no domain, and inherits one."""
    domain = None if memory is None else body(A, memory=memory)
    document = snapshot(name, parent, description=text, domain=domain)

    def step(target: Any) -> object:
        word = {"domain": A} if isinstance(target, Store) else {}
        return target.record(document, current=current, **word)

    return step


steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(
        recording,
        some_name,
        st.none() | some_name,
        some_text,
        st.none() | st.booleans(),
        st.sampled_from([None, 1024, 2048]),
    ),
    st.builds(
        lambda name, scope: on_domain("delete", name, scope),
        some_name,
        st.sampled_from(["single", "children", "children-only"]),
    ),
    st.builds(lambda name: on_domain("set_current", name), st.none() | some_name),
    st.builds(lambda old, new: on_domain("rename", old, new), some_name, some_name),
    st.builds(
        lambda changes, name: on_domain("annotate", changes, snapshot=name),
        st.dictionaries(some_name, st.none() | some_text),
        st.none() | some_name,
    ),
    st.just(on_domain("undefine")),
)
stories = st.lists(st.one_of(steps, st.lists(steps, max_size=5)), max_size=15)


def everything(tree: Tree) -> dict[str, Any]:
    """All that can be seen of a tree."""
    return {
        "nodes": {
            node.name: (
                node.parent,
                (node.position, node.version, node.recorded_at),
                node.head,
                (node.domain, node.rewritten),
                dict(node.annotations),
            )
            for node in tree.topological()
        },
        "children": {name: [n.name for n in tree.children(name)] for name in tree},
        "roots": [node.name for node in tree.roots()],
        "current": tree.current,
        "seen": {name: tree.seen(name) for name in NAMES},
        "domain": (tree.domain_name, tree.undefined, dict(tree.annotations)),
        "end": (tree.version, tree.position, tree.recorded_at),
    }


def elsewhere(store: Store) -> None:
    """Something happens to another domain: positions are not what one could guess."""
    store.record(snapshot("x", description=str(store.head()), domain=body(B, "else")))


def tell(store: Store, story: list[Step | list[Step]]) -> None:
    """Let the steps happen; what is refused is part of the story."""
    for step in story:
        with suppress(NotFound, Conflict):
            if isinstance(step, list):
                with store.batch(A) as batch:
                    for call in step:
                        with suppress(NotFound, Conflict):
                            call(batch)
                    elsewhere(store)
            else:
                step(store)


@settings(max_examples=300)
@given(stories)
def test_the_tree_that_a_writer_keeps_is_the_fold_of_what_it_wrote(
    story: list[Step | list[Step]],
) -> None:
    log = MemoryLog()
    store = Store.over(log)
    store.record(snapshot("a"))
    for step in story:
        tell(store, [step])
        fresh = Store.over(log)
        kept, folded = store._views.live(A), fresh.tree(A)
        assert everything(kept) == everything(folded)
        assert state_of(kept) == state_of(folded)
        assert [store.xml(A, name) for name in kept] == [fresh.xml(A, name) for name in kept]
        assert store.domains() == fresh.domains()


@settings(max_examples=150)
@given(st.lists(steps, max_size=12))
def test_a_batch_comes_to_the_same_as_its_calls_one_by_one(story: list[Step]) -> None:
    def told(story: list[Step | list[Step]]) -> tuple[dict[str, Any], list[Any]]:
        with Store.over(MemoryLog()) as store:
            store.record(snapshot("a"))
            tell(store, story)
            tree = store.tree(A)
            seen = everything(tree)
            nodes = {n: (p, e[1], h, d, a) for n, (p, e, h, d, a) in seen["nodes"].items()}
            events = [event.data for event in store.events(domain=A)]
            return seen | {"nodes": nodes, "end": tree.version}, events

    assert told(list(story)) == told([story])
