"""What is refused, with which code, at which byte; and hostile input."""

from __future__ import annotations

import pytest

from lineage import canon
from lineage.errors import SnapshotError, XMLError

from .canon_samples import inside, refusal, snapshot

pytestmark = pytest.mark.usefixtures("canonicalizer")

BOM = b"\xef\xbb\xbf"

MALFORMED = [
    ("", "empty", 0),
    (" <!-- c --> ", "empty", 12),
    ("x<a/>", "outside-root", 0),
    ("<a/>x", "outside-root", 4),
    ("<a/><b/>", "outside-root", 4),
    ("<1/>", "name", 1),
    ("<a / >", "tag", 3),
    ("<a b='1'c='2'/>", "tag", 8),
    ("<a></b>", "tag-mismatch", 3),
    ("</a>", "tag-mismatch", 0),
    ("<a>", "tag-unclosed", 3),
    ("<a b=c/>", "attribute", 5),
    ("<a b/>", "attribute", 4),
    ("<a b='<'/>", "attribute", 6),
    ("<a b='1' b='2'/>", "attribute-twice", 9),
    ("<a>&amp</a>", "reference", 3),
    ("<a>& </a>", "reference", 3),
    ("<a>&#;</a>", "reference", 3),
    ("<a>&#xg;</a>", "reference", 3),
    ("<a>&nbsp;</a>", "entity-undefined", 3),
    ("<a b='&e;'/>", "entity-undefined", 6),
    ("<a><!-- -- --></a>", "comment", 8),
    ("<a><!--", "comment", 3),
    ("<a><?xml?></a>", "pi", 3),
    ("<a><?p", "pi", 3),
    ("<a><![CDATA[</a>", "cdata", 3),
    ("<a>]]></a>", "cdata-end", 3),
    ("<a><!ELEMENT x></a>", "markup", 3),
]
DECLARATIONS = [
    ("<?xml encoding='UTF-8'?><a/>", "declaration", 0),
    ("<?xml ?><a/>", "declaration", 0),
    ("<?xml version='1.0' standalone='maybe'?><a/>", "declaration", 32),
    ("<?xml version='1.0'", "declaration", 0),
    (" <?xml version='1.0'?><a/>", "pi", 1),
    ("<a/><?xml version='1.0'?>", "pi", 4),
]
DOCTYPES = [
    ("<!DOCTYPE a><a/>", 0),
    ("<!DOCTYPE a SYSTEM 'http://localhost/x.dtd'><a/>", 0),
    ("<!DOCTYPE a PUBLIC 'p' 'x.dtd' [<!ENTITY % p SYSTEM 'x'>%p;]><a/>", 0),
    ("<!DOCTYPE a [<!ENTITY e 'hello'>]><a>&e;</a>", 0),
    ("<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///x'>]><a>&e;</a>", 22),
    ("<!DOCTYPE", 0),
    ("<a><!DOCTYPE b></a>", 3),
    ("<a/><!DOCTYPE a>", 4),
]
CHARACTERS = [
    *("\x00", "\x01", "\x08", "\x0b", "\x0c", "\x0e", "\x1b", "\x1f", "\ufffe", "\uffff"),
    *("&#0;", "&#x0;", "&#27;", "&#8;", "&#xD800;", "&#xdfff;", "&#65534;", "&#xFFFF;"),
    *("&#x110000;", "&#99999999999999999999;", "&#-1;", "&# 65;", "&#x;", "&#X41;"),
]
ENCODINGS = [
    (b"<a>\x80</a>", 3),
    (b"<a>\xc0\x80</a>", 3),
    (b"<a>\xc1\xbf</a>", 3),
    (b"<a>\xe0\x80\x80</a>", 3),
    (b"<a>\xed\xa0\x80</a>", 3),
    (b"<a>\xf0\x80\x80\x80</a>", 3),
    (b"<a>\xf4\x90\x80\x80</a>", 3),
    (b"<a>\xf5\x80\x80\x80</a>", 3),
    (b"<a>\xff</a>", 3),
    (b"<a b='\xe9'/>", 6),
    (b"<\xe9/>", 1),
    (b"<a><!--\xe9--></a>", 7),
    (b"<a>\xc3\xa9\xe2\x82", 5),
    (b"<a>" + b"x" * 1000 + b"\xc3", 1003),
]
NAMESPACES = [
    ("<p:a/>", "namespace-unbound", 1),
    ("<a p:b='1'/>", "namespace-unbound", 3),
    ("<a><b xmlns:p='u'/><p:c/></a>", "namespace-unbound", 20),
    ("<a:b:c/>", "namespace-name", 1),
    ("<:a/>", "namespace-name", 1),
    ("<a:/>", "namespace-name", 1),
    ("<a xmlns:p=''/>", "namespace-empty", 3),
    ("<a xmlns:xml='u'/>", "namespace-reserved", 3),
    ("<a xmlns:xmlns='u'/>", "namespace-reserved", 3),
    ("<a xmlns='http://www.w3.org/2000/xmlns/'/>", "namespace-reserved", 3),
    ("<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>", "namespace-reserved", 3),
    ("<a xmlns:p='u' xmlns:q='u' p:x='' q:x=''/>", "namespace-twice", 34),
    ("<a xmlns:p='&#117;' xmlns:q='u' p:x='' q:x=''/>", "namespace-twice", 39),
]
ROOTS = [
    *("<a/>", "<domaincheckpoint/>", "<DomainSnapshot/>", "<domainsnapshots/>"),
    *("<inactiveDomain/>", "<domainsnapshot xmlns='u'/>", "<domain xmlns='u'/>"),
    *("<p:domainsnapshot xmlns:p='u'/>", "<p:domain xmlns:p='u'/>"),
]
# libvirt looks at fields in this order, whatever their order in the document.
CHECKS = [
    ("name", "<name/>", "name-missing"),
    ("creationTime", "<creationTime>x</creationTime>", "creation-time-invalid"),
    ("state", "<state>on</state>", "state-invalid"),
    ("domain", "<domain><uuid>x</uuid></domain>", "domain-uuid-invalid"),
    ("memory", "<memory snapshot='manual'/>", "memory-manual"),
    ("disks", "<disks><disk/></disks>", "disk-name-missing"),
    ("revertDisks", "<revertDisks><disk name='a' type='x'/></revertDisks>", "disk-type-invalid"),
    ("active", "<active>x</active>", "active-missing"),
]


