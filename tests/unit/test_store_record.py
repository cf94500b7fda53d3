"""Recording documents: what becomes an event, and what does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lineage.errors import Ambiguous, Conflict, NotFound, SnapshotError, XMLError
from lineage.events import CurrentChanged, Defined, Redefined
from lineage.log import EXISTS, MemoryLog, SQLiteLog
from lineage.model import Secure
from lineage.store import Store
from tests.unit.store_samples import NOON, A, B, body, snapshot


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store on each backend."""
    log = MemoryLog() if request.param == "memory" else SQLiteLog(tmp_path / "store.db")
    with Store.over(log) as made:
        yield made


def kinds(store: Store) -> list[type]:
    return [type(event.data) for event in store.events()]


def test_a_new_snapshot_is_defined_and_comes_back_byte_for_byte(store: Store) -> None:
    document = snapshot("s1", description="first")
    assert store.record(document, source="test").version == 1
    (event,) = store.events()
    assert (event.position, event.domain, event.version, event.source) == (1, A, 1, "test")
    assert isinstance(event.data, Defined)
    assert store.xml("vm", "s1") == document


def test_promise_5_recording_the_same_document_again_adds_no_event(store: Store) -> None:
    assert store.record(snapshot("s1")).version == 1
    assert store.record(snapshot("s1")).version == 1
    assert store.head() == 1


def test_a_rewriting_of_the_same_document_is_equal(store: Store) -> None:
    store.record(snapshot("s1"))
    rewritten = snapshot("s1").decode().replace("'", '"').replace("\n", "\n\n")
    assert store.record(rewritten).version == 1


def test_active_is_no_part_of_stored_bytes_or_of_equality(store: Store) -> None:
    store.record(snapshot("s1", active=0))
    assert store.record(snapshot("s1")).version == 1
    assert store.xml("vm", "s1") == snapshot("s1")
    assert store.xml("vm", "s1", active=True) == snapshot("s1", active=0)


def test_another_document_redefines_the_snapshot(store: Store) -> None:
    store.record(snapshot("s1"))
    assert store.record(snapshot("s1", description="now with words")).version == 2
    assert kinds(store) == [Defined, Redefined]
    assert store.xml("vm", "s1") == snapshot("s1", description="now with words")
    assert store.xml("vm", "s1", at=1) == snapshot("s1")


def test_a_document_without_domain_inherits_it_and_then_equals_both_forms(store: Store) -> None:
    store.record(snapshot("s1"))
    assert store.record(snapshot("s1", description="b", domain=None), domain=A).version == 2
    assert store.xml("vm", "s1") == snapshot("s1", description="b")
    assert store.record(snapshot("s1", description="b")).version == 2


@pytest.mark.parametrize("opened", ["<domain>", "<domain type=''>", "<domain note='type'>"])
def test_a_domain_without_a_type_is_none_where_there_is_one_to_inherit(
    store: Store, opened: str
) -> None:
    bare = f"  {opened}\n    <uuid>{A}</uuid>\n  </domain>\n"
    store.record(snapshot("s1", domain=bare))
    assert store.xml(A, "s1") == snapshot("s1", domain=bare)
    store.record(snapshot("s1"))
    assert store.record(snapshot("s1", domain=bare)).version == 2, "it equals what is there"
    assert store.record(snapshot("s1", description="b", domain=bare)).version == 3
    assert store.xml(A, "s1") == snapshot("s1", description="b")
    assert store.record(snapshot("s1", description="c", domain=None), domain=A).version == 4
    assert store.xml(A, "s1") == snapshot("s1", description="c")


def test_a_type_may_stand_behind_attributes_that_nobody_knows(store: Store) -> None:
    other = body(memory=2048).replace("<domain type", "<domain a='b' type")
    store.record(snapshot("s1"))
    store.record(snapshot("s1", domain=other))
    assert store.xml("vm", "s1") == snapshot("s1", domain=other)


