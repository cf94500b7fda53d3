"""`Store.watch` in one process: what it yields, from where, and how it ends."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lineage import Event, NotFound, Store, Watch
from lineage.errors import Damaged
from lineage.log import MemoryLog, SQLiteLog, StoredEvent
from tests.unit.store_samples import A, B, body, snapshot

SOON = 10.0


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    log = MemoryLog() if request.param == "memory" else SQLiteLog(tmp_path / "s.lineage")
    with Store.over(log) as made:
        yield made


def fill(store: Store, *names: str, domain: str = A) -> None:
    for name in names:
        store.record(snapshot(name, domain=body(domain, f"vm-{domain[:2]}")))


def positions(events: Iterator[Event] | Watch) -> list[int]:
    return [event.position for event in events]


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


class Follower(threading.Thread):
    """Collects what a watch yields, in a thread of its own."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.watch, self.events = watch, list[Event]()
        self.start()

    def run(self) -> None:
        for event in self.watch:
            self.events.append(event)

    def until(self, count: int) -> list[int]:
        """Wait for that many events; give their positions."""
        end = time.monotonic() + SOON
        while len(self.events) < count and time.monotonic() < end:
            time.sleep(0.002)
        return [event.position for event in self.events]


def test_a_watch_gives_what_is_there_and_then_what_is_committed(store: Store) -> None:
    fill(store, "a", "b")
    follower = Follower(store.watch())
    assert follower.until(2) == [1, 2]
    fill(store, "c")
    assert follower.until(3) == [1, 2, 3]
    fill(store, "d", "e", domain=B)
    assert follower.until(5) == [1, 2, 3, 4, 5]
    follower.watch.close()
    follower.join(SOON)
    assert follower.events == list(store.events())


def test_a_watch_resumes_from_any_position(store: Store) -> None:
    fill(store, "a", "b", "c", "d")
    for after in range(5):
        watch = store.watch(after, timeout=0)
        assert watch.position == after
        assert positions(watch) == list(range(after + 1, 5))
        assert watch.position == 4
    with store.watch(timeout=0) as watch:
        assert next(watch).position == watch.position == 1
        assert positions(store.watch(watch.position, timeout=0)) == [2, 3, 4]


def test_a_watch_from_a_position_to_come_begins_there(store: Store) -> None:
    fill(store, "a")
    follower = Follower(store.watch(3))
    fill(store, "b", "c", "d", "e")
    assert follower.until(2) == [4, 5]
    follower.watch.close()
    follower.join(SOON)


def test_a_watch_of_a_domain_gives_its_events_alone(store: Store) -> None:
    fill(store, "a")
    fill(store, "a", domain=B)
    follower = Follower(store.watch(domain=f"vm-{B[:2]}"))
    for name in ("b", "c", "d"):
        fill(store, name)
        fill(store, name, domain=B)
    assert follower.until(4) == [2, 4, 6, 8]
    follower.watch.close()
    follower.join(SOON)
    assert [event.version for event in follower.events] == [1, 2, 3, 4]


def test_a_watch_of_a_domain_that_never_was_is_refused(store: Store) -> None:
    with pytest.raises(NotFound):
        store.watch(domain="nobody")


@pytest.mark.parametrize("arguments", [{"after": -1}, {"timeout": -0.1}, {"timeout": float("nan")}])
def test_a_watch_that_means_nothing_is_refused_at_once(
    store: Store, arguments: dict[str, float]
) -> None:
    before = descriptors()
    with pytest.raises(ValueError, match="0 or more"):
        store.watch(**arguments)  # type: ignore[arg-type]
    assert descriptors() == before


def test_a_watch_ends_when_nothing_came_for_its_timeout(store: Store) -> None:
    fill(store, "a")
    began = time.monotonic()
    watch = store.watch(timeout=0.2)
    assert next(watch).position == 1
    timer = threading.Timer(0.1, fill, (store, "b"))
    timer.start()
    assert next(watch).position == 2
    seen = time.monotonic()
    assert positions(watch) == []
    assert time.monotonic() - seen >= 0.2
    assert time.monotonic() - began < SOON
    timer.join()
    fill(store, "c")
    assert next(watch, None) is None  # it stays over


@pytest.mark.parametrize("what", ["watch", "store"])
def test_a_watch_that_waits_ends_at_once_when_closed_by_another_thread(
    store: Store, what: str
) -> None:
    fill(store, "a")
    follower = Follower(store.watch())
    assert follower.until(1) == [1]
    began = time.monotonic()
    (follower.watch if what == "watch" else store).close()
    follower.join(SOON)
    assert not follower.is_alive()
    assert time.monotonic() - began < SOON / 2
    assert next(follower.watch, None) is None


def test_a_watch_closed_between_two_events_gives_no_more(store: Store) -> None:
    fill(store, "a", "b", "c")
    watch = store.watch()
    assert next(watch).position == 1
    watch.close()
    watch.close()
    assert positions(watch) == []


def test_an_interrupt_ends_the_wait_and_the_watch_goes_on_where_it_was(store: Store) -> None:
    fill(store, "a")
    watch = store.watch()
    assert next(watch).position == 1
    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        next(watch)
    assert time.monotonic() - began < SOON
    timer.join()
    fill(store, "b")
    assert next(watch).position == 2
    watch.close()


def test_a_signal_handler_may_close_the_watch_it_interrupts(store: Store) -> None:
    watch = store.watch()
    before = signal.signal(signal.SIGALRM, lambda number, frame: watch.close())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        assert positions(watch) == []
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_watch_starts_no_thread_and_leaves_no_descriptor(store: Store) -> None:
    fill(store, "a")
    positions(store.watch(timeout=0))
    before = descriptors()
    threads = threading.active_count()
    for _ in range(20):
        watch = store.watch(timeout=0.001)
        assert threading.active_count() == threads
        assert positions(watch) == [1]
    watch = store.watch()
    next(watch)
    del watch  # forgotten, not closed
    assert descriptors() == before


class Torn(MemoryLog):
    """A log whose second event cannot be read, while it is torn."""

    torn = True

    def read(
        self, after: int = 0, *, stream: str | None = None, limit: int | None = None
    ) -> Iterator[StoredEvent]:
        for event in super().read(after, stream=stream, limit=limit):
            if event.position == 2 and self.torn:
                raise Damaged("event 2 is not what was written")
            yield event


def test_a_watch_passes_over_nothing_that_cannot_be_read() -> None:
    log = Torn()
    with Store.over(log) as store:
        log.torn = False
        fill(store, "a", "b", "c")
        log.torn = True
        watch = store.watch(timeout=0)
        assert next(watch).position == 1
        for _ in range(3):
            with pytest.raises(Damaged):
                next(watch)
        log.torn = False
        assert positions(watch) == [2, 3]
