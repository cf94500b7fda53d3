"""`key=`: a call that comes again changes nothing and is answered as it was the first time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lineage.errors import Conflict, NotFound
from lineage.log import EXISTS, MemoryLog, SQLiteLog
from lineage.log.base import Receipt
from lineage.store import Store, Written
from tests.unit.store_samples import A, body, snapshot
from tests.unit.writers import BEFORE, IDLE, VERSION, WRITERS, Write, batched, begun

ALL = [*WRITERS.values(), *IDLE.values()]
NAMES = [*WRITERS, *(f"idle {name}" for name in IDLE)]

all_writers = pytest.mark.parametrize("write", ALL, ids=NAMES)
all_active = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    log = MemoryLog() if request.param == "memory" else SQLiteLog(tmp_path / "store.db")
    with Store.over(log) as made:
        yield begun(made)


@all_writers
def test_a_call_sent_again_under_its_key_writes_nothing_and_is_answered_the_same(
    store: Store, write: Write
) -> None:
    first = write(store, key="k")
    head = store.head()
    assert [write(store, key="k") for _ in range(3)] == [first] * 3
    assert write(Store.over(store.log), key="k") == first, "whoever sends it"
    assert store.head() == head


@all_writers
def test_whatever_happened_since_the_first_answer_holds(store: Store, write: Write) -> None:
    first = write(store, key="k", expect=VERSION, source="first")
    if not store.tree(A).undefined:
        store.undefine(A)
    store.record(snapshot("unlike", domain=body("2" * 32, "vm")))
    head = store.head()
    assert write(store, key="k", expect=VERSION, source="again") == first
    assert write(store, key="k", expect=0) == first
    assert write(store, key="k", expect=EXISTS) == first
    assert store.head() == head


@all_writers
def test_the_same_key_with_another_call_is_a_conflict_with_the_actual_version(
    store: Store, write: Write
) -> None:
    store.set_current("vm", "mid", key="k")
    others = [other for other in ALL if other is not IDLE["same current"]]
    if write in others:
        with pytest.raises(Conflict) as caught:
            write(store, key="k")
        assert caught.value.actual == VERSION
        assert store.head() == BEFORE
    last = write(store, key="mine")
    for other in ALL:
        if other is not write:
            with pytest.raises(Conflict) as caught:
                other(store, key="mine")
            assert caught.value.actual in (last.version, 0), "0: no domain is called so by now"
    assert write(store, key="mine") == last


def test_a_call_that_differs_in_one_argument_is_another_call(store: Store) -> None:
    plain = snapshot("new")
    variants: list[Callable[[str], Written]] = [
        lambda key: store.record(plain, key=key),
        lambda key: store.record(plain, key=key, domain="vm"),
        lambda key: store.record(plain, key=key, domain=A),
        lambda key: store.record(plain, key=key, current=False),
        lambda key: store.record(plain, key=key, secure=False),
        lambda key: store.record(plain, key=key, strict=True),
        lambda key: store.record(snapshot("new", active=0), key=key),
        lambda key: store.record(snapshot("new", active=1), key=key),
        lambda key: store.record(snapshot("new", description="x"), key=key),
        lambda key: store.set_current("vm", "new", key=key),
        lambda key: store.set_current(A, "new", key=key),
        lambda key: store.set_current("vm", None, key=key),
        lambda key: batched(lambda batch: batch.set_current(None))(store, key=key),
        lambda key: store.annotate("vm", {"a": "b"}, key=key),
        lambda key: store.annotate("vm", {"a": "b"}, snapshot="new", key=key),
        lambda key: store.annotate("vm", {"a": None}, key=key),
        lambda key: store.delete("vm", "leaf", "children-only", key=key),
        lambda key: store.delete("vm", "leaf", "children", key=key),
    ]
    answers = [call(f"key {number}") for number, call in enumerate(variants)]
    for number in range(len(variants)):
        for other, call in enumerate(variants):
            if other == number:
                assert call(f"key {number}") == answers[number]
            else:
                with pytest.raises(Conflict, match="another call"):
                    call(f"key {number}")


def test_an_equivalent_spelling_of_the_document_is_the_same_call(store: Store) -> None:
    first = store.record(snapshot("new"), key="k")
    assert store.record(snapshot("new").replace(b"\n", b" ").replace(b"'", b'"'), key="k") == first


def test_pairs_in_another_order_are_the_same_call(store: Store) -> None:
    first = store.annotate("vm", {"a": "1", "b": None, "c": "3"}, key="k")
    assert store.annotate("vm", {"c": "3", "b": None, "a": "1"}, key="k") == first


def test_a_call_that_was_refused_leaves_its_key_unused(store: Store) -> None:
    with pytest.raises(NotFound):
        store.delete("vm", "nobody", key="k")
    with pytest.raises(Conflict):
        store.delete("vm", "mid", key="k", expect=1)
    doomed = batched(lambda batch: batch.undefine(), lambda batch: batch.delete("mid"))
    with pytest.raises(NotFound):
        doomed(store, key="k")
    assert store.delete("vm", "mid", key="k") == Written(BEFORE + 1, VERSION + 1)


@pytest.mark.parametrize("key", ["", "k" * 256, "\u00e9" * 128, "\udcff"])
def test_a_key_that_is_none_is_a_value_error(store: Store, key: str) -> None:
    for write in ALL:
        with pytest.raises(ValueError, match=r"key|surrogates"):
            write(store, key=key)
    assert store.head() == BEFORE


# Two senders of one call


class Outrun(MemoryLog):
    """A log in which another sender of the same call is faster, at a chosen moment."""

    def __init__(self) -> None:
        super().__init__()
        self.other: Callable[[], object] | None = None
        self.moment = ""

    def _perhaps(self, moment: str) -> None:
        if moment == self.moment and self.other is not None:
            other, self.other = self.other, None
            other()

    def append(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        self._perhaps("append")
        return super().append(*args, **kwargs)

    def receipt(self, key: str) -> Receipt | None:
        known = super().receipt(key)
        self._perhaps("receipt")
        return known


@all_writers
@pytest.mark.parametrize("expect", [None, EXISTS, VERSION])
@pytest.mark.parametrize("moment", ["receipt", "append"])
def test_of_two_senders_of_one_key_one_writes_and_both_get_its_answer(
    write: Write, expect: int | None, moment: str
) -> None:
    log = Outrun()
    store = begun(Store.over(log))
    answers: list[Written] = []
    log.moment = moment
    log.other = lambda: answers.append(write(Store.over(log), key="k", expect=expect))
    mine = write(store, key="k", expect=expect)
    assert answers == [mine]
    assert store.head() == max(BEFORE, mine.position)
    fresh = Store.over(log)
    assert list(store.tree(A)) == list(fresh.tree(A))
    assert store.tree(A).version == fresh.tree(A).version == mine.version


def test_a_sender_that_is_outrun_inside_of_its_block_gets_the_same_answer() -> None:
    log = MemoryLog()
    store, other = begun(Store.over(log)), Store.over(log)

    def send(on: Store, meanwhile: Callable[[], object] = lambda: None) -> Written:
        with on.batch("vm", key="k") as batch:
            meanwhile()
            batch.rename("mid", "middle")
            batch.delete("leaf")
        assert batch.written is not None
        return batch.written

    answers: list[Written] = []
    mine = send(store, lambda: answers.append(send(other)))
    assert answers == [mine]
    assert mine == Written(BEFORE + 2, VERSION + 2)
    assert store.head() == BEFORE + 2


@all_active
def test_of_many_threads_that_send_one_key_one_writes(store: Store, write: Write) -> None:
    answers: list[Written] = []
    ready = threading.Barrier(6)
    before = store.head()

    def send(on: Store) -> None:
        ready.wait()
        answers.append(write(on, key="k"))

    stores = [store, store, store, *(Store.over(store.log) for _ in range(3))]
    threads = [threading.Thread(target=send, args=(each,)) for each in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 6
    assert len(set(map(str, answers))) == 1
    assert store.head() == answers[0].position
    assert len({event.commit for event in store.events(before)}) == 1


# What is remembered of a call has to be the same in every release: a call may be sent again
# after an upgrade.
FINGERPRINTS = {
    "record": "6e4ec6d657ff7f4fa7236037878e3027a65bf4402fd7b884c2116aad38de7a51",
    "delete": "96daa0da8001d1fc486a05fa6211fbdb4651c0a5ac096633de1478a5a7eb0600",
    "current": "b7676adf3a2edb5fb7e8231c5611a91489f95ec4d0de4623f862686c5810974e",
    "rename": "54e0a8e30f599cef28720c5f2b2b7678e362929f6381cc6785f7414a0d3fd5ac",
    "undefine": "773ceafffb55a87164e98f3922522b244da8d48dc3644deea2bc2b2be05ae814",
    "annotate": "5cc71c1017566fa777de807177ffb12d1902ab61499653467c19aed1c4339856",
    "annotate snapshot": "b533c19293cfa2ada77a316e23c4f22fcb9a9af622c3719a0d73ee11c8baa1a8",
    "batch": "66cd3f26dd93587da1a006ba43e18339735d27032600c7e14aabfba0d5ae31de",
    "batch undefine": "8c5e0451630048ee7cffe22ad41ad04504586e5fb3292d97f9c1a7abc32c688d",
}


@pytest.mark.parametrize("name", FINGERPRINTS)
def test_a_call_is_known_again_by_the_same_digest_for_ever(store: Store, name: str) -> None:
    WRITERS[name](store, key="k")
    receipt = store.log.receipt("k")
    assert receipt is not None
    assert receipt.call.hex() == FINGERPRINTS[name]
