"""What every backend promises of bodies."""

from __future__ import annotations

import hashlib
import os
import random

import pytest

from lineage.errors import Damaged, NotFound
from lineage.log import Append, EventLog, NewEvent

ONE = [Append("a", [NewEvent(1, 1, b"event")])]


def keyed(*bodies: bytes) -> dict[bytes, bytes]:
    return {hashlib.sha256(body).digest(): body for body in bodies}


def test_bodies_come_back_byte_for_byte(log: EventLog) -> None:
    bodies = keyed(b"", b"x", b"<domain/>\n" * 5000, os.urandom(4000), bytes(100_000))
    log.append(ONE, bodies)
    for digest, body in bodies.items():
        assert log.has_body(digest)
        assert log.body(digest) == body


def test_many_bodies_come_back_in_any_order(log: EventLog) -> None:
    bodies = keyed(*(f"<domain {n}/>\n".encode() * n for n in range(300)))
    log.append(ONE, bodies)
    for digest in random.Random(1).sample(list(bodies), k=len(bodies)):
        assert log.body(digest) == bodies[digest]


def test_a_body_that_is_stored_already_is_harmless(log: EventLog) -> None:
    (digest,) = bodies = keyed(b"body")
    log.append(ONE, bodies)
    log.append(ONE, {digest: b"body", **keyed(b"other")})
    assert log.body(digest) == b"body"
    assert log.head() == 2


def test_a_body_that_is_not_stored_is_not_found(log: EventLog) -> None:
    for digest in (hashlib.sha256(b"nowhere").digest(), b"", b"short"):
        assert not log.has_body(digest)
        with pytest.raises(NotFound):
            log.body(digest)


def test_a_body_under_the_wrong_digest_is_damaged_when_read(log: EventLog) -> None:
    log.append(ONE, {bytes(32): b"secret-canary"})
    with pytest.raises(Damaged) as caught:
        log.body(bytes(32))
    assert bytes(32).hex() in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33), b"ab" * 32])
def test_a_key_that_is_no_digest_is_refused_and_nothing_written(log: EventLog, key: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        log.append(ONE, {**keyed(b"good"), key: b"body"})
    assert log.head() == 0
    assert not any(log.has_body(digest) for digest in keyed(b"good"))


def test_a_body_need_not_be_named_by_an_event(log: EventLog) -> None:
    (digest,) = bodies = keyed(b"orphan")
    log.append(ONE, bodies)
    assert log.body(digest) == b"orphan"
