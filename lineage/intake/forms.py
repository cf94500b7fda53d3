"""Every document that a domain's snapshots ever had, those that the fold made of them included."""

from __future__ import annotations

from lineage import documents
from lineage.documents import BodySource
from lineage.events import Defined, Deleted, EventData, Redefined, Renamed
from lineage.histories import Histories
from lineage.log.base import Ground
from lineage.past import replay
from lineage.tree import Tree

__all__ = ["ever_had"]


def ever_had(log: Ground, stream: str, version: int) -> Histories:
    """Give the digests by name, as `lineage.tree.Tree.seen` knows those of documents as given.

    A snapshot's document is rewritten when its parent is deleted or renamed, when it is renamed
    itself, and when it inherits its domain. An archive of that time shows it so.

    Args:
        version: of the last event that counts.

    Raises:
        Damaged: an event or a body cannot be read.
    """
    had, tree = Histories(), Tree(stream)
    for stored, data in replay(log, stream):
        if stored.version > version:
            break
        touched = _touched(tree, data)
        tree.apply(stored, data)
        if isinstance(data, Defined | Redefined):
            had.add(data.name, data.digest)
        elif isinstance(data, Renamed) and touched:
            had.rename(data.old, data.new)
        _add_rewritten(log, tree, had, touched)
    return had


def _touched(tree: Tree, data: EventData) -> list[str]:
    """Names, after an event, of the snapshots whose documents it may rewrite."""
    if isinstance(data, Defined | Redefined):
        return [data.name]
    if isinstance(data, Deleted) and data.name in tree:
        return _named_as_parent(tree, data.name)
    if isinstance(data, Renamed) and data.old in tree and data.new not in tree:
        children = _named_as_parent(tree, data.old)
        return [data.new, *(name for name in children if name != data.old)]
    return []


def _named_as_parent(tree: Tree, name: str) -> list[str]:
    """The children, and the root of a cycle that closes there."""
    roots = [root for root, parent in tree.cycle_roots().items() if parent == name]
    return [child.name for child in tree.children(name)] + roots


def _add_rewritten(log: BodySource, tree: Tree, had: Histories, names: list[str]) -> None:
    for name in names:
        if name in tree and tree[name].rewritten:
            had.add(name, documents.digest(log, tree[name]))
