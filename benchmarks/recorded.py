"""Made-up documents as the events and bodies that a store appends for them."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from itertools import groupby
from typing import Final

import msgspec

from benchmarks.generate import archive
from lineage import canon
from lineage.definitions import Bodies, Definer, new_event, secure
from lineage.log.base import Append, NewEvent

__all__ = ["Recorded", "appends", "recorded", "shuffled"]

SOURCE: Final = "archive.tar"


class Recorded(msgspec.Struct, frozen=True):
    """What one document comes to.

    Attributes:
        document: its canonical bytes.
        event: that it was defined.
        bodies: by digest, those that the event names.
    """

    stream: str
    document: bytes
    event: NewEvent
    bodies: Bodies


def recorded(domains: int, snapshots: int, seed: int) -> list[Recorded]:
    """Give what an archive comes to, domain by domain."""
    return list(_recorded(domains, snapshots, seed))


def _recorded(domains: int, snapshots: int, seed: int) -> Iterator[Recorded]:
    definer = Definer()
    for _, content in archive(domains, snapshots, seed):
        parts = canon.split(content)
        assert parts.uuid is not None
        bodies: Bodies = {}
        digest = hashlib.sha256(parts.xml).digest()
        event = definer.define(parts.uuid, parts, digest, bodies, secure(parts.active))
        yield Recorded(parts.uuid, parts.xml, new_event(event, SOURCE), bodies)


def shuffled(items: list[Recorded], seed: int) -> list[Recorded]:
    """The same in an order in which no two neighbours need be of one domain."""
    mixed = items[:]
    random.Random(seed).shuffle(mixed)
    return mixed


def appends(items: list[Recorded]) -> list[Append]:
    """The events as one batch, an entry for each run of one domain's."""
    return [
        Append(stream, [each.event for each in run])
        for stream, run in groupby(items, key=lambda each: each.stream)
    ]
