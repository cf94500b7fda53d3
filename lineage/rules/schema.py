"""Holds a document against the schema of ``<domainsnapshot>``, and says where it fails and why.

The schema is ours (`domainsnapshot.rng`), for the snapshot level. What a domain may be is
libvirt's to say: where its schemas are installed they decide; elsewhere any domain will do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec
from lxml import etree

from lineage import canon
from lineage.errors import SnapshotError, XMLError
from lineage.rules.explain import Problem, explain, places

__all__ = ["INSTALLED", "Problem", "validate"]

INSTALLED: Final = Path("/usr/share/libvirt/schemas")
"""Where libvirt's schemas are if they are installed."""

_RNG: Final = "{http://relaxng.org/ns/structure/1.0}"
_FULL: Final = {"fullDomain": "domain.rng", "inactiveDomain": "inactiveDomain.rng"}


def validate(xml: bytes | str, *, schemas: Path | None = INSTALLED) -> Sequence[Problem]:
    """Say what is wrong with a document by the schema, in its order; nothing if it is valid.

    The same question as libvirt's flag VALIDATE. Its parser knows more rules, those of
    `lineage.parse`, and takes what the schema does not know.

    Args:
        xml: a ``<domainsnapshot>``.
        schemas: the directory of libvirt's schemas, for the domains in it; None, or one that
            is not there: any domain will do.
    """
    data = xml.encode("utf-8", "surrogatepass") if isinstance(xml, str) else xml
    try:
        canon.canonicalize(data, mode="create")
    except XMLError as error:
        return [_ill_formed(data, error)]
    except SnapshotError:
        pass  # the schema has its own word for it
    try:
        document = etree.fromstring(data, _parser())
    except etree.XMLSyntaxError as error:
        line, column = error.position
        return [Problem(line, max(column, 1), str(error.msg), ())]
    own = _schema(None)
    if not own.validate(document):
        return explain(data)
    if schemas is None or not (schemas / _FULL["fullDomain"]).is_file():
        return []
    full = _schema(schemas)
    return [] if full.validate(document) else _inside(data, document, full)


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


def _ill_formed(data: bytes, error: XMLError) -> Problem:
    before = data[: error.offset].decode("utf-8", "replace")
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    return Problem(line, column, f"{error.message} ({error.code})", ())


@lru_cache(maxsize=4)
def _schema(schemas: Path | None) -> etree.RelaxNG:
    """The schema, with libvirt's of domains if a directory is given."""
    text = resources.files("lineage.rules").joinpath("domainsnapshot.rng").read_bytes()
    grammar = etree.fromstring(text)
    for name, file in _FULL.items() if schemas is not None else ():
        if schemas is None or not (schemas / file).is_file():
            continue
        (define,) = grammar.iterfind(f"{_RNG}define[@name='{name}']")
        define[:] = [etree.Element(f"{_RNG}externalRef", href=quote(str(schemas / file)))]
    return etree.RelaxNG(etree.ElementTree(grammar))


def _inside(data: bytes, document: etree._Element, schema: etree.RelaxNG) -> Sequence[Problem]:
    """What is wrong inside of a domain, in the words of libxml2: the innermost place it names."""
    told = [entry for entry in schema.error_log if entry.path]
    if not told:
        return [Problem(1, 1, "the domain is not as libvirt's schema wants it", ())]
    innermost = max(told, key=lambda entry: entry.path.count("/"))
    found = document.xpath(re.sub(r"\*(?=/|$)", "node()", innermost.path))
    order = {element: number for number, element in enumerate(document.iter(etree.Element))}
    number = order.get(found[0], 0) if found else 0
    line, column = places(data)[number]
    return [Problem(line, column, innermost.message, ())]
