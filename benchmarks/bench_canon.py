"""The canonicalizer against lxml, over thousands of different documents.

Run with ``make bench``.

One document looped over would train the branch predictor; thousands do not.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

import lineage
from benchmarks.generate import documents, scramble
from benchmarks.rivals import lxml_tostring

COUNT = 2500
ROUNDS = 15


@pytest.fixture(scope="module")
def canonical() -> list[bytes]:
    """Documents as libvirt prints them."""
    return list(documents(COUNT, seed=2))


@pytest.fixture(scope="module")
def scrambled(canonical: list[bytes]) -> list[bytes]:
    """Equivalent rewritings of them."""
    rng = random.Random(3)
    return [scramble(document, rng) for document in canonical]


def test_canonical_input(canonical: list[bytes], versus: Callable[..., Any]) -> None:
    """Documents that are canonical already, the usual case: libvirt printed them."""
    assert [lineage.canonicalize(document) for document in canonical] == canonical
    _measure(versus, "canon canonical", canonical, wanted=12)


def test_scrambled_input(
    canonical: list[bytes], scrambled: list[bytes], versus: Callable[..., Any]
) -> None:
    """Documents that somebody's tools rewrote."""
    assert [lineage.canonicalize(document) for document in scrambled] == canonical
    _measure(versus, "canon scrambled", scrambled, wanted=5)


def _measure(versus: Callable[..., Any], name: str, inputs: list[bytes], *, wanted: float) -> None:
    canonicalize, rewrite = lineage.canonicalize, lxml_tostring.rewrite

    def ours() -> None:
        for document in inputs:
            canonicalize(document)

    def rival() -> None:
        for document in inputs:
            rewrite(document)

    versus(name, ours, ("lxml", rival), items=len(inputs), wanted=wanted, rounds=ROUNDS)
