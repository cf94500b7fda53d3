"""Thousands of made-up snapshot documents: libvirt and the canonicalizer agree on each.

`make oracle` asks about more of them (ORACLE_DOCUMENTS), each time others (ORACLE_SEED).
"""

from __future__ import annotations

import os
import random
import re
from copy import deepcopy
from itertools import chain
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from .grammar_snapshot import Document, documents, fair_documents, faulty_documents
from .libvirt_child import LiveLibvirt
from .oracle import PROMISES, Oracle, Tally
from .reach import CONTEXTS
from .refusals import PARSERS
from .spelled import SPELLED
from .unreached import UNREACHED

pytestmark = pytest.mark.live

ROOT: Final = Path(__file__).parents[2]
DOCUMENTS: Final = int(os.environ.get("ORACLE_DOCUMENTS", "1500"))
FAIR: Final = DOCUMENTS * 2 // 5  # they reach all; hypothesis looks for the odd ones
FRESH: Final = "ORACLE_DOCUMENTS" in os.environ
SEED: Final = int(os.environ.get("ORACLE_SEED", random.getrandbits(32) if FRESH else 9))
# What no caller of libvirt can bring about: `<active>` is read from files of the qemu driver.
UNASKABLE: Final = {"active-missing"}


@pytest.fixture(scope="module")
def tallies(live: LiveLibvirt) -> tuple[Tally, Tally]:
    """What the run met with fair dice, which fall the same everywhere, and what in all.

    What hypothesis draws from a seed also depends on the modules that are loaded.
    """
    judge = Oracle(live, SPELLED)

    rng = random.Random(SEED)
    for document in chain(faulty_documents(rng, judge.uuid), fair_documents(rng, judge.uuid, FAIR)):
        judge.judge(document.xml)
    fair = deepcopy(judge.tally)

    @seed(SEED)
    @settings(
        max_examples=DOCUMENTS - FAIR,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(documents(judge.uuid))
    def run(document: Document) -> None:
        judge.judge(document.xml)

    run()
    return fair, judge.tally


@pytest.fixture(scope="module")
def tally(tallies: tuple[Tally, Tally]) -> Tally:
    """What the run met."""
    return tallies[1]


@pytest.fixture(scope="module")
def fair(tallies: tuple[Tally, Tally]) -> Tally:
    """What it met with fair dice."""
    return tallies[0]


@pytest.mark.parametrize("promise", PROMISES)
def test_libvirt_and_the_canonicalizer_agree(tally: Tally, promise: str) -> None:
    broken = sorted(tally.broken.get(promise, []), key=lambda case: len(case[0]))
    told = [f"{how}\n{xml}" for xml, how in broken[:3]]
    assert not broken, f"seed {SEED}, {len(broken)} documents; the shortest:\n" + "\n".join(told)


def test_at_least_half_of_the_documents_are_accepted(tally: Tally) -> None:
    assert tally.documents >= DOCUMENTS
    assert tally.accepted > tally.documents / 2


def test_few_documents_end_the_child(tally: Tally) -> None:
    assert tally.died < tally.documents / 100


@pytest.fixture(scope="module")
def codes() -> set[str]:
    """Every code of a SnapshotError that libvirt can be asked for."""
    defined = (ROOT / "csrc" / "error.def").read_text()
    return set(re.findall(r'LX_ERROR\(\w+, SNAPSHOT, "([^"]+)"', defined)) - UNASKABLE


def test_every_error_of_the_parser_has_its_rule(codes: set[str]) -> None:
    assert {rule.means for rule in PARSERS} == codes | {"XMLError"}


def test_every_error_of_the_parser_was_raised_by_both(fair: Tally, codes: set[str]) -> None:
    assert set(fair.codes) == codes | {"XMLError"}


def test_every_context_that_libvirt_can_print_was_printed(fair: Tally) -> None:
    assert set(fair.contexts) == CONTEXTS - UNREACHED.keys()


def test_disks_and_values_were_compared(tally: Tally) -> None:
    assert tally.disks > tally.documents / 20
    assert len(tally.values) > 1000


def test_libvirt_spells_every_listed_value_its_own_way(fair: Tally) -> None:
    often = {place for place in SPELLED if fair.values[place] >= 100}
    assert often <= set(fair.spelled)
