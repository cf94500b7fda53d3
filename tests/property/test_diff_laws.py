"""Laws of the comparison of documents, however odd these are."""

from __future__ import annotations

import copy
import os
import random
from collections import Counter
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from lineage import canon
from lineage.diff import Change, changes, unified
from lineage.errors import DocumentError
from lineage.rules.elements import read

from .canon_mutants import generated, mutant

LAWS: Final = settings(
    max_examples=int(os.environ.get("LINEAGE_MUTANTS", "400")),
    deadline=None,
    derandomize=True,
    database=None,
)
SEEDS: Final = st.integers(0, 2**48)
VALUES: Final = ("vda", "#1", "a]/b", "x, y", "\u202e", "1", "")
OPPOSITE: Final = {"added": "removed", "removed": "added"}


def accepted(xml: bytes) -> bytes | None:
    try:
        return canon.canonicalize(xml)
    except DocumentError:
        return None


def altered(rng: random.Random, xml: bytes) -> bytes | None:
    """The document with some of its elements and values moved, repeated, lost or changed."""
    root = etree.fromstring(xml)
    for _ in range(rng.choice((0, 1, 1, 2, 4))):
        element = rng.choice([each for each in root.iter() if isinstance(each.tag, str)])
        above = element.getparent()
        way = rng.randrange(6)
        if way == 0 and above is not None:
            above.remove(element)
        elif way == 1 and above is not None:
            again = copy.deepcopy(element)
            above.insert(rng.randint(0, len(above)), again)
        elif way == 2 and element.attrib:
            element.set(rng.choice(element.attrib.keys()), rng.choice(VALUES))
        elif way == 3 and not len(element):
            element.text = rng.choice(VALUES)
        elif way == 4:
            element[:] = rng.sample(list(element), len(element))
        elif way == 5 and element.attrib:
            del element.attrib[rng.choice(element.attrib.keys())]
    return accepted(etree.tostring(root))


def pair(seed: int) -> tuple[bytes, bytes] | None:
    """Two documents that are alike, and sometimes equal."""
    rng = random.Random(seed)
    base = rng.choice(generated()) if rng.random() < 0.5 else mutant(rng)
    old = accepted(base)
    if old is None:
        return None
    new = altered(rng, old) if rng.random() < 0.9 else accepted(mutant(rng))
    if new is None or old.partition(b">")[0][:15] != new.partition(b">")[0][:15]:
        return None
    return old, new


def opposite(change: Change) -> Change:
    kind = OPPOSITE.get(change.kind, change.kind)
    return Change(change.path, kind, change.new, change.old)  # type: ignore[arg-type]


@LAWS
@given(seed=SEEDS)
def test_nothing_differs_exactly_if_the_bytes_are_equal(seed: int) -> None:
    if two := pair(seed):
        old, new = two
        assert not changes(old, old)
        assert bool(changes(old, new)) == (old != new)
        assert bool(list(unified(old, new, "a", "b"))) == (old != new)


@LAWS
@given(seed=SEEDS)
def test_the_other_way_round_everything_is_the_other_way_round(seed: int) -> None:
    if two := pair(seed):
        old, new = two
        there = Counter(changes(old, new))
        assert Counter(map(opposite, changes(new, old))) == there


@LAWS
@given(seed=SEEDS)
def test_a_path_is_told_once_as_one_kind(seed: int) -> None:
    if two := pair(seed):
        told = Counter((change.path, change.kind == "order") for change in changes(*two))
        assert not told or max(told.values()) == 1


@LAWS
@given(seed=SEEDS)
def test_the_text_says_how_to_make_one_document_of_the_other(seed: int) -> None:
    two = pair(seed)
    if two is None or b"passwd=" in two[0] + two[1] or b"<cookie" in two[0] + two[1]:
        return
    old, new = two
    assert applied(old.decode(), list(unified(old, new, "a", "b"))) == new.decode()


def applied(text: str, patch: list[str]) -> str:
    """What patch(1) would do."""
    lines, made, at = text.removesuffix("\n").split("\n"), [], 0
    for line in patch[2:]:
        if line.startswith("@@"):
            start, _, count = line.split()[1][1:].partition(",")
            begin = int(start) - (count != "0")
            made += lines[at:begin]
            at = begin
        elif line[0] in " -":
            assert lines[at] == line[1:]
            at += 1
        if not line.startswith("@@") and line[0] in " +":
            made.append(line[1:])
    return "\n".join([*made, *lines[at:]]) + "\n"


@LAWS
@given(seed=SEEDS)
def test_elements_are_those_that_another_parser_finds(seed: int) -> None:
    text = accepted(mutant(random.Random(seed)))
    if text is None:
        return
    waiting = [(read(text), etree.fromstring(text, etree.XMLParser(strip_cdata=False)))]
    while waiting:
        ours, theirs = waiting.pop()
        if not isinstance(theirs.tag, str):
            assert "()" in ours.name
            continue
        assert ours.name.rpartition(":")[2] == etree.QName(theirs).localname
        assert [v for n, v in ours.attrs.items() if not n.startswith("xmlns")] == list(
            theirs.attrib.values()
        )
        said = (theirs.text or "") + "".join(child.tail or "" for child in theirs)
        assert ours.text == ("" if len(theirs) and said.isspace() else said)
        assert text[ours.start : ours.end].endswith(b">")
        waiting += zip(ours.children, theirs, strict=True)
