"""Disks that fail: a store is filled while the n-th operation of a kind goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import apsw
import pytest

from lineage.errors import LineageError
from lineage.log import Append, NewEvent, SQLiteLog
from tests.crash.history import History, Witness, integrity
from tests.crash.power_loss import Unsynced, Verdict, crashes, judge
from tests.crash.recording import RecordingVFS
from tests.crash.workload import STORE, append, open_log

__all__ = [
    "FAULTS",
    "Broken",
    "Outcome",
    "after_a_failed_sync",
    "fill_with_fault",
    "refuses_everything",
    "steps_until_sound",
]

_AFTER: Final = 4  # appends once the disk is well again


def _error(kind: type[apsw.Error], result: int) -> Callable[[], apsw.Error]:
    def make() -> apsw.Error:
        error = kind("the disk says no")
        error.extendedresult = result
        return error

    return make


# By name: the operation, the error, and whether every later one fails too.
FAULTS: Final = {
    "no space from a write on": ("write", _error(apsw.FullError, apsw.SQLITE_FULL), True),
    "one write fails": ("write", _error(apsw.IOError, apsw.SQLITE_IOERR_WRITE), False),
    "one sync fails": ("sync", _error(apsw.IOError, apsw.SQLITE_IOERR_FSYNC), False),
    "no sync from one on": ("sync", _error(apsw.IOError, apsw.SQLITE_IOERR_FSYNC), True),
    "one truncation fails": ("truncate", _error(apsw.IOError, apsw.SQLITE_IOERR_TRUNCATE), False),
    "one deletion fails": ("delete", _error(apsw.IOError, apsw.SQLITE_IOERR_DELETE), False),
    "one file cannot be opened": ("open", _error(apsw.CantOpenError, apsw.SQLITE_CANTOPEN), False),
}


class Broken:
    """A disk whose n-th operation of a kind fails; for `RecordingVFS.fault`."""

    def __init__(self, name: str, n: int) -> None:
        self._kind, self._make, self._stays = FAULTS[name]
        self._left = n
        self.fired = False

    def __call__(self, kind: str, name: str) -> Exception | None:
        if self.fired:
            return self._make() if self._stays and kind == self._kind else None
        self._left -= kind == self._kind
        self.fired = self._left == 0
        return self._make() if self.fired else None


@dataclass
class Outcome:
    """What came of it.

    Attributes:
        fired: the fault happened.
        error: what the caller saw of it, None if nothing.
        findings: what was wrong with the store afterwards.
        reopened: the step of the trace at which it was reopened.
    """

    fired: bool
    error: LineageError | None
    findings: list[str]
    reopened: int


def fill_with_fault(
    room: Path, vfs: RecordingVFS, fault: Broken, appends: int = 12
) -> tuple[Outcome, History]:
    """Fill a new store on such a disk until it fails, reopen it on a sound one, and go on.

    Args:
        room: an empty directory.
        appends: how many before the store is closed, and again after it was reopened.
    """
    history = History()
    path = room / STORE
    returned = 0

    def note(number: int) -> None:
        nonlocal returned
        returned = number
        vfs.note("returned", number=number)

    vfs.begin(fault=fault)
    error = None
    try:
        for start in (0, appends):
            _fill(path, vfs, history, note, range(start, start + appends))
    except LineageError as caught:
        error = caught
    vfs.fault = lambda kind, name: None
    log = open_log(path, vfs.name)
    findings = [*history.findings(log, returned), *integrity(log)]
    history.cut(log.head())
    reopened = len(vfs.trace)
    note(len(history.ends) - 1)  # what can be read has to stay
    for number in range(100, 100 + _AFTER):
        append(Witness(log, history, note), number)
    log.close()
    log = open_log(path, vfs.name)
    findings += [*history.findings(log, len(history.ends) - 1), *integrity(log)]
    log.close()
    return Outcome(fault.fired, error, findings, reopened), history


def _fill(
    path: Path, vfs: RecordingVFS, history: History, note: Callable[[int], None], which: range
) -> None:
    log = open_log(path, vfs.name)
    witness = Witness(log, history, note)
    try:
        for number in which:
            append(witness, number)
    except LineageError:
        refuses_everything(log)
        raise
    finally:
        log.close()


def refuses_everything(log: SQLiteLog) -> None:
    """Fail unless every call but `close` says that the store is to be reopened."""
    for call in (
        lambda: log.append([Append("alpha", [NewEvent(1, 1, b"never")])]),
        lambda: log.append([]),
        log.read,
        log.head,
        log.streams,
        lambda: log.version("alpha"),
        lambda: log.has_body(bytes(32)),
        lambda: log.body(bytes(32)),
    ):
        with pytest.raises(LineageError, match="reopen"):
            call()


def steps_until_sound(
    name: str, room: Path, vfs: RecordingVFS, appends: int = 12
) -> Iterator[tuple[int, Outcome, History]]:
    """Yield what came of the fault at the first such operation, at the second, and so on.

    The last one is that of the run in which the fault did not happen any more.
    """
    fired, n = True, 0
    while fired:
        n += 1
        for path in room.iterdir():
            path.unlink()
        outcome, history = fill_with_fault(room, vfs, Broken(name, n), appends)
        fired = outcome.fired
        yield n, outcome, history


def after_a_failed_sync(
    room: Path,
    vfs: RecordingVFS,
    unsynced: Unsynced,
    *,
    chance: float = 1.0,
    enough: int | None = None,
) -> Verdict:
    """Let syncs fail, reopen, go on, and let the power fail: is all there that returned?

    Args:
        chance, enough: see `crashes` and `judge`.
    """
    images, store = room / "images", room / "store"
    images.mkdir()
    store.mkdir()
    verdict = Verdict()
    for n, outcome, history in steps_until_sound("no sync from one on", store, vfs):
        late = (
            crash
            for crash in crashes(vfs.trace, chance=chance, seed=n)
            if crash.step >= outcome.reopened and crash.policy in ("none", "sectors")
        )
        judge(late, history, images, unsynced, enough=enough, verdict=verdict)
        if enough is not None and len(verdict.findings) >= enough:
            break
    return verdict
