"""What kept trees save: opening a store and asking it, against a store that has to fold.

Run with ``make bench``.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec
import pytest

import lineage
from benchmarks import dice
from benchmarks.rounds import Rival
from lineage.definitions import new_event
from lineage.events import Defined
from lineage.log import Append, SQLiteLog
from lineage.log.base import CacheRow
from lineage.model import Disk, Head, Memory
from lineage.store import Store

DOMAINS: Final = 15
SNAPSHOTS: Final = 3_200
SEED: Final = 15
ROUNDS: Final = 5
# Of each domain; what a list shows decides what it costs, not what else is in a document.
STATES: Final = ("shutoff", "running", "running", "disk-snapshot")
WORDS: Final = ("before the upgrade", "nightly", "golden image")


class Forgetful(SQLiteLog):
    """A log that keeps no trees."""

    def cached(self, stream: str) -> CacheRow | None:
        """Nothing."""
        return None


def definitions(number: int) -> Iterator[Defined]:
    """A domain's snapshots: a chain with branches, some days or minutes apart."""
    rng = random.Random(SEED * 1000 + number)
    created, names = 1_600_000_000, list[str]()
    for count in range(SNAPSHOTS):
        created += 60 + dice.below(rng, 100_000)
        name = f"snap-{count:05d}" if number % 2 else str(created)
        chained = bool(names) and not dice.chance(rng, 0.1)
        head = Head(
            name=name,
            description=dice.pick(rng, WORDS) if dice.chance(rng, 0.4) else None,
            state=dice.pick(rng, STATES),
            parent=names[-1] if chained else dice.pick(rng, names) if names else None,
            creation_time=created,
            memory=Memory("no"),
            disks=(Disk("vda", dice.pick(rng, ("internal", "external"))),),
        )
        names.append(name)
        encoded = msgspec.msgpack.encode(head)
        digest = hashlib.sha256(encoded).digest()
        yield Defined(name, encoded, digest, domain_name=f"vm{number:02d}")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with 48,000 snapshots of 15 domains, whose trees are kept."""
    path = tmp_path_factory.mktemp("caches") / "store.lineage"
    with lineage.Store(path) as store:
        for number in range(DOMAINS):
            events = [new_event(data, "") for data in definitions(number)]
            store.log.append([Append(str(UUID(int=number + 1)), events)])
        assert len(store.snapshots()) == DOMAINS * SNAPSHOTS
    return path


def test_list(path: Path, versus: Callable[..., Any]) -> None:
    """Open a store and list all snapshots in it."""

    def ours() -> None:
        with lineage.Store(path, readonly=True) as store:
            assert len(store.snapshots()) == DOMAINS * SNAPSHOTS

    def rival() -> None:
        with Store.over(Forgetful(path, readonly=True)) as store:
            assert len(store.snapshots()) == DOMAINS * SNAPSHOTS

    versus(
        "caches list", ours, Rival("folding", rival, 10), items=DOMAINS * SNAPSHOTS, rounds=ROUNDS
    )


def test_tree_of_one(path: Path, versus: Callable[..., Any]) -> None:
    """Open a store and get the tree of the domain of a name."""

    def ours() -> None:
        with lineage.Store(path, readonly=True) as store:
            assert len(store.tree("vm07")) == SNAPSHOTS

    def rival() -> None:
        with Store.over(Forgetful(path, readonly=True)) as store:
            assert len(store.tree("vm07")) == SNAPSHOTS

    versus("caches tree", ours, Rival("folding", rival, 20), items=1, rounds=ROUNDS)
