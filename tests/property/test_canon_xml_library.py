"""Where libxml2, on its own, sees documents differently: all of it is listed here.

The twin stands on libxml2 through lxml and makes up for these differences; were there others, it
might agree with the core by making the same mistake.
"""

from __future__ import annotations

import os
import random
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from lineage.canon import _core
from lineage.errors import SnapshotError, XMLError

from .canon_mutants import bytewise, mutant

MUTANTS: Final = int(os.environ.get("LINEAGE_MUTANTS", "2500"))
ANY: Final = "whatever we say"

# (what we say, what lxml says): documents that show it
LISTED: Final[dict[tuple[str, str], list[bytes]]] = {
    # Refused by us as a matter of policy.
    ("doctype", "accepted"): [b"<!DOCTYPE a><domain/>"],
    ("encoding-declared", "accepted"): [b"<?xml version='1.0' encoding='latin1'?><domain/>"],
    ("encoding-utf8", "accepted"): [b"<?xml version='1.0' encoding='latin1'?><a>\xe9</a>"],
    ("encoding-utf16", "accepted"): [
        "<domain/>".encode("utf-16"),
        "<?xml version='1.0'?><a/>".encode("utf-16-le"),
    ],
    ("xml-version", "accepted"): [b"<?xml version='1.1'?><domain/>"],
    ("limit-depth", "accepted"): [b"<a>" * 257 + b"</a>" * 257],
    ("limit-attributes", "accepted"): [
        b"<a" + b"".join(b" a%d=''" % n for n in range(1025)) + b"/>"
    ],
    # lxml passes over errors of namespaces, and all that follow, if a warning comes after them.
    (ANY, "accepted, namespaces amiss"): [
        start + b"<b xmlns='relative'/></a>"
        for start in (
            b"<a p:b=''>",
            b"<a xmlns:p=''>",
            b"<a xmlns:xml='u'>",
            b"<a xmlns:p='u' xmlns:q='u' p:x='' q:x=''>",
            b"<a xmlns:p='' xmlns:p='p'>",
        )
    ],
    # Any string may name a namespace; libxml2 complains of what is no URI.
    ("accepted", "refused for no URI"): [b"<domain xmlns:p='a]]>'/>", b"<domain xmlns:p='a b'/>"],
}


def ours(xml: bytes) -> str:
    try:
        _core.canonicalize(xml, mode="create")
    except XMLError as error:
        return error.code
    except SnapshotError:
        pass
    return "accepted"


def theirs(xml: bytes) -> str:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    try:
        etree.fromstring(xml, parser)
    except etree.XMLSyntaxError:
        warnings = [entry.type_name.startswith("WAR_NS_") for entry in parser.error_log]
        return "refused for no URI" if warnings and all(warnings) else "refused"
    amiss = any(entry.type_name.startswith("NS_ERR_") for entry in parser.error_log)
    return "accepted, namespaces amiss" if amiss else "accepted"


def listed(we: str, they: str) -> bool:
    """Both say the same, or the list says that they do not."""
    if we != "accepted" and they.startswith("refused"):
        return True
    return we == they or (we, they) in LISTED or (we != "accepted" and (ANY, they) in LISTED)


@pytest.mark.parametrize("difference", LISTED)
def test_every_listed_difference_is_there(difference: tuple[str, str]) -> None:
    we, they = difference
    for xml in LISTED[difference]:
        assert theirs(xml) == they
        assert ours(xml) != "accepted" if we == ANY else ours(xml) == we


@settings(max_examples=2 * MUTANTS, deadline=None, derandomize=True, database=None)
@given(st.integers(0, 2**48), st.booleans())
def test_no_difference_is_unlisted(seed: int, bytes_too: bool) -> None:
    rng = random.Random(seed)
    xml = bytewise(rng) if bytes_too else mutant(rng)
    we, they = ours(xml), theirs(xml)
    assert listed(we, they), (we, they)
