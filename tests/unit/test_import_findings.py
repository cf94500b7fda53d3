"""What an import notes about trees, domains and names that are odd."""

from __future__ import annotations

from itertools import permutations

import pytest

from lineage.errors import Damaged
from lineage.log import Append, MemoryLog, NewEvent
from lineage.store import Store
from tests.unit.store_samples import NOON, A, B, Papers, body, chain, snapshot

C = "11111111-2222-3333-4444-555555555555"


def notes(*documents: bytes, before: tuple[bytes, ...] = (), **more: int) -> list[tuple[str, str]]:
    store = Store.over(MemoryLog())
    if before:
        store.ingest(Papers(before))
    report = store.ingest(Papers(documents), **more)  # type: ignore[arg-type]
    return [(note.label, note.code) for note in report.notes]


@pytest.mark.parametrize("batch", [1, 1000])
def test_nothing_is_said_of_a_sound_tree_in_any_order(batch: int) -> None:
    for documents in permutations([*chain("a", "b", "c"), snapshot("d", "b", NOON)]):
        assert notes(*documents, batch=batch) == []


def test_a_missing_parent_is_a_finding_in_any_order() -> None:
    for documents in permutations([*chain("a", "b"), snapshot("c", "lost"), snapshot("d", "c")]):
        assert notes(*documents) == [(A, "missing-parent")]


def test_the_note_of_a_missing_parent_names_both() -> None:
    made = Store.over(MemoryLog())
    (note,) = made.ingest(Papers([snapshot("c", "lost")])).notes
    assert note.message == "snapshot 'c' has a parent 'lost' that is not there"


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_cycle_is_a_finding_in_any_order(size: int) -> None:
    names = "abc"[:size]
    ring = [snapshot(name, names[n - 1], NOON + n) for n, name in enumerate(names)]
    for documents in permutations([*ring, snapshot("x", "a"), snapshot("root")]):
        assert notes(*documents) == [(A, "cycle")]


def test_findings_are_told_again_when_the_same_comes_again() -> None:
    documents = (snapshot("c", "lost"), snapshot("d", "d"))
    found = [(A, "missing-parent"), (A, "cycle")]
    assert notes(*documents) == found
    assert notes(*documents, before=documents) == found


def test_a_parent_that_was_there_before_is_not_missing() -> None:
    assert notes(snapshot("c", "a"), before=tuple(chain("a"))) == []


def test_a_redefinition_that_closes_a_cycle_is_a_finding() -> None:
    before = tuple(chain("a", "b"))
    assert notes(snapshot("a", "b", NOON + 9), before=before) == [(A, "cycle")]


def test_a_domain_made_anew_under_the_same_name_is_a_finding() -> None:
    old, new = snapshot("a"), snapshot("a", domain=body(B))
    assert notes(new, before=(old,)) == [(B, "same-name")]
    assert notes(old, new) == [(B, "same-name"), (A, "same-name")][:: 1 if B < A else -1]
    assert notes(old, snapshot("a", domain=body(B, "other"))) == []
    assert notes(new, before=(old, snapshot("b", domain=body(C, "other")))) == [(B, "same-name")]


def test_the_name_of_an_undefined_domain_is_free() -> None:
    store = Store.over(MemoryLog())
    store.record(snapshot("a"))
    store.undefine(A)
    assert store.ingest(Papers([snapshot("a", domain=body(B))])).notes == []


def test_names_that_are_numbers_as_libvirt_makes_them_up_stay_apart_and_are_no_finding() -> None:
    store = Store.over(MemoryLog())
    report = store.ingest(Papers([snapshot(name) for name in ("0", "1", "01", "a1")]))
    assert report.notes == []
    assert sorted(store.tree(A)) == ["0", "01", "1", "a1"]


def test_a_long_chain_that_came_backwards_is_sound_and_a_long_cycle_is_not() -> None:
    names = [f"s{n}" for n in range(5000)]
    assert notes(*chain(*names)[::-1]) == []
    ring = snapshot("s0", names[-1], NOON)
    assert notes(*chain(*names)[:0:-1], ring) == [(A, "cycle")]


def test_a_damaged_domain_does_not_keep_another_from_being_imported() -> None:
    store = Store.over(MemoryLog())
    store.log.append([Append(A, [NewEvent(1, 1, b"no payload")])])
    with pytest.raises(Damaged):
        store.tree(A)
    report = store.ingest(Papers([snapshot("a", domain=body(B))]))
    assert (report.added, report.notes) == (1, [])
    assert list(store.tree(B)) == ["a"]
