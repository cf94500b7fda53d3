"""lineage: the whole history of libvirt's snapshot metadata in one file."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lineage import aio as aio
    from lineage.canon import canonicalize, canonicalize_many, format, parse
    from lineage.check import Finding
    from lineage.errors import (
        AlignmentError,
        Ambiguous,
        Busy,
        Conflict,
        Damaged,
        DocumentError,
        FileSystemWarning,
        Forked,
        HypervisorError,
        LineageError,
        MissingSecrets,
        NotAStore,
        NotFound,
        SnapshotError,
        TooNew,
        XMLError,
    )
    from lineage.ingest import Report
    from lineage.log.base import EXISTS
    from lineage.model import Disk, Domain, Extra, Head, Memory, Node, Secure, Snapshot
    from lineage.reflog import CurrentMove
    from lineage.rules.complete import complete
    from lineage.rules.plan import Plan, plan
    from lineage.rules.request import plan_request
    from lineage.store import DomainInfo, Event, Store, Watch, Written

__all__ = [
    "EXISTS",
    "AlignmentError",
    "Ambiguous",
    "Busy",
    "Conflict",
    "CurrentMove",
    "Damaged",
    "Disk",
    "DocumentError",
    "Domain",
    "DomainInfo",
    "Event",
    "Extra",
    "FileSystemWarning",
    "Finding",
    "Forked",
    "Head",
    "HypervisorError",
    "LineageError",
    "Memory",
    "MissingSecrets",
    "Node",
    "NotAStore",
    "NotFound",
    "Plan",
    "Report",
    "Secure",
    "Snapshot",
    "SnapshotError",
    "Store",
    "TooNew",
    "Watch",
    "Written",
    "XMLError",
    "__version__",
    "canonicalize",
    "canonicalize_many",
    "complete",
    "format",
    "parse",
    "plan",
    "plan_request",
]

# Where each name comes from. They are imported when first asked for: who only canonicalizes
# needs no SQLite, and `lineage --help` needs neither.
_HOMES = {
    "lineage.canon": ("canonicalize", "canonicalize_many", "format", "parse"),
    "lineage.check": ("Finding",),
    "lineage.errors": (
        "AlignmentError",
        "Ambiguous",
        "Busy",
        "Conflict",
        "Damaged",
        "DocumentError",
        "FileSystemWarning",
        "Forked",
        "HypervisorError",
        "LineageError",
        "MissingSecrets",
        "NotAStore",
        "NotFound",
        "SnapshotError",
        "TooNew",
        "XMLError",
    ),
    "lineage.ingest": ("Report",),
    "lineage.log.base": ("EXISTS",),
    "lineage.model": ("Disk", "Domain", "Extra", "Head", "Memory", "Node", "Secure", "Snapshot"),
    "lineage.reflog": ("CurrentMove",),
    "lineage.rules.complete": ("complete",),
    "lineage.rules.plan": ("Plan", "plan"),
    "lineage.rules.request": ("plan_request",),
    "lineage.store": ("DomainInfo", "Event", "Store", "Watch", "Written"),
}
_MODULES = ("aio",)
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("lineage-store")
    elif name in _MODULES:
        value = import_module(f"lineage.{name}")
    elif name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
    else:
        raise AttributeError(f"module 'lineage' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES])