def facts(xml: bytes | str, mode: str = "redefine") -> tuple[type, str, int]:
    error = refusal(xml, mode)
    return type(error), error.code, error.offset


@pytest.mark.parametrize(("xml", "code", "offset"), MALFORMED + DECLARATIONS)
def test_malformed_documents_are_refused_where_it_shows(xml: str, code: str, offset: int) -> None:
    assert facts(xml) == (XMLError, code, offset)


@pytest.mark.parametrize(("xml", "code", "offset"), MALFORMED)
def test_offsets_count_bytes_as_given(xml: str, code: str, offset: int) -> None:
    assert facts(BOM + xml.encode()) == (XMLError, code, offset + 3)
    assert facts("<!--é-->\r\n" + xml) == (XMLError, code, offset + 11)


@pytest.mark.parametrize(("xml", "offset"), DOCTYPES)
def test_a_doctype_is_refused_before_it_is_read(xml: str, offset: int) -> None:
    assert facts(xml) == (XMLError, "doctype", offset)


def test_entities_that_would_grow_are_never_expanded() -> None:
    bomb = "".join(f"<!ENTITY e{n} '{f'&e{n - 1};' * 10}'>" for n in range(1, 10))
    assert facts(f"<!DOCTYPE a [<!ENTITY e0 'ha'>{bomb}]><a>&e9;</a>") == (XMLError, "doctype", 0)


@pytest.mark.parametrize("bad", CHARACTERS)
def test_characters_that_xml_has_not_are_refused_raw_and_by_reference(bad: str) -> None:
    code = "reference" if bad.startswith("&") else "char"
    assert facts(f"<a>{bad}</a>") == (XMLError, code, 3)
    assert facts(f"<a b='{bad}'/>") == (XMLError, code, 6)


