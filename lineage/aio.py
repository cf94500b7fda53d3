"""The store for programs on asyncio: the same methods, awaited, in one worker thread a store."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial, wraps
from itertools import islice
from types import TracebackType
from typing import Any, Concatenate, Final, ParamSpec, Protocol, Self, TypeVar

from lineage import batch as blocking_batch
from lineage import store as blocking
from lineage.errors import Forked
from lineage.log.base import EventLog, Waiter
from lineage.reading import Event
from lineage.writing import Written

__all__ = ["Batch", "Store"]

_CHUNK: Final = 256  # items of an iterator that are fetched at once

_P = ParamSpec("_P")
_R = TypeVar("_R")
_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)


class _Awaited(Protocol[_T_co]):
    """Something whose methods are called in the thread of a store."""

    def _target(self) -> _T_co:
        """What has the methods."""

    async def _run(self, call: Callable[[], _R]) -> _R:
        """Run something in the thread, after all that was to run before."""


def _called(
    method: Callable[Concatenate[_T, _P], _R],
) -> Callable[Concatenate[_Awaited[_T], _P], Coroutine[Any, Any, _R]]:
    """Make a coroutine of a method."""

    @wraps(method)
    async def call(self: _Awaited[_T], /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        return await self._run(partial(method, self._target(), *args, **kwargs))

    return call


def _iterated(
    method: Callable[Concatenate[_T, _P], Iterator[_R]],
) -> Callable[Concatenate[_Awaited[_T], _P], AsyncIterator[_R]]:
    """Make an asynchronous iterator of a method that gives an iterator."""

    @wraps(method)
    async def iterate(
        self: _Awaited[_T], /, *args: _P.args, **kwargs: _P.kwargs
    ) -> AsyncIterator[_R]:
        items = await self._run(partial(method, self._target(), *args, **kwargs))
        more = True
        while more:
            chunk, more, error = await self._run(partial(_fetch, items))
            for item in chunk:
                yield item
            if error is not None:
                raise error

    return iterate


def _fetch(items: Iterator[_R]) -> tuple[list[_R], bool, Exception | None]:
    """Give the next items, whether there may be more, and what came instead of the next one."""
    chunk: list[_R] = []
    try:
        chunk.extend(islice(items, _CHUNK))  # what came before an error is kept
    except Exception as error:
        return chunk, False, error
    return chunk, len(chunk) == _CHUNK, None


async def _stirred(waiter: Waiter, timeout: float | None) -> None:
    """Wait until there may be events to look at, or for so many seconds."""
    loop = asyncio.get_running_loop()
    stirred = asyncio.Event()
    with waiter.waiting() as (descriptor, due):
        loop.add_reader(descriptor, stirred.set)
        try:
            limits = (limit for limit in (timeout, due) if limit is not None)
            with suppress(TimeoutError):
                async with asyncio.timeout(min(limits, default=None)):
                    await stirred.wait()
        finally:
            loop.remove_reader(descriptor)
    waiter.wait(0)  # returns at once: what woke us is taken note of


class Store:
    """A `lineage.Store` for programs on asyncio: ``async with lineage.aio.Store(path) as store``.

    Every method of `lineage.Store` is a coroutine here, an iterator an asynchronous one, with
    the same arguments, results and errors. They run in a thread of the store's own, one at a
    time, in the order in which they were awaited; so the event loop never waits for the disk.

    A call that is cancelled before it began does not run. One that has begun runs to its end,
    though nobody learns its result: what it writes is there in full or was never begun. The
    thread ends with `close`, which first waits for all calls awaited before it, even if it is
    cancelled itself.

    `check` of a sound store has nothing to give before its end, and keeps the thread until then:
    a large store is better checked through a store opened for that.

    What is passed in (`progress` of `backup` and of `ingest`, an iterable) is called in the
    thread. The store is opened when the block is entered, and after `os.fork` is of no use to
    the child (`Forked`).

    Args:
        path, readonly, allow_network: as for `lineage.Store`; its errors are raised on entering.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        readonly: bool = False,
        allow_network: bool = False,
    ) -> None:
        make = partial(blocking.Store, path, readonly=readonly, allow_network=allow_network)
        self._prepare(make)

    @classmethod
    def over(cls, log: EventLog) -> Self:
        """Make a store of another event log; see `lineage.Store.over`."""
        store = cls.__new__(cls)
        store._prepare(partial(blocking.Store.over, log))
        return store

    def _prepare(self, make: Callable[[], blocking.Store]) -> None:
        self._make = make
        self._store: blocking.Store | None = None
        self._worker: ThreadPoolExecutor | None = None
        self._closing: Future[None] | None = None
        self._pid = os.getpid()

    async def __aenter__(self) -> Self:
        if self._worker is not None:
            raise ValueError("a store is entered once")
        self._pid = os.getpid()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="lineage")
        try:
            await self._run(self._open)
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Wait for the calls awaited so far, release the file and end the thread.

        Closing twice is harmless, and so is closing in a fork.
        """
        if self._worker is None or os.getpid() != self._pid:
            return
        if self._closing is None:
            self._closing = self._worker.submit(self._release)
            self._worker.shutdown(wait=False)
        released, cancelled = asyncio.wrap_future(self._closing), None
        while not released.done():
            try:
                await asyncio.wait([released])
            except asyncio.CancelledError as error:
                cancelled = error
        self._worker.shutdown()  # the thread has nothing more to do than to end
        if cancelled is not None:
            raise cancelled
        released.result()

    def _open(self) -> None:
        self._store = self._make()

    def _release(self) -> None:
        if self._store is not None:
            self._store.close()

    def _target(self) -> blocking.Store:
        if self._store is None:
            raise ValueError("the store is not open yet: async with ...")
        return self._store

    async def _run(self, call: Callable[[], _R]) -> _R:
        """Run something in the thread, after all that was to run before."""
        if os.getpid() != self._pid:
            raise Forked("the store was opened before os.fork(); open it again in the child")
        if self._worker is None or self._closing is not None:
            raise ValueError("the store is closed")
        future = self._worker.submit(call)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            future.cancel()  # no more than a request, if it has begun
            raise

    # Reading

    domains = _called(blocking.Store.domains)
    resolve = _called(blocking.Store.resolve)
    tree = _called(blocking.Store.tree)
    snapshots = _called(blocking.Store.snapshots)
    xml = _called(blocking.Store.xml)
    events = _iterated(blocking.Store.events)
    reflog = _iterated(blocking.Store.reflog)
    head = _called(blocking.Store.head)
    check = _iterated(blocking.Store.check)

    async def watch(
        self, after: int = 0, *, domain: str | None = None, timeout: float | None = None
    ) -> AsyncIterator[Event]:
        """Give the events behind a position, then each as it is committed, by whatever process.

        It ends with the store, or after `timeout` seconds without an event; see
        `lineage.Store.watch`. The thread is free while it waits, and so is the loop.
        """
        store = self._target()
        watch = await self._run(partial(store.watch, after, domain=domain, timeout=timeout))
        loop = asyncio.get_running_loop()
        try:
            asked = loop.time()
            while self._closing is None and not watch.waiter.closed:
                events = await self._run(partial(watch.take, _CHUNK))
                for event in events:
                    yield event
                if events:
                    asked = loop.time()
                    continue
                left = None if timeout is None else asked + timeout - loop.time()
                if left is not None and left <= 0:
                    return
                await _stirred(watch.waiter, left)
        finally:
            watch.close()

    # Writing

    record = _called(blocking.Store.record)
    delete = _called(blocking.Store.delete)
    set_current = _called(blocking.Store.set_current)
    rename = _called(blocking.Store.rename)
    undefine = _called(blocking.Store.undefine)
    annotate = _called(blocking.Store.annotate)
    ingest = _called(blocking.Store.ingest)
    backup = _called(blocking.Store.backup)

    def batch(
        self, domain: str, *, expect: int | None = None, key: str | None = None, source: str = ""
    ) -> Batch:
        """Write several events of one domain, all or nothing; see `lineage.Store.batch`.

        ``async with store.batch(domain) as b``, and each call on it is awaited.
        """
        batch = self._target().batch(domain, expect=expect, key=key, source=source)
        return Batch(batch, self._run)


class _Runs(Protocol):
    """`Store._run`."""

    async def __call__(self, call: Callable[[], _R]) -> _R: ...


class Batch:
    """A `lineage.batch.Batch` for programs on asyncio: what `Store.batch` gives.

    A block that is cancelled writes nothing, unless its end has begun: then that is carried out.
    """

    def __init__(self, batch: blocking_batch.Batch, run: _Runs) -> None:
        self._batch = batch
        self._run = run

    @property
    def written(self) -> Written | None:
        """The answer, None before the end of the block."""
        return self._batch.written

    async def __aenter__(self) -> Self:
        await self._run(self._batch.__enter__)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._run(partial(self._batch.__exit__, kind, error, trace))

    def _target(self) -> blocking_batch.Batch:
        return self._batch

    record = _called(blocking_batch.Batch.record)
    delete = _called(blocking_batch.Batch.delete)
    set_current = _called(blocking_batch.Batch.set_current)
    rename = _called(blocking_batch.Batch.rename)
    undefine = _called(blocking_batch.Batch.undefine)
    annotate = _called(blocking_batch.Batch.annotate)
