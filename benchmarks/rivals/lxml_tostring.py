"""Parse and print with lxml: no ordering, no checks, no understanding of snapshots."""

from __future__ import annotations

from lxml import etree

__all__ = ["rewrite"]

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=True)


def rewrite(document: bytes) -> bytes:
    """The document as lxml prints it."""
    return etree.tostring(etree.fromstring(document, _PARSER))
