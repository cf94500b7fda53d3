"""lineage: the whole history of libvirt's snapshot metadata in one file."""

from __future__ import annotations

from lineage.canon import canonicalize, canonicalize_many, format, parse
from lineage.errors import (
    Ambiguous,
    Busy,
    Conflict,
    Damaged,
    DocumentError,
    Forked,
    LineageError,
    NotAStore,
    NotFound,
    SnapshotError,
    TooNew,
    XMLError,
)
from lineage.model import Disk, Domain, Extra, Head, Memory, Node, Secure, Snapshot

__all__ = [
    "Ambiguous",
    "Busy",
    "Conflict",
    "Damaged",
    "Disk",
    "DocumentError",
    "Domain",
    "Extra",
    "Forked",
    "Head",
    "LineageError",
    "Memory",
    "Node",
    "NotAStore",
    "NotFound",
    "Secure",
    "Snapshot",
    "SnapshotError",
    "TooNew",
    "XMLError",
    "canonicalize",
    "canonicalize_many",
    "format",
    "parse",
]
