"""The store on asyncio: no call of it is half done, and closing leaves nothing running."""

from __future__ import annotations

import asyncio
import random
import threading
from pathlib import Path

import pytest

import lineage
from lineage import aio
from lineage.log import MemoryLog
from tests.unit.awaiting import Gate, ours, until
from tests.unit.store_samples import A, snapshot


def test_a_call_that_has_begun_runs_to_its_end_though_cancelled() -> None:
    async def story() -> None:
        log = Gate()
        async with aio.Store.over(log) as store:
            writing = asyncio.create_task(store.record(snapshot()))
            await until(log.begun.is_set)
            writing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await writing  # at once: the log still waits
            log.open.set()
            assert await store.head() == 1
            assert list(await store.tree(A)) == ["s1"]

    asyncio.run(story())


def test_a_call_cancelled_before_it_began_does_not_run() -> None:
    async def story() -> None:
        log = Gate()
        async with aio.Store.over(log) as store:
            first = asyncio.create_task(store.record(snapshot("first")))
            second = asyncio.create_task(store.record(snapshot("second")))
            third = asyncio.create_task(store.record(snapshot("third")))
            await until(log.begun.is_set)
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
            log.open.set()
            await asyncio.gather(first, third)
            assert set(await store.tree(A)) == {"first", "third"}

    asyncio.run(story())


@pytest.mark.parametrize("when", ["in the block", "at its end"])
def test_a_batch_is_written_whole_or_not_begun(when: str) -> None:
    async def write(store: aio.Store, reached: asyncio.Event) -> None:
        async with store.batch(A) as batch:
            await batch.record(snapshot("one"))
            await batch.record(snapshot("two", "one"))
            reached.set()
            if when == "in the block":
                await asyncio.sleep(30)

    async def story() -> None:
        log, reached = Gate(), asyncio.Event()
        async with aio.Store.over(log) as store:
            writing = asyncio.create_task(write(store, reached))
            await reached.wait()
            if when == "at its end":
                await until(log.begun.is_set)
            writing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await writing
            log.open.set()
            assert await store.head() == (0 if when == "in the block" else 2)

    asyncio.run(story())


def test_closing_waits_for_what_runs_and_what_waits() -> None:
    async def story() -> None:
        log = Gate()
        store = aio.Store.over(log)
        async with store:
            running = asyncio.create_task(store.record(snapshot("first")))
            waiting = asyncio.create_task(store.record(snapshot("second")))
            await until(log.begun.is_set)
            closing = asyncio.create_task(store.close())
            await asyncio.sleep(0.02)
            assert not closing.done()
            with pytest.raises(ValueError, match="closed"):
                await store.head()
            log.open.set()
            await closing
            assert (running.done(), waiting.done()) == (True, True)
            assert ours() == []
            assert (await running, await waiting) is not None

    asyncio.run(story())


def test_closing_goes_on_though_cancelled() -> None:
    async def story() -> None:
        log = Gate()
        store = aio.Store.over(log)
        await store.__aenter__()
        writing = asyncio.create_task(store.record(snapshot()))
        await until(log.begun.is_set)
        closing = asyncio.create_task(store.close())
        for _ in range(3):
            await asyncio.sleep(0.01)
            closing.cancel()
        await asyncio.sleep(0.01)
        assert not closing.done()
        log.open.set()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert ours() == []
        await writing
        await store.close()

    asyncio.run(story())


def test_a_store_whose_opening_is_cancelled_is_closed_again() -> None:
    log = MemoryLog()
    opening, go_on = threading.Event(), threading.Event()

    async def story() -> None:
        store = aio.Store.over(log)
        make = store._make

        def slowly() -> lineage.Store:
            opening.set()
            assert go_on.wait(30)
            return make()

        store._make = slowly
        entering = asyncio.create_task(store.__aenter__())
        await until(opening.is_set)
        entering.cancel()
        await asyncio.sleep(0.01)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await entering
        assert ours() == []
        with pytest.raises(ValueError, match="closed"):
            log.head()

    asyncio.run(story())


def test_a_timeout_is_a_cancellation_like_any_other(tmp_path: Path) -> None:
    async def story() -> None:
        log = Gate()
        async with aio.Store.over(log) as store:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await store.record(snapshot())
            log.open.set()
            assert await store.head() == 1

    asyncio.run(story())


def test_of_writers_cancelled_at_random_each_commit_is_there_or_never_began(
    tmp_path: Path,
) -> None:
    """Each call writes two events at once: a snapshot and that it is current."""
    chance = random.Random(5)

    async def story() -> tuple[set[str], set[str]]:
        acknowledged: set[str] = set()

        async def write(store: aio.Store, number: int) -> None:
            await store.record(snapshot(f"s{number}", created=number + 1), current=True)
            acknowledged.add(f"s{number}")

        async with aio.Store(tmp_path / "store") as store:
            tasks = [asyncio.create_task(write(store, number)) for number in range(300)]
            while not all(task.done() for task in tasks):
                await asyncio.sleep(chance.random() / 200)
                chance.choice(tasks).cancel()
                chance.choice(tasks).cancel()
        return acknowledged, {f"s{n}" for n, task in enumerate(tasks) if task.cancelled()}

    acknowledged, cancelled = asyncio.run(story())
    assert acknowledged
    assert cancelled
    with lineage.Store(tmp_path / "store") as store:
        events = [event.data for event in store.events()]
        assert acknowledged <= set(store.tree(A)) <= acknowledged | cancelled
    pairs = list(zip(events[::2], events[1::2], strict=True))
    assert all(first.name == second.name for first, second in pairs)  # type: ignore[union-attr]
