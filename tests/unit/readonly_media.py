"""What readers find where they cannot write: `python -m tests.unit.readonly_media CASE DIRECTORY`.

The cases `medium` and `mount` mount a file system on the directory, which the caller allows by a
mount namespace; `directory` becomes another user if it is root. Prints an answer a line.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from lineage import Store
from lineage.errors import LineageError
from lineage.log import SQLiteLog
from tests.unit.store_samples import snapshot

NOBODY = 65534


def main() -> None:
    """Run the case."""
    case, room = sys.argv[1], Path(sys.argv[2])
    {"medium": medium, "mount": mount, "directory": directory}[case](room)


def say(name: str, path: Path, *, readonly: bool = True) -> None:
    """Print how many events a reader finds in the store, or why it finds none."""
    before = {p.name: p.read_bytes() for p in path.parent.iterdir()}
    try:
        with Store(path, readonly=readonly) as store:
            found = sum(1 for _ in store.events())
            names = ",".join(store.tree("vm"))
            assert all(store.xml("vm", each) for each in store.tree("vm"))
        print(f"{name}: {found} events, {names}")
    except LineageError as error:
        print(f"{name}: {str(error).partition(': ')[2]}")
    assert {p.name: p.read_bytes() for p in path.parent.iterdir()} == before


def fill(path: Path, *names: str) -> Store:
    """Record snapshots of these names."""
    store = Store(path)
    for name in names:
        store.record(snapshot(name))
    return store


def in_child(do: Callable[[], None]) -> None:
    """Do something in a process that ends like this one, or is killed."""
    sys.stdout.flush()
    child = os.fork()
    if not child:
        try:
            do()
            sys.stdout.flush()
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def crash(path: Path, *names: str) -> None:
    """Record snapshots and be killed: they stay in the -wal file."""

    def dying() -> None:
        _still_open = fill(path, *names)
        os.kill(os.getpid(), signal.SIGKILL)

    in_child(dying)
    assert path.with_name(path.name + "-wal").stat().st_size


def run_mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *arguments], check=True)


def medium(room: Path) -> None:
    """A file system that nobody can write to."""
    run_mount("-t", "tmpfs", "none", room)
    clean, pending, alone = room / "clean", room / "pending", room / "alone"
    for directory in (clean, pending, alone):
        directory.mkdir()
    fill(clean / "s.lineage", "a", "b").close()
    crash(pending / "s.lineage", "a", "b")
    crash(alone / "s.lineage", "a", "b")
    (alone / "s.lineage-shm").unlink()
    run_mount("-o", "remount,ro", room)
    say("clean", clean / "s.lineage")
    say("pending", pending / "s.lineage")
    say("pending, without -shm", alone / "s.lineage")
    say("to write", clean / "s.lineage", readonly=False)
    with Store(clean / "s.lineage", readonly=True) as store:
        watched = [event.position for event in store.watch(1, timeout=0.2)]
    print("watched:", *watched)


def mount(room: Path) -> None:
    """A mount that cannot be written to, of a file system that others write to."""
    real, seen = room / "real", room / "seen"
    for directory in (real, seen):
        directory.mkdir()
    run_mount("-t", "tmpfs", "none", real)
    fill(real / "s.lineage", "a").close()
    run_mount("--bind", real, seen)
    run_mount("-o", "remount,ro,bind", seen)
    say("without a writer", seen / "s.lineage")
    writer = fill(real / "s.lineage", "b")
    in_child(lambda: say("beside a writer", seen / "s.lineage"))
    reader = Store(seen / "s.lineage", readonly=True)
    writer.record(snapshot("c"))
    print("reader follows:", *reader.tree("vm"))
    say("to write", seen / "s.lineage", readonly=False)
    reader.close()
    writer.close()


def directory(room: Path) -> None:
    """A directory that the reader may not write to, while its owner can."""
    clean, pending, alone = room / "clean", room / "pending", room / "alone"
    for each in (clean, pending, alone):
        each.mkdir()
    fill(clean / "s.lineage", "a").close()
    crash(pending / "s.lineage", "a", "b")
    crash(alone / "s.lineage", "a", "b")
    (alone / "s.lineage-shm").unlink()
    with Store(pending / "s.lineage") as store:  # brings all that the child may not read any more
        assert store.xml("vm", "a")
    crash(pending / "s.lineage", "c")
    _as_another(room, "without a writer", clean / "s.lineage")
    _as_another(room, "pending", pending / "s.lineage")
    _as_another(room, "pending, without -shm", alone / "s.lineage")
    writer = SQLiteLog(clean / "s.lineage")
    assert writer.head() == 1
    _as_another(room, "beside a writer", clean / "s.lineage")
    writer.close()


def _as_another(room: Path, name: str, path: Path) -> None:
    """Say what a user finds who may read everything and write nothing."""
    root = os.geteuid() == 0
    for each in path.parent.iterdir():
        each.chmod(0o644 if root else 0o444)
    path.parent.chmod(0o755 if root else 0o555)

    def read() -> None:
        if root:
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        say(name, path)
        say(f"{name}, to write", path, readonly=False)

    in_child(read)
    path.parent.chmod(0o755)
    for each in path.parent.iterdir():
        each.chmod(0o644)


if __name__ == "__main__":
    main()
