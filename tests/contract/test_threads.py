"""What every backend promises to several threads that share one handle."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor

from lineage.errors import Conflict
from lineage.log import Append, EventLog, NewEvent

WRITERS, APPENDS = 3, 40


def test_promise_6_readers_beside_writers_see_a_prefix_never_a_hole(log: EventLog) -> None:
    writing = threading.Event()
    writing.set()

    def write(name: str) -> None:
        for number in range(APPENDS):
            events = [NewEvent(1, 1, f"{name} {number} {part}".encode()) for part in range(3)]
            log.append([Append(name, events[:2]), Append("shared", events[2:])])

    def poll(stream: str | None) -> list[tuple[int, str, int, bytes, int]]:
        seen: list[tuple[int, str, int, bytes, int]] = []
        while True:
            last_round = not writing.is_set()
            after = seen[-1][0] if seen else 0
            events = list(log.read(after, stream=stream))
            seen += [(e.position, e.stream, e.version, e.payload, e.commit) for e in events]
            # A reader never finds half of an append at the end of the log.
            assert stream is not None or len(seen) % 3 == 0
            if last_round:
                return seen

    with ThreadPoolExecutor(WRITERS + 3) as pool:
        pollers = [pool.submit(poll, stream) for stream in (None, None, "shared")]
        for writer in [pool.submit(write, f"w{n}") for n in range(WRITERS)]:
            writer.result()
        writing.clear()
        whole, again, shared = (poller.result() for poller in pollers)

    total = WRITERS * APPENDS
    assert [row[0] for row in whole] == list(range(1, 3 * total + 1))
    assert again == whole
    assert shared == [row for row in whole if row[1] == "shared"]
    assert [row[2] for row in shared] == list(range(1, total + 1))
    assert [row[4] for row in whole] == [n for n in range(1, total + 1) for _ in range(3)]
    for name in (f"w{n}" for n in range(WRITERS)):
        wanted = [f"{name} {n} {part}".encode() for n in range(APPENDS) for part in range(2)]
        assert [row[3] for row in whole if row[1] == name] == wanted


def test_exactly_one_of_two_appends_that_expect_the_same_version_wins(log: EventLog) -> None:
    rounds = 25
    barrier = threading.Barrier(2)

    def race(name: bytes) -> list[int | None]:
        """For each round: None if this thread won, else the version the other one made."""
        outcome: list[int | None] = []
        for version in range(rounds):
            barrier.wait()
            try:
                log.append([Append("a", [NewEvent(1, 1, name)], expect=version)])
                outcome.append(None)
            except Conflict as conflict:
                outcome.append(conflict.actual)
        return outcome

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(race, (b"one", b"other"))
    for version, pair in enumerate(zip(one, other, strict=True)):
        assert sorted(pair, key=str) == [version + 1, None]
    winners = [b"one" if outcome is None else b"other" for outcome in one]
    assert [e.payload for e in log.read()] == winners


def test_one_handle_serves_bodies_to_many_threads(log: EventLog) -> None:
    texts = [f"<domain {number}/>\n".encode() * 99 for number in range(50)]
    bodies = {hashlib.sha256(text).digest(): text for text in texts}
    log.append([Append("a", [NewEvent(1, 1, b"event")])], bodies)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(log.body, list(bodies) * 4)) == list(bodies.values()) * 4
