"""Bulk import from a tar against a plain importer, a fresh store each round.

Run with ``make bench``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lineage
from benchmarks.generate import archive, write_tar
from benchmarks.rivals import naive_import
from benchmarks.rounds import Rival

DOMAINS = 200
SNAPSHOTS = 50
ROUNDS = 5


@pytest.mark.parametrize("scrambled", [False, True], ids=["canonical", "scrambled"])
def test_import(scrambled: bool, tmp_path: Path, versus: Callable[..., Any]) -> None:
    """10,000 snapshots of 200 domains."""
    tar = tmp_path / "archive.tar"
    write_tar(tar, archive(DOMAINS, SNAPSHOTS, seed=4, scrambled=scrambled))
    store, database = tmp_path / "store.lineage", tmp_path / "naive.sqlite"

    def ours() -> None:
        with lineage.Store(store) as opened:
            report = opened.ingest(tar)
        assert report.added == DOMAINS * SNAPSHOTS

    def rival() -> None:
        assert naive_import.ingest(tar, database) == DOMAINS * SNAPSHOTS

    def fresh() -> None:
        for path in tmp_path.glob("store.lineage*"):
            path.unlink()
        for path in tmp_path.glob("naive.sqlite*"):
            path.unlink()

    versus(
        f"import {'scrambled' if scrambled else 'canonical'}",
        ours,
        Rival("naive importer", rival, wanted=None if scrambled else 6),
        items=DOMAINS * SNAPSHOTS,
        rounds=ROUNDS,
        prepare=fresh,
    )
