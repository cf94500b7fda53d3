"""kill -9, again and again, on processes that write. Promises 1 and 2, on the real system."""

from __future__ import annotations

from pathlib import Path

from tests.crash.history import History
from tests.crash.killing import kill_round
from tests.crash.workload import STORE


def test_promise_1_a_call_that_returned_is_on_disk_after_kill_9(tmp_path: Path) -> None:
    history, appends = History(), 0
    for seed in range(24):
        appends = kill_round(tmp_path / STORE, history, seed)
    assert appends > 100
