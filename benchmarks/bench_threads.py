"""What threads gain, and from which size on a single call should let go of the GIL.

Run with ``make bench``. Two threads need two processors to themselves, which a shared machine
gives to those who ask: ``chrt -f 10 .venv/bin/python -m pytest benchmarks/bench_threads.py``.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from threading import Thread
from typing import Any, Final

import pytest

import lineage
from benchmarks.generate import documents, scramble
from benchmarks.rounds import Rival
from lineage.canon import _core

COUNT: Final = 2500
ROUNDS: Final = 31
NEVER: Final = 1 << 62


@pytest.mark.parametrize("scrambled", [False, True], ids=["canonical", "scrambled"])
def test_many(scrambled: bool, versus: Callable[..., Any]) -> None:
    """`canonicalize_many`: two threads with a half each against one thread with all."""
    inputs = list(documents(COUNT, seed=2))
    if scrambled:
        rng = random.Random(3)
        inputs = [scramble(document, rng) for document in inputs]
    halves = [inputs[: COUNT // 2], inputs[COUNT // 2 :]]
    versus(
        f"threads many {'scrambled' if scrambled else 'canonical'}",
        lambda: together(lineage.canonicalize_many, halves),
        Rival("one thread", lambda: together(lineage.canonicalize_many, [inputs]), wanted=1.7),
        items=COUNT,
        rounds=ROUNDS,
    )


@pytest.mark.parametrize("size", [4, 16, 32, 64, 256])
def test_single_calls(size: int, versus: Callable[..., Any]) -> None:
    """Two threads that call `canonicalize`, letting go of the GIL, against the same without."""
    made = [grown(document, size << 10) for document in list(documents(300, seed=2))[::5]]
    count = max(1, 4096 // (size * len(made)))
    inputs = [made * count] * 2
    before = _core.release_from(NEVER)
    try:
        versus(
            f"threads calls {size} KiB",
            lambda: together(one_by_one, inputs),
            Rival(
                "keep the GIL",
                lambda: together(one_by_one, inputs),
                wanted=None if size << 10 < before else 1.7,
                prepare=lambda: _core.release_from(NEVER),
            ),
            items=2 * len(inputs[0]),
            rounds=ROUNDS // 2,
            prepare=lambda: _core.release_from(0),
        )
    finally:
        _core.release_from(before)


def together(function: Callable[[Sequence[bytes]], object], work: list[list[bytes]]) -> None:
    """A thread for each piece of the work; done when all of them are."""
    threads = [Thread(target=function, args=(piece,)) for piece in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def one_by_one(inputs: Sequence[bytes]) -> None:
    """A call for each document."""
    for document in inputs:
        lineage.canonicalize(document)


def grown(document: bytes, size: int) -> bytes:
    """The document with its first interface so often that it takes about that many bytes."""
    found = re.search(rb"(?s)      <interface .*?</interface>\n", document)
    assert found is not None
    more = max(0, (size - len(document)) // len(found[0]))
    return document[: found.end()] + found[0] * more + document[found.end() :]
