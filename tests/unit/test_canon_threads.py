"""Threads: who holds the GIL, and that nobody gets another's answer."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

import lineage
from benchmarks.generate import documents
from lineage.canon import _core

CALLS = {
    "canonicalize": lineage.canonicalize,
    "parse": lineage.parse,
    "split": _core.split,
}
PATIENCE = 2000  # calls in which another thread must have had a turn


class Waiter:
    """A thread that takes the GIL as soon as anyone lets go of it, and counts its turns."""

    def __init__(self) -> None:
        self.turns = 0
        self.ended = False

    def run(self) -> None:
        while not self.ended:
            self.turns += 1
            time.sleep(0)  # gives the GIL back


@contextmanager
def waiter() -> Iterator[Waiter]:
    """A waiting thread; nobody is asked to let go of the GIL meanwhile."""
    interval = sys.getswitchinterval()
    other = Waiter()
    thread = threading.Thread(target=other.run)
    sys.setswitchinterval(1000)
    thread.start()
    try:
        yield other
    finally:
        other.ended = True
        sys.setswitchinterval(interval)
        thread.join()


@pytest.fixture
def threshold() -> int:
    """Bytes from which on a call lets go of the GIL."""
    size = _core.release_from(0)
    _core.release_from(size)
    return size


def sized(size: int) -> bytes:
    """A snapshot document of exactly that many bytes."""
    start = b"<domainsnapshot><name>s</name><state>running</state><creationTime>1</creationTime>"
    end = b"<description></description></domainsnapshot>"
    return start + end.replace(b"><", b">" + b"x" * (size - len(start) - len(end)) + b"<", 1)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_short_document_keeps_the_gil(call: Callable[[bytes], object], threshold: int) -> None:
    document = sized(threshold - 1)
    assert len(document) == threshold - 1
    with waiter() as other:
        before = other.turns
        for _ in range(PATIENCE // 10):
            call(document)
        assert other.turns == before


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_long_document_lets_go_of_the_gil(
    call: Callable[[bytes], object], threshold: int
) -> None:
    document = sized(threshold)
    with waiter() as other:
        before = other.turns
        for _ in range(PATIENCE):
            call(document)
            if other.turns > before:
                break
        assert other.turns > before


def test_many_documents_let_go_of_the_gil() -> None:
    short = list(documents(100, seed=21))
    with waiter() as other:
        before = other.turns
        for _ in range(PATIENCE):
            lineage.canonicalize_many(short)
            if other.turns > before:
                break
        assert other.turns > before


def test_both_sides_of_the_threshold_give_the_same(threshold: int) -> None:
    for size in (threshold - 1, threshold, threshold + 1):
        kept = _answers(sized(size), 1 << 40)
        assert _answers(sized(size), 0) == kept


def _answers(document: bytes, release: int) -> list[object]:
    before = _core.release_from(release)
    try:
        parts = _core.split(document)
        answers = [lineage.canonicalize(document), lineage.parse(document), parts.xml, parts.head]
        with pytest.raises(lineage.XMLError) as caught:
            lineage.canonicalize(document[:-1])
    finally:
        _core.release_from(before)
    return [*answers, caught.value.code, caught.value.offset]


def test_threads_get_the_answers_to_their_own_documents() -> None:
    printed = list(documents(400, seed=22))
    before = _core.release_from(0)  # every call of every kind changes hands
    try:
        with ThreadPoolExecutor(8) as pool:
            canonical = pool.map(lineage.canonicalize, printed)
            records = pool.map(lineage.parse, printed)
            batches = pool.map(lineage.canonicalize_many, [printed[n::8] for n in range(8)])
            assert list(canonical) == printed
            assert list(pool.map(lineage.format, records)) == printed
            assert list(batches) == [printed[n::8] for n in range(8)]
    finally:
        _core.release_from(before)