@pytest.mark.parametrize("good", ["\x7f", "\x85", "\ud7ff", "\ue000", "\ufffd", "\U0010ffff"])
def test_every_other_character_is_kept(good: str) -> None:
    for given in (good, f"&#{ord(good)};", f"&#x{ord(good):X};", f"&#x0{ord(good):x};"):
        assert inside(f"<name>{given}</name>") == [f"<name>{good}</name>"]


@pytest.mark.parametrize(("xml", "offset"), ENCODINGS)
def test_invalid_utf8_is_refused_at_its_first_byte(xml: bytes, offset: int) -> None:
    assert facts(xml) == (XMLError, "encoding-utf8", offset)


@pytest.mark.parametrize("name", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_another_real_encoding_is_refused(name: str) -> None:
    for text in (snapshot(), "<?xml version='1.0'?><domain/>"):
        assert facts(text.encode(name)) == (XMLError, "encoding-utf16", 0)


@pytest.mark.parametrize("name", ["ISO-8859-1", "UTF-16", "US-ASCII", "UTF-7", "utf8", "UTF-8x"])
def test_another_declared_encoding_is_refused(name: str) -> None:
    xml = f"<?xml version='1.0' encoding='{name}'?>{snapshot()}"
    assert facts(xml) == (XMLError, "encoding-declared", 30)


@pytest.mark.parametrize("name", ["UTF-8", "utf-8", "Utf-8"])
def test_utf8_may_be_declared_and_marked(name: str) -> None:
    xml = f"<?xml version='1.0' encoding='{name}' standalone='yes'?>\n{snapshot()}"
    assert canon.canonicalize(BOM + xml.encode()) == canon.canonicalize(snapshot())


def test_a_second_byte_order_mark_is_text() -> None:
    assert facts(BOM + BOM + b"<a/>") == (XMLError, "outside-root", 3)


@pytest.mark.parametrize("version", ["1.1", "1.7", "2.0"])
def test_only_xml_1_0_is_read(version: str) -> None:
    assert facts(f"<?xml version='{version}'?><a/>") == (XMLError, "xml-version", 15)


@pytest.mark.parametrize(("xml", "code", "offset"), NAMESPACES)
def test_documents_with_broken_namespaces_are_refused(xml: str, code: str, offset: int) -> None:
    assert facts(xml) == (XMLError, code, offset)


@pytest.mark.parametrize("xml", ROOTS)
def test_another_root_is_refused(xml: str) -> None:
    assert facts(f" {xml}\n") == (SnapshotError, "not-a-snapshot", 1)


def test_another_root_is_refused_only_if_the_rest_is_xml() -> None:
    assert facts("<a><b></a>") == (XMLError, "tag-mismatch", 6)


@pytest.mark.parametrize("place", range(len(CHECKS) - 1))
def test_the_first_shortfall_in_libvirts_order_is_reported_at_its_element(place: int) -> None:
    fields = [bad for _, bad, _ in CHECKS[place:]]
    good = {"name": "<name>s</name>", "creationTime": "<creationTime>1</creationTime>"}
    good["state"] = "<state>running</state>"
    before = "".join(good.get(field, "") for field, _, _ in CHECKS[:place])
    xml = f"<domainsnapshot>{''.join(reversed(fields))}{before}</domainsnapshot>"
    _, bad, code = CHECKS[place]
    at = xml.index(bad) + (len("<disks>") if code == "disk-name-missing" else 0)
    at += len("<revertDisks>") if code == "disk-type-invalid" else 0
    at += len("<domain>") if code == "domain-uuid-invalid" else 0
    assert facts(xml, "internal") == (SnapshotError, code, at)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ("", "name-missing"),
        ("<name>s</name>", "creation-time-missing"),
        ("<name>s</name><creationTime>1</creationTime>", "state-missing"),
    ],
)
def test_a_missing_field_points_at_its_parent(fields: str, code: str) -> None:
    xml = f"<!-- c -->\r\n<domainsnapshot>{fields}</domainsnapshot>"
    assert facts(xml) == (SnapshotError, code, 12)


def test_malformed_comes_before_lacking() -> None:
    assert facts("<domainsnapshot><name/>")[1] == "tag-unclosed"
