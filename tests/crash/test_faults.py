"""Disks that fail or are full: an error of ours, a handle that stops, and a store that is whole."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from lineage import Store
from lineage.errors import Busy, Conflict, LineageError
from lineage.log import Append, NewEvent
from tests.crash import faults
from tests.crash.faults import FAULTS, after_a_failed_sync, steps_until_sound
from tests.crash.full_disk import can_mount
from tests.crash.killing import ROOT
from tests.crash.power_loss import Unsynced
from tests.crash.recording import RecordingVFS
from tests.crash.workload import STORE, append, domains_of, open_log, papers
from tests.unit.store_samples import snapshot


@pytest.mark.parametrize("name", FAULTS)
def test_whichever_operation_fails_nothing_acknowledged_is_lost(
    name: str, tmp_path: Path, recording: RecordingVFS
) -> None:
    seen: Counter[str] = Counter()
    for n, outcome, _ in steps_until_sound(name, tmp_path, recording):
        assert outcome.findings == [], n
        assert (outcome.error is not None) == outcome.fired, n
        seen[str(outcome.error).partition(": ")[2]] += 1
    assert seen.total() > 3
    said = {"write": "no space left" if "space" in name else "input or output failed"}
    kind = FAULTS[name][0]
    words = said.get(kind, "cannot be opened" if kind == "open" else "input or output failed")
    assert {text for text in seen if words not in text} == {""}  # of the run without a fault


def test_a_call_that_returned_is_on_disk_even_where_an_earlier_sync_failed(
    tmp_path: Path, recording: RecordingVFS, unsynced: Unsynced
) -> None:
    verdict = after_a_failed_sync(tmp_path, recording, unsynced, chance=0.15)
    assert verdict.total > 300
    assert verdict.findings == []


def test_a_commit_whose_sync_failed_would_take_later_ones_with_it_if_it_were_left_there(
    tmp_path: Path,
    recording: RecordingVFS,
    unsynced: Unsynced,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lineage.log.sqlite.forget_unsynced", lambda connection, vfs: None)
    assert after_a_failed_sync(tmp_path, recording, unsynced, enough=1).about("lost")


def test_a_conflict_and_a_busy_store_do_not_spoil_a_handle(
    tmp_path: Path, recording: RecordingVFS
) -> None:
    recording.begin()
    log = open_log(tmp_path / STORE, recording.name)
    append(log, 0)
    recording.fault = faults.Broken("no space from a write on", 1)
    with pytest.raises(Conflict):
        log.append([Append("alpha", [NewEvent(1, 1, b"")], 77)])
    recording.begin()
    holder = open_log(tmp_path / STORE, recording.name)
    connection = holder._connection
    assert connection is not None
    assert log._connection is not None
    log._connection.set_busy_timeout(10)
    connection.execute("BEGIN IMMEDIATE")
    with pytest.raises(Busy):
        append(log, 1)
    connection.execute("ROLLBACK")
    append(log, 1)
    log.close()
    holder.close()


def test_an_import_cut_off_by_a_full_disk_is_completed_by_running_it_again(
    tmp_path: Path, recording: RecordingVFS
) -> None:
    expected = import_into(tmp_path / "whole", recording)
    assert len(expected) == 24
    fired = 0
    for n in range(15, 1000, 15):
        path = tmp_path / f"{n}.lineage"
        fault = faults.Broken("no space from a write on", n)
        try:
            import_into(path, recording, fault)
        except LineageError as error:
            assert "no space left" in str(error)  # noqa: PT017 (or no error at all)
        fired += fault.fired
        assert import_into(path, recording) == expected
        if not fault.fired:
            break
    assert fired > 3


def import_into(path: Path, vfs: RecordingVFS, fault: faults.Broken | None = None) -> set[bytes]:
    """Import an archive; give every document that the store then has."""
    vfs.begin()
    with Store.over(open_log(path, vfs.name)) as store:
        vfs.fault = fault or vfs.fault
        try:
            store.ingest(papers(3, 8), batch=4)
        except LineageError:
            for call in (store.head, store.domains, lambda: store.record(snapshot())):
                with pytest.raises(LineageError, match="reopen"):
                    call()
            raise
        return {store.xml(d, name) for d in domains_of(store) for name in store.tree(d)}


@pytest.mark.parametrize("how", ["tmpfs", "limit"])
def test_a_disk_that_is_full_costs_only_what_was_refused(how: str, tmp_path: Path) -> None:
    command = can_mount(tmp_path) if how == "tmpfs" else []
    if not command:
        # Where nobody may mount a small file system, one of the two runs is repeated: a limit on
        # the size of files is the kernel's refusal too. ENOSPC itself is then judged by the VFS
        # alone, which refuses every write in turn, as no real disk can be made to.
        how = "limit"
    output = subprocess.run(
        [*command, sys.executable, "-m", "tests.crash.full_disk", how, tmp_path],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=120,
    ).stdout
    rounds, *errors = output.splitlines()
    assert int(rounds) > 10
    said = "no space left" if how == "tmpfs" else "input or output failed"
    assert any(said in error for error in errors)


def test_after_a_failed_write_a_handle_refuses_all_but_closing(
    tmp_path: Path, recording: RecordingVFS
) -> None:
    recording.begin()
    log = open_log(tmp_path / STORE, recording.name)
    append(log, 0)
    reading = log.read()
    recording.fault = faults.Broken("one write fails", 1)
    with pytest.raises(LineageError, match="input or output failed"):
        append(log, 1)
    faults.refuses_everything(log)
    with pytest.raises(LineageError, match="reopen"):
        list(reading)
    log.close()
    log.close()
    with pytest.raises(ValueError, match="closed"):
        log.head()
    again = open_log(tmp_path / STORE, recording.name)
    append(again, 1)
    again.close()
