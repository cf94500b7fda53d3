"""A backup is a store of its own: complete, private, and of one moment."""

from __future__ import annotations

import errno
import os
import pty
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

import lineage
from lineage.log import MemoryLog, SQLiteLog
from lineage.log import backup as backup_module
from tests.unit.cli_samples import run_lineage
from tests.unit.mounts import pretend
from tests.unit.store_samples import A, chain, snapshot

ROOT = Path(__file__).parents[2]
# Commits as often as it is asked to.
WRITER = """
import random, sys
import lineage
from tests.unit.mounts import pretend
from tests.unit.store_samples import snapshot
store, chance = lineage.Store(sys.argv[1]), random.Random(7)
for number, _ in enumerate(sys.stdin):
    words = chance.randbytes(500).hex()
    store.record(snapshot(f"s{number % 50}", created=number, description=words))
    print(number, flush=True)
"""


def python(*arguments: str, **more: object) -> subprocess.Popen[bytes]:
    """A Python of its own that can import what this one can."""
    paths = os.pathsep.join(filter(None, [str(ROOT), *sys.path]))
    environment = {**os.environ, "PYTHONPATH": paths}
    return subprocess.Popen([sys.executable, *arguments], env=environment, **more)  # type: ignore[call-overload,no-any-return]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[lineage.Store]:
    (tmp_path / "live").mkdir()
    with lineage.Store(tmp_path / "live" / "store") as opened:
        for document in chain("one", "two", "three", active="two"):
            opened.record(document)
        yield opened


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page at a time, so that a small store is copied in many steps."""
    monkeypatch.setattr(backup_module, "_STEP", 4096)


def events(path: Path) -> list[lineage.Event]:
    with lineage.Store(path, readonly=True) as opened:
        return list(opened.events())


def test_a_copy_holds_what_the_store_holds(store: lineage.Store, tmp_path: Path) -> None:
    store.backup(tmp_path / "copy")
    with lineage.Store(tmp_path / "copy") as copied:
        assert list(copied.events()) == list(store.events())
        assert copied.domains() == store.domains()
        for name in store.tree(A):
            assert copied.xml(A, name) == store.xml(A, name)
        copied.record(snapshot("four", "three"))
    assert "four" not in store.tree(A)


def test_commits_that_only_the_wal_file_holds_are_copied(
    store: lineage.Store, tmp_path: Path
) -> None:
    plain = (tmp_path / "live" / "store").read_bytes()
    store.backup(tmp_path / "copy")
    (tmp_path / "plain").write_bytes(plain)  # a copied file is no backup
    with lineage.Store(tmp_path / "plain") as copied:
        assert copied.head() == 0
    assert len(events(tmp_path / "copy")) == store.head() == 4


def test_a_copy_is_one_file(store: lineage.Store, tmp_path: Path) -> None:
    store.backup(tmp_path / "copy")
    assert {path.name for path in tmp_path.iterdir()} == {"copy", "live"}


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_a_copy_is_private_under_any_umask(
    store: lineage.Store, tmp_path: Path, umask: int
) -> None:
    before = os.umask(umask)
    try:
        store.backup(tmp_path / "copy")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o600


@pytest.mark.parametrize("ending", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("kind", ["file", "link"])
def test_nothing_that_is_there_is_replaced_or_adopted(
    store: lineage.Store, tmp_path: Path, ending: str, kind: str
) -> None:
    there = tmp_path / f"copy{ending}"
    if kind == "file":
        there.write_text("mine")
    else:
        there.symlink_to(tmp_path / "nowhere")
    with pytest.raises(lineage.LineageError, match=f"{there} is there already"):
        store.backup(tmp_path / "copy")
    assert {path.name for path in tmp_path.iterdir()} == {there.name, "live"}
    assert kind == "link" or there.read_text() == "mine"


@pytest.mark.usefixtures("small_steps")
def test_a_file_that_comes_meanwhile_is_not_replaced(store: lineage.Store, tmp_path: Path) -> None:
    def come(_done: int, _total: int) -> None:
        (tmp_path / "copy").write_text("mine")

    with pytest.raises(lineage.LineageError, match="is there already"):
        store.backup(tmp_path / "copy", progress=come)
    assert (tmp_path / "copy").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 2


def test_the_store_is_no_place_for_its_copy(store: lineage.Store, tmp_path: Path) -> None:
    with pytest.raises(lineage.LineageError, match="is there already"):
        store.backup(tmp_path / "live" / "store")
    assert store.head() == 4


def test_a_directory_that_is_missing_is_named(store: lineage.Store, tmp_path: Path) -> None:
    with pytest.raises(lineage.LineageError, match=r"no/where: no such directory"):
        store.backup(tmp_path / "no" / "where" / "copy")


@pytest.mark.usefixtures("small_steps")
def test_progress_ends_where_all_is_done(store: lineage.Store, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    store.backup(tmp_path / "copy", progress=lambda *step: seen.append(step))
    size = (tmp_path / "copy").stat().st_size
    assert len(seen) > 5
    assert seen == sorted(seen)
    assert {total for _, total in seen} == {size}
    assert seen[-1] == (size, size)


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("mine"), OSError("mine")])
def test_what_goes_wrong_meanwhile_leaves_nothing_and_comes_through(
    store: lineage.Store, tmp_path: Path, error: BaseException
) -> None:
    def fail(done: int, total: int) -> None:
        if done > total // 2:
            raise error

    with pytest.raises(type(error)) as caught:
        store.backup(tmp_path / "copy", progress=fail)
    assert caught.value is error
    assert [path.name for path in tmp_path.iterdir()] == ["live"]
    store.backup(tmp_path / "copy")


def test_a_copy_that_is_not_what_was_copied_does_not_appear(
    store: lineage.Store, tmp_path: Path
) -> None:
    """Somebody cuts the file while it is still under its other name."""

    def cut(_done: int, _total: int) -> None:
        (partial,) = tmp_path.glob(".lineage-*.part")
        os.truncate(partial, 8192)

    with pytest.raises(lineage.LineageError):
        store.backup(tmp_path / "copy", progress=cut)
    assert [path.name for path in tmp_path.iterdir()] == ["live"]


def test_a_failed_sync_is_an_error_and_leaves_nothing(
    store: lineage.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(lineage.LineageError, match=f"{tmp_path}/copy: .*Input/output error"):
            store.backup(tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir()] == ["live"]


def test_without_links_the_copy_is_renamed(
    store: lineage.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", refuse)
        store.backup(tmp_path / "copy")
    assert events(tmp_path / "copy") == list(store.events())


@pytest.mark.usefixtures("small_steps")
def test_a_copy_is_of_one_moment_and_keeps_no_writer_waiting(
    store: lineage.Store, tmp_path: Path
) -> None:
    """Another process commits at every step of the copy; all of that comes too late for it."""
    script, steps = (WRITER, str(tmp_path / "live" / "store")), list[int]()
    with python("-c", *script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as writer:

        def commit(done: int, _total: int) -> None:
            assert writer.stdin is not None
            assert writer.stdout is not None
            writer.stdin.write(b"\n")
            assert writer.stdout.readline()
            steps.append(done)
            assert len(steps) < 1000  # else it begins again and again

        for _ in range(100):
            commit(0, 0)
        steps.clear()
        before = store.head()
        store.backup(tmp_path / "copy", progress=commit)
        assert writer.stdin is not None
        writer.stdin.close()
    assert len(steps) >= 20
    assert steps == sorted(steps)  # it never had to begin again
    copied = events(tmp_path / "copy")
    assert len(copied) == before == store.head() - len(steps)
    assert copied == list(store.events(0))[:before]
    with lineage.Store(tmp_path / "copy", readonly=True) as opened:
        for domain in opened.domains():
            tree = opened.tree(domain.stream)
            assert all(opened.xml(domain.stream, name) for name in tree)


def test_a_process_that_is_killed_leaves_no_copy(store: lineage.Store, tmp_path: Path) -> None:
    script = """
