"""Laws of the canonical form, for documents made from a small grammar."""

from __future__ import annotations

import random
from typing import Final
from xml.sax.saxutils import escape

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from benchmarks.generate import documents, scramble
from lineage import canon
from lineage.canon import _core
from lineage.errors import DocumentError, SnapshotError, XMLError

pytestmark = pytest.mark.usefixtures("canonicalizer")

MODES: Final = ("redefine", "create", "internal")
BODIES: Final = tuple(
    body.decode()
    for document in documents(12, seed=21)
    for parts in [canon.split(document)]
    for body in (parts.domain, parts.inactive_domain, parts.cookie)
    if body
)
QUOTES: Final = {"'": "&apos;", '"': "&quot;"}

characters = st.sampled_from(" \t\n\rab<>&'\"]é\x7f") | st.characters(
    codec="utf-8", min_codepoint=32, exclude_characters="\ufffe\uffff"
)


def spelled(pairs: list[tuple[str, int]]) -> str:
    """Text or an attribute's value, each character in one of its spellings."""
    ways = [lambda c: escape(c, QUOTES), lambda c: f"&#{ord(c)};", lambda c: f"&#x{ord(c):X};"]
    return "".join(ways[way](char) for char, way in pairs)


def marked_up(pairs: list[tuple[str, int]]) -> str:
    """Text with CDATA sections, comments and instructions in it."""
    parts = []
    for char, way in pairs:
        wrap = ("{}", "<![CDATA[{}]]>", "{}<!--c-->", "<?p i?>{}")[way]
        parts.append(wrap.format(char if way == 1 else escape(char)))
    return "".join(parts)


value = st.lists(st.tuples(characters, st.integers(0, 2)), max_size=6).map(spelled)
text = value | st.lists(st.tuples(characters, st.integers(0, 3)), max_size=6).map(marked_up)
some_text = st.tuples(st.sampled_from("aé&"), text).map(lambda two: escape(two[0]) + two[1])
blank = st.sampled_from(["", "", " ", "\n  ", "\r\n\t", "<!-- c -->", "<?p?>"])
unknown = st.sampled_from(["zork", "a", "b", "p:a", "q:b"])
known = st.sampled_from(
    [
        *("name", "disk", "devices", "os", "type", "source", "driver", "memory", "model"),
        *("metadata", "cookie", "nvram", "label"),
    ]
)
Texts = st.SearchStrategy[str]


@st.composite
def attributes(draw: st.DrawFn, names: Texts = unknown) -> str:
    chosen = draw(st.lists(names, unique=True, max_size=3))
    quoted = [f" {name}='{draw(value)}'" for name in chosen]
    return "".join(quoted) + draw(st.sampled_from(["", "", "", " xml:space='preserve'"]))


