"""What libvirt refuses when a snapshot is redefined."""

from __future__ import annotations

from lineage.errors import SnapshotError
from lineage.tree import Tree

__all__ = ["check_parent"]


def check_parent(tree: Tree, name: str, parent: str | None) -> None:
    """Hold a snapshot's parent against the tree it is to be redefined in.

    libvirt (virDomainMomentCheckCycles): a snapshot is not its own parent, its parent is
    there, and does not descend from it.

    Args:
        tree: the domain's snapshots.
        name: of the snapshot, which may be in the tree already.
        parent: the name of its parent, None for a root.

    Raises:
        SnapshotError: ``parent-self``, ``parent-missing`` or ``parent-cycle``.
    """
    if parent is None:
        return
    if parent == name:
        raise SnapshotError("parent-self", 0, "the snapshot is its own parent")
    if parent not in tree:
        raise SnapshotError("parent-missing", 0, "the domain has no snapshot of the parent's name")
    climbed: set[str] = set()
    above: str | None = parent
    while above is not None and above in tree and above not in climbed:
        climbed.add(above)
        above = tree[above].parent
        if above == name:
            raise SnapshotError("parent-cycle", 0, "the parent descends from the snapshot")
