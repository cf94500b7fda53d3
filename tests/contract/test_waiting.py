"""What every backend promises to those who wait for it to grow."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lineage.log import Append, EventLog, NewEvent

EVENT = NewEvent(1, 1, b"payload")
LONG = 30.0  # what would be waited if nothing ended it
SOON = 10.0  # by when it must have ended, on a busy machine


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def until_grown(log: EventLog, head: int) -> None:
    """Wait in the way that is meant: look, wait, look again."""
    waiter = log.waiter()
    while log.head() == head:
        waiter.wait(LONG)
    waiter.close()


def test_an_append_ends_the_wait_of_all_who_wait(log: EventLog) -> None:
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(until_grown, log, 0) for _ in range(4)]
        time.sleep(0.05)
        log.append([Append("a", [EVENT])])
        for each in waiting:
            each.result(SOON)


def test_an_append_between_look_and_wait_is_not_missed(log: EventLog) -> None:
    waiter = log.waiter()
    for head in range(20):
        assert log.head() == head
        log.append([Append("a", [EVENT])])
        began = time.monotonic()
        waiter.wait(LONG)
        assert time.monotonic() - began < SOON
    waiter.close()


@pytest.mark.parametrize("timeout", [0.0, 0.03, 0.2])
def test_a_wait_is_over_when_its_time_is(log: EventLog, timeout: float) -> None:
    waiter = log.waiter()
    began = time.monotonic()
    while time.monotonic() < began + timeout:
        waiter.wait(began + timeout - time.monotonic())
    waiter.wait(0)
    assert timeout <= time.monotonic() - began < timeout + SOON
    assert not waiter.closed
    waiter.close()


@pytest.mark.parametrize("what", ["waiter", "log"])
def test_closing_ends_a_wait_in_another_thread(log: EventLog, what: str) -> None:
    waiter = log.waiter()

    def wait() -> None:
        while not waiter.closed:
            waiter.wait(None)

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.05)
    (waiter if what == "waiter" else log).close()
    thread.join(SOON)
    assert not thread.is_alive()
    assert waiter.closed
    waiter.wait(None)  # and every later one
    waiter.close()


def test_closing_one_who_waits_leaves_the_others_waiting(log: EventLog) -> None:
    one, other = log.waiter(), log.waiter()
    one.close()
    assert one.closed
    assert not other.closed
    log.append([Append("a", [EVENT])])
    other.wait(LONG)
    other.close()


def test_who_waited_leaves_no_descriptor_open(log: EventLog) -> None:
    log.waiter().close()
    before = descriptors()
    for _ in range(50):
        waiter = log.waiter()
        waiter.wait(0)
        waiter.close()
        waiter.close()
    forgotten = [log.waiter() for _ in range(5)]
    assert descriptors() > before
    log.close()
    assert all(waiter.closed for waiter in forgotten)
    assert descriptors() <= before


def test_a_closed_log_cannot_be_waited_for(log: EventLog) -> None:
    log.close()
    with pytest.raises(ValueError, match="closed"):
        log.waiter()
