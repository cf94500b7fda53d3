"""Trains the dictionaries of `lineage.log.frames` on made-up documents.

Run with ``python -m benchmarks.train_dictionaries``. The files are part of the format: one that
was released is never written again, another one gets another number.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import zstandard

import lineage.log
from benchmarks.generate import archive
from lineage import canon
from lineage.definitions import Bodies, Definer, new_event, secure
from lineage.log import frames
from lineage.log._packing import pack
from lineage.log.base import NewEvent
from lineage.log.bodies import Key, nearest

SEED: Final = 40_000
DOMAINS: Final = 400
SNAPSHOTS: Final = 12
SIZES: Final = {frames.BODIES: 32 << 10, frames.DELTAS: 4 << 10, frames.PAYLOADS: 8 << 10}
RUNS: Final = (1, 1, 1, 2, 5)  # events of a pack


def main() -> int:
    """Write the files into the package."""
    samples: dict[int, list[bytes]] = {number: [] for number in SIZES}
    for events, bodies in domains():
        samples[frames.BODIES] += list(bodies.values())[::3]
        samples[frames.DELTAS] += deltas(bodies.values())
        samples[frames.PAYLOADS] += payloads(events, list(bodies))
    folder = Path(lineage.log.__file__).parent
    for number, size in SIZES.items():
        trained = zstandard.train_dictionary(
            size, [*samples[number]], dict_id=number, level=9, threads=0
        )
        (folder / frames.DICTIONARIES[number]).write_bytes(trained.as_bytes())
        print(number, len(samples[number]), "samples,", len(trained), "bytes")
    return 0


def domains() -> Iterator[tuple[list[NewEvent], Bodies]]:
    """Yield what an import would append for each of many domains."""
    stream, events, bodies, definer = "", list[NewEvent](), Bodies(), Definer()
    for _, document in archive(DOMAINS, SNAPSHOTS, SEED):
        parts = canon.split(document)
        if parts.uuid != stream:
            if events:
                yield events, bodies
            stream, events, bodies = parts.uuid or "", [], {}
        digest = hashlib.sha256(parts.xml).digest()
        data = definer.define(stream, parts, digest, bodies, secure(parts.active))
        events.append(new_event(data, ""))
    yield events, bodies


def deltas(bodies: Iterable[bytes]) -> list[bytes]:
    """What is stored of bodies that are told by others: packs of one delta."""
    keys: list[Key] = []
    found: list[bytes] = []
    for body in bodies:
        near = nearest(body, keys)
        if near is None:
            keys.append(Key(body))
        else:
            found.append(len(near[1]).to_bytes(2, "little") + near[1])
    return found


def payloads(events: list[NewEvent], bodies: list[bytes]) -> list[bytes]:
    """What is compressed of the events' payloads."""
    numbers = {digest: number for number, digest in enumerate(bodies, 1)}
    found: list[bytes] = []
    at = turn = 0
    while at < len(events):
        run = events[at : at + RUNS[turn % len(RUNS)]]
        found.append(pack(run, numbers)[0])
        at += len(run)
        turn += 1
    return found


if __name__ == "__main__":
    sys.exit(main())
