"""What is wrong with a tree though it was recorded well, and its repair by events."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lineage import Store
from lineage.doctor import CODES, Finding, examine, examine_documents, repair
from lineage.events import CurrentChanged, Deleted, Redefined, encode
from lineage.log import MemoryLog
from lineage.log.base import Append, NewEvent
from tests.unit.store_samples import NOON, A, Papers, chain, snapshot


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.over(MemoryLog()) as opened:
        yield opened


def told(findings: list[Finding]) -> list[tuple[str, str | None]]:
    return [(finding.code, finding.snapshot) for finding in findings]


def recorded(store: Store, *documents: bytes) -> list[tuple[str, str | None]]:
    for document in documents:
        store.record(document)
    return told(examine(store, A))


# Links


def test_nothing_is_wrong_with_a_chain_in_any_order(store: Store) -> None:
    assert recorded(store, *reversed(chain("s1", "s2", "s3", "s10"))) == []


def test_a_missing_parent_is_repaired_with_the_ancestor_that_is_left(store: Store) -> None:
    """OpenNebula/one 4017: snap-2's file still names snap-1, which was deleted."""
    base, first, second = chain("base", "snap-1", "snap-2")
    store.record(base)
    store.record(first)
    store.delete(A, "snap-1")
    assert recorded(store, second) == [("missing-parent", "snap-2")]
    (finding,) = examine(store, A)
    assert finding.remedy == "redefine it with the parent 'base'"
    assert repair(store, A) == [finding]
    assert store.tree(A)["snap-2"].parent == "base"
    assert examine(store, A) == []
    assert store.xml(A, "snap-2") == snapshot("snap-2", "base", NOON + 2)


def test_a_parent_that_nobody_knew_leaves_a_root(store: Store) -> None:
    assert recorded(store, snapshot("kid", "lost")) == [("missing-parent", "kid")]
    repair(store, A)
    assert store.tree(A)["kid"].parent is None
    assert examine(store, A) == []


def test_a_renamed_parent_is_found_under_its_new_name(store: Store) -> None:
    store.record(snapshot("old"))
    store.rename(A, "old", "new")
    recorded(store, snapshot("kid", "old", NOON + 1))
    repair(store, A)
    assert store.tree(A)["kid"].parent == "new"


def test_no_repair_makes_a_circle(store: Store) -> None:
    """`gone` was a child of `low`, which is now below the snapshot that names `gone`."""
    for document in (snapshot("low"), snapshot("gone", "low")):
        store.record(document)
    store.delete(A, "gone")
    store.record(snapshot("top", "gone", NOON + 1))
    store.record(snapshot("low", "top", NOON + 2))
    assert told(examine(store, A)) == [("missing-parent", "top")]
    repair(store, A)
    tree = store.tree(A)
    assert (tree["top"].parent, tree["low"].parent) == (None, "top")
    assert examine(store, A) == []


def test_two_repairs_together_make_no_circle(store: Store) -> None:
    for name, parent in (("a", None), ("b", None), ("lost-a", "a"), ("lost-b", "b")):
        store.record(snapshot(name, parent))
    store.delete(A, "lost-a")
    store.delete(A, "lost-b")
    store.record(snapshot("a", "lost-b", NOON + 1))
    store.record(snapshot("b", "lost-a", NOON + 1))
    assert told(examine(store, A)) == [("missing-parent", "a"), ("missing-parent", "b")]
    repair(store, A)
    tree = store.tree(A)
    assert (tree["a"].parent, tree["b"].parent) == ("b", None)
    assert examine(store, A) == []


def test_a_snapshot_that_is_its_own_parent_becomes_a_root(store: Store) -> None:
    assert recorded(store, snapshot("me", "me")) == [("self-parent", "me")]
    repair(store, A)
    assert store.tree(A)["me"].parent is None
    assert examine(store, A) == []


def test_a_circle_is_opened_at_its_root(store: Store) -> None:
    found = recorded(
        store, snapshot("a", "c", 3), snapshot("b", "a", 1), snapshot("c", "b", 2), snapshot("d")
    )
    assert found == [("cycle", "b")]
    (finding,) = examine(store, A)
    assert finding.message == "it descends from itself: 'b' is below 'a' is below 'c' is below 'b'"
    repair(store, A)
    tree = store.tree(A)
    assert [tree[name].parent for name in "abcd"] == ["c", None, "b", None]
    assert examine(store, A) == []


def awaited(store: Store) -> None:
    """Put an event into the log that no writer of a store would make."""
    tag, schema, payload = encode(CurrentChanged("ghost"))
    store.log.append([Append(A, [NewEvent(tag, schema, payload, "")], store.log.version(A))])


def test_a_current_snapshot_that_is_not_there_is_none(store: Store) -> None:
    store.record(snapshot("s1"), current=True)
    awaited(store)
    assert told(examine(store, A)) == [("current-missing", None)]
    repair(store, A)
    assert examine(store, A) == []
    store.record(snapshot("ghost"))
    assert store.tree(A).current is None


