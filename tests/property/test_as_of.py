"""Any moment of a random history of several domains is the fold of what had happened by then."""

from __future__ import annotations

import datetime as dt
import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage import canon, documents
from lineage.definitions import Bodies, Definer, new_event, redefined
from lineage.errors import NotFound
from lineage.events import TAGS, Annotated, CurrentChanged, Deleted, EventData, Renamed, Undefined
from lineage.log import Append, MemoryLog, SQLiteLog
from lineage.model import Secure
from lineage.store import Store
from lineage.tree import Tree, fold
from tests.property.test_tree_laws import NAMES, SCOPES, Envelope, everything
from tests.unit.store_samples import NOON, A, B, body, snapshot

STREAMS: Final = (A, B, "name:c")
EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
START: Final = 1_790_000_000_000_000_000  # ns, a whole microsecond
BACKENDS: Final = ("memory", "sqlite")
MICROSECOND: Final = dt.timedelta(microseconds=1)


class Paper(msgspec.Struct, frozen=True):
    """A document to define a snapshot with."""

    name: str
    parent: str | None
    age: int
    text: str
    memory: int | None  # None: without a <domain>
    again: bool  # as a redefinition, whether or not the snapshot is there


class Step(msgspec.Struct, frozen=True):
    """One append: how far the clock went, and what happened to which domain."""

    clock: int
    happened: list[tuple[str, Paper | EventData]]


names = st.sampled_from(NAMES[:4])
papers = st.builds(
    Paper,
    names,
    st.none() | names,
    st.integers(0, 2),
    st.sampled_from(["", "new"]),
    st.sampled_from([None, 1024, 2048]),
    st.booleans(),
)
changes: st.SearchStrategy[EventData] = st.one_of(
    st.builds(Deleted, names, st.sampled_from(SCOPES)),
    st.builds(CurrentChanged, st.none() | names),
    st.builds(Renamed, names, names),
    st.just(Undefined()),
    st.builds(
        Annotated,
        st.none() | names,
        st.dictionaries(st.sampled_from("kl"), st.none() | st.sampled_from(["", "v"]), min_size=1),
    ),
)
happenings = st.tuples(st.sampled_from(STREAMS), papers | changes | papers)
# The clock may stand still, go on within the microsecond, or go back.
clocks = st.sampled_from([0, 0, 1, 999, 1000, 1001, 60 * 10**9, -(10**6)])
steps_taken = st.builds(Step, clocks, st.lists(happenings, min_size=1, max_size=3))
histories = st.lists(steps_taken, min_size=1, max_size=12)


@cache
def defined(stream: str, paper: Paper) -> tuple[EventData, Bodies]:
    """The event of a document of that domain, and its bodies."""
    uuid = None if stream.startswith("name:") else stream
    domain = None if paper.memory is None else body(uuid, f"vm{paper.age}", paper.memory)
    parts = canon.split(
        snapshot(paper.name, paper.parent, NOON + paper.age, description=paper.text, domain=domain)
    )
    bodies: Bodies = {}
    digest = hashlib.sha256(parts.xml).digest()
    data = Definer().define(stream, parts, digest, bodies, Secure.UNKNOWN)
    return redefined(data) if paper.again else data, bodies


class Diary:
    """What went into a store, kept apart from it: an event a position, from the first."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.entries: list[tuple[str, Envelope, EventData]] = []
        self.clock = START

    def write(self, step: Step) -> None:
        """Do a step, as one append."""
        self.clock += step.clock
        batch, bodies = [], dict[bytes, bytes]()
        for stream, what in step.happened:
            data, more = defined(stream, what) if isinstance(what, Paper) else (what, {})
            bodies |= more
            batch.append(Append(stream, [new_event(data, "")]))
            past = self.by_position(stream, len(self.entries))
            last = past[-1][0] if past else Envelope(0, 0, 0)
            time = max(self.clock, last.recorded_at)
            envelope = Envelope(len(self.entries) + 1, last.version + 1, time)
            self.entries.append((stream, envelope, data))
        self.store.log.append(batch, bodies, recorded_at=self.clock)

    def streams(self) -> list[str]:
        """The domains that have events."""
        return [stream for stream in STREAMS if self.by_position(stream, len(self.entries))]

    def by_position(self, stream: str, n: int) -> list[tuple[Envelope, EventData]]:
        """A domain's events among the first n."""
        return [(envelope, data) for s, envelope, data in self.entries[:n] if s == stream]

    def by_time(self, stream: str, time: int) -> list[tuple[Envelope, EventData]]:
        """A domain's events recorded at or before a time."""
        every = self.by_position(stream, len(self.entries))
        return [(envelope, data) for envelope, data in every if envelope.recorded_at <= time]


