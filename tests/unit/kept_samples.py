"""Logs with kept trees, and all that a store over one answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lineage import Store
from lineage.definitions import new_event
from lineage.events import Annotated, CurrentChanged, Deleted, EventData, Undefined
from lineage.kept import Kept, row_of
from lineage.log import Append, EventLog, MemoryLog
from lineage.log.base import CacheRow, StoredEvent
from lineage.past import LogPast
from lineage.tree import Tree, fold
from lineage.treestate import state_of

from .store_samples import A, B
from .tree_events import chain, defined

C = "5f3c1b0a-0000-4000-8000-00000000000c"
MANY = 300  # events that are worth a row


def fill(log: EventLog) -> None:
    told(log, A, *chain(MANY), Annotated("s3", {"ticket": "7"}), domain_name="first")
    told(log, B, *chain(MANY), Deleted("s7"), CurrentChanged("s5"), domain_name="second")
    told(log, C, *chain(MANY), Undefined(), domain_name="third")


def told(log: EventLog, stream: str, *events: EventData, domain_name: str | None = None) -> None:
    if domain_name is not None:
        events = (*events, defined("named", at=10**6, domain_name=domain_name), *events[-1:])
    log.append([Append(stream, [new_event(data, "") for data in events])])


def answers(log: EventLog) -> dict[str, object]:
    """What a store over the log says, asked for the first time."""
    store = Store.over(log)
    trees = [store.tree(info.stream) for info in store.domains()]
    return {
        "domains": store.domains(),
        "list": store.snapshots(),
        "trees": [[(n.name, n.parent, n.brief, d) for n, d in tree.walk()] for tree in trees],
        "order": [[n.name for n in tree.roots()] for tree in trees],
        "states": [state_of(tree) for tree in trees],
        "heads": [[node.head for node in tree.topological()] for tree in trees],
        "seen": [[tree.seen(name) for name in tree] for tree in trees],
    }


class Counting(MemoryLog):
    """Remembers what was read of it."""

    def __init__(self) -> None:
        super().__init__()
        self.read_events: list[StoredEvent] = []
        self.asked_for: set[str] = set()

    def read(
        self, after: int = 0, *, stream: str | None = None, limit: int | None = None
    ) -> Iterator[StoredEvent]:
        for event in super().read(after, stream=stream, limit=limit):
            self.read_events.append(event)
            yield event

    def event(self, position: int) -> StoredEvent:
        event = super().event(position)
        self.read_events.append(event)
        return event

    def cached(self, stream: str) -> CacheRow | None:
        self.asked_for.add(stream)
        return super().cached(stream)

    def put_cached(self, rows: Mapping[str, CacheRow]) -> None:
        self.puts = [*getattr(self, "puts", []), set(rows)]
        super().put_cached(rows)


def keep(log: EventLog, stream: str) -> None:
    log.put_cached({stream: row_of(Kept(log).tree(stream))})


def folded(log: EventLog, stream: str) -> Tree:
    empty = MemoryLog()  # whoever asks it for a row gets none
    tree = Kept(empty).tree(stream)
    assert tree.version == 0
    return fold(stream, LogPast(log, stream, list).events(10**9))
