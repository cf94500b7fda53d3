"""What the tests of crashes share: VFSes, made once, and recorded runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.history import History
from tests.crash.power_loss import Unsynced
from tests.crash.recording import RecordingVFS, Step
from tests.crash.workload import STORE, perform

Run = tuple[list[Step], History]


@pytest.fixture(scope="session")
def recording() -> RecordingVFS:
    """The VFS that writes down; SQLite knows it as long as it lives."""
    return RecordingVFS("lineage-recording")


@pytest.fixture(scope="session")
def unsynced() -> Unsynced:
    """The VFS under which images are looked at."""
    return Unsynced("lineage-unsynced")


@pytest.fixture(scope="session")
def performed(
    recording: RecordingVFS, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Run]:
    """Gives the trace and the history of the workload by the value of `synchronous`."""
    runs: dict[str, Run] = {}

    def run(synchronous: str) -> Run:
        if synchronous not in runs:
            path: Path = tmp_path_factory.mktemp(synchronous) / STORE
            recording.begin()
            history = perform(path, recording, appends=90, synchronous=synchronous)
            runs[synchronous] = recording.trace, history
        return runs[synchronous]

    return run
