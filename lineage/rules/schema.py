"""Holds a document against the schema of ``<domainsnapshot>``, and says where it fails and why.

The schema is ours (`domainsnapshot.rng`), for the snapshot level. What a domain may be is
libvirt's to say: where its schemas are installed they decide; elsewhere any domain will do.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from copy import deepcopy
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Final

from lxml import etree

from lineage import canon
from lineage.errors import SnapshotError, XMLError
from lineage.rules.explain import Problem, explain, place

__all__ = ["INSTALLED", "Problem", "validate"]

INSTALLED: Final = Path("/usr/share/libvirt/schemas")
"""Where libvirt's schemas are if they are installed."""

_FULL: Final = {"domain": "domain.rng", "inactiveDomain": "inactiveDomain.rng"}


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
    if not _own().validate(document):
        return explain(data)
    return [] if schemas is None else _bodies(data, document, schemas)


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


def _ill_formed(data: bytes, error: XMLError) -> Problem:
    before = data[: error.offset].decode("utf-8", "replace")
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    return Problem(line, column, f"{error.message} ({error.code})", ())


@cache
def _own() -> etree.RelaxNG:
    text = resources.files("lineage.rules").joinpath("domainsnapshot.rng").read_bytes()
    return etree.RelaxNG(etree.ElementTree(etree.fromstring(text)))


@lru_cache(maxsize=4)
def _libvirts(path: Path) -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(os.fsencode(path)))


def _bodies(data: bytes, document: etree._Element, schemas: Path) -> list[Problem]:
    """What is wrong with the domains by libvirt's schemas, as far as they are there.

    Each is held against its schema alone: libxml2 takes exponential time for a choice of
    elements of one name, such as a domain and one that only says its UUID.
    """
    order = {element: number for number, element in enumerate(document.iter(etree.Element))}
    problems = []
    for body in document.iterchildren(*_FULL):
        path = schemas / _FULL[body.tag]
        if "type" not in body.attrib or not path.is_file():
            continue
        alone, schema = etree.ElementTree(deepcopy(body)), _libvirts(path)
        if not schema.validate(alone):
            number, message = _innermost(alone, schema)
            line, column = place(data, order[body] + number)
            problems.append(Problem(line, column, message, ()))
    return problems


def _innermost(body: etree._ElementTree, schema: etree.RelaxNG) -> tuple[int, str]:
    """What libxml2 says of the innermost place that it names, and which element that is."""
    told = [entry for entry in schema.error_log if entry.path]
    if not told:
        return 0, "it is not as libvirt's schema wants it"
    innermost = max(told, key=lambda entry: entry.path.count("/"))
    try:
        found = body.find(innermost.path.replace(f"/{body.getroot().tag}", ".", 1))
    except (SyntaxError, ValueError):  # a prefix
        found = None
    places = {element: number for number, element in enumerate(body.iter(etree.Element))}
    return (0 if found is None else places.get(found, 0)), innermost.message
