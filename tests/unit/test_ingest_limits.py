"""Import in little memory: what is let go of on the way comes back, and changes nothing."""

from __future__ import annotations

import pytest

from lineage.intake import placing
from lineage.intake.spool import Arrival, Spool
from lineage.log import MemoryLog
from lineage.store import Store
from tests.unit.store_samples import NOON, Papers, body, snapshot

UUIDS = [f"{n:08d}-0000-4000-8000-000000000000" for n in range(5)]


def papers() -> Papers:
    """Documents of five domains in turn: trees, duplicates, some without a UUID, actives."""
    documents = []
    for n, name in enumerate("abcabd"):
        for k, uuid in enumerate(UUIDS):
            xml = body(uuid, f"vm {uuid}")
            documents.append(snapshot(name, "a", NOON + n, domain=xml, active=int(n == k)))
        documents.append(snapshot(name, None, NOON - n, domain=None))
    return Papers(documents, hint="somewhere")


def seen(store: Store) -> list[object]:
    """What a user can see of all domains."""
    return [
        (
            info.stream,
            info.current,
            [(n.name, n.parent, store.xml(info.stream, n.name)) for n, _ in tree.walk()],
        )
        for info in store.domains()
        for tree in [store.tree(info.stream)]
    ]


@pytest.mark.parametrize(("snapshots", "domains"), [(1, 1), (2, 100), (100, 1), (100, 3)])
@pytest.mark.parametrize("history", [False, True])
def test_letting_go_of_domains_on_the_way_changes_nothing(
    snapshots: int, domains: int, history: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    roomy, tight = Store.over(MemoryLog()), Store.over(MemoryLog())
    for store in (roomy, tight):
        if history:
            for uuid in UUIDS[:2]:
                store.record(snapshot("b", domain=body(uuid), active=1))
                store.record(snapshot("c", domain=body(uuid, memory=7)))
                store.delete(uuid, "c")
    first = roomy.ingest(papers())
    monkeypatch.setattr(placing, "_SNAPSHOTS", snapshots)
    monkeypatch.setattr(placing, "_DOMAINS", domains)
    second = tight.ingest(papers())
    assert seen(tight) == seen(roomy)
    assert second == first
    assert tight.ingest(papers()).events == 0


def test_another_writer_in_a_domain_that_was_let_go_of_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = Store.over(MemoryLog())
    uuid = UUIDS[0]
    mine = [snapshot(name, domain=body(uuid), active=1) for name in "abc"]
    other = snapshot("a", domain=body(UUIDS[1]))

    class Interrupted(Papers):
        def __iter__(self):  # type: ignore[no-untyped-def]
            yield from self.documents[:-1]
            store.record(snapshot("c", description="theirs", domain=body(uuid)))
            yield self.documents[-1]

    monkeypatch.setattr(placing, "_DOMAINS", 1)
    report = store.ingest(Interrupted([mine[0], other, mine[1], other, mine[2]]))
    assert (report.added, report.redefined, report.equal) == (3, 1, 1)
    tree = store.tree(uuid)
    assert sorted(tree) == ["a", "b", "c"]
    assert store.xml(uuid, "c") == snapshot("c", domain=body(uuid))
    assert tree.current == "c"


def test_a_spool_gives_back_what_it_was_given_from_memory_or_disk() -> None:
    arrivals = [
        Arrival(None if n % 3 else "vm", bytes([n]) * n * 50, n % 2 or None, f"{n}.xml", "tar")
        for n in range(40)
    ]
    for memory in (1 << 20, 1000):
        with Spool(memory) as spool:
            numbers = [spool.add(arrival) for arrival in arrivals]
            assert len(set(numbers)) == len(arrivals)
            assert [spool.get(number) for number in reversed(numbers)] == arrivals[::-1]
            number = spool.add(arrivals[0])
            assert spool.get(number) == arrivals[0]