def element(
    inside: st.SearchStrategy[str], names: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    parts = st.tuples(names, attributes(), inside)
    return parts.map(lambda p: f"<{p[0]}{p[1]}>{p[2]}</{p[0]}>")


trees = st.recursive(
    element(text, unknown | known),
    lambda below: element(st.lists(below | text | blank, max_size=3).map("".join), unknown | known),
    max_leaves=6,
)
odd = element(st.lists(trees | blank | text, max_size=2).map("".join), unknown)
several = st.lists(trees | odd | blank, max_size=3).map("".join)
METADATA: Final = "<metadata{}><p:a>{}</p:a><q:b xmlns:q='{}'>{}</q:b></metadata>"
metadata = st.tuples(attributes(), several, st.sampled_from("uvp"), text | several).map(
    lambda parts: METADATA.format(*parts)
)
domains = st.sampled_from(BODIES) | element(
    st.tuples(several, metadata | several, several).map("".join),
    st.sampled_from(["domain", "inactiveDomain"]),
)
sources = st.sampled_from(["<source/>", "<source dev='/d' file='/f&amp;'><z/></source>", ""])
disks = st.tuples(
    attributes(),
    st.sampled_from(["", " type='file'", " type='block' snapshot='no'", " snapshot='manual'"]),
    st.permutations(["<driver type='qcow2'/>", "<snapshotDeleteInProgress/>", "<z>t</z>"]),
    sources,
).map(lambda p: f"<disk{p[0]} name='vda'{p[1]}>{''.join(p[2])}{p[3]}</disk>")
lists = st.tuples(
    st.sampled_from(["disks", "revertDisks"]), attributes(), st.lists(disks, max_size=2)
).map(lambda p: f"<{p[0]}{p[1]}>{''.join(p[2])}</{p[0]}>")


@st.composite
def field(draw: st.DrawFn, name: str, inside: Texts = some_text, extra: Texts | None = None) -> str:
    said = draw(attributes() if extra is None else extra)
    return f"<{name}{said}>{draw(inside)}</{name}>"


numbers = st.integers(-(2**63), 2**63 - 1).map(str)
states = st.sampled_from(["running", "shutoff", "paused", "<b>crashed</b>", "disk-snapshot"])
required = (
    field("name"),
    field("state", states),
    field("creationTime", numbers),
    field("active", st.integers(-9, 9).map(str)),
)
optional = (
    field("description", text)
    | field("parent", several)
    | field("parent", field("name"))
    | field("memory", several)
    | lists
    | domains
    | st.just("<cookie><z/></cookie>")
    | odd
)


@st.composite
def snapshots(draw: st.DrawFn) -> str:
    """A document; most are accepted in every mode."""
    fields = [draw(each) for each in required] + draw(st.lists(optional, max_size=4))
    inside = "".join(draw(blank) + each for each in draw(st.permutations(fields)))
    declared = " xmlns:p='p' xmlns:q='&#113;'" + draw(attributes())
    return f"<domainsnapshot{declared}>{inside}</domainsnapshot>"


def accepted(xml: str | bytes, mode: str) -> bytes:
    """The canonical form; what is refused proves nothing."""
    try:
        return canon.canonicalize(xml, mode=mode)
    except SnapshotError:
        assume(False)
        raise


@given(snapshots(), st.sampled_from(MODES))
def test_canonicalizing_again_changes_nothing(xml: str, mode: str) -> None:
    once = accepted(xml, mode)
    assert canon.canonicalize(once, mode=mode) == once


@given(snapshots(), st.sampled_from(MODES))
def test_formatting_what_was_parsed_is_canonicalizing(xml: str, mode: str) -> None:
    once = accepted(xml, mode)
    assert canon.format(canon.parse(xml, mode=mode)) == once
    assert canon.parse(once, mode=mode) == canon.parse(xml, mode=mode)


@given(snapshots())
def test_joining_what_was_split_is_canonicalizing(xml: str) -> None:
    with_active = accepted(xml, "internal")
    parts = canon.split(xml, mode="internal")
    bodies = (parts.domain, parts.inactive_domain, parts.cookie)
    assert canon.join(parts.head, *bodies) == parts.xml
    assert canon.join(parts.head, *bodies, parts.active) == with_active


@given(domains)
def test_a_domains_canonical_form_is_its_own(body: str) -> None:
    xml = body.replace("<domain", "<domain xmlns:p='p' xmlns:q='q'", 1)
    assume(xml.startswith("<domain "))
    once = accepted(xml, "redefine")
    assert canon.canonicalize(once) == once
    assert canon.format(canon.parse(xml)) == once


# What a rewriting may reorder: nothing unknown, no markup in text.
nothing = st.just("")
plain_disks = st.tuples(
    st.sampled_from(["<driver type='qcow2'/>", "<snapshotDeleteInProgress/>", ""]),
    st.sampled_from(["<source dev='/d' file='/f&amp;'/>", "<source/>", ""]),
    value,
).map(lambda p: f"<disk snapshot='no' name='{p[2]}'>{p[1]}{p[0]}</disk>")
PLAIN: Final = (
    field("name", some_text, nothing),
    field("state", states, nothing),
    field("creationTime", numbers, nothing),
    field("active", st.integers(-9, 9).map(str), nothing),
    field("description", text, nothing),
    field("parent", field("name", some_text, nothing), nothing),
    st.sampled_from(["<memory snapshot='no'/>", ""]),
    st.lists(plain_disks, max_size=3).map(lambda some: f"<disks>{''.join(some)}</disks>"),
    st.sampled_from(BODIES),
)


@given(st.tuples(*PLAIN).map("".join), st.integers(0, 2**32))
def test_equivalent_rewritings_have_one_canonical_form(fields: str, seed: int) -> None:
    once = canon.canonicalize(f"<domainsnapshot>{fields}</domainsnapshot>", mode="internal")
    rewritten = scramble(once, random.Random(seed))
    assert canon.canonicalize(rewritten, mode="internal") == once


def test_rewritings_of_printed_documents_have_one_canonical_form() -> None:
    rng = random.Random(17)
    for document in documents(300, seed=17):
        assert canon.canonicalize(scramble(document, rng)) == document


def refused_as_xml(xml: bytes) -> bool:
    try:
        canon.canonicalize(xml, mode="create")
    except XMLError:
        return True
    except SnapshotError:
        return False
    return False


@settings(max_examples=25)
@given(snapshots())
def test_no_beginning_of_a_document_is_taken_for_one(xml: str) -> None:
    data = xml.encode()
    assert all(refused_as_xml(data[:length]) for length in range(len(data)))


def test_no_beginning_of_a_printed_document_is_taken_for_one() -> None:
    for document in documents(5, seed=18):
        end = document.rindex(b">")
        assert all(refused_as_xml(document[:length]) for length in range(end + 1))


def outcome(xml: bytes, mode: str, *, scalar: bool) -> bytes | tuple[type, str, int]:
    canonicalize = _core.canonicalize_scalar if scalar else _core.canonicalize
    try:
        return canonicalize(xml, mode=mode)
    except DocumentError as error:
        return type(error), error.code, error.offset


def damaged(xml: bytes, rng: random.Random) -> bytes:
    """Moved to another place of the scanner's blocks, and perhaps with a byte changed."""
    xml = b"<!--" + b"-x" * rng.randrange(40) + b"-->"[: rng.choice((3, 3, 3, 2))] + xml
    if rng.random() < 0.3:
        return xml
    at = rng.randrange(len(xml))
    return xml[:at] + bytes([rng.choice(b"<>&'\"=/!?- \x00\x80\xc3")]) + xml[at + 1 :]


@given(snapshots(), st.sampled_from(MODES), st.randoms(use_true_random=False))
def test_the_scalar_and_the_vector_scanner_agree(xml: str, mode: str, rng: random.Random) -> None:
    data = damaged(xml.encode(), rng)
    assert outcome(data, mode, scalar=True) == outcome(data, mode, scalar=False)


def test_the_scanners_agree_on_printed_documents_and_damaged_ones() -> None:
    rng = random.Random(19)
    for document in documents(300, seed=19):
        for data in (document, scramble(document, rng), damaged(document, rng)):
            vector = outcome(data, "redefine", scalar=False)
            assert outcome(data, "redefine", scalar=True) == vector
