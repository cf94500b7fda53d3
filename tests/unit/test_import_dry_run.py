"""A dry run reports what an import would do, and does nothing of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lineage.log import MemoryLog
from lineage.store import Store
from tests.unit.cli_samples import run_lineage, write_archive
from tests.unit.cli_samples import snapshot as shown
from tests.unit.store_samples import NOON, A, B, Papers, body, chain, snapshot

IMPORTS = [
    [snapshot("z", domain=body(B, "other"))],
    chain("a", "b", "c", active="b"),
    [snapshot("b", "a", NOON + 5), snapshot("b", "a", NOON + 6), snapshot("d", "lost")],
    [snapshot("a", description="bare", domain=None), *chain("a", "b")],
]


@pytest.mark.parametrize("terms", [{}, {"restore": True}, {"mirror": True}])
@pytest.mark.parametrize("first", range(len(IMPORTS) + 1))
def test_a_dry_run_reports_what_the_import_then_does(first: int, terms: dict[str, bool]) -> None:
    store = Store.over(MemoryLog())
    for documents in IMPORTS[:first]:
        store.ingest(Papers(documents, hint="vm"))
    if first > 1:
        store.delete(A, "b")
    for documents in IMPORTS:
        head = store.head()
        told = store.ingest(Papers(documents, hint="vm"), dry_run=True, batch=2, **terms)
        assert store.head() == head
        assert told == store.ingest(Papers(documents, hint="vm"), batch=2, **terms)
        assert told.events == store.head() - head


def test_no_store_is_made(tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "snapshot")
    for store in (tmp_path / "store.db", tmp_path / "no" / "such" / "store.db"):
        result = run_lineage("import", "--dry-run", "--json", archive, "--store", store)
        assert json.loads(result.stdout)["added"] == 4
    assert [path.name for path in tmp_path.iterdir()] == ["snapshot"]
    (tmp_path / "empty.db").touch()
    run_lineage("import", "--dry-run", archive, "--store", tmp_path / "empty.db")
    assert (tmp_path / "empty.db").read_bytes() == b""


def test_a_store_that_may_only_be_read_is_asked_and_not_changed(tmp_path: Path) -> None:
    archive, store = write_archive(tmp_path / "snapshot"), tmp_path / "store.db"
    run_lineage("import", archive, "--store", store)
    before = store.read_bytes()
    extra = shown("extra", "top", NOON + 999)
    (archive / "web" / "extra.xml").write_text(extra, encoding="utf-8")
    (archive / "web" / "base.xml").unlink()
    told = run_lineage("import", "--dry-run", "--mirror", archive, "--store", store)
    assert "1 added" in told.stdout
    assert "1 deleted" in told.stdout
    assert "nothing is written" in told.stdout
    assert store.read_bytes() == before
    beside = {path.name: path.stat().st_size for path in tmp_path.iterdir() if path.is_file()}
    assert beside.pop("store.db-wal", 0) == 0  # what any reader makes for a while
    assert beside.keys() <= {"store.db", "store.db-shm"}
