"""Where documents come from: directories, XML files, tar and zip archives, each with provenance."""

from __future__ import annotations

from lineage.sources.base import MAX_BYTES, Document, Source, SourceError
from lineage.sources.opening import open_source, open_stream

__all__ = ["MAX_BYTES", "Document", "Source", "SourceError", "open_source", "open_stream"]