def test_what_the_tree_rewrote_is_what_counts_as_present(store: Store) -> None:
    store.record(snapshot("a"))
    store.record(snapshot("b", "a"))
    store.delete("vm", "a")
    assert store.record(snapshot("b")).version == 3, "the re-parented document is the present one"
    assert store.record(snapshot("b", "a")).version == 4, "the old one is another by now"
    store.rename("vm", "b", "c")
    assert store.record(snapshot("c", "a")).version == 5


# current


def test_active_makes_the_snapshot_current_in_the_same_append(store: Store) -> None:
    assert store.record(snapshot("s1", active=1)).version == 2
    assert kinds(store) == [Defined, CurrentChanged]
    assert len({event.commit for event in store.log.read()}) == 1
    assert store.tree("vm").current == "s1"


def test_active_zero_leaves_current_alone(store: Store) -> None:
    store.record(snapshot("s1", active=1))
    store.record(snapshot("s2", active=0))
    store.record(snapshot("s1", description="again", active=0))
    assert store.tree("vm").current == "s1"


def test_current_given_by_the_caller_beats_active(store: Store) -> None:
    store.record(snapshot("s1", active=1), current=False)
    assert store.tree("vm").current is None
    store.record(snapshot("s2", active=0), current=True)
    assert store.tree("vm").current == "s2"


def test_an_equal_document_can_still_move_current(store: Store) -> None:
    store.record(snapshot("s1", active=1))
    store.record(snapshot("s2", active=1))
    assert store.record(snapshot("s1", active=1)).version == 5
    assert store.tree("vm").current == "s1"
    assert store.record(snapshot("s1", active=1)).version == 5


# identity


def test_the_uuid_in_the_document_decides(store: Store) -> None:
    store.record(snapshot(domain=body(A.upper())))
    assert [info.uuid for info in store.domains()] == [A]


@pytest.mark.parametrize("word", [A, A.upper(), A.replace("-", ""), f" {A} ", "vm"])
def test_a_domain_that_agrees_with_the_document_is_accepted(store: Store, word: str) -> None:
    assert store.record(snapshot(), domain=word).version == 1


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("word", [B, "other", "nobody"])
def test_a_domain_that_names_another_uuid_is_refused(store: Store, word: str, strict: bool) -> None:
    store.record(snapshot(domain=body(B, "other")))
    with pytest.raises(SnapshotError) as caught:
        store.record(snapshot(), domain=word, strict=strict)
    assert caught.value.code == "domain-mismatch"
    assert isinstance(caught.value, ValueError)
    assert store.head() == 1


def test_without_a_uuid_the_caller_must_say_whose_snapshot_it_is(store: Store) -> None:
    nameless = snapshot(domain=None)
    with pytest.raises(SnapshotError) as caught:
        store.record(nameless)
    assert caught.value.code == "domain-unknown"
    with pytest.raises(NotFound):
        store.record(nameless, domain="vm")
    store.record(nameless, domain=A)
    store.record(snapshot("s2"))
    store.record(snapshot("s3", domain=None), domain="vm")
    assert list(store.tree(A)) == ["s1", "s2", "s3"]


def test_a_domain_of_which_only_the_name_is_known_is_asked_for_by_its_key(store: Store) -> None:
    store.record(snapshot(domain=None), domain="name:old vm")
    (info,) = store.domains()
    assert (info.stream, info.name, info.uuid) == ("name:old vm", "old vm", None)
    assert store.resolve("old vm") == "name:old vm"


def test_a_name_that_two_domains_bear_is_ambiguous(store: Store) -> None:
    store.record(snapshot(domain=body(B)))
    store.record(snapshot(domain=body(A)))
    with pytest.raises(Ambiguous) as caught:
        store.record(snapshot("s2", domain=None), domain="vm")
    assert caught.value.choices == (A, B)


# expected versions


def test_an_expectation_that_holds_is_granted(store: Store) -> None:
    assert store.record(snapshot("s1"), expect=0).version == 1
    assert store.record(snapshot("s2"), expect=1).version == 2
    assert store.record(snapshot("s3"), expect=EXISTS).version == 3
    assert store.record(snapshot("s4"), expect=None).version == 4


