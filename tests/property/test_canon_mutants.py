"""What holds for every document, however odd: fixed points, records that say it all."""

from __future__ import annotations

import os
import random
import re
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.generate import scramble
from lineage import canon
from lineage.canon import _core
from lineage.errors import DocumentError

from .canon_mutants import MODES, generated, mutant

LAWS: Final = settings(
    max_examples=int(os.environ.get("LINEAGE_MUTANTS", "800")),
    deadline=None,
    derandomize=True,
    database=None,
)
SEEDS: Final = st.integers(0, 2**48)
# Below metadata everything is somebody else's.
METADATA: Final = re.compile(r"(?s)<metadata\b.*?</metadata>")
OPEN_LINE: Final = re.compile(r"(?m)^( *)<(\w+)[^>]*(?<!/)>\n")
CLOSING_LINE: Final = re.compile(r"(?m)^( *)</(\w+)>\n")
LISTS: Final = ("disks", "revertDisks")  # whose every child is a disk


def accepted(seed: int, mode: str) -> tuple[bytes, bytes] | None:
    """A document and its canonical form; None if it has none."""
    xml = mutant(random.Random(seed))
    try:
        return xml, canon.canonicalize(xml, mode=mode)
    except DocumentError:
        return None


@pytest.mark.parametrize("mode", MODES)
@LAWS
@given(seed=SEEDS)
def test_the_canonical_form_of_a_mutant_is_a_fixed_point(mode: str, seed: int) -> None:
    if found := accepted(seed, mode):
        assert canon.canonicalize(found[1], mode=mode) == found[1]


@pytest.mark.parametrize("mode", MODES)
@LAWS
@given(seed=SEEDS)
def test_documents_with_one_canonical_form_have_one_record(mode: str, seed: int) -> None:
    if found := accepted(seed, mode):
        xml, text = found
        record = canon.parse(xml, mode=mode)
        assert canon.format(record) == text
        assert record == canon.parse(text, mode=mode)


@pytest.mark.parametrize("mode", MODES)
@LAWS
@given(seed=SEEDS)
def test_a_mutant_taken_apart_joins_to_the_same_document(mode: str, seed: int) -> None:
    found = accepted(seed, mode)
    if found is None or not found[1].startswith(b"<domainsnapshot"):
        return
    xml, text = found
    parts = canon.split(xml, mode=mode)
    bodies = (parts.domain, parts.inactive_domain, parts.cookie)
    assert canon.join(parts.head, *bodies) == parts.xml
    if mode == "internal":
        assert canon.join(parts.head, *bodies, parts.active) == text
    else:
        assert parts.xml == text
    for body in filter(None, bodies):
        assert b"\n  " + body + b"\n" in parts.xml


@LAWS
@given(seed=SEEDS)
def test_the_portable_scanner_gives_the_same_for_mutants(seed: int) -> None:
    xml = mutant(random.Random(seed))
    results = []
    for canonicalize in (_core.canonicalize, _core.canonicalize_scalar):
        try:
            results.append(canonicalize(xml))
        except DocumentError as error:
            results.append(repr(error).encode())
    assert results[0] == results[1]


@LAWS
@given(seed=SEEDS)
def test_a_batch_gives_what_each_document_gives_alone(seed: int) -> None:
    rng = random.Random(seed)
    xml = [mutant(rng) for _ in range(rng.randint(0, 5))]
    for document, result in zip(xml, canon.canonicalize_many(xml), strict=True):
        alone: bytes | DocumentError
        try:
            alone = canon.canonicalize(document)
        except DocumentError as error:
            alone = error
        assert repr(result) == repr(alone)


# ---- nothing is lost


def places(text: str) -> list[tuple[int, str]]:
    """Where an element can stand on a line of its own: the place, and its indentation."""
    hidden = [match.span() for match in METADATA.finditer(text)]

    def visible(at: int) -> bool:
        return not any(start <= at < end for start, end in hidden)

    opened = [(match.end(), match) for match in OPEN_LINE.finditer(text)]
    closed = [(match.start(), match) for match in CLOSING_LINE.finditer(text)]
    return [
        (at, match[1] + "  ")
        for at, match in opened + closed
        if visible(at) and match[2] not in LISTS
    ]


def strange(rng: random.Random, indent: str) -> str:
    """An unknown element as it is printed, with a namespace of its own now and then."""
    name, declared = rng.choice((("zork", ""), ("a.b-c", " x='1'"), ("q:z", " xmlns:q='urn:q'")))
    inner = f"{indent}  "
    inside = rng.choice(
        (
            "/>",
            f"> &amp; </{name}>",
            f">{inner}text <b/>{inner}</{name}>",
            f">\n{inner}<name/>\n{inner}<disk b='1' a='2'/>\n{indent}</{name}>",
        )
    )
    return f"{indent}<{name}{declared} b='1' a='&quot;'{inside}\n"


@LAWS
@given(seed=SEEDS)
def test_unknown_elements_stay_where_they_stand(seed: int) -> None:
    rng = random.Random(seed)
    text = rng.choice(generated()).decode()
    for _ in range(rng.randint(1, 4)):
        at, indent = rng.choice(places(text))
        text = text[:at] + strange(rng, indent) + text[at:]
    assert canon.canonicalize(text).decode() == text


@LAWS
@given(seed=SEEDS)
def test_unknown_attributes_stay_where_they_stand(seed: int) -> None:
    rng = random.Random(seed)
    text = METADATA.sub("", rng.choice(generated()).decode())
    text = re.sub(r"(?m)^ *\n", "", text)
    for number in range(rng.randint(1, 4)):
        tag = rng.choice(list(re.finditer(r"<(?!/)[^>]*?(?=/?>)", text)))
        ends = [tag.start() + match.end() for match in re.finditer(r"<[\w.:-]+|'[^']*'", tag[0])]
        at = rng.choice(ends)
        new = rng.choice((f" zork{number}='&gt;'", f" xmlns:q{number}='u{number}' q{number}:z=''"))
        text = text[:at] + new + text[at:]
    assert canon.canonicalize(text).decode() == text


@LAWS
@given(seed=SEEDS)
def test_known_names_find_their_order_around_an_unknown_one(seed: int) -> None:
    rng = random.Random(seed)
    document = rng.choice(generated())
    rewritten = scramble(document, rng).decode()
    at = rewritten.index("</domainsnapshot")
    found = canon.canonicalize(rewritten[:at] + "<zork>x</zork>" + rewritten[at:]).decode()
    assert found.replace("  <zork>x</zork>\n", "", 1).encode() == document


@LAWS
@given(seed=SEEDS)
def test_whatever_is_unknown_is_found_again_after_any_rewriting(seed: int) -> None:
    rng = random.Random(seed)
    text = rng.choice(generated()).decode()
    marks = []
    for number in range(rng.randint(1, 6)):
        at, indent = rng.choice(places(text))
        name, declared = rng.choice(
            ((f"zork{number}", ""), (f"q:zork{number}", f" xmlns:q='urn:{number}'"))
        )
        marks += [f"<{name} ", f" key{number}='value{number}'", *filter(None, [declared])]
        inner = rng.choice(("/>", f">text{number}</{name}>", f"> <in{number}/> </{name}>"))
        marks += re.findall(r"text\d|in\d", inner)
        new = f"{indent}<{name} key{number}='value{number}'{declared}{inner}\n"
        text = text[:at] + new + text[at:]
    found = canon.canonicalize(scramble(text.encode(), rng)).decode()
    for mark in marks:
        assert found.count(mark) == text.count(mark) >= 1
