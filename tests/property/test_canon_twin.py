"""The core and its twin on lxml share no code, and agree on every document.

LINEAGE_MUTANTS=100000 in the environment tries that many documents.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.canon import _core, twin
from lineage.errors import DocumentError, SnapshotError

from . import source_fragments
from .canon_mutants import MODES, bytewise, generated, mutant, neighbours

MUTANTS: Final = int(os.environ.get("LINEAGE_MUTANTS", "2500"))
CLASSES: Final = {code: kind for code, kind, _ in _core.error_table()}
SEEDS: Final = st.integers(0, 2**48)
# What can be wrong with the source of a disk; mutants seldom hold one that is that special.
OF_A_SOURCE: Final = {code for code, _ in source_fragments.FAULTS}

Verdict = bytes | tuple[str, str, int]
Read = Callable[..., bytes]


def verdict(read: Read, xml: bytes, mode: str) -> Verdict:
    """The canonical form, or what is to be the same of an error."""
    try:
        return read(xml, mode=mode)
    except DocumentError as error:
        return error_of(error)


def error_of(error: DocumentError) -> tuple[str, str, int]:
    if isinstance(error, SnapshotError):
        return "snapshot", error.code, error.offset
    kind = CLASSES.get(error.code, error.code)  # the twin's codes are classes
    return ("limit" if kind.startswith("limit") else kind), "", 0


@settings(max_examples=MUTANTS, deadline=None, derandomize=True, database=None)
@given(SEEDS)
def test_the_twin_gives_the_same_bytes_or_the_same_error(seed: int) -> None:
    rng = random.Random(seed)
    xml, mode = mutant(rng), rng.choice(MODES)
    assert verdict(_core.canonicalize, xml, mode) == verdict(twin.canonicalize, xml, mode)


@settings(max_examples=MUTANTS, deadline=None, derandomize=True, database=None)
@given(SEEDS)
def test_the_twin_agrees_about_flipped_cut_and_spliced_bytes(seed: int) -> None:
    rng = random.Random(seed)
    xml, mode = bytewise(rng), rng.choice(MODES)
    assert verdict(_core.canonicalize, xml, mode) == verdict(twin.canonicalize, xml, mode)


@settings(max_examples=MUTANTS // 5, deadline=None, derandomize=True, database=None)
@given(SEEDS)
def test_a_document_is_read_the_same_whatever_was_read_before(seed: int) -> None:
    rng = random.Random(seed)
    mode = rng.choice(MODES)
    documents = neighbours(rng)
    for xml, result in zip(documents, _core.canonicalize_many(documents, mode=mode), strict=True):
        found = error_of(result) if isinstance(result, DocumentError) else result
        assert found == verdict(twin.canonicalize, xml, mode)


def test_the_twin_leaves_generated_documents_as_they_are() -> None:
    for document in generated():
        assert twin.canonicalize(document) == document


def test_the_twin_judges_sources_of_disks_alike() -> None:
    met: Counter[str] = Counter()
    for seed in range(4 * MUTANTS):
        rng = random.Random(seed)
        disk = source_fragments.random_disk(rng)
        xml = f"<domainsnapshot><disks>{disk}</disks></domainsnapshot>".encode()
        found = verdict(_core.canonicalize, xml, "create")
        assert found == verdict(twin.canonicalize, xml, "create")
        met["accepted" if isinstance(found, bytes) else found[1]] += 1
    assert met["accepted"] > MUTANTS / 2
    assert not OF_A_SOURCE - {"disk-tls-config-invalid"} - met.keys()


def test_mutants_are_of_every_kind() -> None:
    """Else the test above would show little: a quarter is accepted, every code is met."""
    met: Counter[str] = Counter()
    for seed in range(8000):
        rng = random.Random(seed)
        try:
            _core.canonicalize(mutant(rng), mode=rng.choice(MODES))
            met["accepted"] += 1
        except DocumentError as error:
            met[error.code] += 1
    wanted = {code for code, kind in CLASSES.items() if kind != "limit"} - OF_A_SOURCE
    assert not wanted - met.keys()
    assert met["accepted"] > 2000
