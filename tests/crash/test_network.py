"""Promises 1 and 2 on a network file system: with a rollback journal and one handle at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.faults import FAULTS, after_a_failed_sync, steps_until_sound
from tests.crash.power_loss import Unsynced, crashes, judge, without
from tests.crash.recording import RecordingVFS, Step, count
from tests.crash.workload import STORE, History, perform_alone
from tests.unit.mounts import pretend


@pytest.fixture(scope="module")
def performed(
    recording: RecordingVFS, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[Step], History]:
    """The trace and the history of a store's life there."""
    path = tmp_path_factory.mktemp("network") / STORE
    with pytest.MonkeyPatch.context() as monkeypatch:
        pretend(monkeypatch, path, "nfs4")
        recording.begin()
        history = perform_alone(path, recording, appends=60)
    return recording.trace, history


def test_a_call_that_returned_is_on_disk_after_power_loss_without_a_wal(
    performed: tuple[list[Step], History],
    tmp_path: Path,
    unsynced: Unsynced,
) -> None:
    trace, history = performed
    assert count(trace, "returned") == len(history.ends) - 1 >= 60
    assert count(trace, "create", "-wal") == count(trace, "delete") == 0
    assert count(trace, "sync", "-journal") >= 2 * 60
    # Opened as a local store: the journal is rolled back and the write-ahead log begun.
    verdict = judge(crashes(trace, chance=0.08), history, tmp_path, unsynced)
    assert verdict.total > 500
    assert verdict.findings == []


def test_what_power_loss_left_is_whole_when_opened_there_again(
    performed: tuple[list[Step], History],
    tmp_path: Path,
    unsynced: Unsynced,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trace, history = performed
    pretend(monkeypatch, tmp_path / STORE, "nfs4")
    verdict = judge(crashes(trace, chance=0.03, seed=1), history, tmp_path, unsynced)
    assert verdict.total > 150
    assert verdict.findings == []


@pytest.mark.parametrize(
    ("kind", "suffix"), [("sync", STORE), ("sync", "-journal"), ("sync-directory", "")]
)
def test_a_network_disk_that_lies_about_a_sync_is_found_out(
    performed: tuple[list[Step], History],
    tmp_path: Path,
    unsynced: Unsynced,
    kind: str,
    suffix: str,
) -> None:
    trace, history = performed
    found = crashes(without(trace, kind, suffix), seed=1)
    assert judge(found, history, tmp_path, unsynced, enough=1).findings


# Nothing is cut off or deleted there.
@pytest.mark.parametrize("name", [n for n in FAULTS if FAULTS[n][0] in ("write", "sync", "open")])
def test_whichever_operation_fails_on_a_network_nothing_acknowledged_is_lost(
    name: str, tmp_path: Path, recording: RecordingVFS, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, tmp_path / STORE, "nfs4")
    fired = 0
    for n, outcome, _ in steps_until_sound(name, tmp_path, recording):
        assert outcome.findings == [], n
        fired += outcome.fired
    assert fired >= 1


def test_a_call_that_returned_is_on_disk_even_after_a_failed_sync_on_a_network(
    tmp_path: Path, recording: RecordingVFS, unsynced: Unsynced, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, tmp_path / STORE, "nfs4")
    verdict = after_a_failed_sync(tmp_path, recording, unsynced, chance=0.15)
    assert verdict.total > 300
    assert verdict.findings == []
