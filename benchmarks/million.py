"""A million events: what it takes, in time and in memory, to read and to fold all of them.

Run with ``make bench-million``; ``python -m benchmarks.million build STORE`` makes just the store.

The documents of 200 domains come again and again under other UUIDs; of every domain some snapshots
are deleted. Each reader is a process of its own: its peak of memory is nobody else's.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Final
from uuid import UUID

import msgspec

import lineage
from benchmarks.disks import directory
from benchmarks.generate import archive
from benchmarks.report import save, table
from benchmarks.rivals import json_states, plain_table
from benchmarks.rivals.recorder import Recorder, stored
from benchmarks.rounds import Comparison, Rival, comparison
from lineage import canon
from lineage.events import Deleted, EventData, decode, encode
from lineage.log import Append, NewEvent, SQLiteLog
from lineage.sources import Document
from lineage.tree import Recorded, Tree

DOMAINS: Final = 200
SNAPSHOTS: Final = 50
DELETED: Final = 5  # of each domain
COPIES: Final = 90
SEED: Final = 9
BATCH: Final = 1000
ROUNDS: Final = 3
FEW: Final = 100_000  # events that a scan must need about as much memory for
SLACK: Final = 24.0  # MiB: SQLite's page cache fills up, and a handle knows 18,000 streams


# The store


class Copies:
    """A source of the same documents under other UUIDs."""

    total: int | None = None

    def __init__(self, number: int, documents: list[tuple[str, bytes]]) -> None:
        self.name = f"copy-{number}"
        self._number = number
        self._documents = documents

    def __iter__(self) -> Iterator[Document]:
        for uuid, document in self._documents:
            data = document.replace(uuid.encode(), renumbered(uuid, self._number).encode())
            yield Document("", data, None, None, 0)


def renumbered(uuid: str, number: int) -> str:
    """The UUID that a domain has in a copy."""
    digest = hashlib.sha256(f"{uuid}/{number}".encode()).digest()
    return str(UUID(bytes=digest[:16]))


def build(path: Path, copies: int) -> int:
    """Make a store; give how many events it has."""
    documents: list[tuple[str, bytes]] = []
    names: dict[str, list[str]] = {}
    for _, content in archive(DOMAINS, SNAPSHOTS, SEED):
        parts = canon.split(content)
        assert parts.uuid is not None
        assert parts.name is not None
        documents.append((parts.uuid, content))
        names.setdefault(parts.uuid, []).append(parts.name)
    rng = random.Random(SEED)
    with lineage.Store(path) as store:
        for number in range(copies):
            assert store.ingest(Copies(number, documents)).added == len(documents)
            gone = {uuid: rng.sample(known, DELETED) for uuid, known in names.items()}
            store.log.append(
                [
                    Append(renumbered(uuid, number), [NewEvent(*encode(Deleted(n))) for n in some])
                    for uuid, some in gone.items()
                ]
            )
            print(f"\r{store.head()} events", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        return store.head()


def copy(store: Path, table_path: Path, recorder_path: Path) -> None:
    """Write the events of a store into the files of the rivals."""
    log = SQLiteLog(store, readonly=True)
    plain_table.fill(table_path, log.read())
    recorder = Recorder(recorder_path)
    versions: Counter[str] = Counter()
    batch = []
    for event in log.read():
        versions[event.stream] += 1
        state = json_states.state(decode(event.tag, event.schema, event.payload))
        batch.append(stored(event.stream, versions[event.stream], event.tag, state))
        if len(batch) == BATCH:
            recorder.insert(batch)
            batch = []
    recorder.insert(batch)
    recorder.close()
    log.close()


# The readers


class Reading(msgspec.Struct):
    """What a reader found and what it took.

    Attributes:
        found: digest of what came of the events.
        memory: MiB at the peak.
    """

    events: int
    found: str
    seconds: float
    memory: float


def ours(path: Path, limit: int) -> Iterator[tuple[str, Recorded, EventData]]:
    """Yield stream, envelope and data of the first events of a store."""
    log = SQLiteLog(path, readonly=True)
    for event in log.read(limit=limit):
        yield event.stream, event, decode(event.tag, event.schema, event.payload)
    log.close()


def plain(path: Path, limit: int) -> Iterator[tuple[str, Recorded, EventData]]:
    """The same from a table of rows."""
    for row in plain_table.rows(path, limit):
        yield row.stream, row, decode(row.tag, row.schema, row.payload)


def scan(events: Iterable[tuple[str, Recorded, EventData]]) -> int:
    """Decode and forget; give the number of events."""
    count = 0
    for _ in events:
        count += 1
    return count


def fold(events: Iterable[tuple[str, Recorded, EventData]]) -> dict[str, Tree]:
    """The trees of all domains."""
    trees: dict[str, Tree] = {}
    for stream, envelope, data in events:
        tree = trees.get(stream)
        if tree is None:
            tree = trees[stream] = Tree(stream)
        tree.apply(envelope, data)
    return trees


def told(found: object) -> str:
    """A digest of trees, whoever folded them, or the number of events as it is."""
    if not isinstance(found, dict):
        return str(found)
    digest = hashlib.sha256()
    for stream, tree in sorted(found.items()):
        if isinstance(tree, Tree):
            parents = {name: tree[name].parent for name in tree}
        else:
            parents = tree.parents
        digest.update(repr((stream, sorted(parents.items()), tree.current)).encode())
    return digest.hexdigest()


READERS: Final[dict[str, Callable[[Path, int], object]]] = {
    "scan": lambda path, limit: scan(ours(path, limit)),
    "fold": lambda path, limit: fold(ours(path, limit)),
    "plain-scan": lambda path, limit: scan(plain(path, limit)),
    "plain-fold": lambda path, limit: fold(plain(path, limit)),
    "json-scan": json_states.decoded,
    "json-fold": json_states.folded,
}


def read_here(reader: str, path: Path, limit: int) -> Reading:
    """Read in this process."""
    start = perf_counter()
    found = READERS[reader](path, limit)
    seconds = perf_counter() - start
    status = Path("/proc/self/status").read_text()
    peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return Reading(limit, told(found), seconds, int(peak) / 1024)


def read(reader: str, path: Path, limit: int) -> Reading:
    """Read in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.million", "read", reader, str(path), str(limit)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return msgspec.json.decode(done.stdout, type=Reading)


