"""A bundle carries the history of domains to another store, where it is the same."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

import lineage
from lineage import bundle, bundlefile
from lineage.definitions import new_event
from lineage.events import CurrentChanged
from lineage.log import Append, MemoryLog
from tests.unit.bundle_samples import bundled, carried, fill, hashes
from tests.unit.store_samples import A, B, body, snapshot

C = "11111111-2222-3333-4444-555555555555"


def wait_until(moment: dt.datetime) -> None:
    while dt.datetime.now(dt.UTC) <= moment:
        time.sleep(0.001)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[lineage.Store]:
    (tmp_path / "here").mkdir()
    with lineage.Store(tmp_path / "here" / "store") as opened:
        fill(opened)
        yield opened


@pytest.fixture
def other(tmp_path: Path) -> Iterator[lineage.Store]:
    (tmp_path / "there").mkdir()
    with lineage.Store(tmp_path / "there" / "store") as opened:
        opened.record(snapshot("mine", domain=body(C, "mine")))
        yield opened


def test_a_domain_has_the_same_history_and_hashes_in_the_other_store(
    store: lineage.Store, other: lineage.Store, tmp_path: Path
) -> None:
    applied = bundle.apply(other, bundled(tmp_path, store))
    streams = [head.stream for head in store.log.streams()]
    assert [(a.stream, a.before, a.version) for a in applied] == [
        (stream, 0, store.log.version(stream)) for stream in streams
    ]
    assert {A, B, "name:old-vm"} <= set(streams)
    for stream in streams:
        there = list(other.log.read(stream=stream))
        assert carried(there) == carried(store.log.read(stream=stream))
        assert hashes(other, stream) == hashes(store, stream)
        for position in range(store.head() + 1):
            mine = store.tree(stream, position)
            same = other.tree(stream, there[mine.version - 1].position if mine.version else 0)
            assert list(same) == list(mine)
            assert same.current == mine.current
        for name in store.tree(stream):
            assert other.xml(stream, name) == store.xml(stream, name)
        assert other.tree(stream).annotations == store.tree(stream).annotations
    assert list(other.check()) == []


def test_times_of_recording_are_kept_and_ask_for_the_same_trees(
    store: lineage.Store, other: lineage.Store, tmp_path: Path
) -> None:
    bundle.apply(other, bundled(tmp_path, store))
    for event in store.events(domain=A):
        at = store.log.position_at(A, event.recorded_at)
        there = other.log.position_at(A, event.recorded_at)
        assert other.log.event(there).version == store.log.event(at).version


def test_an_apply_is_one_append(store: lineage.Store, other: lineage.Store, tmp_path: Path) -> None:
    before = other.head()
    bundle.apply(other, bundled(tmp_path, store))
    assert len({event.commit for event in other.events(before)}) == 1


def test_only_the_domains_that_were_named_are_carried(
    store: lineage.Store, other: lineage.Store, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    (one,) = bundle.create(store, path, ["db", B])
    assert (one.stream, one.name, one.after, one.version) == (B, "db", 0, 4)
    assert one.hash == hashes(store, B)[-1]
    assert bundle.verify(path) == [one]
    bundle.apply(other, path)
    assert {head.stream for head in other.log.streams()} == {B, C}


def test_applied_again_it_adds_nothing(
    store: lineage.Store, other: lineage.Store, tmp_path: Path
) -> None:
    path = bundled(tmp_path, store)
    bundle.apply(other, path)
    head = other.head()
    assert all(a.before == a.version for a in bundle.apply(other, path))
    assert all(a.before == a.version for a in bundle.apply(store, path))
    assert other.head() == head


def test_only_what_the_store_has_not_is_added(
    store: lineage.Store, other: lineage.Store, tmp_path: Path
) -> None:
    bundle.apply(other, bundled(tmp_path, store, A))
    version = other.log.version(A)
    store.record(snapshot("five", "drei"))
    store.record(snapshot("six", "five"))
    head = other.head()
    (applied,) = bundle.apply(other, bundled(tmp_path, store, A))
    assert (applied.before, applied.version) == (version, version + 2)
    assert other.head() == head + 2
    assert hashes(other, A) == hashes(store, A)


def test_the_way_back_brings_only_what_was_added_there(
    store: lineage.Store, other: lineage.Store, tmp_path: Path
) -> None:
    bundle.apply(other, bundled(tmp_path, store, A))
    other.record(snapshot("there", "drei"))
    (back,) = bundle.apply(store, bundled(tmp_path, other, A))
    assert back.version == back.before + 1
    assert hashes(other, A) == hashes(store, A)


@pytest.mark.parametrize("by", ["position", "time"])
def test_a_bundle_since_a_moment_is_for_a_store_that_has_the_rest(
    store: lineage.Store, other: lineage.Store, tmp_path: Path, by: str
) -> None:
    bundle.apply(other, bundled(tmp_path, store))
    last = store.log.event(store.head())
    since: int | dt.datetime = last.position
    if by == "time":  # it has microseconds, and includes the event
        since = dt.datetime.fromtimestamp(last.recorded_at // 1000 / 1e6 + 2e-6, dt.UTC)
        wait_until(since)
    store.record(snapshot("five", "drei"))
    carried_ = bundle.create(store, tmp_path / "file", since=since)
    (one,) = carried_  # the other domains have nothing since
    assert (one.stream, one.after, one.version) == (A, store.log.version(A) - 1, one.after + 1)
    (applied,) = bundle.apply(other, tmp_path / "file")
    assert applied.before == one.after
    assert hashes(other, A) == hashes(store, A)


def test_a_bundle_that_begins_behind_the_store_is_refused(
    store: lineage.Store, other: lineage.Store, tmp_path: Path
) -> None:
    version = store.log.version(A)
    since = store.head()
    store.record(snapshot("five", "drei"))
    bundle.create(store, tmp_path / "file", since=since)
    with pytest.raises(lineage.Conflict, match=f"begins behind version {version}") as caught:
        bundle.apply(other, tmp_path / "file")
    assert caught.value.actual == 0
    assert other.head() == 1


def test_without_anything_since_there_is_no_file(store: lineage.Store, tmp_path: Path) -> None:
    assert bundle.create(store, tmp_path / "file", since=store.head()) == []
    assert not (tmp_path / "file").exists()


def test_a_rewind_is_refused_and_changes_nothing(
    store: lineage.Store, other: lineage.Store, tmp_path: Path
) -> None:
    old = bundled(tmp_path, store)
    bundle.apply(other, old)
    other.record(snapshot("newer", "drei"))
    head, version = other.head(), other.log.version(A)
    with pytest.raises(lineage.Conflict, match="a rewind: the store is at version") as caught:
        bundle.apply(other, old)
    assert caught.value.actual == version
    assert other.head() == head


@pytest.mark.parametrize("more", ["here", "there", "nowhere"])
def test_another_history_of_a_domain_is_refused_and_nothing_of_the_bundle_is_written(
    store: lineage.Store, other: lineage.Store, tmp_path: Path, more: str
) -> None:
    bundle.apply(other, bundled(tmp_path, store, A))
    store.record(snapshot("ours", "drei"))
    other.record(snapshot("theirs", "drei"))
    if more != "nowhere":
        (store if more == "here" else other).record(snapshot("last", "drei"))
    head = other.head()
    with pytest.raises(lineage.Conflict, match=f"{A}: the store has another history") as caught:
        bundle.apply(other, bundled(tmp_path, store))  # B is in it, too
    assert caught.value.actual == other.log.version(A)
    assert other.head() == head


def test_the_same_documents_recorded_elsewhere_are_another_history(
    store: lineage.Store, other: lineage.Store, tmp_path: Path
) -> None:
    other.record(snapshot("one"))
    with pytest.raises(lineage.Conflict, match="another history up to version 1"):
        bundle.apply(other, bundled(tmp_path, store, A))


def test_a_writer_that_comes_between_makes_it_a_conflict(
    store: lineage.Store, other: lineage.Store, tmp_path: Path
) -> None:
    def come(done: int, total: int) -> None:
        if done == total:
            other.record(snapshot("meanwhile"))

    path = bundled(tmp_path, store, A)
    with pytest.raises(lineage.Conflict):
        bundle.apply(other, path, progress=come)
    assert other.log.version(A) == 1


def test_a_large_bundle_is_several_appends_and_goes_on_where_it_was_interrupted(
    store: lineage.Store,
    other: lineage.Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bundle, "APPEND", 2000)
    path = bundled(tmp_path, store)
    append, calls = other.log.append, 0

    def tired(batch: list[Append], *rest: object) -> int:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        return append(batch, *rest)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(other.log, "append", tired)
        with pytest.raises(KeyboardInterrupt):
            bundle.apply(other, path)
    half = other.log.version(A)
    assert 0 < half < store.log.version(A)
    assert hashes(other, A) == hashes(store, A)[:half]
    assert list(other.check()) == []
    bundle.apply(other, path)
    for stream in (A, B, "name:old-vm"):
        assert hashes(other, stream) == hashes(store, stream)


def test_bodies_that_a_reader_no_longer_keeps_come_again(
    store: lineage.Store,
    other: lineage.Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = bundled(tmp_path, store)
    monkeypatch.setattr(bundlefile, "KEPT_BODIES", 1)
    again = bundled(tmp_path, store)
    assert whole.read_bytes() != again.read_bytes()
    bundle.apply(other, again)
    assert hashes(other, A) == hashes(store, A)
    monkeypatch.setattr(bundlefile, "KEPT_BODIES", 1024)
    with pytest.raises(lineage.Damaged, match="comes twice"):
        bundle.verify(again)


def test_a_bundle_of_many_blocks_is_read_back(
    other: lineage.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundlefile, "BLOCK", 100)
    with lineage.Store.over(MemoryLog()) as store:
        fill(store)
        bundle.apply(other, bundled(tmp_path, store))
        assert hashes(other, A) == hashes(store, A)


def test_a_log_in_memory_takes_a_bundle_as_well(store: lineage.Store, tmp_path: Path) -> None:
    with lineage.Store.over(MemoryLog()) as kept:
        bundle.apply(kept, bundled(tmp_path, store))
        assert hashes(kept, A) == hashes(store, A)
        assert kept.xml(A, "drei") == store.xml(A, "drei")


def test_events_recorded_together_stay_one_run(other: lineage.Store, tmp_path: Path) -> None:
    event = new_event(CurrentChanged(None), "test")
    with lineage.Store.over(MemoryLog()) as store:
        for time in (100, 100, 200):
            store.log.append([Append(A, [event] * 700)], recorded_at=time)
        bundle.apply(other, bundled(tmp_path, store))
        assert hashes(other, A) == hashes(store, A)
    with closing(apsw.Connection(str(tmp_path / "there" / "store"))) as connection:
        runs = connection.execute("SELECT version, recorded_at FROM runs WHERE stream = 2")
        assert runs.fetchall() == [(1024, 100), (1400, 100), (2100, 200)]


def test_progress_ends_where_all_is_done(
    store: lineage.Store, other: lineage.Store, tmp_path: Path
) -> None:
    path, steps = tmp_path / "file", list[tuple[int, int]]()

    def step(done: int, total: int) -> None:
        steps.append((done, total))

    bundle.create(store, path, progress=step)
    assert steps[-1] == (store.head(), store.head())
    size = path.stat().st_size
    for call, total in (
        (lambda: bundle.verify(path, progress=step), size),
        (lambda: bundle.apply(other, path, progress=step), 2 * size),
    ):
        steps.clear()
        call()
        assert steps == sorted(steps)
        assert steps[-1] == (total, total)


def test_what_is_recorded_meanwhile_is_not_in_it(
    store: lineage.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "_EVERY", 1)
    version, last = store.log.version(A), hashes(store, A)[-1]

    def come(done: int, _total: int) -> None:
        if done == 1:
            store.record(snapshot("meanwhile"))

    (one,) = bundle.create(store, tmp_path / "file", [A], progress=come)
    assert (one.version, one.hash) == (version, last)
    assert bundle.verify(tmp_path / "file") == [one]
    assert store.log.version(A) == version + 1
