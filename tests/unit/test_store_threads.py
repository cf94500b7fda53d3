"""One store, many threads: nobody sees half of a change, and no tree goes wrong."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from lineage.errors import Forked, NotFound
from lineage.store import Store
from tests.unit.store_samples import A, snapshot


def at_once(*works: Callable[[], None]) -> None:
    """Run each in a thread of its own; raise what any of them raised."""
    raised: list[BaseException] = []

    def run(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]


def singly(store: Store, mine: str) -> None:
    """Write in calls of their own."""
    for number in range(15):
        store.record(snapshot(f"{mine}{number}", "root"), key=f"{mine}{number}")
        store.rename("vm", f"{mine}{number}", f"{mine}{number}-renamed")


def batched(store: Store, mine: str) -> None:
    """Write in batches."""
    for number in range(15):
        with store.batch("vm") as batch:
            batch.record(snapshot(f"{mine}{number}", "root"), current=True)
            batch.record(snapshot(f"{mine}{number}-child", f"{mine}{number}"))
            batch.delete(f"{mine}{number}")


def test_threads_that_write_and_read_one_store_leave_the_tree_that_the_log_folds_to(
    tmp_path: Path,
) -> None:
    done = threading.Event()
    with Store(tmp_path / "store.db") as store:
        store.record(snapshot("root"))

        def reading() -> None:
            while not done.is_set():
                tree = store.tree("vm")
                assert all(tree[name].parent in (None, "root") for name in tree)
                assert store.domains()[0].snapshots >= len(tree)
                assert store.xml(A, "root") == snapshot("root")

        def writing() -> None:
            works = [partial(singly, store, mine) for mine in "ab"]
            works += [partial(batched, store, mine) for mine in "cd"]
            try:
                at_once(*works)
            finally:
                done.set()

        at_once(writing, reading, reading)
        kept, fresh = store.tree(A), Store.over(store.log).tree(A)
        assert [(n.name, n.parent, n.position, d) for n, d in kept.walk()] == [
            (n.name, n.parent, n.position, d) for n, d in fresh.walk()
        ]
        assert len(kept) == 1 + 4 * 15
        assert kept.version == store.head() == 1 + 2 * 30 + 2 * 15 * 4


def test_a_child_forked_while_another_thread_was_at_it_is_refused_and_does_not_hang(
    tmp_path: Path,
) -> None:
    with Store(tmp_path / "store.db") as store:
        store.record(snapshot())
        held, over = threading.Event(), threading.Event()

        def hold() -> None:
            with store._views.alone():
                held.set()
                over.wait()

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        child = os.fork()
        if child == 0:
            signal.alarm(30)  # rather killed than hanging
            os._exit(_refusals(store))
        over.set()
        thread.join()
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 5


def _refusals(store: Store) -> int:
    """How many of five calls are refused as forked."""
    count = 0
    for call in (
        lambda: store.tree("vm"),
        lambda: store.xml(A, "s1"),
        lambda: store.domains(),
        lambda: store.delete("vm", "s1"),
        lambda: store.batch("vm").__enter__(),
    ):
        try:
            call()
        except Forked:
            count += 1
        except NotFound:
            return 100
    return count
