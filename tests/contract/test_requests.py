"""What every backend promises of requests under a key."""

from __future__ import annotations

import pytest

from lineage.errors import Conflict
from lineage.log import ANY, Append, EventLog, NewEvent
from lineage.log.base import Receipt, Request

CALL, OTHER = bytes(range(32)), bytes(32)


def entry(stream: str, *payloads: bytes, expect: int = ANY) -> Append:
    return Append(stream, [NewEvent(1, 1, payload) for payload in payloads], expect)


def payloads(log: EventLog) -> list[bytes]:
    return [event.payload for event in log.read()]


def test_what_was_appended_under_a_key_is_remembered_with_where_it_ended(log: EventLog) -> None:
    assert log.receipt("k") is None
    log.append([entry("a", b"1"), entry("b", b"2")])
    assert log.append([entry("a", b"3", b"4")], request=Request("k", CALL)) == 4
    assert log.receipt("k") == Receipt(CALL, position=4, version=3)
    log.append([entry("a", b"5")])
    assert log.receipt("k") == Receipt(CALL, position=4, version=3)


@pytest.mark.parametrize("call", [CALL, OTHER], ids=["same call", "other call"])
def test_a_key_is_good_for_one_append(log: EventLog, call: bytes) -> None:
    log.append([entry("a", b"1")], request=Request("k", CALL))
    with pytest.raises(Conflict):
        log.append([entry("a", b"2")], {bytes(32): b"body"}, request=Request("k", call))
    with pytest.raises(Conflict):
        log.append([], request=Request("k", call))
    assert payloads(log) == [b"1"]
    assert not log.has_body(bytes(32))
    assert log.receipt("k") == Receipt(CALL, 1, 1)


def test_a_request_that_appends_nothing_is_remembered_with_the_answer_it_brings(
    log: EventLog,
) -> None:
    log.append([entry("a", b"1"), entry("b", b"2")])
    assert log.append([], request=Request("none", CALL)) == 2
    assert log.append([entry("a", expect=1)], request=Request("empty", CALL, 1, 1)) == 2
    assert log.receipt("none") == Receipt(CALL, 0, 0)
    assert log.receipt("empty") == Receipt(CALL, 1, 1)
    assert payloads(log) == [b"1", b"2"]


def test_a_refused_append_leaves_its_key_unused(log: EventLog) -> None:
    log.append([entry("a", b"1")])
    for batch in ([entry("a", b"2", expect=0)], [entry("a", expect=7)]):
        with pytest.raises(Conflict):
            log.append(batch, request=Request("k", CALL))
    assert log.receipt("k") is None
    log.append([entry("a", b"3", expect=1)], request=Request("k", OTHER))
    assert log.receipt("k") == Receipt(OTHER, 2, 2)


def test_keys_are_told_apart_to_the_byte(log: EventLog) -> None:
    keys = ["k", "K", "k ", "\u00e9", "e\u0301", "k\x01", "k" * 255]
    for number, key in enumerate(keys, 1):
        log.append([entry("a", key.encode())], request=Request(key, bytes([number]) * 32))
    for number, key in enumerate(keys, 1):
        assert log.receipt(key) == Receipt(bytes([number]) * 32, number, number)
    assert log.receipt("") is None


def test_a_closed_log_tells_of_no_key(log: EventLog) -> None:
    log.append([entry("a", b"1")], request=Request("k", CALL))
    log.close()
    with pytest.raises(ValueError, match="closed"):
        log.receipt("k")
