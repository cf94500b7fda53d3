"""What the stores of these tests are filled with: the same every time."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import Final

import pytest

from benchmarks.generate import archive
from lineage import Store
from lineage.errors import Conflict
from lineage.log import Append, EventLog, NewEvent, SQLiteLog
from lineage.sources import Document
from tests.crash.history import History, Witness
from tests.crash.recording import RecordingVFS
from tests.unit.store_samples import Papers, snapshot

__all__ = [
    "PAGES",
    "STORE",
    "append",
    "domains_of",
    "made",
    "open_log",
    "papers",
    "perform",
    "perform_alone",
    "session",
]

STORE: Final = "s.lineage"
PAGES: Final = 24  # in the WAL from which on it is carried over: often, in a test
_STREAMS: Final = ("alpha", "beta", "gamma", "delta")
_BODY: Final = b"<domain type='kvm'>\n" + b"  <device/>\n" * 40 + b"</domain>\n"


def open_log(path: Path, vfs: str | None = None, synchronous: str = "full") -> SQLiteLog:
    """A store's log that carries its WAL over often."""
    log = SQLiteLog(path, allow_network=True, _vfs=vfs)
    connection = log._connection
    assert connection is not None
    connection.pragma("wal_autocheckpoint", PAGES)
    connection.pragma("synchronous", synchronous)
    return log


def made(number: int) -> tuple[list[Append], dict[bytes, bytes]]:
    """The append of that number: one event or a batch of several streams, bodies new and old."""
    rng = random.Random(number)
    entries = []
    for _ in range(1 if number % 3 else rng.randint(2, 4)):
        events = [
            NewEvent(1, 1, rng.randbytes(rng.choice((10, 80, 600))), f"append {number}")
            for _ in range(1 if number % 3 else rng.randint(1, 5))
        ]
        entries.append(Append(rng.choice(_STREAMS), events))
    texts = [_BODY + b"%d" % (number // 4)] if number % 2 else []
    if number % 10 == 7:
        texts.append(rng.randbytes(20_000))  # over several pages, and not to be compressed
    if number % 20 == 3:
        texts.extend(_BODY + b"%d" % rng.randint(0, number) for _ in range(4))
    return entries, {hashlib.sha256(text).digest(): text for text in texts}


def append(log: EventLog, number: int) -> None:
    """Append what is made of that number."""
    log.append(*made(number))


def session(log: EventLog, appends: range) -> None:
    """Append by one handle, with a refusal in between, and close it."""
    for number in appends:
        append(log, number)
        if number % 16 == 0:
            with pytest.raises(Conflict):
                log.append([Append("alpha", [NewEvent(1, 1, b"never")], 0)])
    log.close()


def domains_of(store: Store) -> list[str]:
    """The streams that hold snapshots, those of `made` left out."""
    return [each.stream for each in store.log.streams() if each.stream not in _STREAMS]


def papers(domains: int, snapshots: int) -> Papers:
    """An archive as a source of an import."""
    files = archive(domains, snapshots, seed=5)
    return Papers([Document(name, xml, Path(name).parent.name, None, 0) for name, xml in files])


def import_archive(store: Store, domains: int, snapshots: int) -> None:
    """Import an archive in batches, then say what happened to some of its snapshots."""
    report = store.ingest(papers(domains, snapshots), batch=4)
    assert report.added == domains * snapshots
    for domain in domains_of(store):
        current = store.tree(domain).current
        assert current is not None
        store.rename(domain, current, "kept")
        store.set_current(domain, None)
        store.delete(domain, "kept")
    for number in range(6):
        store.record(snapshot(f"s{number}", f"s{number - 1}" if number else None))
    store.close()


def perform_alone(path: Path, vfs: RecordingVFS, *, appends: int) -> History:
    """As `perform`, by one handle at a time."""
    history = History()

    def opened() -> Witness:
        log = open_log(path, vfs.name)
        return Witness(log, history, lambda n: vfs.note("returned", number=n))

    session(opened(), range(appends // 2))
    import_archive(Store.over(opened()), 3, 8)
    session(opened(), range(appends // 2, appends))
    return history


def perform(path: Path, vfs: RecordingVFS, *, appends: int, synchronous: str = "full") -> History:
    """Fill a new store through the VFS; every append that returns is a step of its trace."""
    history = History()

    def opened() -> Witness:
        log = open_log(path, vfs.name, synchronous)
        return Witness(log, history, lambda n: vfs.note("returned", number=n))

    third = appends // 3
    session(opened(), range(third))
    import_archive(Store.over(opened()), 3, 8)
    first, second = opened(), opened()
    for number in range(third, 2 * third):
        append(first if number % 2 else second, number)
    first.close()
    session(second, range(2 * third, appends))
    return history