@pytest.mark.parametrize("document", [snapshot("s1"), snapshot("s2")], ids=["equal", "new"])
@pytest.mark.parametrize("expect", [0, 2])
def test_a_conflicting_expect_changes_nothing_and_reports_the_version(
    store: Store, expect: int, document: bytes
) -> None:
    store.record(snapshot("s1"))
    with pytest.raises(Conflict) as caught:
        store.record(document, expect=expect)
    assert caught.value.actual == 1
    assert store.head() == 1


def test_exists_is_refused_for_a_domain_without_events(store: Store) -> None:
    with pytest.raises(Conflict) as caught:
        store.record(snapshot("s1"), expect=EXISTS)
    assert caught.value.actual == 0


def test_an_expectation_that_is_none_is_a_value_error(store: Store) -> None:
    with pytest.raises(ValueError, match="expect"):
        store.record(snapshot("s1"), expect=-7)


class Racing(MemoryLog):
    """A log in which somebody else records s1 just before our first append."""

    raced = False

    def append(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        if not self.raced:
            self.raced = True
            Store.over(self).record(snapshot("s1", description="theirs"))
        return super().append(*args, **kwargs)


def test_a_faster_writer_makes_us_decide_again() -> None:
    store = Store.over(Racing())
    assert store.record(snapshot("s1")).version == 2
    assert kinds(store) == [Defined, Redefined]


def test_a_faster_writer_is_a_conflict_for_who_named_a_version() -> None:
    store = Store.over(Racing())
    with pytest.raises(Conflict) as caught:
        store.record(snapshot("s1"), expect=0)
    assert caught.value.actual == 1
    assert store.head() == 1


# strict, secure, bad documents


@pytest.mark.parametrize(
    ("parent", "code"),
    [("nobody", "parent-missing"), ("root", "parent-self"), ("leaf", "parent-cycle")],
)
def test_strict_refuses_the_parents_that_libvirt_refuses(
    store: Store, parent: str, code: str
) -> None:
    for name, above in (("root", None), ("mid", "root"), ("leaf", "mid")):
        store.record(snapshot(name, above), strict=True)
    wrong = snapshot("root", parent, description="moved")
    with pytest.raises(SnapshotError) as caught:
        store.record(wrong, strict=True)
    assert caught.value.code == code
    assert store.head() == 3
    assert store.record(wrong).version == 4, "and is lenient otherwise"


@pytest.mark.parametrize(
    ("secure", "active", "stored"),
    [
        (None, None, Secure.UNKNOWN),
        (None, 0, Secure.YES),
        (True, None, Secure.YES),
        (False, 1, Secure.NO),
    ],
)
def test_whether_it_holds_passwords_is_kept(
    store: Store, secure: bool | None, active: int | None, stored: Secure
) -> None:
    store.record(snapshot(active=active), secure=secure)
    data = next(store.events()).data
    assert isinstance(data, Defined)
    assert data.secure is stored


@pytest.mark.parametrize(
    ("document", "error"),
    [
        (b"", XMLError),
        (b"<domainsnapshot>", XMLError),
        (b"<domain type='kvm'/>", SnapshotError),
        (b"<domainsnapshot/>", SnapshotError),
        ("<domainsnapshot>\udc80</domainsnapshot>", XMLError),
    ],
    ids=["empty", "unclosed", "a domain", "no name", "lone surrogate"],
)
def test_a_bad_document_is_refused_and_nothing_is_written(
    store: Store, document: bytes | str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        store.record(document)
    assert store.head() == 0


def test_creation_time_says_nothing_about_the_moment_of_recording(store: Store) -> None:
    store.record(snapshot("s1", created=NOON + 10**9))
    store.record(snapshot("s2", created=-5))
    first, second = store.events()
    assert first.recorded_at <= second.recorded_at
    assert list(store.tree("vm", at=1)) == ["s1"]


def test_recording_a_document_without_domain_again_adds_no_event(store: Store) -> None:
    bare = snapshot("s1", description="b", domain=None)
    store.record(snapshot("s1"))
    assert store.record(bare, domain=A).version == 2
    assert store.record(bare, domain=A).version == 2
    assert store.record(snapshot("s1", description="c", domain=None), domain=A).version == 3
