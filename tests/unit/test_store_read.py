"""Reading: trees as of any moment, exact XML, names, and what a store is opened on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from lineage.errors import Ambiguous, Damaged, NotAStore, NotFound
from lineage.events import Defined, decode
from lineage.log import Append, EventLog, MemoryLog, SQLiteLog, StoredEvent
from lineage.store import Store
from lineage.tree import Tree, fold
from lineage.views import Views
from tests.unit.store_samples import A, B, body, snapshot

UTC = dt.UTC
MORNING = dt.datetime(2026, 1, 1, 9, tzinfo=UTC)


def nanoseconds(moment: dt.datetime) -> int:
    return int(moment.timestamp()) * 10**9 + moment.microsecond * 1000


class Clocked:
    """A log whose clock the test sets."""

    def __init__(self, log: EventLog) -> None:
        self.inner = log
        self.now = MORNING

    def append(self, batch, bodies=None, **kwargs):  # type: ignore[no-untyped-def]
        kwargs["recorded_at"] = nanoseconds(self.now)
        return self.inner.append(batch, bodies, **kwargs)

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


@pytest.fixture(params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Clocked:
    """An empty log of each backend, with a clock to set."""
    return Clocked(MemoryLog() if request.param == "memory" else SQLiteLog(tmp_path / "store.db"))


@pytest.fixture
def store(log: Clocked) -> Iterator[Store]:
    """An empty store."""
    with Store.over(log) as made:  # type: ignore[arg-type]
        yield made


def outline(tree: Tree) -> tuple[dict[str, str | None], str | None]:
    return {node.name: node.parent for node, _ in tree.walk()}, tree.current


def test_the_tree_as_of_n_equals_the_fold_of_the_first_n_events(store: Store) -> None:
    store.record(snapshot("a", active=1))
    store.record(snapshot("x", domain=body(B, "other")))
    store.record(snapshot("b", "a", active=1))
    store.delete("vm", "a")
    store.rename("vm", "b", "c")
    store.undefine("vm")
    store.record(snapshot("d"))
    stored = list(store.log.read())
    for n in range(len(stored) + 1):
        events = [
            (each, decode(each.tag, each.schema, each.payload))
            for each in stored[:n]
            if each.stream == A
        ]
        tree = store.tree(A, n)
        assert outline(tree) == outline(fold(A, events))
        assert tree.version == len(events)


def test_a_tree_that_was_handed_out_never_changes(store: Store) -> None:
    store.record(snapshot("a"))
    before = store.tree("vm")
    store.record(snapshot("b", "a"))
    store.delete("vm", "a")
    assert outline(before) == ({"a": None}, None)
    assert outline(store.tree("vm")) == ({"b": None}, None)


def test_a_position_to_come_is_not_found(store: Store) -> None:
    store.record(snapshot("a"))
    with pytest.raises(NotFound, match="2"):
        store.tree("vm", 2)
    with pytest.raises(ValueError, match="negative"):
        store.tree("vm", -1)


def test_a_time_means_the_domains_last_event_at_or_before_it(store: Store, log: Clocked) -> None:
    minute = dt.timedelta(minutes=1)
    for n, name in enumerate("abc"):
        log.now = MORNING + n * minute
        store.record(snapshot(name))
    moment = dt.timedelta(microseconds=1)
    kolkata = dt.timezone(dt.timedelta(hours=5, minutes=30))
    assert len(store.tree("vm", MORNING - moment)) == 0
    assert list(store.tree("vm", MORNING)) == ["a"]
    assert list(store.tree("vm", MORNING + minute - moment)) == ["a"]
    assert list(store.tree("vm", (MORNING + minute).astimezone(kolkata))) == ["a", "b"]
    assert list(store.tree("vm", MORNING + 60 * minute)) == ["a", "b", "c"]
    assert store.xml("vm", "b", MORNING + minute) == snapshot("b")
    with pytest.raises(NotFound):
        store.xml("vm", "b", MORNING)


def test_a_name_means_the_domain_that_bears_it_now_as_of_any_moment(store: Store) -> None:
    store.record(snapshot("a"))
    store.record(snapshot("a", domain=body(A, "moved")))
    store.record(snapshot("b", domain=body(B, "vm")))
    assert len(store.tree("vm", at=1)) == 0  # B's, who had no snapshot
    assert list(store.tree("moved", at=1)) == ["a"]
    store.undefine(B)
    with pytest.raises(NotFound, match=B):
        store.tree("vm", at=3)
    assert list(store.tree(B, at=3)) == ["b"]


def test_a_time_that_no_log_can_hold_is_before_or_after_everything(store: Store) -> None:
    store.record(snapshot("a"))
    assert len(store.tree("vm", dt.datetime.min.replace(tzinfo=UTC))) == 0
    assert list(store.tree("vm", dt.datetime.max.replace(tzinfo=UTC))) == ["a"]


def test_an_event_within_the_microsecond_is_after_it(store: Store, log: Clocked) -> None:
    stamp = nanoseconds(MORNING)
    store.record(snapshot("a"))
    (first,) = log.inner.read()
    entry = Append(B, [first_as_new(first)], 0)
    log.inner.append([entry], recorded_at=stamp + 1)
    assert len(store.tree(B, MORNING)) == 0
    assert len(store.tree(B, MORNING + dt.timedelta(microseconds=1))) == 1


def first_as_new(stored: StoredEvent):  # type: ignore[no-untyped-def]
    from lineage.log import NewEvent

    return NewEvent(stored.tag, stored.schema, stored.payload)


def test_a_datetime_without_a_zone_is_refused(store: Store) -> None:
    store.record(snapshot("a"))
    with pytest.raises(ValueError, match="zone"):
        store.tree("vm", MORNING.replace(tzinfo=None))


# names


def test_a_name_means_the_living_domain_that_bears_it_now(store: Store) -> None:
    store.record(snapshot(domain=body(A)))
    store.undefine("vm")
    store.record(snapshot(domain=body(B)))
    assert store.resolve("vm") == B
    assert store.resolve(A.upper()) == A


def test_a_domain_that_was_renamed_is_found_by_its_new_name_alone(store: Store) -> None:
    store.record(snapshot("a", created=1, domain=body(domain="old")))
    store.record(snapshot("b", created=2, domain=body(domain="new")))
    assert store.resolve("new") == A
    with pytest.raises(NotFound):
        store.resolve("old")


def test_several_domains_of_one_name_are_listed_by_uuid(store: Store) -> None:
    store.record(snapshot(domain=body(B)))
    store.record(snapshot(domain=body(A)))
    with pytest.raises(Ambiguous) as caught:
        store.tree("vm")
    assert caught.value.choices == (A, B)
    assert [info.uuid for info in store.domains()] == [A, B]


def test_domains_says_what_there_is(store: Store) -> None:
    store.record(snapshot("a", domain=body(B, "zeta"), active=1))
    store.record(snapshot("a"))
    store.record(snapshot("b"))
    vm, zeta = store.domains()
    assert (vm.name, vm.uuid, vm.snapshots, vm.current, vm.version) == ("vm", A, 2, None, 2)
    assert (zeta.name, zeta.snapshots, zeta.current, zeta.undefined) == ("zeta", 1, "a", False)
    store.undefine("zeta")
    assert store.domains()[1].undefined


def test_what_another_connection_writes_is_seen(tmp_path: Path) -> None:
    with Store(tmp_path / "s.db") as one, Store(tmp_path / "s.db") as two:
        one.record(snapshot("a"))
        assert list(two.tree("vm")) == ["a"]
        two.record(snapshot("b", "a"))
        assert list(one.tree("vm")) == ["a", "b"]
        assert one.delete("vm", "a").version == 3
        assert [info.snapshots for info in two.domains()] == [1]


# XML


def test_xml_comes_back_with_active_if_asked(store: Store) -> None:
    store.record(snapshot("a", active=1))
    store.record(snapshot("b", "a", active=0))
    assert store.xml("vm", "a") == snapshot("a")
    assert store.xml("vm", "a", active=True) == snapshot("a", active=1)
    assert store.xml("vm", "b", active=True) == snapshot("b", "a", active=0)


def test_all_three_bodies_come_back(store: Store) -> None:
    inactive = (
        body().replace("domain type", "inactiveDomain type").replace("</domain", "</inactiveDomain")
    )
    cookie = "  <cookie>\n    <cpu mode='host-model'/>\n  </cookie>\n"
    document = snapshot(domain=body() + inactive + cookie).replace(b"shutoff", b"running")
    store.record(document)
    data = next(store.events()).data
    assert isinstance(data, Defined)
    assert len(data.bodies) == 3
    assert store.xml("vm", "s1") == document


class Lying(MemoryLog):
    """Gives back another body than was stored."""

    def body(self, digest: bytes) -> bytes:
        return super().body(digest).replace(b"1048576", b"1048577")


class Forgetful(MemoryLog):
    """Has lost its bodies."""

    def body(self, digest: bytes) -> bytes:
        raise NotFound("no body")


@pytest.mark.parametrize("kind", [Lying, Forgetful])
def test_a_document_that_is_not_what_was_recorded_is_damaged(kind: type[MemoryLog]) -> None:
    store = Store.over(kind())
    store.record(snapshot("a"))
    store.record(snapshot("b", "a"))
    store.delete("vm", "a")
    with pytest.raises(Damaged, match="2"):
        store.xml("vm", "b")
    with pytest.raises(Damaged):
        store.xml("vm", "a", at=1)


# caches, files


def test_a_cache_that_forgets_changes_no_answer(log: Clocked) -> None:
    store = Store.over(log)  # type: ignore[arg-type]
    uuids = [f"{n:08d}-0000-4000-8000-000000000000" for n in range(6)]
    for uuid in uuids:
        for name in "abc":
            store.record(snapshot(name, domain=body(uuid, f"vm {uuid}")))
    tiny = Views(log, keep=1)  # type: ignore[arg-type]
    for uuid in uuids * 2:
        assert outline(tiny.live(uuid)) == outline(store.tree(uuid))
    assert list(tiny.infos().values()) == store.domains()


def test_events_are_read_behind_a_position_and_of_one_domain(store: Store) -> None:
    store.record(snapshot("a"))
    store.record(snapshot("x", domain=body(B, "other")))
    store.record(snapshot("b"))
    assert [event.position for event in store.events(1)] == [2, 3]
    assert [(e.position, e.version) for e in store.events(domain="vm")] == [(1, 1), (3, 2)]
    assert [event.domain for event in store.events(1, "other")] == [B]
    assert list(store.events(3)) == []
    with pytest.raises(NotFound):
        store.events(domain="nobody")


def test_a_store_that_is_not_there_is_not_created_by_reading(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    with pytest.raises(NotAStore):
        Store(path, readonly=True)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("my notes\n" * 200)
    with pytest.raises(NotAStore):
        Store(path)
    assert path.read_text() == "my notes\n" * 200


def test_a_store_is_there_for_its_owner_only_and_survives_closing(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with Store(path) as store:
        store.record(snapshot("a"))
    assert path.stat().st_mode & 0o777 == 0o600
    with Store(path, readonly=True) as store:
        assert store.xml("vm", "a") == snapshot("a")
        assert store.head() == 1
