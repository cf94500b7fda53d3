"""kill -9 in a loop: a process writes, is killed at any moment, and the next one goes on."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from lineage.log import SQLiteLog
from tests.crash.history import History, integrity
from tests.crash.writer import grown

__all__ = ["kill_round"]

ROOT: Final = Path(__file__).resolve().parents[2]


def kill_round(path: Path, history: History, seed: int) -> int:
    """Let a child append to the store and kill it; return how many appends are there then.

    The history is that of the store before, and grows with it.

    Raises:
        AssertionError: an acknowledged append is missing, or the store is not whole.
    """
    rng = random.Random(seed)
    before = len(history.ends) - 1
    acknowledged = _write_and_die(path, rng.randint(1, 12), rng.choice((0, 0.0005, 0.002, 0.01)))
    assert acknowledged > before
    grown(history, acknowledged + 1)
    log = SQLiteLog(path, create=False)
    try:
        findings = [*history.findings(log, acknowledged), *integrity(log)]
        assert not findings, f"seed {seed}, {acknowledged} acknowledged: {findings}"
        history.cut(log.head())
    finally:
        log.close()
    return len(history.ends) - 1


def _write_and_die(path: Path, appends: int, pause: float) -> int:
    """Wait for so many acknowledgements and so many seconds, kill; return the last one."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.crash.writer", path],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert child.stdout is not None
    last = b""
    for _ in range(appends):
        last = child.stdout.readline()
    time.sleep(pause)
    child.kill()
    rest = child.stdout.read()  # with what is buffered, which communicate() would pass over
    child.stdout.close()
    child.wait()
    lines = rest.split(b"\n")[:-1]
    return int(lines[-1] if lines else last)
