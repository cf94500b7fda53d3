"""What libvirt leaves out of a document that is dumped without VIR_DOMAIN_SNAPSHOT_XML_SECURE.

Of a domain, that is the password of a ``<graphics>`` (virDomainGraphicsAuthDefFormatAttr; the date
until which it is valid stays) and the ``<cookies>`` of a disk's network source
(virDomainDiskSourceFormat). Checked against live libvirt 9.0 (tests/conformance).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from lineage.canon._core import canonicalize

if TYPE_CHECKING:
    from lxml import etree

__all__ = ["HIDDEN", "is_secret", "masked", "may_hold", "may_lack", "without"]

HIDDEN: Final = "***"
"""What stands in place of a secret wherever documents are not given exactly."""

_MARKS: Final = (b" passwd='", b"<cookies>")
_PLACES: Final = (b"<graphics ", b" protocol='http")
_DOMAINS: Final = ("domain", "inactiveDomain")
_VALUES: Final = re.compile(
    rb"(<graphics(?:[^'\">]|'[^']*'|\"[^\"]*\")*? passwd=)('[^']*'|\"[^\"]*\")"
    rb"|(<cookie(?:\s(?:[^'\">]|'[^']*'|\"[^\"]*\")*)?>)([^<]*)"
)


def may_hold(document: bytes) -> bool:
    """Whether a canonical document can hold secrets: a quick look that may err on that side."""
    return any(mark in document for mark in _MARKS)


def may_lack(document: bytes) -> bool:
    """Whether a canonical document dumped without secrets can lack any: it has places for some."""
    return any(place in document for place in _PLACES)


def is_secret(element: str, attribute: str | None) -> bool:
    """Whether an attribute of such an element, or its text, is a secret."""
    return (element, attribute) in (("graphics", "passwd"), ("cookie", None))


def masked(xml: bytes) -> bytes:
    """Give canonical text with `HIDDEN` in place of every secret, and as many lines.

    Wherever such an element stands, not only where libvirt would know it.
    """
    return _VALUES.sub(_mask, xml) if b"passwd=" in xml or b"<cookie" in xml else xml


def _mask(found: re.Match[bytes]) -> bytes:
    if found[1] is not None:
        return found[1] + found[2][:1] + HIDDEN.encode() + found[2][:1]
    text = found[4]
    return found[3] + (HIDDEN.encode() + b"\n" * text.count(b"\n") if text.strip() else text)


def without(document: bytes) -> bytes:
    """Give a canonical snapshot document as libvirt dumps it without secrets.

    Raises:
        DocumentError: it is no snapshot.
    """
    if not may_hold(document):
        return document
    # Only who has to compare such a document pays for the import.
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, huge_tree=True, strip_cdata=False, no_network=True
    )
    root = etree.fromstring(document, parser)
    for name in _DOMAINS:
        for domain in root.findall(name):
            _strip(domain)
    return canonicalize(etree.tostring(root, encoding="utf-8"))


def _strip(domain: etree._Element) -> None:
    for devices in domain.findall("devices"):
        for graphics in devices.findall("graphics"):
            if "passwd" in graphics.attrib:
                del graphics.attrib["passwd"]
        for source in devices.findall("disk//source"):
            for cookies in source.findall("cookies"):
                source.remove(cookies)
