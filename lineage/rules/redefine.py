"""What libvirt refuses when a snapshot is redefined."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from lineage.errors import SnapshotError
from lineage.model import Head
from lineage.rules.abi import check_abi
from lineage.rules.align import MESSAGES, align, default_location
from lineage.rules.disks import domain_disks
from lineage.tree import Tree, TreeNode

__all__ = ["RULES", "check_parent", "check_redefinition", "check_state"]

RULES: Final = {
    "parent-self": "the snapshot is its own parent",
    "parent-missing": "the domain has no snapshot of the parent's name",
    "parent-cycle": "the parent descends from the snapshot",
    "uuid-missing": "the domain in the document has no UUID, so libvirt would make one up",
    "state-online": "a snapshot of a domain that ran stays one, and of one that did not, too",
    "state-disk-only": "a disk-only snapshot stays one, and a full one, too",
}
"""What each code means, besides those of `lineage.rules.abi` and `lineage.rules.align`."""

_ONLINE: Final = frozenset({"running", "paused"})
_DISK_ONLY: Final = "disk-snapshot"


def check_redefinition(
    tree: Tree,
    head: Head,
    domain: bytes | None,
    uuid: str | None,
    stored: Callable[[TreeNode], bytes | None],
) -> None:
    """Hold a document against the tree in which its snapshot is to be redefined, or to be new.

    In libvirt's order (virDomainSnapshotRedefinePrep): the parent, the UUID, the state, the
    domain, the disks. The UUID itself is left to who looked the tree up by it. Of a disk for
    which a file name would be made up, libvirt also looks whether the domain's image is there;
    this asks no file system.

    Args:
        tree: the domain's snapshots.
        head: the document's.
        domain: its ``<domain>``, None if there is none or it has no type.
        uuid: of that domain.
        stored: gives the ``<domain>`` that a snapshot has now, None likewise.

    Raises:
        SnapshotError: libvirt would refuse it. Its code is one of `RULES`, or of those that
            `lineage.rules.abi` and `lineage.rules.align` have.
    """
    name = head.name or ""
    check_parent(tree, name, head.parent)
    if domain is not None and uuid is None:
        raise _refused("uuid-missing")
    if name in tree:
        node = tree[name]
        check_state(node.head.state, head.state)
        held = stored(node)
        if held is not None and domain is not None:
            check_abi(held, domain)
        domain = domain or held
    if domain is None:
        raise SnapshotError("disks-no-domain", 0, MESSAGES["disks-no-domain"])
    default = default_location(head)
    align(head.disks, domain_disks(domain), default, name, regular=lambda path: True)


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
        raise _refused("parent-self")
    if parent not in tree:
        raise _refused("parent-missing")
    climbed: set[str] = set()
    above: str | None = parent
    while above is not None and above in tree and above not in climbed:
        climbed.add(above)
        above = tree[above].parent
        if above == name:
            raise _refused("parent-cycle")


def check_state(old: str | None, new: str | None) -> None:
    """Hold a snapshot's new state against the one it had.

    libvirt (virDomainSnapshotRedefineValidate): what ran (running, paused) and what did not
    stay apart, and so do disk-only and full snapshots.

    Raises:
        SnapshotError: ``state-online`` or ``state-disk-only``.
    """
    if (old in _ONLINE) != (new in _ONLINE):
        raise _refused("state-online")
    if (old == _DISK_ONLY) != (new == _DISK_ONLY):
        raise _refused("state-disk-only")


def _refused(code: str) -> SnapshotError:
    return SnapshotError(code, 0, RULES[code])
