"""A small store with something of everything, the same every time."""

from __future__ import annotations

import random
import time
from itertools import count
from pathlib import Path
from typing import Final
from unittest.mock import patch

import apsw

from benchmarks.generate import archive
from lineage import Store
from lineage.kept import row_of
from lineage.log.base import CacheRow
from lineage.sources import Document
from tests.unit.store_samples import A, B, Papers, body, snapshot

__all__ = ["build", "repaged"]

_BEGUN: Final = 1_700_000_000_000_000_000
_SECOND: Final = 1_000_000_000


def build(path: Path) -> None:
    """Make the store, and close it: all of it is in the one file then."""
    times = count(_BEGUN, _SECOND)
    with patch.object(time, "time_ns", lambda: next(times)), Store(path) as store:
        store.ingest(_papers(3, 6, seed=5), batch=7)
        store.ingest(_papers(3, 8, seed=5), restore=True)
        _one_by_one(store)
        _what_else_happens(store)
        _beside(store)


def _papers(domains: int, snapshots: int, seed: int) -> Papers:
    files = archive(domains, snapshots, seed=seed)
    return Papers([Document(name, xml, Path(name).parent.name, None, 0) for name, xml in files])


def _one_by_one(store: Store) -> None:
    """A domain recorded call by call: redefined, with an inherited body, with a large one."""
    noise = random.Random(1).randbytes(3000).hex()
    store.record(snapshot("first", description="as installed"), source="by hand")
    store.record(snapshot("second", "first", 1_351_000_001, active=1), source="by hand")
    store.record(snapshot("third", "second", 1_351_000_002, domain=body(memory=2_097_152)))
    store.record(snapshot("first", description=noise, domain=None), domain=A)
    store.record(snapshot("ördinär", "gone", 1_351_000_003, domain=body(B, "zwölf")))
    store.ingest(Papers([snapshot("loose", domain=body(None, "named only"))], hint="named only"))


def _what_else_happens(store: Store) -> None:
    """Deleted in three ways, renamed, current or not, undefined and defined again."""
    first, second, third = sorted(each.stream for each in store.domains() if each.snapshots == 8)
    names = [node.name for node in store.tree(first).topological()]
    store.delete(first, names[1], "children-only")
    store.rename(first, names[0], "renamed")
    store.delete(second, store.tree(second).roots()[0].name)
    store.set_current(second, None)
    store.delete(third, store.tree(third).topological()[2].name, "children")
    store.undefine(third)
    store.record(snapshot("anew", domain=body(third, "again")))
    store.rename(A, "second", "2nd")
    store.delete(A, "third")


def _beside(store: Store) -> None:
    """Calls under a key, annotations, and trees that are kept."""
    store.annotate(A, {"ticket": "4711", "why": "before the move"}, snapshot="2nd", key="why")
    store.annotate(A, {"owner": "ops"}, source="by hand")
    store.delete(A, "2nd", key="gone")
    for number in range(6):
        store.record(snapshot(f"keyed {number}", domain=body(B, "zwölf")), key=f"call-{number}")
        store.record(snapshot(f"keyed {number}", domain=body(B, "zwölf")), key=f"again-{number}")
    trees = [store.tree(info.stream) for info in store.domains()]
    rows = {tree.stream: row_of(tree) for tree in trees[1:]}
    older = rows[trees[1].stream]
    rows[trees[1].stream] = CacheRow(0, older.version, older.data)
    store.log.put_cached(rows)
    store.record(snapshot("after", domain=body(trees[-1].uuid)))


def repaged(path: Path, page_size: int) -> None:
    """Give the file another page size: with small pages, its trees are of many pages."""
    connection = apsw.Connection(str(path))
    connection.pragma("journal_mode", "delete")
    connection.pragma("page_size", page_size)
    connection.execute("VACUUM")
    connection.pragma("journal_mode", "wal")
    connection.close()