# The comparison


def measure(folder: Path, copies: int) -> tuple[list[Comparison], dict[str, float]]:
    """Build, read in turn, compare; give the ratios, and the peaks of memory by reader."""
    paths = {kind: folder / kind for kind in ("ours", "plain", "json")}
    events = build(paths["ours"], copies)
    copy(paths["ours"], paths["plain"], paths["json"])
    readings: dict[str, list[Reading]] = {reader: [] for reader in READERS}
    for _ in range(ROUNDS):
        for reader in READERS:
            kind = reader.partition("-")[0]
            readings[reader].append(read(reader, paths.get(kind, paths["ours"]), events))
    results = []
    for what in ("scan", "fold"):
        assert (
            len({r.found for kind in ("", "plain-", "json-") for r in readings[kind + what]}) == 1
        )
        for kind, name in (("plain", "one plain table"), ("json", "eventsourcing, json")):
            mine, theirs = ([r.seconds for r in readings[key]] for key in (what, f"{kind}-{what}"))
            rival = Rival(name, lambda: None)
            results.append(comparison(f"million {what}", rival, mine, theirs, events))
    memory = {reader: max(r.memory for r in some) for reader, some in readings.items()}
    memory[f"scan of {FEW}"] = read("scan", paths["ours"], min(FEW, events)).memory
    return results, {reader: round(peak, 1) for reader, peak in memory.items()}


def main(arguments: list[str]) -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, default=COPIES, help="11,200 events each")
    commands = parser.add_subparsers(dest="command")
    building = commands.add_parser("build")
    building.add_argument("store", type=Path)
    reading = commands.add_parser("read")
    reading.add_argument("reader", choices=READERS)
    reading.add_argument("store", type=Path)
    reading.add_argument("limit", type=int)
    given = parser.parse_args(arguments)
    if given.command == "build":
        print(build(given.store, given.copies))
        return 0
    if given.command == "read":
        reading_made = read_here(given.reader, given.store, given.limit)
        sys.stdout.write(msgspec.json.encode(reading_made).decode())
        return 0
    with directory() as folder:
        results, memory = measure(folder, given.copies)
    print(*table(results), sep="\n")
    print("MiB at the peak:", *(f"{reader} {peak}" for reader, peak in memory.items()), sep="\n  ")
    grown = memory["scan"] - memory[f"scan of {FEW}"]
    if grown > SLACK:
        print(f"a scan of all takes {grown:.1f} MiB more than one of {FEW}", file=sys.stderr)
        return 1
    if given.copies == COPIES:
        save("million", "make bench-million", results, **{"MiB at the peak": memory})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
