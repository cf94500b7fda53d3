"""Everything that a store can be asked, and what it answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from lineage import Store, documents
from lineage.tree import Tree

__all__ = ["Question", "questions"]

Question = Callable[[Store], Any]

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def questions(store: Store) -> dict[str, Question]:
    """Give the questions by what they are called.

    Args:
        store: the undamaged one: it says what there is to ask for.
    """
    head = store.head()
    asked: dict[str, Question] = {"events": _events, "log": _log}
    for info in store.domains():
        stream = info.stream
        times = [event.recorded_at for event in store.events(domain=stream)]
        middle = _EPOCH + dt.timedelta(microseconds=times[len(times) // 2] // 1000)
        for moment in (None, middle if len(asked) % 2 else head // 2):
            asked[f"tree of {stream} at {moment}"] = partial(_tree, domain=stream, at=moment)
        for name in list(store.tree(stream))[-2:]:
            asked[f"xml of {stream} {name}"] = partial(_xml, domain=stream, name=name)
        asked[f"reflog of {stream}"] = partial(_reflog, domain=stream)
        asked[f"events of {stream}"] = partial(_events_of, domain=stream)
        asked[f"time in {stream}"] = partial(_positions, stream=stream, times=sorted({*times}))
    for position in range(1, head + 1, 7):
        asked[f"event {position}"] = partial(_event, position=position)
    for key in ("why", "call-1", "call-4", "again-3", "never"):
        asked[f"receipt of {key}"] = partial(_receipt, key=key)
    asked |= {"domains": _domains, "snapshots": _snapshots, "streams": _streams, "head": Store.head}
    return asked


def _events(store: Store) -> Any:
    return list(store.events())


def _log(store: Store) -> Any:
    return list(store.log.read())


def _events_of(store: Store, domain: str) -> Any:
    return list(store.log.read(after=2, stream=domain))


def _domains(store: Store) -> Any:
    return store.domains()


def _snapshots(store: Store) -> Any:
    return store.snapshots()


def _reflog(store: Store, domain: str) -> Any:
    return list(store.reflog(domain))


def _streams(store: Store) -> Any:
    return store.log.streams(), [store.log.version(each.stream) for each in store.log.streams()]


def _positions(store: Store, stream: str, times: list[int]) -> Any:
    return [store.log.position_at(stream, time) for time in times]


def _event(store: Store, position: int) -> Any:
    return store.log.event(position)


def _receipt(store: Store, key: str) -> Any:
    return store.log.receipt(key)


def _xml(store: Store, domain: str, name: str) -> Any:
    return store.xml(domain, name)


def _tree(store: Store, domain: str, at: int | dt.datetime | None) -> Any:
    """A tree with all that is in it, every snapshot's document included."""
    return list(_facts(store, store.tree(domain, at)))


def _facts(store: Store, tree: Tree) -> Iterator[Any]:
    yield tree.uuid, tree.domain_name, tree.version, tree.position, tree.undefined, tree.current
    yield tree.missing_parents(), tree.cycle_roots(), dict(tree.annotations)
    for node, depth in tree.walk():
        children = [child.name for child in tree.children(node.name)]
        yield depth, node.name, node.parent, children, node.position, node.recorded_at
        yield dict(node.annotations), documents.document(store.log, node)
