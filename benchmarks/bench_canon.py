"""The canonicalizer against libvirt and against parsers, over thousands of different documents.

Run with ``make bench``.

One document looped over would train the branch predictor; thousands do not.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import lineage
from benchmarks.generate import documents, scramble
from benchmarks.rivals import expat_parse, lxml_tostring
from benchmarks.rivals.compiled import Batch
from benchmarks.rivals.libvirt_redefine import World
from benchmarks.rounds import Rival

COUNT = 2500
ROUNDS = 15


@pytest.fixture(scope="module")
def canonical() -> list[bytes]:
    """Documents as libvirt prints them, of domains that its test driver takes."""
    return list(documents(COUNT, seed=2, driver="test"))


@pytest.fixture(scope="module")
def scrambled(canonical: list[bytes]) -> list[bytes]:
    """Equivalent rewritings of them."""
    rng = random.Random(3)
    return [scramble(document, rng) for document in canonical]


@pytest.fixture
def world(canonical: list[bytes], tmp_path: Path) -> Iterator[World]:
    """libvirt with the documents' domains."""
    world = World(tmp_path / "node.xml", canonical)
    yield world
    world.close()


def test_canonical_input(canonical: list[bytes], world: World, versus: Callable[..., Any]) -> None:
    """Documents that are canonical already, the usual case: libvirt printed them."""
    assert [lineage.canonicalize(document) for document in canonical] == canonical
    world.renew()
    assert world.rewrite() == [document.decode() for document in canonical]
    versus(
        "canon canonical",
        each(lineage.canonicalize, canonical),
        Rival("lxml", each(lxml_tostring.rewrite, canonical), wanted=18),
        Rival("libvirt", world.rewrite, wanted=80, prepare=world.renew),
        pugixml(canonical, wanted=1),
        Rival("expat, parse only", each(expat_parse.parse, canonical)),
        items=COUNT,
        rounds=ROUNDS,
    )


def test_scrambled_input(
    canonical: list[bytes], scrambled: list[bytes], versus: Callable[..., Any]
) -> None:
    """Documents that somebody's tools rewrote."""
    assert [lineage.canonicalize(document) for document in scrambled] == canonical
    versus(
        "canon scrambled",
        each(lineage.canonicalize, scrambled),
        Rival("lxml", each(lxml_tostring.rewrite, scrambled), wanted=5.5),
        pugixml(scrambled),
        Rival("expat, parse only", each(expat_parse.parse, scrambled)),
        items=COUNT,
        rounds=ROUNDS,
    )


def each(function: Callable[[bytes], object], inputs: list[bytes]) -> Callable[[], None]:
    """A round: the function on every input."""

    def run() -> None:
        for item in inputs:
            function(item)

    return run


def pugixml(inputs: list[bytes], wanted: float | None = None) -> Rival:
    """pugixml, once it is seen to print what it was given."""
    batch = Batch(inputs)
    assert lineage.canonicalize(batch.pugixml()) == lineage.canonicalize(inputs[-1])
    return Rival("pugixml", batch.pugixml, wanted=wanted)
