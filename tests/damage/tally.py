"""Flips many bits in child processes, so that a crash is a finding and not the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

from tests.damage.flips import FOUND, MISSED, NAMED, PASSED, UNSEEN, WRONG, Flip

__all__ = ["Tally", "tally"]

_ROOT: Final = Path(__file__).resolve().parents[2]
_BATCH: Final = 2000
_MEMORY: Final = Path("/dev/shm")  # stores open ten times as fast there


class Tally:
    """What came of some flips.

    Attributes:
        counts: of flips by letter, see `tests.damage.flips`.
        findings: what must not be, in words.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.findings: list[str] = []

    def __str__(self) -> str:
        counts = self.counts
        return (
            f"{counts.total()} flips: {counts[FOUND]} found on read, "
            f"{counts[NAMED]} by check only, {counts[UNSEEN]} in unused bits, "
            f"{counts[PASSED]} in bits that decompression passes over, "
            f"{counts[WRONG] + counts[MISSED]} wrong or missed"
        )

    def add(self, other: Tally) -> None:
        """Count another's flips in."""
        self.counts += other.counts
        self.findings += other.findings


def tally(good: Path, flips: Sequence[Flip], workers: int | None = None) -> Tally:
    """Flip each of these bits in turn.

    Args:
        good: a closed store, which stays as it is.
        workers: processes at a time; None: as many as there are processors.
    """
    workers = workers or os.cpu_count() or 1
    size = min(_BATCH, -(-len(flips) // workers))
    batches = [flips[start : start + size] for start in range(0, len(flips), size)]
    result = Tally()
    with ThreadPoolExecutor(workers) as pool:
        for each in pool.map(partial(_batch, good), batches):
            result.add(each)
    return result


def _batch(good: Path, flips: Sequence[Flip]) -> Tally:
    result = Tally()
    while flips:
        done = 0
        for letters in _child(good, flips, result):
            result.counts.update(letters)
            done += len(letters)
        if done < len(flips):
            result.counts[WRONG] += 1
            done += 1
        flips = flips[done:]
    return result


def _child(good: Path, flips: Sequence[Flip], result: Tally) -> Iterator[str]:
    """Let a child flip, and give its letters. If it dies, one is missing: of what killed it."""
    where = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=where) as room:
        child = subprocess.run(
            [sys.executable, "-m", "tests.damage.flips", str(good), room],
            cwd=_ROOT,
            input=json.dumps(flips).encode(),
            capture_output=True,
            check=False,
        )
    yield child.stdout.decode()
    for line in child.stderr.decode(errors="replace").splitlines():
        result.findings.append(line)
    if child.returncode:
        done = len(child.stdout)
        assert done < len(flips), child.stderr.decode(errors="replace")
        number = -child.returncode
        what = signal.Signals(number).name if number > 0 else f"exit {child.returncode}"
        result.findings.append(f"{list(flips[done])}: the process ended: {what}")
