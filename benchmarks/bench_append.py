"""What it costs to append, one event or a thousand at a time, each time down to the disk.

Run with ``make bench``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

import lineage
from benchmarks.disks import directory
from benchmarks.recorded import Recorded, appends, recorded, shuffled
from benchmarks.rivals import bare_write, recorder
from benchmarks.rounds import Rival
from lineage.log import Append, SQLiteLog

DOMAINS: Final = 400
SNAPSHOTS: Final = 50
SINGLE: Final = 2000  # appends in a round: the -wal file is carried over in each
SINGLE_ROUNDS: Final = DOMAINS * SNAPSHOTS // SINGLE - 1  # and one to warm up
BATCH: Final = 1000
BATCH_ROUNDS: Final = 9


@pytest.fixture(scope="module")
def items() -> list[Recorded]:
    """20,000 documents of 400 domains, in order of the domain."""
    return recorded(DOMAINS, SNAPSHOTS, seed=5)


@pytest.fixture
def disk() -> Iterator[Path]:
    """An empty directory on a disk."""
    with directory() as path:
        yield path


def in_turn(items: list[Recorded]) -> Callable[[], list[Recorded]]:
    """Gives the next `SINGLE` of them at each call."""
    turns = iter([items[n : n + SINGLE] for n in range(0, len(items), SINGLE)])
    return lambda: next(turns)


@pytest.mark.parametrize("what", ["event", "document"])
def test_single(what: str, items: list[Recorded], disk: Path, versus: Callable[..., Any]) -> None:
    """One after the other, durable before the next: domains in turn, as a daemon meets them.

    An event with its body through the log, or a document through the store; the rival appends
    no more than the event's and the body's bytes, or the document's, to a file.
    """
    mixed = shuffled(items, seed=6)
    ours_next, rival_next = in_turn(mixed), in_turn(mixed)
    store = lineage.Store(disk / "store.lineage")
    file = bare_write.File(disk / "file")

    def ours() -> None:
        before = (disk / "store.lineage").stat().st_mtime_ns
        if what == "event":
            for each in ours_next():
                store.log.append([Append(each.stream, [each.event])], each.bodies)
        else:
            for each in ours_next():
                store.record(each.document, source=each.event.source)
        assert (disk / "store.lineage").stat().st_mtime_ns > before, "no log was carried over"

    def rival() -> None:
        file.append(
            each.document
            if what == "document"
            else b"".join((each.event.payload, *each.bodies.values()))
            for each in rival_next()
        )

    versus(
        f"append single {what}",
        ours,
        Rival("write and fdatasync", rival, wanted=1 / 1.6),
        items=SINGLE,
        rounds=SINGLE_ROUNDS,
    )
    assert store.head() == len(items)
    store.close()
    file.close()


@pytest.mark.parametrize("order", ["by domain", "shuffled"])
@pytest.mark.parametrize("what", ["events", "documents"])
def test_batches(
    order: str, what: str, items: list[Recorded], disk: Path, versus: Callable[..., Any]
) -> None:
    """1,000 events at a time into a new store: 20 domains in a batch, or about 370.

    Both get the same payloads, and of the documents we get the bodies, the rival the whole.
    Either's time ends when its file is closed, and its write-ahead log carried over with that.
    """
    some = items if order == "by domain" else shuffled(items, seed=7)
    whole = what == "documents"
    batches = [some[n : n + BATCH] for n in range(0, len(some), BATCH)]
    ready = [(appends(batch), bodies_of(batch) if whole else {}) for batch in batches]
    versions: Counter[str] = Counter()
    states = [[stored(each, versions, whole) for each in batch] for batch in batches]
    opened: list[SQLiteLog | recorder.Recorder] = []

    def fresh() -> None:
        for each in opened:
            each.close()
        for path in disk.iterdir():
            path.unlink()
        opened[:] = SQLiteLog(disk / "store.lineage"), recorder.Recorder(disk / "recorder")

    def ours() -> None:
        log = opened[0]
        assert isinstance(log, SQLiteLog)
        for batch, bodies in ready:
            log.append(batch, bodies)
        log.close()

    def rival() -> None:
        log = opened[1]
        assert isinstance(log, recorder.Recorder)
        for batch in states:
            log.insert(batch)
        log.close()

    versus(
        f"append {what} {order}",
        ours,
        Rival(
            "eventsourcing", rival, wanted=5 if (what, order) == ("events", "by domain") else None
        ),
        items=len(items),
        rounds=BATCH_ROUNDS,
        prepare=fresh,
    )


def bodies_of(batch: list[Recorded]) -> dict[bytes, bytes]:
    """Bodies of all events of a batch."""
    return {digest: body for each in batch for digest, body in each.bodies.items()}


def stored(each: Recorded, versions: Counter[str], whole: bool) -> Any:
    """The event as the rival takes it."""
    versions[each.stream] += 1
    state = each.document if whole else each.event.payload
    return recorder.stored(each.stream, versions[each.stream], each.event.tag, state)
