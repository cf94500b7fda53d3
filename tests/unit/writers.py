"""Each writer of the store, called on one history: what the tests of all writers go through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lineage.batch import Batch
from lineage.store import Store, Written
from tests.unit.store_samples import body, snapshot

Write = Callable[..., Written]

BEFORE = 5  # events of `begun`
VERSION = 4  # of domain vm in it


def begun(store: Store) -> Store:
    """Give the store two domains; in vm there is root <- mid <- leaf, and mid is current."""
    for name, parent in (("root", None), ("mid", "root"), ("leaf", "mid")):
        store.record(snapshot(name, parent))
    store.record(snapshot("other", domain=body("1" * 32, "else")))
    store.set_current("vm", "mid")
    return store


def batched(*calls: Callable[[Batch], object]) -> Write:
    """A batch of these calls as a writer."""

    def write(store: Store, **terms: Any) -> Written:
        with store.batch("vm", **terms) as batch:
            for call in calls:
                call(batch)
        assert batch.written is not None
        return batch.written

    return write


# Each writes something the first time, on `begun`.
WRITERS: dict[str, Write] = {
    "record": lambda store, **kw: store.record(snapshot("new"), **kw),
    "redefine": lambda store, **kw: store.record(snapshot("mid", description="x"), **kw),
    "delete": lambda store, **kw: store.delete("vm", "mid", **kw),
    "current": lambda store, **kw: store.set_current("vm", "leaf", **kw),
    "rename": lambda store, **kw: store.rename("vm", "mid", "new", **kw),
    "undefine": lambda store, **kw: store.undefine("vm", **kw),
    "annotate": lambda store, **kw: store.annotate("vm", {"a": "b"}, **kw),
    "annotate snapshot": lambda store, **kw: store.annotate(
        "vm", {"a": "b", "c": "d"}, snapshot="mid", **kw
    ),
    "batch": batched(lambda batch: batch.delete("mid"), lambda batch: batch.rename("leaf", "top")),
    "batch undefine": batched(lambda batch: batch.undefine()),
}
# None of these has anything to write on `begun`.
IDLE: dict[str, Write] = {
    "equal": lambda store, **kw: store.record(snapshot("mid", "root"), **kw),
    "no children": lambda store, **kw: store.delete("vm", "leaf", "children-only", **kw),
    "same current": lambda store, **kw: store.set_current("vm", "mid", **kw),
    "nothing to take away": lambda store, **kw: store.annotate("vm", {"a": None}, **kw),
    "empty batch": batched(),
    "batch": batched(lambda batch: batch.set_current("mid")),
}
