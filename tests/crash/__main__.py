"""All crashes, not a sample of them: `make crash`.

Prints what was done, and exits with 1 if anything came out otherwise than it has to.
"""

from __future__ import annotations

import copy
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.faults import FAULTS, after_a_failed_sync, steps_until_sound
from tests.crash.history import History
from tests.crash.killing import kill_round
from tests.crash.power_loss import Unsynced, Verdict, crashes, go_on, judge, without
from tests.crash.recording import RecordingVFS, count
from tests.crash.workload import STORE, perform, perform_alone
from tests.unit.mounts import pretend

APPENDS = 180
ROUNDS = 3
KILLS = 200
LIES = (("sync", "-wal"), ("sync", STORE), ("sync", "-journal"), ("sync-directory", ""))

Lines = Iterator[tuple[str, bool]]
"""What was done, and whether it came out as it has to."""


def power_loss(room: Path, recording: RecordingVFS, unsynced: Unsynced) -> Lines:
    """Every crash point, then crashes after crashes, then disks and settings that lose."""
    images = room / "images"
    images.mkdir()
    recording.begin()
    history = perform(room / STORE, recording, appends=APPENDS)
    trace = recording.trace
    yield (
        f"power loss: {count(trace, 'returned')} commits, {len(trace)} steps, "
        f"{count(trace, 'sync', STORE)} times the WAL carried over",
        True,
    )
    verdict = judge(crashes(trace, rounds=ROUNDS), history, images, unsynced)
    yield f"power loss: {verdict}", not verdict.findings
    yield from ((f"  {finding}", False) for finding in verdict.findings[:10])
    verdict = Verdict()
    for crash in crashes(trace, chance=0.006, seed=1):
        after = copy.deepcopy(history)
        again = list(go_on(crash, after, images, recording))
        judge(again, after, images, unsynced, verdict=verdict)
    yield f"power loss after power loss: {verdict}", not verdict.findings
    for kind, suffix in LIES:
        found = crashes(without(trace, kind, suffix), chance=0.08)
        verdict = judge(found, history, images, unsynced)
        yield f"a disk that lies about {kind} of *{suffix}: {verdict}", bool(verdict.findings)
    recording.begin()
    (room / "normal").mkdir()
    history = perform(room / "normal" / STORE, recording, appends=90, synchronous="normal")
    verdict = judge(crashes(recording.trace), history, images, unsynced)
    expected = 0 < verdict.about("lost") == len(verdict.findings)
    yield f"synchronous=NORMAL: {verdict}, all of them lost commits", expected


def network(room: Path, recording: RecordingVFS, unsynced: Unsynced) -> Lines:
    """The same on a file system that is called a network's: another journal, one handle."""
    images, path = room / "network-images", room / "network" / STORE
    images.mkdir()
    path.parent.mkdir()
    with pytest.MonkeyPatch.context() as monkeypatch:
        pretend(monkeypatch, path, "nfs4")
        recording.begin()
        history = perform_alone(path, recording, appends=APPENDS // 2)
    verdict = judge(crashes(recording.trace, rounds=ROUNDS), history, images, unsynced)
    yield f"power loss, without a WAL: {verdict}", not verdict.findings


def faults(room: Path, recording: RecordingVFS, unsynced: Unsynced) -> Lines:
    """Every operation fails in turn."""
    store = room / "store"
    store.mkdir()
    for name in FAULTS:
        outcomes = [outcome for _, outcome, _ in steps_until_sound(name, store, recording, 30)]
        wrong = sum(
            bool(each.findings) or (each.error is not None) != each.fired for each in outcomes
        )
        yield f"{name}: {len(outcomes)} runs, {wrong} of them wrong", not wrong
    late = room / "late"
    late.mkdir()
    verdict = after_a_failed_sync(late, recording, unsynced)
    yield f"power loss after syncs that failed: {verdict}", not verdict.findings


def kills(room: Path) -> Lines:
    """Writers are killed."""
    history, appends = History(), 0
    for seed in range(KILLS):
        appends = kill_round(room / "killed", history, 1000 + seed)
    yield f"kill -9: {KILLS} rounds, {appends} appends, none of them lost", True


def main() -> int:
    """Run all of it."""
    begun = time.monotonic()
    recording, unsynced = RecordingVFS("lineage-recording"), Unsynced("lineage-unsynced")
    wrong = 0
    with tempfile.TemporaryDirectory() as name:
        room = Path(name)
        for part in (
            power_loss(room, recording, unsynced),
            network(room, recording, unsynced),
            faults(room, recording, unsynced),
            kills(room),
        ):
            for line, right in part:
                print(line if right else f"WRONG: {line}", flush=True)
                wrong += not right
    print(f"{time.monotonic() - begun:.0f} s, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
