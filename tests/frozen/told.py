"""What a store tells, in words that no change of a class changes: to be compared for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from lineage import Store

__all__ = ["told"]


def told(store: Store) -> list[str]:
    """Give all that is to stay: events and their chain, the trees of now and of half way, and
    the bytes of every document, by their SHA-256."""
    return [*_domains(store), *_events(store), *_trees(store)]


def _domains(store: Store) -> Iterator[str]:
    for info in store.domains():
        notes = sorted(info.annotations.items())
        yield (
            f"domain {info.stream} {info.name!r} version {info.version} "
            f"undefined {info.undefined} current {info.current!r} notes {notes}"
        )


def _events(store: Store) -> Iterator[str]:
    for event in store.events():
        name = type(event.data).__name__
        yield (
            f"event {event.position} {event.domain} {event.version} {event.recorded_at} "
            f"{event.commit} {name} {event.source!r} {event.hash.hex()}"
        )
    for stored in store.log.read():
        digest = hashlib.sha256(stored.payload).hexdigest()
        yield f"payload {stored.position} {stored.tag} {stored.schema} {digest}"


def _trees(store: Store) -> Iterator[str]:
    for info in store.domains():
        for at in (None, store.head() // 2):
            tree = store.tree(info.stream, at)
            yield f"tree {info.stream} at {at} current {tree.current!r}"
            for node, depth in tree.walk():
                digest = hashlib.sha256(store.xml(info.stream, node.name, at)).hexdigest()
                children = [child.name for child in tree.children(node.name)]
                yield (
                    f"  {depth} {node.name!r} of {node.parent!r} from {node.position} "
                    f"children {children} notes {sorted(node.annotations.items())} {digest}"
                )
