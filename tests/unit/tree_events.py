"""Events to tell a tree's story with."""

from __future__ import annotations

import hashlib

import msgspec

from lineage.events import Defined, EventData, Redefined
from lineage.model import Head
from lineage.tree import Tree, fold

UUID = "c7a5fdbd-edaf-9455-926a-d65c16db1809"


class Envelope(msgspec.Struct, frozen=True, gc=False):
    position: int
    version: int
    recorded_at: int


def defined(
    name: str,
    parent: str | None = None,
    *,
    at: int = 0,
    text: str = "",
    domain: bytes | None = b"domain",
    domain_name: str | None = None,
) -> Defined:
    head = Head(name=name, description=text, state="shutoff", parent=parent, creation_time=at)
    encoded = msgspec.msgpack.encode(head)
    digest = hashlib.sha256(encoded + (domain or b"")).digest()
    return Defined(name, encoded, digest, domain=domain, domain_name=domain_name)


def redefined(document: Defined, **changes: bytes | bool | None) -> Redefined:
    return Redefined(**{**msgspec.structs.asdict(document), **changes})


def told(*events: EventData, stream: str = UUID) -> Tree:
    return fold(stream, [(Envelope(10 * n, n, 1000 * n), e) for n, e in enumerate(events, 1)])


def more(tree: Tree, *events: EventData) -> Tree:
    for data in events:
        n = tree.version + 1
        tree.apply(Envelope(10 * n, n, 1000 * n), data)
    return tree


def chain(length: int) -> list[EventData]:
    return [defined(f"s{n}", f"s{n - 1}" if n else None, at=n) for n in range(length)]
