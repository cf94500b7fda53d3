"""The power fails at every moment of a store's life. Promises 1 and 2, on a simulated disk."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest

from lineage.errors import NotAStore
from lineage.log import SQLiteLog
from tests.crash.history import History
from tests.crash.power_loss import Unsynced, Verdict, crashes, go_on, judge, without
from tests.crash.recording import RecordingVFS, Step, count
from tests.crash.workload import STORE

Performed = Callable[[str], tuple[list[Step], History]]


def test_promise_1_a_call_that_returned_is_on_disk_after_power_loss(
    performed: Performed, tmp_path: Path, unsynced: Unsynced
) -> None:
    trace, history = performed("full")
    assert count(trace, "returned") == len(history.ends) - 1 >= 100
    assert count(trace, "sync", STORE) >= 20  # the WAL was carried over that often
    verdict = judge(crashes(trace, chance=0.25), history, tmp_path, unsynced)
    assert verdict.total > 1000
    assert len(verdict.images) == 7
    assert verdict.findings == []


def test_promise_2_a_multi_event_append_is_all_or_nothing_after_power_loss(
    performed: Performed, tmp_path: Path, unsynced: Unsynced
) -> None:
    trace, history = performed("full")
    sizes = [after - before for before, after in zip(history.ends, history.ends[1:], strict=False)]
    several = (
        crash
        for crash in crashes(trace, chance=0.35, seed=2)
        if crash.returned < len(sizes) and sizes[crash.returned] > 1
    )
    verdict = judge(several, history, tmp_path, unsynced)
    assert verdict.total > 500
    assert verdict.findings == []


def test_what_was_made_of_a_crash_survives_the_next_crash(
    performed: Performed, recording: RecordingVFS, tmp_path: Path, unsynced: Unsynced
) -> None:
    trace, history = performed("full")
    verdict = Verdict()
    for crash in crashes(trace, chance=0.001, seed=3):
        after = copy.deepcopy(history)
        again = list(go_on(crash, after, tmp_path, recording))
        judge(again, after, tmp_path, unsynced, verdict=verdict)
    assert verdict.total > 250
    assert verdict.findings == []


def test_a_store_cut_off_while_it_is_made_is_made_again(
    performed: Performed, tmp_path: Path, unsynced: Unsynced
) -> None:
    trace, history = performed("full")
    first = next(n for n, step in enumerate(trace) if step.kind == "returned")
    verdict = judge(crashes(trace[:first], rounds=10), history, tmp_path, unsynced)
    assert verdict.total > 200
    assert verdict.findings == []


def test_a_foreign_file_whose_journal_knows_of_pages_is_left_alone(tmp_path: Path) -> None:
    journal = bytes.fromhex("d9d505f920a163d7 00000001 01234567 00000003 00000200 00001000")
    path = tmp_path / STORE
    path.write_bytes(b"x" * 5000)
    path.with_name(path.name + "-journal").write_bytes(journal.ljust(512, b"\0"))
    before = [each.read_bytes() for each in sorted(tmp_path.iterdir())]
    with pytest.raises(NotAStore):
        SQLiteLog(path)
    assert [each.read_bytes() for each in sorted(tmp_path.iterdir())] == before


# The simulator has to find what is there to be found.


def test_without_full_synchronisation_commits_are_lost_and_nothing_worse(
    performed: Performed, tmp_path: Path, unsynced: Unsynced
) -> None:
    trace, history = performed("normal")
    verdict = judge(crashes(trace, chance=0.05), history, tmp_path, unsynced)
    assert verdict.about("lost") > 100
    assert verdict.about("lost") == len(verdict.findings)


@pytest.mark.parametrize(
    ("kind", "suffix"),
    [("sync", "-wal"), ("sync", STORE), ("sync", "-journal"), ("sync-directory", "")],
)
def test_a_disk_that_lies_about_a_sync_is_found_out(
    performed: Performed, tmp_path: Path, unsynced: Unsynced, kind: str, suffix: str
) -> None:
    trace, history = performed("full")
    found = crashes(without(trace, kind, suffix), seed=1)
    assert judge(found, history, tmp_path, unsynced, enough=1).findings
