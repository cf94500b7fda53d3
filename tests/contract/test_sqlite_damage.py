"""SQLite only: what is damaged at rest is found when read, and named."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard

from lineage.errors import Damaged
from lineage.log import Append, NewEvent, SQLiteLog
from lineage.log.bodies import MAX_BODY, RAW, ZSTD, cut, pack, packs, unpack

TEXT = b"<domain type='kvm'>\n" * 200
DIGEST = hashlib.sha256(TEXT).digest()
LOOSE = ("DROP TRIGGER events_no_delete", "DROP TRIGGER events_no_update")


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SQLiteLog]:
    made = SQLiteLog(tmp_path / "s.lineage")
    yield made
    made.close()


def tamper(log: SQLiteLog, *statements: str) -> None:
    connection = log._connection
    assert connection is not None
    connection.pragma("foreign_keys", "off")
    for statement in statements:
        connection.execute(statement)


def test_bodies_are_stored_once_and_packed_together(log: SQLiteLog) -> None:
    bodies = {hashlib.sha256(body).digest(): body for body in (TEXT, TEXT + b"more", b"x")}
    for _ in range(3):
        log.append([Append("a", [NewEvent(1, 1, b"event")])], bodies)
    assert log._connection is not None
    assert log._connection.execute("SELECT count(*) FROM bodies").fetchall() == [(3,)]
    query = "SELECT encoding, length, length(data) < 100 FROM packs"
    assert log._connection.execute(query).fetchall() == [(ZSTD, 2 * len(TEXT) + 5, 1)]
    assert {digest: log.body(digest) for digest in bodies} == bodies


def test_what_does_not_compress_is_stored_as_it_is(log: SQLiteLog) -> None:
    noise = os.urandom(500)
    log.append([Append("a", [NewEvent(1, 1, b"")])], {hashlib.sha256(noise).digest(): noise})
    assert log._connection is not None
    query = "SELECT encoding, length, data FROM packs"
    assert log._connection.execute(query).fetchall() == [(RAW, 500, noise)]


def read(encoding: int, length: int, data: bytes) -> bytes:
    """TEXT out of a pack that holds nothing else."""
    return cut(DIGEST, unpack(DIGEST, encoding, length, data), 0, len(TEXT))


@pytest.mark.parametrize("body", [b"", b"x", TEXT, bytes(1 << 20), os.urandom(2000)])
def test_packing_is_undone_by_unpacking(body: bytes) -> None:
    assert unpack(hashlib.sha256(body).digest(), *pack(body)) == body


def test_every_flipped_bit_of_a_packed_body_is_found() -> None:
    encoding, length, data = pack(TEXT)
    reasons = []
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            # Bits that Zstandard does not use may go unseen; the body is right all the same.
            assert read(encoding, length, bytes(flipped)) == TEXT
        except Damaged as error:
            reasons.append(str(error))
    assert len(reasons) > 7 * len(data)
    assert all(DIGEST.hex() in reason for reason in reasons)
    with pytest.raises(Damaged, match="decompressed"):
        unpack(DIGEST, encoding, length, data[:-1])


@pytest.mark.parametrize(
    ("encoding", "length", "data", "reason"),
    [
        (ZSTD, MAX_BODY + 1, b"", "impossible length"),
        (ZSTD, -1, b"", "impossible length"),
        (ZSTD, len(TEXT), b"no frame", "decompressed"),
        (ZSTD, len(TEXT), pack(TEXT)[2] + b"more", "decompressed"),
        (ZSTD, len(TEXT), pack(TEXT + b"more")[2], "decompressed"),
        (ZSTD, 9, zstandard.compress(bytes(1 << 26)), "decompressed"),
        (RAW, len(TEXT), TEXT[:-1], "another digest"),
        (2, len(TEXT), TEXT, "unknown encoding 2"),
    ],
)
def test_what_is_not_a_packed_body_is_damaged(
    encoding: int, length: int, data: bytes, reason: str
) -> None:
    with pytest.raises(Damaged, match=reason):
        read(encoding, length, data)


def test_a_body_whose_pack_is_gone_is_damaged(log: SQLiteLog) -> None:
    log.append([Append("a", [NewEvent(1, 1, b"event")])], {DIGEST: TEXT})
    tamper(log, "DROP TRIGGER packs_no_delete", "DELETE FROM packs")
    with pytest.raises(Damaged, match=f"body {DIGEST.hex()} is in a pack that is missing"):
        log.body(DIGEST)


@pytest.mark.parametrize(("start", "length"), [(1, 10), (-1, 10), (0, -1), (0, 11), (9, 1)])
def test_a_wrong_place_in_a_pack_is_damaged(start: int, length: int) -> None:
    with pytest.raises(Damaged, match="another digest"):
        cut(hashlib.sha256(b"0123456789").digest(), b"0123456789", start, length)


def test_a_body_that_no_document_can_have_is_refused() -> None:
    class Long(bytes):
        def __len__(self) -> int:
            return MAX_BODY + 1

    with pytest.raises(ValueError, match="at most"):
        list(packs([(DIGEST, Long())]))


@pytest.mark.parametrize("position", [1, 700, 1000, 1001, 2500])
def test_a_missing_event_is_found_when_the_log_is_read(log: SQLiteLog, position: int) -> None:
    log.append([Append("a", [NewEvent(1, 1, b"event")] * 2499), Append("b", [NewEvent(1, 1, b"")])])
    tamper(log, *LOOSE, f"DELETE FROM events WHERE position = {position}")
    if position < 2500:  # the last one leaves no gap: what remains is a shorter log
        with pytest.raises(Damaged, match="missing"):
            list(log.read())
        with pytest.raises(Damaged, match="missing"):
            list(log.read(stream="a"))
    assert log.head() == (2500 if position < 2500 else 2499)


def test_an_event_of_a_stream_that_is_gone_is_damaged(log: SQLiteLog) -> None:
    log.append([Append("a", [NewEvent(1, 1, b"event")])])
    tamper(log, *LOOSE, "UPDATE events SET stream = 5")
    with pytest.raises(Damaged, match="stream is missing"):
        list(log.read())


def test_a_page_of_rubbish_is_damaged_and_the_file_named(tmp_path: Path) -> None:
    path = tmp_path / "s.lineage"
    log = SQLiteLog(path)
    log.append([Append("a", [NewEvent(1, 1, b"event" * 50)] * 200)])
    log.close()
    content = path.read_bytes()
    half = len(content) // 2 // 4096 * 4096
    path.write_bytes(content[:half] + os.urandom(len(content) - half))
    log = SQLiteLog(path)
    with pytest.raises(Damaged, match=r"s\.lineage"):
        list(log.read())
    log.close()
