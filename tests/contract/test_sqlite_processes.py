"""SQLite only: several processes, forks, and processes that are killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lineage.log import SQLiteLog

PRELUDE = """
import os, signal, sys
from lineage.errors import Conflict, Forked
from lineage.log import Append, NewEvent, SQLiteLog, opening
path = sys.argv[1]
def event(text): return NewEvent(1, 1, str(text).encode())
"""


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    """Run a script that has the names of PRELUDE in a Python of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


def finish(process: subprocess.Popen[str]) -> list[str]:
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return output.split()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s.lineage"


APPENDER = """
name, log = sys.argv[2], SQLiteLog(path)
for number in range(60):
    while True:
        version = log.version("shared")
        try:
            log.append([Append(name, [event(number)]), Append("shared", [event(name)], version)])
            break
        except Conflict as conflict:
            assert conflict.actual > version
log.close()
"""


def test_processes_that_append_at_once_lose_and_repeat_nothing(path: Path) -> None:
    for process in [start(APPENDER, path, name) for name in "xyz"]:
        finish(process)
    log = SQLiteLog(path, create=False)
    assert [e.position for e in log.read()] == list(range(1, 361))
    for name in "xyz":
        assert [e.payload for e in log.read(stream=name)] == [b"%d" % n for n in range(60)]
    names = [e.payload.decode() for e in log.read(stream="shared")]
    assert sorted(names) == ["x"] * 60 + ["y"] * 60 + ["z"] * 60
    log.close()


CREATOR = """
print("ready", flush=True)
sys.stdin.readline()
for number in range(25):
    log = SQLiteLog(f"{path}{number}")
    log.append([Append("a", [event("x")])])
    log.close()
"""


def test_processes_that_create_a_store_at_once_all_get_a_good_one(path: Path) -> None:
    processes = [start(CREATOR, path) for _ in range(3)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        finish(process)
    for number in range(25):
        log = SQLiteLog(f"{path}{number}", create=False)
        assert [e.version for e in log.read()] == [1, 2, 3]
        log.close()


WRITER = """
log = SQLiteLog(path)
first = log.head() + 1
for number in range(first, 100000):
    assert log.append([Append("a", [event(number)], number - 1)]) == number
    print(number, flush=True)
"""


def test_a_killed_writer_loses_no_append_that_returned(path: Path) -> None:
    acknowledged = 0
    for count in (1, 7, 19, 40):
        process = start(WRITER, path)
        assert process.stdout is not None
        for _ in range(count):
            acknowledged = int(process.stdout.readline())
        process.kill()
        rest = process.stdout.read().split("\n")[:-1]  # communicate() passes over what is buffered
        process.communicate(timeout=60)
        acknowledged = int(rest[-1]) if rest else acknowledged
        log = SQLiteLog(path, create=False)
        payloads = [e.payload for e in log.read()]
        assert len(payloads) in (acknowledged, acknowledged + 1)
        assert payloads == [b"%d" % number for number in range(1, len(payloads) + 1)]
        acknowledged = len(payloads)
        log.close()


# Each child dies at another line of opening.py; the parent then opens what it left.
DYING_CREATOR = """
import glob
for line in range(10000):
    child = os.fork()
    if not child:
        left = [line]
        def trace(frame, kind, _):
            if frame.f_code.co_filename != opening.__file__:
                return None
            if kind == "line":
                left[0] -= 1
                if left[0] < 0:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace
        sys.settrace(trace)
        SQLiteLog(path)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    log = SQLiteLog(path)
    log.append([Append("a", [event("x")])])
    assert [e.position for e in log.read()] == [1]
    log.close()
    for left in glob.glob(path + "*"):
        os.unlink(left)
    if status == 0:
        break
print(line)
"""


def test_a_creation_killed_anywhere_leaves_no_store_or_a_good_one(path: Path) -> None:
    (deaths,) = finish(start(DYING_CREATOR, path))
    assert int(deaths) > 50


FORKING = """
log = SQLiteLog(path)
log.append([Append("a", [event(1), event(2)])])
running = log.read()
next(running)
child = os.fork()
if not child:
    calls = [lambda: log.append([]), log.read, log.head, log.streams, lambda: log.version("a")]
    calls += [lambda: log.has_body(bytes(32)), lambda: log.body(bytes(32))]
    for call in calls:
        try:
            call()
        except Forked:
            print("forked", flush=True)
    if sys.argv[2] == "close":
        log.close()
        log.close()
        own = SQLiteLog(path)
        own.append([Append("a", [event(3)], 2)])
        own.close()
    sys.exit()
os.waitpid(child, 0)
log.append([Append("a", [event(4)])])
print(*(e.payload.decode() for e in SQLiteLog(path, readonly=True).read()))
log.close()
"""


@pytest.mark.parametrize(("child", "events"), [("close", "1 2 3 4"), ("forget", "1 2 4")])
def test_a_forked_child_is_refused_and_does_no_harm(path: Path, child: str, events: str) -> None:
    assert finish(start(FORKING, path, child)) == ["forked"] * 7 + events.split()
    log = SQLiteLog(path, create=False)
    assert b" ".join(e.payload for e in log.read()).decode() == events
    log.close()


# The child outlives its parent's handle; another process then dies with commits in the -wal.
LATE_CHILD = """
log = SQLiteLog(path)
log.append([Append("a", [event(1)])])
ours, theirs = os.pipe()
child = os.fork()
if not child:
    os.close(theirs)
    os.read(ours, 1)
    log.close()
    sys.exit()
log.close()
crashing = os.fork()
if not crashing:
    other = SQLiteLog(path)
    other.append([Append("a", [event(2)])])
    os.kill(os.getpid(), signal.SIGKILL)
os.waitpid(crashing, 0)
assert os.path.getsize(path + "-wal")
os.close(theirs)
os.waitpid(child, 0)
print(*(e.payload.decode() for e in SQLiteLog(path).read()))
"""


def test_a_child_that_closes_late_takes_no_commit_with_it(path: Path) -> None:
    assert finish(start(LATE_CHILD, path)) == ["1", "2"]


# A thread is inside a transaction while another one forks; the child ends like any program.
FORK_DURING_APPEND = """
import threading
class Slow(list):
    def __iter__(self):
        yield from list.__iter__(self)
        inside.set()
        forked.wait()
inside, forked = threading.Event(), threading.Event()
log = SQLiteLog(path)
batch = Slow([Append("a", [event(n) for n in range(20000)])])
thread = threading.Thread(target=log.append, args=(batch,))
thread.start()
inside.wait()
child = os.fork()
if not child:
    log.close()
    sys.exit()
os.waitpid(child, 0)
forked.set()
thread.join()
print(log.append([Append("a", [event("last")])]))
log.close()
"""


def test_a_fork_in_the_middle_of_an_append_does_no_harm(path: Path) -> None:
    assert finish(start(FORK_DURING_APPEND, path)) == ["20001"]
    log = SQLiteLog(path, create=False)
    assert [e.payload for e in log.read()] == [*(b"%d" % n for n in range(20000)), b"last"]
    log.close()
