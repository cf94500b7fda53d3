"""Names, parents, current and XML do not depend on the order of documents in an import."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.log import MemoryLog
from lineage.sources import Document
from lineage.store import Store
from tests.unit.store_samples import A, B, Papers, body, snapshot

NAMES = st.sampled_from("abcd")
BODIES = st.one_of(
    st.none(),
    st.just(f"  <domain>\n    <uuid>{A}</uuid>\n  </domain>\n"),  # without a type
    st.builds(
        body,
        st.sampled_from([A, A, A, B, None]),
        st.sampled_from(["vm", "renamed"]),
        st.sampled_from([1024, 2048]),
    ),
)
DOCUMENTS = st.builds(
    snapshot,
    NAMES,
    st.one_of(st.none(), st.sampled_from("abcdz")),
    st.integers(0, 3),
    description=st.sampled_from(["", "", "other"]),
    domain=BODIES,
    active=st.sampled_from([None, 0, 0, 1]),
)
PAPERS = st.builds(
    lambda data, hint: Document("x.xml", data, hint, None, 0),
    DOCUMENTS,
    st.sampled_from(["vm", "vm", "other", None]),
)
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("delete"), NAMES, st.sampled_from(["single", "children"])),
        st.tuples(st.just("rename"), NAMES, st.sampled_from("abcdz")),
        st.tuples(st.just("current"), st.one_of(st.none(), NAMES)),
        st.tuples(st.just("undefine")),
    ),
    max_size=3,
)


def with_history(history: list[Document], acts: list[tuple[Any, ...]]) -> Store:
    """A store in which much has happened already."""
    store = Store.over(MemoryLog())
    store.ingest(Papers(history))
    for act, *arguments in acts:
        tree = store.tree(A) if store.log.version(A) else []
        known = [name in tree for name in arguments[:1]]
        if act == "undefine" and tree and not tree.undefined:
            store.undefine(A)
        elif act == "current" and (known[0] or (tree and arguments[0] is None)):
            store.set_current(A, arguments[0])
        elif act == "delete" and known[0]:
            store.delete(A, *arguments)
        elif act == "rename" and known[0] and arguments[1] not in tree:
            store.rename(A, *arguments)
    return store


def everything(store: Store) -> dict[str, Any]:
    """All that a user can see, but for positions and versions."""
    seen = {}
    for info in store.domains():
        tree = store.tree(info.stream)
        seen[info.stream] = (
            info.name,
            tree.current,
            tree.undefined,
            tree.missing_parents(),
            [(n.name, n.parent, depth, store.xml(info.stream, n.name)) for n, depth in tree.walk()],
            {name: tree.seen(name) for name in "abcdz"},
        )
    return seen


@settings(max_examples=400)
@given(
    st.lists(PAPERS, max_size=6),
    ACTS,
    st.lists(PAPERS, min_size=1, max_size=8),
    st.sampled_from([{}, {"restore": True}, {"mirror": True}]),
    st.sampled_from([1, 3, 1000]),
    st.data(),
)
def test_the_order_of_documents_changes_nothing_that_is_seen(
    history: list[Document],
    acts: list[tuple[Any, ...]],
    papers: list[Document],
    terms: dict[str, bool],
    batch: int,
    data: st.DataObject,
) -> None:
    one, two = with_history(history, acts), with_history(history, acts)
    first = one.ingest(Papers(papers), **terms)
    shuffled = data.draw(st.permutations(papers))
    told = two.ingest(Papers(shuffled), dry_run=True, **terms)
    report = two.ingest(Papers(shuffled), batch=batch, **terms)
    assert everything(one) == everything(two)
    assert told == report
    assert sorted(map(repr, first.notes)) == sorted(map(repr, report.notes))
    total = report.added + report.redefined + report.equal + report.known + report.failed
    assert total == report.documents == len(papers)
    head = one.head()
    again = one.ingest(Papers(shuffled), **terms)
    assert (again.events, one.head()) == (0, head)
