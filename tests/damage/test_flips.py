"""Bits are flipped in a store's file, and nothing comes of it but errors. Promise 9.

`make flip` alters every byte; here it is a sample, others for each of the page sizes.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lineage import Store
from tests.damage.flips import FOUND, MISSED, NAMED, PASSED, UNSEEN, WRONG, Trial, flips
from tests.damage.sample import build, repaged
from tests.damage.tally import tally

EVERY = {512: 229, 4096: 797}  # bytes: primes, so that all places in a page come up


@pytest.mark.parametrize("page_size", EVERY)
def test_promise_9_any_flipped_bit_in_stored_data_is_found_on_read_or_by_check_and_named(
    page_size: int, tmp_path: Path
) -> None:
    path = tmp_path / "s.db"
    build(path)
    repaged(path, page_size)
    some = list(flips(path.stat().st_size, EVERY[page_size]))
    result = tally(path, some)
    assert result.findings == []
    counts = result.counts
    assert counts.total() == len(some)
    assert not counts[WRONG] + counts[MISSED]
    assert counts[FOUND] > counts[NAMED] > 0
    assert counts[UNSEEN] > counts[PASSED]


def test_a_process_that_a_flip_kills_is_a_finding_and_the_others_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.db"
    build(path)
    # Beyond the file's end there is nothing to flip: the child dies of it.
    some = [(150, 0), (1 << 40, 0), (151, 0)]
    result = tally(path, some, workers=1)
    assert result.counts.total() == len(some)
    assert result.counts[WRONG] == 1
    assert str(1 << 40) in result.findings[-1]
    assert "exit 1" in result.findings[-1]


def test_every_bit_of_a_byte_comes_up() -> None:
    once = {bit for _, bit in flips(64)}
    assert once == set(range(8))
    assert sorted(flips(3, bits=range(8))) == [(n, bit) for n in range(3) for bit in range(8)]


def test_a_flip_that_nobody_could_see_is_told_from_one_that_was_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a `check` that finds nothing, what it alone finds is missed, and said to be."""
    path = tmp_path / "s.db"
    build(path)
    (tmp_path / "room").mkdir()
    trial = Trial(path, tmp_path / "room")
    monkeypatch.setattr(Store, "check", lambda store: iter(()))
    letter = trial.flip(24, 0)  # a count of changes that nobody reads
    assert (letter, trial.remarks) == (UNSEEN, [])
    # A table's name in another column of the schema: SQLite does not mind its case. What is left
    # of rows that moved to other pages looks the same.
    places = [found.end() - 1 for found in re.finditer(b"tabletreestrees", path.read_bytes())]
    outcomes = [(trial.flip(place, 5), trial.remarks) for place in places]
    assert (MISSED, ["not found at all"]) in outcomes
