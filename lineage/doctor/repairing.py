"""Repairs a domain's tree by recording events; nothing that was recorded goes away."""

from __future__ import annotations

from typing import Final

import msgspec

from lineage import canon, documents
from lineage.doctor.finding import Finding
from lineage.doctor.links import current, links
from lineage.errors import Damaged
from lineage.log.base import EventLog
from lineage.model import Secure, Snapshot
from lineage.past import replay
from lineage.store import Store
from lineage.tree import TreeNode

__all__ = ["SOURCE", "repair"]

SOURCE: Final = "lineage doctor"
_SECURE: Final = {Secure.YES: True, Secure.NO: False}


def repair(store: Store, domain: str) -> list[Finding]:
    """Repair what can be repaired by events, all or nothing, and say what that was.

    A snapshot whose parent is missing gets the nearest of its ancestors that is there, as far as
    the domain's history knows them, or none; the root of a circle has no parent any more; a
    current snapshot that is not there is none.

    Raises:
        NotFound, Ambiguous: see `Store.tree`.
        Conflict: somebody else wrote to the domain meanwhile; nothing was written.
        Damaged: what is stored is not what was recorded.
    """
    tree = store.tree(domain)
    found = list(links(tree, lambda: replay(store.log, tree.stream)))
    findings = [link.finding for link in found]
    findings += current(tree)
    if not findings:
        return []
    with store.batch(tree.stream, expect=tree.version, source=SOURCE) as batch:
        for link in found:
            node = tree[link.snapshot]
            secure = _SECURE.get(node.definition.secure)
            batch.record(_linked(store.log, node, link.parent), current=False, secure=secure)
        if tree.awaited is not None:
            batch.set_current(None)
    return findings


def _linked(log: EventLog, node: TreeNode, parent: str | None) -> bytes:
    """The snapshot's document, with another parent."""
    record = canon.parse(documents.document(log, node))
    if not isinstance(record, Snapshot):
        raise Damaged(f"the document of {node.name!r} is no snapshot")
    return canon.format(msgspec.structs.replace(record, parent=parent))
