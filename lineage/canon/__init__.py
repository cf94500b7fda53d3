"""The canonical form of ``<domainsnapshot>`` and ``<domain>`` documents.

Every function here refuses a bad document with `lineage.errors.XMLError` (not XML that
lineage reads) or `lineage.errors.SnapshotError` (not what libvirt's parser accepts).
"""

from __future__ import annotations

from typing import Final

from lineage.canon import _core
from lineage.canon._core import (
    Parts,
    canonicalize,
    canonicalize_many,
    format,
    join,
    parse,
    split,
)

__all__ = [
    "CANON_VERSION",
    "Parts",
    "canonicalize",
    "canonicalize_many",
    "format",
    "join",
    "parse",
    "split",
]

CANON_VERSION: Final[int] = _core.VERSION  # rises if canonical bytes ever change