import os, signal, sys
import lineage
from lineage.log import backup
backup._STEP = 4096
lineage.Store(sys.argv[1]).backup(
    sys.argv[2], progress=lambda done, total: done > total // 2 and os.kill(0, signal.SIGKILL)
)
"""
    paths = (str(tmp_path / "live" / "store"), str(tmp_path / "copy"))
    with python("-c", script, *paths, start_new_session=True) as process:
        assert process.wait(60) == -signal.SIGKILL
    assert not (tmp_path / "copy").exists()
    store.backup(tmp_path / "copy")


def test_a_store_opened_for_reading_can_be_copied(store: lineage.Store, tmp_path: Path) -> None:
    with lineage.Store(tmp_path / "live" / "store", readonly=True) as reader:
        reader.backup(tmp_path / "copy")
    assert events(tmp_path / "copy") == list(store.events())


def test_of_a_damaged_store_no_copy_is_made(store: lineage.Store, tmp_path: Path) -> None:
    path = tmp_path / "live" / "store"
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    os.truncate(path, path.stat().st_size - 4096)
    with pytest.raises(lineage.Damaged, match=str(path)):
        store.backup(tmp_path / "copy")
    assert [each.name for each in tmp_path.iterdir()] == ["live"]


def test_a_store_that_one_process_has_for_itself_is_copied_by_that_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "live" / "store"
    path.parent.mkdir()
    pretend(monkeypatch, path, "nfs4")
    with lineage.Store(path, allow_network=True) as store:
        for document in chain("one", "two"):
            store.record(document)
        store.backup(path.parent / "copy")
        expected = list(store.events())
        store.record(snapshot("three"))
    monkeypatch.undo()
    assert events(path.parent / "copy") == expected


def test_a_closed_store_is_not_copied(store: lineage.Store, tmp_path: Path) -> None:
    store.close()
    with pytest.raises(ValueError, match="closed"):
        store.backup(tmp_path / "copy")


def test_a_log_without_a_file_says_so(tmp_path: Path) -> None:
    store = lineage.Store.over(MemoryLog())
    with pytest.raises(lineage.LineageError, match="MemoryLog"):
        store.backup(tmp_path / "copy")
    assert issubclass(SQLiteLog, backup_module.SupportsBackup)


# lineage backup


def test_the_command_copies_and_says_how_much(store: lineage.Store, tmp_path: Path) -> None:
    where = ("--store", tmp_path / "live" / "store")
    result = run_lineage("backup", tmp_path / "copy", *where)
    size = (tmp_path / "copy").stat().st_size
    assert (result.stdout, result.stderr) == (f"{size} bytes in {tmp_path}/copy\n", "")
    assert "is there already" in run_lineage("backup", tmp_path / "copy", *where, status=4).stderr
    result = run_lineage("backup", tmp_path / "other", *where, "--json")
    assert result.stdout == f'{{"file": "{tmp_path}/other", "bytes": {size}}}\n'


def test_progress_is_shown_on_a_terminal_alone(store: lineage.Store, tmp_path: Path) -> None:
    command = ("-m", "lineage", "backup", "--store", str(tmp_path / "live" / "store"))
    with python(*command, str(tmp_path / "a"), stdout=-1, stderr=-1) as piped:
        out, error = piped.communicate(timeout=60)
    assert (out.endswith(b"/a\n"), error) == (True, b"")
    master, slave = pty.openpty()
    with python(*command, str(tmp_path / "b"), stdout=-1, stderr=slave) as watched:
        os.close(slave)
        shown = until_closed(master)
        assert watched.wait(60) == 0
    assert b"copying" in shown
    assert b"100%" in shown


def until_closed(terminal: int) -> bytes:
    shown = b""
    try:
        while data := os.read(terminal, 4096):
            shown += data
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(terminal)
    return shown


def test_a_disk_that_takes_no_more_is_named_and_left_clean(
    store: lineage.Store, tmp_path: Path
) -> None:
    script = 'ulimit -f 8; exec "$@"'
    command = (sys.executable, "-m", "lineage", "backup", "--store")
    paths = (str(tmp_path / "live" / "store"), str(tmp_path / "copy"))
    limited = ("/bin/sh", "-c", script, "sh", *command, *paths)
    result = subprocess.run(limited, capture_output=True, check=False, cwd=ROOT)
    assert result.returncode == 4
    assert result.stderr.startswith(f"lineage: {tmp_path}/copy: input or output failed".encode())
    assert [path.name for path in tmp_path.iterdir()] == ["live"]


def test_ctrl_c_leaves_nothing_behind(store: lineage.Store, tmp_path: Path) -> None:
    """The terminal's first sign of progress is when it comes."""
    script = """
import sys
from lineage.cli import main
from lineage.log import backup
copy, backup._STEP = backup._copy_pages, 4096

def slow(source, path, copied, target, progress):
    import time

    def wait(done, total):
        print(done, flush=True)
        time.sleep(0.05)

    copy(source, path, copied, target, wait)

backup._copy_pages = slow
sys.argv[0] = "lineage"
main()
"""
    command = ("backup", "--store", str(tmp_path / "live" / "store"), str(tmp_path / "copy"))
    with python("-c", script, *command, stdout=-1, stderr=-1) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (130, b"lineage: interrupted\n")
    assert [path.name for path in tmp_path.iterdir()] == ["live"]
