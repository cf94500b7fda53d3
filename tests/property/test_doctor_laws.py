"""Laws of the doctor's repair, for trees that any story leads to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lineage import Store
from lineage.doctor import examine, repair
from lineage.errors import LineageError
from lineage.events import CurrentChanged, encode
from lineage.log import MemoryLog
from lineage.log.base import Append, NewEvent
from tests.unit.store_samples import A, snapshot

NAMES = st.sampled_from("abcdef")
STEPS = st.one_of(
    st.tuples(st.just("record"), NAMES, st.none() | NAMES, st.integers(0, 3)),
    st.tuples(st.just("record"), NAMES, st.none() | NAMES, st.integers(0, 3)),
    st.tuples(st.just("delete"), NAMES, st.sampled_from(["single", "children", "children-only"])),
    st.tuples(st.just("rename"), NAMES, NAMES),
    st.tuples(st.just("current"), NAMES),
)


def take(store: Store, step: tuple[object, ...]) -> None:
    """Do it if the store lets us; what becomes current need not be there."""
    what, name = step[0], str(step[1])
    if what == "record":
        parent = None if step[2] is None else str(step[2])
        store.record(snapshot(name, parent, int(str(step[3]))))
    elif what == "delete":
        store.delete(A, name, str(step[2]))
    elif what == "rename":
        store.rename(A, name, str(step[2]))
    elif version := store.log.version(A):
        tag, schema, payload = encode(CurrentChanged(name))
        store.log.append([Append(A, [NewEvent(tag, schema, payload, "")], version)])


@given(st.lists(STEPS, max_size=14))
def test_a_repaired_tree_has_nothing_left_to_repair_and_is_otherwise_the_same(
    steps: list[tuple[object, ...]],
) -> None:
    with Store.over(MemoryLog()) as store:
        store.record(snapshot("a"))
        for step in steps:
            try:
                take(store, step)
            except LineageError:
                continue  # a step that the story does not allow
        before = store.tree(A)
        expected = [finding for finding in examine(store, A) if finding.repairable]
        assert repair(store, A) == expected
        after = store.tree(A)
        assert [finding for finding in examine(store, A) if finding.repairable] == []
        assert set(after) == set(before)
        assert after.current == before.current
        repaired = {finding.snapshot for finding in expected}
        for name in before:
            if name not in repaired:
                assert after[name].parent == before[name].parent
                assert after[name].position == before[name].position
        assert repair(store, A) == []
