"""The store on asyncio: the same methods, answers and errors, beside the loop."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

import lineage
from lineage import aio
from lineage.batch import Batch
from lineage.log import MemoryLog, StoredEvent
from tests.unit.awaiting import Gate, ours, until
from tests.unit.store_samples import A, Papers, chain, snapshot

# What the other one has no use for: the log answers at once, from any thread.
NOT_AWAITED = {"log"}


class Torn(MemoryLog):
    """A log of which the third event cannot be read, once it is torn."""

    torn = False

    def read(self, *args: Any, **more: Any) -> Iterator[StoredEvent]:
        for event in super().read(*args, **more):
            if self.torn and event.position == 3:
                raise lineage.Damaged("torn")
            yield event


def public(kind: type) -> set[str]:
    """Names of what a class offers."""
    return {name for name in dir(kind) if not name.startswith("_")}


# In step with the store


METHODS = [
    *[(lineage.Store, aio.Store, name) for name in public(lineage.Store) - NOT_AWAITED],
    *[(Batch, aio.Batch, name) for name in public(Batch)],
    (lineage.Store, aio.Store, "__init__"),
]


def test_every_method_is_there() -> None:
    assert public(aio.Store) == public(lineage.Store) - NOT_AWAITED
    assert public(aio.Batch) == public(Batch) | {"written"}


@pytest.mark.parametrize(("plain", "awaited", "name"), METHODS, ids=str)
def test_a_method_takes_what_the_stores_takes(plain: type, awaited: type, name: str) -> None:
    theirs, mine = getattr(plain, name), getattr(awaited, name)
    assert inspect.signature(mine).parameters == inspect.signature(theirs).parameters
    assert inspect.getdoc(mine)
    if name not in ("__init__", "over", "batch"):
        gives = inspect.signature(theirs).return_annotation
        iterates = gives.startswith(("Iterator", "Watch"))
        assert (inspect.isasyncgenfunction if iterates else inspect.iscoroutinefunction)(mine)


def plainly(path: Path) -> list[object]:
    """What the store answers."""
    with lineage.Store(path) as store:
        return [
            *[store.record(document) for document in chain("one", "two", "three")],
            store.ingest(Papers([snapshot("four", "two")])).added,
            store.set_current(A, "two"),
            store.rename(A, "two", "deux"),
            store.annotate(A, {"why": "a test"}),
            store.delete(A, "one"),
            store.resolve("vm"),
            list(store.tree("vm")),
            store.xml("vm", "three", active=True),
            store.domains(),
            [listed.name for listed in store.snapshots("vm")],
            [(event.position, event.data) for event in store.events(2, "vm")],
            [move.after for move in store.reflog("vm")],
            store.head(),
            list(store.check()),
            store.undefine("vm"),
        ]


async def awaited(path: Path) -> list[object]:
    """What it answers when all of that is awaited."""
    async with aio.Store(path) as store:
        return [
            *[await store.record(document) for document in chain("one", "two", "three")],
            (await store.ingest(Papers([snapshot("four", "two")]))).added,
            await store.set_current(A, "two"),
            await store.rename(A, "two", "deux"),
            await store.annotate(A, {"why": "a test"}),
            await store.delete(A, "one"),
            await store.resolve("vm"),
            list(await store.tree("vm")),
            await store.xml("vm", "three", active=True),
            await store.domains(),
            [listed.name for listed in await store.snapshots("vm")],
            [(event.position, event.data) async for event in store.events(2, "vm")],
            [move.after async for move in store.reflog("vm")],
            await store.head(),
            [finding async for finding in store.check()],
            await store.undefine("vm"),
        ]


def test_the_same_calls_have_the_same_answers(tmp_path: Path) -> None:
    assert repr(asyncio.run(awaited(tmp_path / "a"))) == repr(plainly(tmp_path / "b"))


def test_a_batch_is_written_at_the_end_of_its_block(tmp_path: Path) -> None:
    async def story() -> None:
        async with aio.Store(tmp_path / "store") as store:
            async with store.batch("vm", expect=0, key="call") as batch:
                await batch.record(snapshot("one"))
                await batch.record(snapshot("two", "one"), current=True)
                await batch.annotate({"why": "a test"}, snapshot="two")
                await batch.rename("one", "uno")
                with pytest.raises(lineage.NotFound):
                    await batch.delete("nothing")
                assert await store.head() == 0
                assert batch.written is None
            assert batch.written == lineage.Written(5, 5)
            assert set(await store.tree("vm")) == {"uno", "two"}
            late = store.batch("vm", expect=4)
            with pytest.raises(lineage.Conflict):
                await late.__aenter__()
            assert (await store.head(), late.written) == (5, None)

    asyncio.run(story())


def test_a_batch_whose_block_fails_writes_nothing(tmp_path: Path) -> None:
    async def fail(store: aio.Store) -> None:
        async with store.batch(A) as batch:
            await batch.record(snapshot("one"))
            raise ZeroDivisionError

    async def story() -> None:
        async with aio.Store(tmp_path / "store") as store:
            with pytest.raises(ZeroDivisionError):
                await fail(store)
            assert await store.head() == 0

    asyncio.run(story())


def test_a_backup_can_be_awaited(tmp_path: Path) -> None:
    async def story() -> None:
        async with aio.Store(tmp_path / "store") as store:
            await store.record(snapshot())
            await store.backup(tmp_path / "copy")

    asyncio.run(story())
    with lineage.Store(tmp_path / "copy") as copied:
        assert copied.head() == 1


# Errors


def test_errors_come_through_as_they_are(tmp_path: Path) -> None:
    async def story() -> None:
        async with aio.Store(tmp_path / "store") as store:
            await store.record(snapshot())
            with pytest.raises(lineage.Conflict) as conflict:
                await store.record(snapshot("s2"), expect=7)
            assert conflict.value.actual == 1
            with pytest.raises(lineage.XMLError) as refused:
                await store.record("<domainsnapshot>")
            assert refused.value.code
            with pytest.raises(lineage.NotFound):
                _ = [event async for event in store.events(domain="nobody")]
            assert await store.head() == 1

    asyncio.run(story())


def test_a_store_that_cannot_be_opened_leaves_no_thread(tmp_path: Path) -> None:
    async def story() -> None:
        with pytest.raises(lineage.NotAStore):
            async with aio.Store(tmp_path / "missing", readonly=True):
                raise AssertionError
        assert ours() == []

    asyncio.run(story())


def test_what_came_before_an_error_is_given_first() -> None:
    seen: list[int] = []

    async def read(store: aio.Store) -> None:
        async for event in store.events():
            seen.append(event.position)

    async def story() -> None:
        log = Torn()
        async with aio.Store.over(log) as store:
            for document in chain("a", "b", "c", "d"):
                await store.record(document)
            log.torn = True
            with pytest.raises(lineage.Damaged):
                await read(store)

    asyncio.run(story())
    assert seen == [1, 2]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_store_that_is_not_open_says_so(tmp_path: Path, when: str) -> None:
    async def story() -> None:
        store = aio.Store(tmp_path / "store")
        if when == "after":
            async with store:
                pass
        with pytest.raises(ValueError, match="open" if when == "before" else "closed"):
            await store.head()
        await store.close()

    asyncio.run(story())


def test_a_store_is_entered_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with aio.Store(tmp_path / "store") as store:
            with pytest.raises(ValueError, match="once"):
                await store.__aenter__()
            assert await store.head() == 0

    asyncio.run(story())


# Order, and the loop


def test_calls_run_in_the_order_in_which_they_were_awaited(tmp_path: Path) -> None:
    async def story() -> None:
        async with aio.Store(tmp_path / "store") as store:
            calls = [store.record(snapshot(f"s{n}", created=n + 1)) for n in range(60)]
            await asyncio.gather(*calls)
            names = [event.data.name async for event in store.events()]  # type: ignore[union-attr]
            assert names == [f"s{n}" for n in range(60)]

    asyncio.run(story())


def test_all_happens_in_one_thread_that_is_not_the_loops() -> None:
    threads: set[int] = set()

    class Seen(MemoryLog):
        def head(self) -> int:
            threads.add(threading.get_ident())
            return super().head()

    async def story() -> None:
        async with aio.Store.over(Seen()) as store:
            await asyncio.gather(*[store.head() for _ in range(20)])
            assert ours() == ["lineage_0"]
        assert ours() == []

    asyncio.run(story())
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_the_loop_goes_on_while_a_call_takes_its_time() -> None:
    async def story() -> None:
        log = Gate()
        async with aio.Store.over(log) as store:
            writing = asyncio.create_task(store.record(snapshot()))
            await until(log.begun.is_set)
            assert not writing.done()
            log.open.set()
            await writing

    asyncio.run(story())


def test_an_iterator_lets_others_in_between(tmp_path: Path) -> None:
    async def story() -> None:
        async with aio.Store(tmp_path / "store") as store:
            report = await store.ingest(Papers(chain(*[f"s{n}" for n in range(1000)])))
            assert report.added == 1000
            seen = 0
            async for event in store.events():
                seen += 1
                assert event.position == seen
                if seen == 10:
                    assert await store.head() == 1000
                    await store.record(snapshot("more"))
            assert seen >= 1000

    asyncio.run(story())


def test_an_iterator_fetches_no_more_than_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aio, "_CHUNK", 4)
    read = 0

    class Counted(MemoryLog):
        def read(self, *args: Any, **more: Any) -> Iterator[StoredEvent]:
            nonlocal read
            for event in super().read(*args, **more):
                read += 1
                yield event

    async def story() -> None:
        nonlocal read
        async with aio.Store.over(Counted()) as store:
            await store.ingest(Papers(chain(*[f"s{n}" for n in range(40)])))
            read = 0
            async with contextlib.aclosing(_generator(store.events())) as events:
                async for event in events:
                    if event.position == 6:
                        break
            assert read == 8

    asyncio.run(story())


def _generator(events: AsyncIterator[lineage.Event]) -> Any:
    return events


# Beside other things


def test_two_loops_one_after_the_other_can_use_a_store(tmp_path: Path) -> None:
    store = aio.Store(tmp_path / "store")
    asyncio.run(_through(store.__aenter__()))
    assert asyncio.run(_through(store.record(snapshot())))
    asyncio.run(_through(store.close()))
    assert ours() == []


async def _through(call: Awaitable[Any] | Coroutine[Any, Any, Any]) -> Any:
    return await call


def test_a_child_is_told_to_open_it_again(tmp_path: Path) -> None:
    async def child(store: aio.Store) -> None:
        with pytest.raises(lineage.Forked):
            await store.head()
        await store.close()

    store = aio.Store(tmp_path / "store")
    asyncio.run(_through(store.__aenter__()))
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            asyncio.run(child(store))
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0
    asyncio.run(_through(store.record(snapshot())))
    asyncio.run(_through(store.close()))


def test_it_is_imported_when_asked_for() -> None:
    assert lineage.aio is aio
    assert "aio" in dir(lineage)
