"""Sixteen ways in which a document could do harm, S1 to S16, on the core and on its twin.

Everything is refused with the same code at the same byte; only how long it takes, and how much
memory, is promised of the core alone.
"""

from __future__ import annotations

import os
import random
import resource
import socket
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from lineage import canon
from lineage.errors import DocumentError, SnapshotError, XMLError

from .canon_samples import inside, lines, refusal, request, snapshot
from .tree_events import chain, defined, told

pytestmark = pytest.mark.usefixtures("canonicalizer")

MIB = 1 << 20


def refused(xml: bytes | str, code: str, offset: int, mode: str = "create") -> None:
    error = refusal(xml, mode)
    kind = SnapshotError if code.startswith(("not-a", "creation", "name-m")) else XMLError
    assert (type(error), error.code, error.offset) == (kind, code, offset)


def seconds(work: Callable[[], object], tries: int = 5) -> float:
    """The least processor time that some tries took."""
    best = float("inf")
    for _ in range(tries):
        begun = time.thread_time()
        work()
        best = min(best, time.thread_time() - begun)
    return best


def peak() -> int:
    """Bytes that the process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def laughs(levels: int = 10) -> str:
    entities = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, levels))
    return f"<!DOCTYPE domain [<!ENTITY l0 'ha'>{entities}]><domain>&l{levels - 1};</domain>"


def test_s1_a_billion_laughs_is_refused_at_once_in_no_memory(canonicalizer: str) -> None:
    refused(laughs(), "doctype", 0)
    before = peak()
    took = seconds(lambda: refusal(laughs()))
    if canonicalizer == "core":
        assert took < 0.001
        assert peak() - before < MIB


@pytest.mark.parametrize("where", ["<name>&e;</name>", "<zork a='&e;'/>"])
def test_s2_an_internal_entity_is_refused_with_and_without_its_doctype(where: str) -> None:
    refused(f"<!DOCTYPE domainsnapshot [<!ENTITY e 'x'>]>{request(where)}", "doctype", 0)
    xml = request(where)
    refused(xml, "entity-undefined", xml.index("&"))


def test_s3_nothing_outside_the_document_is_opened_or_connected(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # whoever opened this would wait for ever
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        web = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        for place in (str(pipe), pipe.as_uri(), web):
            for doctype in (
                f"<!DOCTYPE domain SYSTEM '{place}'>",
                f"<!DOCTYPE domain PUBLIC 'p' '{place}'>",
                f"<!DOCTYPE domain [<!ENTITY e SYSTEM '{place}'>]>",
                f"<!DOCTYPE domain [<!ENTITY % p SYSTEM '{place}'>%p;]>",
            ):
                refused(f"{doctype}<domain>&e;</domain>", "doctype", 0)
            include = f"<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='{place}'/>"
            style = f"<?xml-stylesheet href='{place}'?>"
            assert inside(style + include) == [include]  # just an unknown element
        with pytest.raises(BlockingIOError):
            server.accept()


def test_s4_an_entity_that_would_be_copied_again_and_again_is_refused(canonicalizer: str) -> None:
    doctype = f"<!DOCTYPE domain [<!ENTITY e '{'x' * 20_000}'>]>"
    xml = f"{doctype}<domain>{'&e;' * 2000}</domain>"
    refused(xml, "doctype", 0)
    if canonicalizer == "core":
        assert seconds(lambda: refusal(xml)) < 0.005


def test_s5_a_flood_of_attributes_is_refused_in_milliseconds(canonicalizer: str) -> None:
    flood = "".join(f" a{n}='x'" for n in range(100_000))
    xml = request(f"<zork{flood}/>")
    first = sum(len(f" a{n}='x'") for n in range(1024))
    refused(xml, "limit-attributes", len("<domainsnapshot><zork") + first + 1)
    if canonicalizer == "core":
        assert seconds(lambda: refusal(xml)) < 0.005


@pytest.mark.parametrize("depth", [257, 10_000_000])
def test_s6_deep_nesting_is_the_same_error_however_deep(depth: int, canonicalizer: str) -> None:
    xml = b"<z>" * depth
    before = peak()
    refused(xml, "limit-depth", 256 * 3)
    if canonicalizer == "core":
        assert peak() - before < 2 * len(xml) + MIB  # the copy that is scanned


def test_s7_huge_values_and_names_are_refused_and_huge_text_is_not() -> None:
    start = len("<domainsnapshot><z ")
    refused(request(f"<z a='{'x' * (12 * MIB)}'/>"), "limit-value", start)
    refused(request(f"<{'n' * 60_000}/>"), "limit-name", len("<domainsnapshot><"))
    refused(request(f"<z {'n' * 60_000}=''/>"), "limit-name", start)
    text = "x" * (12 * MIB)
    assert inside(f"<description>{text}</description>") == [f"<description>{text}</description>"]


def test_s8_a_million_elements_take_less_than_a_second(canonicalizer: str) -> None:
    many = 1_000_000 if canonicalizer == "core" else 10_000
    xml = request("<x/>" * many).encode()
    assert canon.canonicalize(xml, mode="create").count(b"\n  <x/>") == many
    if canonicalizer == "core":
        assert seconds(lambda: canon.canonicalize(xml, mode="create"), 3) < 1


FORBIDDEN = ["&#0;", "&#27;", "&#xD800;", "&#xDFFF;", "&#65534;", "&#xFFFF;", "&#x110000;"]


@pytest.mark.parametrize("bad", [*FORBIDDEN, "\x00", "\x1b", "\x0b", "\ufffe", "\uffff"])
def test_s9_characters_that_xml_forbids_are_refused_in_every_place(bad: str) -> None:
    code = "reference" if bad.startswith("&") else "char"
    for form in ("<name>{}</name>", "<z a='{}'/>", "<name>{}", "<domain><metadata>{}"):
        xml = request(form.format(bad))
        refused(xml, code, xml.index(bad))
    if code == "char":
        for form in ("<!--{}-->", "<?p {}?>", "<![CDATA[{}]]>"):
            xml = request(form.format(bad))
            refused(xml, code, xml.index(bad))


SEQUENCES = [
    *(b"\x80", b"\xbf", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80", b"\xe0\x9f\xbf"),
    *(b"\xed\xa0\x80", b"\xf0\x80\x80\x80", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xff"),
    *(b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98"),
]


@pytest.mark.parametrize("bad", SEQUENCES)
@pytest.mark.parametrize("before", [0, 1, 15, 63, 2047, 4096])
def test_s10_invalid_utf8_is_refused_at_its_first_byte(bad: bytes, before: int) -> None:
    start = b"<domainsnapshot><name>" + b"x" * before
    refused(start + bad + b"</name></domainsnapshot>", "encoding-utf8", len(start))
    refused(b"\xef\xbb\xbf" + start + bad, "encoding-utf8", len(start) + 3)


@pytest.mark.parametrize("name", ["ISO-8859-1", "UTF-16", "utf-7", "EBCDIC-CP-US", "UCS-4"])
def test_s11_another_declared_encoding_is_refused_where_it_is_named(name: str) -> None:
    refused(f"<?xml version='1.0' encoding='{name}'?><domain/>", "encoding-declared", 30)


@pytest.mark.parametrize("name", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"])
def test_s11_another_real_encoding_is_refused(name: str) -> None:
    refused("<?xml version='1.0'?><domain/>".encode(name), "encoding-utf16", 0)


@pytest.mark.parametrize(
    ("xml", "code", "offset"),
    [
        ("<?xml version='1.1'?><domain/>", "xml-version", 15),
        ("<domain/>x", "outside-root", 9),
        ("<domain/><domain/>", "outside-root", 9),
        ("<domain/>&#32;", "outside-root", 9),
        ("<domaincheckpoint/>", "not-a-snapshot", 0),
        ("<p:domain xmlns:p='u'/>", "not-a-snapshot", 0),
        ("<domain xmlns='u'/>", "not-a-snapshot", 0),
        ("<p:domain/>", "namespace-unbound", 1),
    ],
)
def test_s12_what_is_not_one_document_of_ours_is_refused(xml: str, code: str, offset: int) -> None:
    refused(xml, code, offset)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("<name>a<b>c</b>d</name>", "acd"),
        ("<name>a<!--c-->b</name>", "ab"),
        ("<name>a<?p i?>b</name>", "ab"),
        ("<name>a<![CDATA[b]]>c</name>", "abc"),
        ("<name>a</name><name>b</name>", "a"),
        ("<name><b>a</b></name>", "a"),
        ("<name>&#97;</name>", "a"),
        ("<name> a </name>", " a "),
        ("<z><name>b</name></z><name>a</name>", "a"),
        ("<name xmlns='u'>b</name><name>a</name>", "a"),
    ],
)
def test_s13_a_name_is_what_libvirt_takes_for_it(given: str, name: str) -> None:
    assert f"<name>{name}</name>" in inside(given)


def test_s13_an_attribute_given_twice_is_refused_at_the_second() -> None:
    for xml in (
        request("<name a='1' a='1'/>"),
        request("<disks><disk name='a' name='b'/></disks>"),
    ):
        refused(xml, "attribute-twice", xml.rindex("name=" if "disk" in xml[16:] else "a="))


GOOD_TIMES = [("-1", -1), ("0", 0), ("+7", 7), ("9223372036854775807", (1 << 63) - 1)]
BAD_TIMES = ["5 ", " 5 ", "5.5", "1e3", "0x10", "1" * 20, "\u0663", str(1 << 63), "--1", "5 5"]


@pytest.mark.parametrize(("given", "value"), [*GOOD_TIMES, (str(-(1 << 63)), -(1 << 63))])
def test_s14_every_64_bit_creation_time_is_taken(given: str, value: int) -> None:
    xml = snapshot().replace(">1<", f">{given}<")
    assert f"<creationTime>{value}</creationTime>" in lines(xml, "redefine")


@pytest.mark.parametrize("given", BAD_TIMES)
def test_s14_what_is_no_64_bit_creation_time_is_refused(given: str) -> None:
    xml = snapshot().replace(">1<", f">{given}<")
    refused(xml, "creation-time-invalid", xml.index("<creationTime>"), "redefine")


def test_s15_parents_in_a_circle_and_a_million_in_a_row_need_no_recursion(
    canonicalizer: str,
) -> None:
    assert told(defined("me", "me")).cycle_roots() == {"me": "me"}
    assert told(defined("a", "b"), defined("b", "a")).cycle_roots() == {"a": "b"}
    if canonicalizer == "core":  # trees know no canonicalizer: once is enough
        tree = told(*chain(1_000_000))
        assert sum(1 for _ in tree.walk()) == 1_000_000
        assert tree.cycle_roots() == {}


def colliding(number: int, bits: int = 10) -> list[str]:
    """Names that a table by FNV-1a of so many bits would put into one place."""
    found: dict[int, list[str]] = defaultdict(list)
    rng = random.Random(16)
    while True:
        name = f"n{rng.randrange(1 << 48):012x}"
        value = 2166136261
        for byte in name.encode():
            value = (value ^ byte) * 16777619 & 0xFFFFFFFF
        place = found[value & ((1 << bits) - 1)]
        place.append(name)
        if len(place) == number:
            return place


def test_s16_names_chosen_to_collide_cost_no_more_than_others() -> None:
    rng = random.Random(17)
    chosen = colliding(300)
    others = [f"n{rng.randrange(1 << 48):012x}" for _ in chosen]
    forms = {
        "attributes": "<z" + " {}=''" * 300 + "/>",
        "namespaces": "<z" + " xmlns:{}='u'" * 300 + "/>",
    }
    for form in forms.values():
        bad, good = (request(form.format(*names) * 20).encode() for names in (chosen, others))
        read = partial(canon.canonicalize, mode="create")
        assert any(seconds(partial(read, bad)) < 2 * seconds(partial(read, good)) for _ in range(3))


EXAMPLE = (
    "<?xml version='1.0' encoding='UTF-8'?>\n<!-- é --><?p i?>"
    + snapshot("<disks><disk name='a' z='&#65;&amp;'/></disks><z><![CDATA[é<]]>]<b>&lt;</b></z>")
    + "<!-- end -->"
)
ENDS = {"empty", "outside-root", "declaration", "markup", "comment", "pi", "cdata", "reference"}
ENDS |= {"name", "tag", "attribute", "tag-unclosed", "encoding-utf8", "xml-version"}


def test_every_beginning_of_a_document_is_refused_for_how_it_ends() -> None:
    data = EXAMPLE.encode()
    assert canon.canonicalize(data)
    met = set()
    for length in range(data.rindex(b"</domainsnapshot>") + len("</domainsnapshot")):
        error = refusal(data[:length])
        assert isinstance(error, XMLError)
        assert error.offset <= length
        met.add(error.code)
    assert met <= ENDS
    for length in range(data.rindex(b"<!-- end") + 1, len(data)):
        with pytest.raises(DocumentError):
            canon.canonicalize(data[:length])
