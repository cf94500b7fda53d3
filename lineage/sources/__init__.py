"""Where documents come from: directories, XML files and tar archives, each with provenance."""

from __future__ import annotations

from lineage.sources.base import MAX_BYTES, Document, Source, SourceError
from lineage.sources.opening import open_source

__all__ = ["MAX_BYTES", "Document", "Source", "SourceError", "open_source"]