@contextmanager
def diary(backend: str, *steps: Step) -> Iterator[Diary]:
    """A store of that backend after these steps."""
    with tempfile.TemporaryDirectory() as folder:
        log = MemoryLog() if backend == "memory" else SQLiteLog(Path(folder) / "s.db")
        with Store.over(log) as store:
            written = Diary(store)
            for step in steps:
                written.write(step)
            yield written


def told(store: Store, stream: str, at: int | dt.datetime | None) -> tuple[dict[str, Any], Any]:
    """All that a store tells of a domain as of a moment: the tree, and every document."""
    tree = store.tree(stream, at)
    return everything(tree), {
        name: (store.xml(stream, name, at), store.xml(stream, name, at, active=True))
        for name in tree
    }


def expected(store: Store, tree: Tree) -> tuple[dict[str, Any], Any]:
    """The same of a tree that this test folded."""
    return everything(tree), {
        name: (
            documents.document(store.log, tree[name]),
            documents.document(store.log, tree[name], active=name == tree.current),
        )
        for name in tree
    }


def test_every_kind_of_event_is_among_those_tried() -> None:
    given, again = (defined(A, Paper("a", None, 0, "", 1, flag))[0] for flag in (False, True))
    others = {Annotated, Deleted, CurrentChanged, Renamed, Undefined}
    assert {type(given), type(again), *others} == set(TAGS)


@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=30)
@given(steps=histories)
def test_as_of_a_position_a_domain_is_the_fold_of_its_events_among_the_first(
    backend: str, steps: list[Step]
) -> None:
    with diary(backend, *steps) as written:
        store = written.store
        for stream in written.streams():
            for n in range(len(written.entries) + 1):
                tree = fold(stream, written.by_position(stream, n))
                assert told(store, stream, n) == expected(store, tree)
            with pytest.raises(NotFound):
                store.tree(stream, len(written.entries) + 1)


@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=30)
@given(steps=histories)
def test_as_of_a_time_a_domain_is_the_fold_of_its_events_recorded_at_or_before_it(
    backend: str, steps: list[Step]
) -> None:
    with diary(backend, *steps) as written:
        store = written.store
        times = {
            EPOCH,
            dt.datetime.min.replace(tzinfo=dt.UTC),
            dt.datetime.max.replace(tzinfo=dt.UTC),
        }
        for _, envelope, _ in written.entries:
            within = EPOCH + dt.timedelta(microseconds=envelope.recorded_at // 1000)
            times |= {within - MICROSECOND, within, within + MICROSECOND}
        for time in times:
            nanoseconds = (time - EPOCH) // MICROSECOND * 1000
            for stream in written.streams():
                tree = fold(stream, written.by_time(stream, nanoseconds))
                assert told(store, stream, time) == expected(store, tree)


@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=30)
@given(steps=histories)
def test_the_reflog_of_current_is_every_difference_between_two_positions(
    backend: str, steps: list[Step]
) -> None:
    with diary(backend, *steps) as written:
        for stream in written.streams():
            currents = [
                written.store.tree(stream, n).current for n in range(len(written.entries) + 1)
            ]
            found = [
                (move.event.position, move.before, move.after)
                for move in written.store.reflog(stream)
            ]
            pairs = enumerate(pairwise(currents), 1)
            assert found == [(n, *pair) for n, pair in pairs if pair[0] != pair[1]]


@settings(max_examples=20)
@given(first=histories, then=histories)
def test_promise_7_the_tree_as_of_n_equals_the_fold_of_the_first_n_events_for_ever(
    first: list[Step], then: list[Step]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.db"
        lived: dict[tuple[str, int], Any] = {}
        with Store(path) as store:
            written = Diary(store)
            for step in first:
                written.write(step)
                for stream in written.streams():  # as it was when it was now
                    lived[stream, len(written.entries)] = told(store, stream, None)
            for stream in written.streams():
                for n in range(len(written.entries) + 1):
                    answer = told(store, stream, n)
                    assert lived.setdefault((stream, n), answer) == answer
                    tree = fold(stream, written.by_position(stream, n))
                    assert answer == expected(store, tree)
            for step in then:
                written.write(step)
            assert all(told(store, *asked) == answer for asked, answer in lived.items())
        for readonly in (False, True):
            with Store(path, readonly=readonly) as store:
                assert all(told(store, *asked) == answer for asked, answer in lived.items())
