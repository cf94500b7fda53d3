"""Stores with a history, and bundles of them, for the tests of bundles."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import lineage
from lineage import bundle
from lineage.bundlefile import FORMAT, MAGIC
from lineage.log import frames
from lineage.log.base import StoredEvent
from tests.unit.store_samples import A, B, Papers, body, chain, snapshot

PREFIX = MAGIC + FORMAT.to_bytes(4, "little")


def fill(store: lineage.Store) -> None:
    """Every kind of event, in two domains whose events alternate, and one without a UUID."""
    for document in chain("one", "two", "three", active="two"):
        store.record(document, source="agent 1")
    store.record(snapshot("other", domain=body(B, "db")), source="agent 2")
    store.rename(A, "three", "drei")
    store.annotate(A, {"ticket": "4711"}, snapshot="drei")
    store.record(snapshot("two", "one", domain=body(memory=2097152)))
    with store.batch(A) as batch:
        batch.delete("one")
        batch.set_current("drei")
    store.record(snapshot("four", "drei"))
    store.undefine("db")
    store.record(snapshot("again", domain=body(B, "db")), current=True)
    store.ingest(Papers([snapshot("loose", domain=None)], hint="old-vm"))


def bundled(directory: Path, store: lineage.Store, *domains: str) -> Path:
    """A bundle of these domains of a store, or of all."""
    path = directory / f"bundle-{len(list(directory.iterdir()))}"
    assert bundle.create(store, path, domains or None)
    return path


def hashes(store: lineage.Store, stream: str) -> list[bytes]:
    """The hashes of a domain's chain."""
    return [event.hash for event in store.log.read(stream=stream)]


def carried(events: Iterable[StoredEvent]) -> list[tuple[object, ...]]:
    """What of events is the same in every store."""
    return [
        (e.stream, e.version, e.recorded_at, e.tag, e.schema, e.payload, e.source, e.hash)
        for e in events
    ]


def content(data: bytes) -> bytes:
    """What the blocks of a bundle hold."""
    parts, at = [], len(PREFIX)
    while data[at] != 2:
        length = int.from_bytes(data[at + 1 : at + 5], "little")
        parts.append(frames.expand(data[at], data[at + 5 : at + 5 + length], 1 << 20, "block"))
        at += 5 + length
    return b"".join(parts)


def forged(inner: bytes, *, block: int = 1 << 20) -> bytes:
    """A bundle whose blocks hold this, and whose SHA-256 is right."""
    data = PREFIX
    for at in range(0, len(inner), block):
        encoding, packed = frames.compress(inner[at : at + block], frames.PLAIN)
        data += bytes([encoding]) + len(packed).to_bytes(4, "little") + packed
    data += b"\x02"
    return data + hashlib.sha256(data).digest()
