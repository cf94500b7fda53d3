"""One fixture, `log`: every test of the contract runs once for each backend."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lineage.log import EventLog, MemoryLog, SQLiteLog


@pytest.fixture(params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventLog]:
    """An empty log of each backend."""
    made: EventLog = MemoryLog() if request.param == "memory" else SQLiteLog(tmp_path / "s.lineage")
    yield made
    made.close()
