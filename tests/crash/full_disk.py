"""A store on a disk that really gets full: `python -m tests.crash.full_disk HOW DIRECTORY`.

HOW is `tmpfs`: a small file system is mounted on the directory first, which the caller allows by
a mount namespace (`unshare --mount`); or `limit`: files may have a certain size only. Prints the
errors that came up.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from lineage.errors import LineageError
from lineage.log import SQLiteLog
from tests.crash.faults import refuses_everything
from tests.crash.history import History, Witness, integrity
from tests.crash.workload import STORE, append, open_log

__all__ = ["can_mount"]

_SIZE: Final = 1 << 20
_STEP: Final = 9_000
_APPENDS: Final = 60


def can_mount(directory: Path) -> list[str]:
    """The command that runs another one where it can mount; empty if this machine lets nobody."""
    mount = ["mount", "-t", "tmpfs", "none", str(directory)]
    for command in (["unshare", "--mount"], ["unshare", "--mount", "--map-root-user"]):
        try:
            if not subprocess.run([*command, *mount], capture_output=True, check=False).returncode:
                return command
        except FileNotFoundError:
            break
    return []


def main() -> None:
    """Fill a store at every size of the disk, up to one that holds it all."""
    how, room = sys.argv[1], Path(sys.argv[2])
    if how == "tmpfs":
        options = f"size={_SIZE}"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", room], check=True)
    disks = {"tmpfs": _by_ballast, "limit": _by_limit}[how]
    errors: set[str] = set()
    rounds = 0
    for relieve in disks(room):
        rounds += 1
        error = _fill(room / STORE, relieve)
        if error is None:
            break
        errors.add(str(error).partition(": ")[2])
        for path in room.iterdir():
            path.unlink()
    print(rounds, *sorted(errors), sep="\n")


def _by_ballast(room: Path) -> Iterator[Callable[[], None]]:
    ballast = room / "ballast"
    for free in range(0, _SIZE, _STEP):
        ballast.write_bytes(bytes(max(_SIZE - free - 4096, 0)))
        yield ballast.unlink


def _by_limit(room: Path) -> Iterator[Callable[[], None]]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    for size in range(_STEP, _SIZE, _STEP):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _fill(path: Path, relieve: Callable[[], None]) -> LineageError | None:
    """Fill a new store until it fails; then, with the disk relieved, look at it and go on."""
    history, returned, failed = History(), [0], None
    try:
        log = open_log(path)
        try:
            witness = Witness(log, history, returned.append)
            for number in range(_APPENDS):
                append(witness, number)
        except LineageError:
            refuses_everything(log)
            raise
        finally:
            log.close()
    except LineageError as error:
        failed = error
    relieve()
    log = open_log(path)
    _require_whole(log, history, returned[-1])
    history.cut(log.head())
    append(Witness(log, history, returned.append), _APPENDS)
    log.close()
    log = SQLiteLog(path, create=False)
    _require_whole(log, history, returned[-1])
    log.close()
    return failed


def _require_whole(log: SQLiteLog, history: History, returned: int) -> None:
    assert list(history.findings(log, returned)) == []
    assert integrity(log) == []


if __name__ == "__main__":
    main()