def test_a_repair_is_one_commit_with_its_source_and_nothing_else_changes(store: Store) -> None:
    recorded(store, snapshot("x", "x"), snapshot("y", "lost", description="kept"), *chain("z"))
    store.set_current(A, "z")
    awaited(store)
    before = store.head()
    documents = {name: store.xml(A, name) for name in "xyz"}
    repair(store, A)
    events = list(store.events(before))
    assert {event.source for event in events} == {"lineage doctor"}
    assert len({event.commit for event in events}) == 1
    assert [type(event.data) for event in events] == [Redefined, Redefined, CurrentChanged]
    assert store.xml(A, "z") == documents["z"]
    assert store.xml(A, "y") == documents["y"].replace(
        b"  <parent>\n    <name>lost</name>\n  </parent>\n", b""
    )
    assert {name: store.xml(A, name, at=before) for name in "xyz"} == documents
    assert repair(store, A) == []
    assert store.head() == before + len(events)


def test_a_repaired_document_is_as_secure_as_it_was(store: Store) -> None:
    store.record(snapshot("kid", "lost"), secure=False)
    repair(store, A)
    assert store.tree(A)["kid"].definition.secure.name == "NO"


def test_many_orphans_of_one_lost_parent_are_repaired_together(store: Store) -> None:
    """It hung at the end of a long chain."""
    size = 400
    names = [f"s{n}" for n in range(size)]
    papers = chain(*names)
    papers.append(snapshot("lost", names[-1], NOON))
    store.ingest(Papers(papers))
    store.delete(A, "lost")
    store.ingest(Papers([snapshot(f"o{n}", "lost", NOON + n) for n in range(size)]))
    assert len(repair(store, A)) == size
    assert {store.tree(A)[f"o{n}"].parent for n in range(size)} == {names[-1]}


# Names


@pytest.mark.parametrize("name", ["0", "1", "01", "4711"])
def test_a_number_is_no_good_name(store: Store, name: str) -> None:
    assert recorded(store, snapshot(name)) == [("numeric-name", name)]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a/b", "a slash"),
        ("..", "a dot in front"),
        ("-o", "a dash in front"),
        ("two words", "blanks"),
        ("tab\there", "blanks"),
        ("a\u202eb", "cannot be seen"),
        ("a\u009b31m", "cannot be seen"),
        ("-a /b", "a slash, which separates directories, and a dash"),
    ],
)
def test_a_name_that_breaks_scripts_is_told_with_the_reason(
    store: Store, name: str, why: str
) -> None:
    assert recorded(store, snapshot(name)) == [("hostile-name", name)]
    assert why in examine(store, A)[0].message


@pytest.mark.parametrize("name", ["snap-1", "v1.2_x", "名前😀", "a@b+c", "x" * 300, "1a"])
def test_other_names_are_good(store: Store, name: str) -> None:
    assert recorded(store, snapshot(name)) == []


# Documents without a store


def test_documents_in_no_store_are_looked_at_as_an_import_would_see_them() -> None:
    """OpenNebula/one 5992: nothing is wrong with snap-99 to snap-101, whatever their order."""
    papers = chain("snap-98", "snap-99", "snap-100", "snap-101")
    assert examine_documents([Papers(sorted(papers, key=len))]) == []
    assert told(examine_documents([Papers(papers[1:])])) == [("missing-parent", "snap-99")]


def test_several_currents_are_told_whatever_the_order_of_documents() -> None:
    papers = [snapshot("a", None, 1, active=1), snapshot("b", "a", 2, active=1), snapshot("c")]
    for order in (papers, papers[::-1]):
        (finding,) = examine_documents([Papers(order)])
        assert (finding.code, finding.domain, finding.domain_name) == ("several-current", A, "vm")


def test_a_broken_document_is_a_finding_and_the_others_are_looked_at() -> None:
    found = examine_documents([Papers([b"<domainsnapshot>", snapshot("kid", "lost")])])
    assert told(found) == [("unreadable", None), ("missing-parent", "kid")]
    assert "0.xml: " in found[0].message
    assert ", byte " in found[0].message


def test_differing_documents_of_one_snapshot_are_told() -> None:
    papers = [snapshot("s", description="one"), snapshot("s", description="two")]
    assert told(examine_documents([Papers(papers)])) == [("duplicates", None)]


def test_every_finding_has_a_code_that_is_kept(store: Store, tmp_path: Path) -> None:
    recorded(store, snapshot("kid", "lost"), snapshot("-1", "-1"))
    for finding in examine(store, A):
        severity, meaning = CODES[finding.code]
        assert (finding.severity, bool(meaning)) == (severity, True)
        assert finding.remedy


def test_an_undefined_domain_has_nothing_wrong(store: Store) -> None:
    recorded(store, snapshot("kid", "lost"))
    store.undefine(A)
    assert examine(store, A) == []
    assert repair(store, A) == []


def test_a_deleted_orphan_is_forgotten(store: Store) -> None:
    recorded(store, snapshot("kid", "lost"), snapshot("grandkid", "kid", NOON + 1))
    store.delete(A, "kid")
    assert examine(store, A) == []
    assert any(isinstance(event.data, Deleted) for event in store.events())
