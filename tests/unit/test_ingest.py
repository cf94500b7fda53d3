"""Import: what each document adds to the history, and what the report says of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lineage.events import CurrentChanged, Defined, Redefined
from lineage.ingest import ingest
from lineage.log import EventLog, MemoryLog, SQLiteLog
from lineage.model import Secure
from lineage.sources import Document, SourceError
from lineage.store import Store
from tests.unit.store_samples import NOON, A, B, Papers, body, chain, snapshot, tar

COMMENT = b"<!--\nWARNING: THIS IS AN AUTO-GENERATED FILE.\n-->\n\n"


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store on each backend."""
    log = MemoryLog() if request.param == "memory" else SQLiteLog(tmp_path / "store.db")
    with Store.over(log) as made:
        yield made


def kinds(store: Store, after: int = 0) -> list[type]:
    return [type(event.data) for event in store.events(after)]


def test_an_archive_goes_in_and_its_tree_comes_out(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "archive.tar"
    documents = chain("a", "b", "c", active="b")
    files = {f"snapshot/vm/{n}.xml": COMMENT + each for n, each in enumerate(documents)}
    path.write_bytes(tar(files))
    report = store.ingest(path)
    assert (report.documents, report.added, report.domains, report.failed) == (3, 3, 1, 0)
    assert report.events == store.head() == 4
    tree = store.tree("vm")
    assert [(node.name, depth) for node, depth in tree.walk()] == [("a", 0), ("b", 1), ("c", 2)]
    assert tree.current == "b"
    assert store.xml("vm", "b", active=True) == documents[1]
    assert [event.source for event in store.events()] == [
        *(f"archive.tar:snapshot/vm/{n}.xml" for n in range(3)),
        "archive.tar:snapshot/vm/1.xml",
    ]


def test_a_second_import_of_the_same_archive_adds_no_event(store: Store) -> None:
    documents = [*chain("a", "b", active="b"), snapshot("b", created=NOON + 9), chain("a")[0]]
    first = store.ingest(Papers(documents))
    head = store.head()
    again = store.ingest(Papers(documents))
    assert (again.added, again.redefined, again.events) == (0, 0, 0)
    assert again.equal + again.known == again.documents == first.documents == 4
    assert store.head() == head


def test_a_directory_and_loose_files_can_be_one_import(store: Store, tmp_path: Path) -> None:
    place = tmp_path / "snapshot" / "vm"
    place.mkdir(parents=True)
    (place / "a.xml").write_bytes(COMMENT + snapshot("a", active=1))
    loose = tmp_path / "b.xml"
    loose.write_bytes(snapshot("b", "a", NOON + 1, active=1))
    report = store.ingest(tmp_path / "snapshot", loose)
    assert report.added == 2
    assert store.tree("vm").current == "b"


def test_files_of_libvirts_own_are_known_to_hold_passwords(store: Store) -> None:
    store.ingest(Papers([snapshot("a", active=0), snapshot("b")]))
    secure = [event.data.secure for event in store.events() if isinstance(event.data, Defined)]
    assert secure == [Secure.YES, Secure.UNKNOWN]


# Import against history


def test_what_the_snapshot_had_before_adds_nothing_and_is_noted(store: Store) -> None:
    store.record(snapshot("a", description="old"))
    store.record(snapshot("a", description="new"))
    report = store.ingest(Papers([snapshot("a", description="old")]))
    assert (report.known, report.events) == (1, 0)
    assert [(note.label, note.code) for note in report.notes] == [("0.xml", "known")]
    assert store.xml("vm", "a") == snapshot("a", description="new")


def test_a_deleted_snapshot_stays_deleted_unless_it_is_to_be_restored(store: Store) -> None:
    store.ingest(Papers(chain("a", "b", active="b")))
    store.delete("vm", "b")
    assert store.ingest(Papers(chain("a", "b", active="b"))).known == 1
    assert list(store.tree("vm")) == ["a"]
    report = store.ingest(Papers(chain("a", "b", active="b")), restore=True)
    assert (report.added, report.equal, report.known) == (1, 1, 0)
    assert store.xml("vm", "b") == chain("a", "b")[1].replace(b"  <active>0</active>\n", b"")
    assert store.tree("vm").current == "b"
    again = store.ingest(Papers(chain("a", "b", active="b")), restore=True)
    assert again.events == 0


def test_restoring_brings_back_an_older_document_as_a_redefinition(store: Store) -> None:
    store.record(snapshot("a", description="old"))
    store.record(snapshot("a", description="new"))
    report = store.ingest(Papers([snapshot("a", description="old")]), restore=True)
    assert (report.redefined, report.added) == (1, 0)
    assert store.xml("vm", "a") == snapshot("a", description="old")


def test_an_undefined_domain_is_not_revived_by_an_old_archive(store: Store) -> None:
    store.ingest(Papers(chain("a", "b")))
    store.undefine("vm")
    assert store.ingest(Papers(chain("a", "b"))).known == 2
    assert store.tree(A).undefined
    assert store.ingest(Papers(chain("a", "b")), restore=True).added == 2
    assert list(store.tree("vm")) == ["a", "b"]


def test_a_changed_document_redefines(store: Store) -> None:
    store.record(snapshot("a"))
    report = store.ingest(Papers([snapshot("a", description="new")]))
    assert (report.redefined, report.added, report.events) == (1, 0, 1)
    assert kinds(store) == [Defined, Redefined]


def test_what_the_tree_rewrote_equals_the_archive_that_shows_it(store: Store) -> None:
    store.ingest(Papers(chain("a", "b", "c")))
    store.delete("vm", "b")
    report = store.ingest(Papers([snapshot("c", "a", NOON + 2)]))
    assert (report.equal, report.events) == (1, 0)
    assert store.ingest(Papers(chain("a", "b", "c"))).known == 2, "b, and c as b's child"


# Several documents of one snapshot


def test_of_differing_duplicates_the_greatest_is_present_and_all_are_kept(store: Store) -> None:
    late, early, middle = (snapshot("a", created=NOON + n) for n in (3, 1, 2))
    report = store.ingest(Papers([late, early, middle]))
    assert (report.added, report.redefined, report.documents) == (1, 2, 3)
    assert store.xml("vm", "a") == late
    assert {store.xml("vm", "a", at) for at in range(1, store.head() + 1)} == {
        late,
        early,
        middle,
    }
    assert [note.code for note in report.notes] == ["duplicates"]


def test_equal_duplicates_count_once(store: Store) -> None:
    report = store.ingest(Papers([snapshot("a"), snapshot("a", active=0), snapshot("a")]))
    assert (report.added, report.equal, report.events) == (1, 2, 1)
    assert report.notes == []


def test_the_present_document_competes_if_the_import_holds_it_too(store: Store) -> None:
    present, older = snapshot("a", created=NOON + 9), snapshot("a", created=NOON)
    store.record(present)
    report = store.ingest(Papers([older, present]))
    assert (report.redefined, report.equal) == (1, 1)
    assert store.xml("vm", "a") == present
    assert kinds(store) == [Defined, Redefined, Redefined]
    head = store.head()
    store.ingest(Papers([present, older]))
    assert store.head() == head


def test_what_a_duplicate_inherits_does_not_depend_on_the_order(store: Store) -> None:
    first = snapshot("a", created=NOON + 1, domain=body(memory=1024))
    second = snapshot("a", created=NOON + 2, domain=body(memory=2048))
    bare = snapshot("a", created=NOON + 3, domain=None)
    expected = snapshot("a", created=NOON + 3, domain=body(memory=2048))
    for order in ((first, second, bare), (bare, second, first), (second, bare, first)):
        with Store.over(MemoryLog()) as other:
            other.ingest(Papers(order, hint="vm"))
            assert other.xml("vm", "a") == expected


def test_a_document_that_was_present_by_inheritance_is_known_when_it_comes_again(
    store: Store,
) -> None:
    first = snapshot("a", created=NOON)
    store.ingest(Papers([first, snapshot("a", created=NOON + 1, domain=None)], hint="vm"))
    both = [snapshot("a", created=NOON + 1), snapshot("a", created=NOON + 2, domain=None)]
    store.ingest(Papers(both, hint="vm"))
    head = store.head()
    again = store.ingest(Papers(both, hint="vm"))
    assert (again.known, again.equal, store.head()) == (1, 1, head)
    assert store.xml("vm", "a") == snapshot("a", created=NOON + 2)


# current


def test_of_several_actives_the_greatest_becomes_current_by_its_own_event(store: Store) -> None:
    documents = [
        snapshot("b", created=NOON + 5, active=1),
        snapshot("c", created=NOON + 5, active=2),
        snapshot("a", created=NOON + 4, active=1),
    ]
    report = store.ingest(Papers(documents))
    assert store.tree("vm").current == "c"
    assert kinds(store)[-1] is CurrentChanged
    assert kinds(store).count(CurrentChanged) == 1
    assert [(note.label, note.code) for note in report.notes] == [(A, "several-current")]


def test_import_does_not_take_current_from_a_snapshot_that_it_did_not_add(store: Store) -> None:
    store.ingest(Papers(chain("a", "b", active="a")))
    store.set_current("vm", "b")
    assert store.ingest(Papers(chain("a", "b", active="a"))).events == 0
    assert store.tree("vm").current == "b"


def test_import_makes_an_old_snapshot_current_where_none_is(store: Store) -> None:
    store.ingest(Papers(chain("a", "b")))
    report = store.ingest(Papers(chain("a", "b", active="a")))
    assert report.events == 1
    assert store.tree("vm").current == "a"


def test_import_makes_a_snapshot_that_it_adds_current(store: Store) -> None:
    store.ingest(Papers(chain("a", active="a")))
    store.ingest(Papers([snapshot("b", "a", NOON + 1, active=1)]))
    assert store.tree("vm").current == "b"


# Whose snapshots


def test_documents_without_a_uuid_go_to_the_one_seen_under_their_directory(store: Store) -> None:
    bare = snapshot("b", domain=None)
    report = store.ingest(Papers([bare, snapshot("a")], hint="vm"))
    assert list(store.tree(A)) == ["a", "b"]
    assert [(note.label, note.code) for note in report.notes] == [("vm", "no-uuid")]
    assert A in report.notes[0].message


@pytest.mark.parametrize("others", [[], [A, B]], ids=["no UUID", "two UUIDs"])
def test_else_they_go_to_a_stream_of_that_name(store: Store, others: list[str]) -> None:
    documents = [snapshot("b", domain=None)]
    documents += [snapshot("a", domain=body(uuid, f"vm {uuid}")) for uuid in others]
    report = store.ingest(Papers(documents, hint="old vm"))
    assert list(store.tree("name:old vm")) == ["b"]
    assert store.resolve("old vm") == "name:old vm"
    assert [note.code for note in report.notes] == ["no-uuid"]


def test_a_loose_document_without_a_uuid_goes_by_the_name_in_it(store: Store) -> None:
    store.ingest(Papers([snapshot("a", domain=body(None, "lonely"))]))
    assert list(store.tree("lonely")) == ["a"]


def test_a_document_that_nothing_says_the_domain_of_fails_alone(store: Store) -> None:
    report = store.ingest(Papers([snapshot("a", domain=None), snapshot("b")]))
    assert [(each.label, each.code) for each in report.failures] == [("0.xml", "domain-unknown")]
    assert (report.failed, report.added) == (1, 1)


# What is wrong with documents


def test_promise_12_one_bad_document_among_many_costs_exactly_that_document(store: Store) -> None:
    good = [snapshot(f"s{n}") for n in range(50)]
    bad = {
        7: (b"<domainsnapshot>\n  <name>x</nam>", "tag-mismatch"),
        19: (b"\xff\xfe<\0", "encoding-utf16"),
        33: (b"<!DOCTYPE x>\n" + snapshot("x"), "doctype"),
        34: (b"", "empty"),
        41: (b"<network/>", "not-a-snapshot"),
    }
    for place, (data, _) in bad.items():
        good.insert(place, data)
    report = store.ingest(Papers(good))
    assert (report.documents, report.added, report.failed) == (55, 50, 5)
    assert [(each.label, each.code) for each in report.failures] == [
        (f"{place}.xml", code) for place, (_, code) in bad.items()
    ]
    assert report.failures[0].offset == bad[7][0].index(b"</nam>")
    assert len(store.tree("vm")) == 50


def test_a_file_that_could_not_be_read_is_reported_with_its_reason(store: Store) -> None:
    gone = Document("link.xml", b"", "vm", SourceError("symlink", "not followed"), 1)
    report = store.ingest(Papers([gone, snapshot("a")]))
    (failure,) = report.failures
    assert (failure.label, failure.code, failure.offset) == ("link.xml", "symlink", None)
    assert report.added == 1


def test_what_came_before_the_damage_of_a_source_is_imported(store: Store) -> None:
    class Torn(Papers):
        def __iter__(self) -> Iterator[Document]:
            yield from self.documents
            raise SourceError("archive-truncated", "it ends in the middle")

    report = store.ingest(Torn(chain("a", "b")), Papers(chain("c")))
    assert report.added == 3
    assert [(each.label, each.code) for each in report.failures] == [
        ("papers", "archive-truncated")
    ]


def test_domain_documents_are_passed_over_and_counted(store: Store) -> None:
    domain = COMMENT + body().replace("\n  ", "\n")[2:].encode()
    report = store.ingest(Papers([domain, snapshot("a")]))
    assert (report.passed, report.documents, report.added, report.failed) == (1, 1, 1, 0)


def test_a_path_that_is_not_there_is_refused_before_anything_is_imported(
    store: Store, tmp_path: Path
) -> None:
    with pytest.raises(SourceError):
        store.ingest(Papers(chain("a")), tmp_path / "none.tar")
    assert store.head() == 0


def test_nothing_is_created_where_there_is_no_snapshot(tmp_path: Path) -> None:
    opened: list[EventLog] = []

    def open_log() -> EventLog:
        opened.append(MemoryLog())
        return opened[-1]

    domain = body()[2:].encode()
    report = ingest(open_log, [Papers([domain, b"<broken"])])
    assert (report.documents, report.failed, opened) == (1, 1, [])
    report = ingest(open_log, [Papers([domain]), Papers(chain("a", "b"))])
    assert report.added == 2
    assert len(opened) == 1
