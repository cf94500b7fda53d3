"""What can be wrong with a domain's snapshots."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from lineage.tree import Tree

__all__ = ["CODES", "Finding", "Severity", "found"]

Severity = Literal["error", "warning"]

# What each kind of finding means. Codes are for ever.
CODES: Final[dict[str, tuple[Severity, str]]] = {
    "missing-parent": ("error", "the parent that it names is not there"),
    "self-parent": ("error", "it names itself as its parent"),
    "cycle": ("error", "it descends from itself"),
    "several-current": ("error", "several snapshots of the domain claim to be current"),
    "current-missing": ("warning", "what was made current is not there"),
    "mixed-chain": ("error", "a disk has internal and external snapshots in one line"),
    "chain-mismatch": ("warning", "a disk was on another image than the overlay of its parent"),
    "self-backing": ("error", "an image backs itself"),
    "disk-refused": ("error", "its disks are not those of its domain"),
    "delete-in-progress": ("error", "it was being deleted, and that did not end"),
    "numeric-name": ("warning", "qemu-img may take its name for the number of another"),
    "hostile-name": ("warning", "its name breaks scripts, or is not what it seems"),
    "duplicates": ("warning", "several documents of one snapshot differ"),
    "unreadable": ("error", "a document cannot be read"),
}


class Finding(msgspec.Struct, frozen=True, gc=False):
    """Something that is wrong with a domain's snapshots, though all was recorded well.

    Attributes:
        code: which kind, one of `CODES`.
        severity: ``error``: libvirt would refuse it, or data may be lost; ``warning``: somebody
            may stumble over it.
        message: what it is.
        remedy: what would repair it.
        domain: key of the domain's events, None if that is not known.
        domain_name: the domain's name, None if that is not known.
        snapshot: name of the one that it is about, None if it is about no one alone.
        repairable: `lineage.doctor.repair` does what the remedy says.
    """

    code: str
    severity: Severity
    message: str
    remedy: str
    domain: str | None = None
    domain_name: str | None = None
    snapshot: str | None = None
    repairable: bool = False


def found(
    tree: Tree,
    code: str,
    snapshot: str | None,
    message: str,
    remedy: str,
    *,
    repairable: bool = False,
) -> Finding:
    """Make a finding about a domain."""
    severity, _ = CODES[code]
    return Finding(
        code, severity, message, remedy, tree.stream, tree.domain_name, snapshot, repairable
    )
