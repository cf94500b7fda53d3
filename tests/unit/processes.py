"""Scripts run in processes of their own, on a store that the test has too."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

__all__ = ["finish", "go", "start"]

_ROOT: Final = str(Path(__file__).parents[2])
_PRELUDE: Final = """
import os, sys, time
from lineage import Store
from lineage.errors import Conflict, Forked
from tests.unit.store_samples import A, B, body, snapshot
path = sys.argv[1]
"""


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    """Run a script that has `path`, the first argument, and what it needs to record snapshots."""
    return subprocess.Popen(
        [sys.executable, "-c", _PRELUDE + script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([_ROOT, *filter(None, sys.path)])},
    )


def go(*processes: subprocess.Popen[str]) -> None:
    """Let processes that printed a line, and then read one, go on together."""
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()


def finish(process: subprocess.Popen[str]) -> str:
    """What it prints until its end, which must be a good one."""
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return output
