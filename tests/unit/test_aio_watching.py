"""The store on asyncio: events as they are committed, while neither thread nor loop waits."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import lineage
from lineage import aio
from lineage.log import MemoryLog
from tests.unit.awaiting import ours, until
from tests.unit.mounts import pretend
from tests.unit.store_samples import A, B, Papers, body, chain, snapshot

ROOT = Path(__file__).parents[2]

WRITER = """
import sys
import lineage
from tests.unit.store_samples import snapshot
with lineage.Store(sys.argv[1]) as store:
    for number in range(30):
        sys.stdin.readline()
        store.record(snapshot(f"s{number}", created=number + 1))
"""


async def collect(events: AsyncIterator[lineage.Event], into: list[int]) -> None:
    """Note the positions of events as they come."""
    async for event in events:
        into.append(event.position)


def descriptors() -> list[str]:
    """What of the system this process has open to be told of events."""
    links = (each.readlink() for each in Path("/proc/self/fd").iterdir() if each.is_symlink())
    return sorted(link.name for link in links if "inode" in link.name)


def test_events_there_come_first_and_then_those_of_this_store(tmp_path: Path) -> None:
    async def story() -> None:
        seen: list[int] = []
        async with aio.Store(tmp_path / "store") as store:
            await store.ingest(Papers(chain(*[f"s{n}" for n in range(600)])))
            watching = asyncio.create_task(collect(store.watch(100), seen))
            await until(lambda: len(seen) == 500)
            for number in range(5):
                await store.record(snapshot(f"t{number}"))
                await until(lambda n=number: len(seen) == 501 + n)  # type: ignore[misc]
        await watching  # the store's end is its own
        assert seen == list(range(101, 606))

    asyncio.run(story())


@pytest.mark.parametrize("name", ["ext4", "9p"])
@pytest.mark.filterwarnings("ignore::lineage.errors.FileSystemWarning")
def test_events_of_another_process_come_as_they_are_committed(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reported by the system where it does that, else looked for every 100 ms."""
    path = tmp_path / "d" / "store"
    path.parent.mkdir()
    lineage.Store(path).close()
    pretend(monkeypatch, path, name)

    async def story(writer: subprocess.Popen[bytes]) -> list[int]:
        seen: list[int] = []
        async with aio.Store(path) as store:
            watching = asyncio.create_task(collect(store.watch(), seen))
            assert writer.stdin is not None
            for number in range(30):
                writer.stdin.write(b"\n")
                await until(lambda n=number: len(seen) > n)  # type: ignore[misc]
            watching.cancel()
            with pytest.raises(asyncio.CancelledError):
                await watching
        return seen

    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, bufsize=0, cwd=ROOT) as writer:
        assert asyncio.run(story(writer)) == list(range(1, 31))


def test_the_thread_is_free_while_a_watch_waits(tmp_path: Path) -> None:
    async def story() -> None:
        async with aio.Store(tmp_path / "store") as store:
            watches = [asyncio.create_task(collect(store.watch(), [])) for _ in range(20)]
            await asyncio.sleep(0.05)
            assert await asyncio.wait_for(store.head(), 10) == 0
            assert len(ours()) == 1
        await asyncio.gather(*watches)

    asyncio.run(story())


def test_a_watch_of_one_domain_gives_its_events_alone(tmp_path: Path) -> None:
    async def story() -> None:
        seen: list[int] = []
        async with aio.Store(tmp_path / "store") as store:
            await store.record(snapshot("one"))
            watching = asyncio.create_task(collect(store.watch(domain=A), seen))
            await store.record(snapshot("two", domain=body(B, "other")))
            await store.record(snapshot("three"))
            await until(lambda: len(seen) == 2)
        await watching
        assert seen == [1, 3]

    asyncio.run(story())


@pytest.mark.parametrize("timeout", [0, 0.05])
def test_a_watch_ends_when_nothing_came_for_so_long(tmp_path: Path, timeout: float) -> None:
    async def story() -> None:
        seen: list[int] = []
        async with aio.Store(tmp_path / "store") as store:
            await store.record(snapshot("one"))
            await collect(store.watch(timeout=timeout), seen)
            assert seen == [1]

    asyncio.run(asyncio.wait_for(story(), 30))


def test_wrong_arguments_are_refused_as_by_the_store(tmp_path: Path) -> None:
    async def story() -> None:
        async with aio.Store(tmp_path / "store") as store:
            with pytest.raises(ValueError, match="timeout"):
                await collect(store.watch(timeout=-1), [])
            with pytest.raises(lineage.NotFound):
                await collect(store.watch(domain="nobody"), [])

    asyncio.run(story())


@pytest.mark.parametrize("how", ["cancelled", "closed", "left"])
def test_a_watch_that_ends_leaves_nothing_open(tmp_path: Path, how: str) -> None:
    async def first(store: aio.Store) -> None:
        watch = store.watch()
        async for _ in watch:
            break
        await watch.aclose()  # type: ignore[attr-defined]

    async def story() -> None:
        before = descriptors()
        async with aio.Store(tmp_path / "store") as store:
            inside = descriptors()
            await store.record(snapshot("one"))
            if how == "left":
                await first(store)
                assert descriptors() == inside
                return
            seen: list[int] = []
            watching = asyncio.create_task(collect(store.watch(), seen))
            await until(lambda: seen == [1])
            if how == "cancelled":
                watching.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await watching
                assert descriptors() == inside
        if how == "closed":
            await watching
        assert descriptors() == before

    asyncio.run(story())


def test_an_error_comes_after_the_events_before_it() -> None:
    class Torn(MemoryLog):
        torn = False

        def read(self, *args, **more):  # type: ignore[no-untyped-def]
            for event in super().read(*args, **more):
                if self.torn and event.position == 3:
                    raise lineage.Damaged("torn")
                yield event

    async def story() -> None:
        seen: list[int] = []
        log = Torn()
        async with aio.Store.over(log) as store:
            for document in chain("a", "b", "c"):
                await store.record(document)
            log.torn = True
            with pytest.raises(lineage.Damaged):
                await collect(store.watch(), seen)
        assert seen == [1, 2]

    asyncio.run(story())


def test_another_threads_events_wake_a_watch_of_a_log_in_memory() -> None:
    log = MemoryLog()

    async def story() -> None:
        seen: list[int] = []
        async with aio.Store.over(log) as store:
            watching = asyncio.create_task(collect(store.watch(), seen))
            await asyncio.sleep(0.02)
            writer = threading.Thread(target=lineage.Store.over(log).record, args=[snapshot()])
            writer.start()
            await until(lambda: seen == [1])
            writer.join()
        await watching

    asyncio.run(story())
