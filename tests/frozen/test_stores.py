"""Stores as releases left them: every later release opens them, and they tell what they told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lineage import Store
from tests.frozen.told import told
from tests.unit.store_samples import A, snapshot

FOLDER = Path(__file__).parent / "stores"
NAMES = sorted(path.stem for path in FOLDER.glob("*.lineage"))


@pytest.fixture(params=NAMES)
def frozen(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, list[str]]:
    """A copy of a frozen store, and what it told when it was frozen."""
    name = str(request.param)
    path = tmp_path / "s.lineage"
    shutil.copy(FOLDER / f"{name}.lineage", path)
    return path, (FOLDER / f"{name}.txt").read_text().splitlines()


def test_there_is_a_store_of_every_format() -> None:
    assert NAMES == ["format-1"]


def test_a_frozen_store_tells_what_it_told(frozen: tuple[Path, list[str]]) -> None:
    path, expected = frozen
    for _ in range(2):  # a newer release may migrate it when it is first written to
        with Store(path) as store:
            assert told(store) == expected
            assert list(store.check()) == []
    with Store(path, readonly=True) as store:
        assert told(store) == expected


def test_promise_8_canonical_bytes_of_a_stored_snapshot_never_change_between_releases(
    frozen: tuple[Path, list[str]],
) -> None:
    path, expected = frozen
    with Store(path) as store:
        documents = [line for line in told(store) if line.startswith("  ")]
        assert documents == [line for line in expected if line.startswith("  ")]
        # and what is recorded again is equal to what an older release made of it
        before = store.head()
        for info in store.domains():
            for name in store.tree(info.stream):
                store.record(store.xml(info.stream, name), domain=info.stream)
        assert store.head() == before


def test_a_frozen_store_is_written_on(frozen: tuple[Path, list[str]]) -> None:
    path, expected = frozen
    with Store(path) as store:
        version = store.record(snapshot("of a later release")).version
        events = [line for line in told(store) if line.startswith(("event", "payload"))]
        assert set(events) > {line for line in expected if line.startswith(("event", "payload"))}
        assert version == store.tree(A).version
        assert list(store.check()) == []
