"""SQLite only: what is damaged at rest is found when read, and named."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard

from lineage.errors import Damaged
from lineage.log import Append, NewEvent, SQLiteLog
from lineage.log.bodies import MAX_BODY, Key, member, packs, verified, whole
from lineage.log.body_tables import BodyWriter
from lineage.log.frames import BODIES, DICTIONARIES, RAW, ZSTD, compress, expand

LINES = [f"    <disk number='{n}' source='/images/{n * n}.qcow2'/>\n".encode() for n in range(90)]
TEXT = b"".join(LINES)
LIKE = b"".join([*LINES[:40], b"    <disk number='new'/>\n", *LINES[41:]])
DIGEST = hashlib.sha256(TEXT).digest()
LOOSE = ("DROP TRIGGER events_no_delete", "DROP TRIGGER events_no_update")
LOOSE_PACKS = ("DROP TRIGGER packs_no_delete", "DROP TRIGGER packs_no_update")


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


def rows(log: SQLiteLog, query: str) -> list[tuple[object, ...]]:
    assert log._connection is not None
    return log._connection.execute(query).fetchall()


def keyed(*bodies: bytes) -> dict[bytes, bytes]:
    return {hashlib.sha256(body).digest(): body for body in bodies}


def record(log: SQLiteLog, *bodies: bytes, stream: str = "a") -> list[bytes]:
    """Append an event that names the bodies, and give their digests."""
    given = keyed(*bodies)
    event = NewEvent(1, 1, b"names " + b" ".join(given), bodies=tuple(given))
    log.append([Append(stream, [event])], given)
    return list(given)


def test_bodies_are_stored_once_and_what_is_alike_as_deltas(log: SQLiteLog) -> None:
    for _ in range(3):
        digests = record(log, TEXT, LIKE, TEXT + b"more")
    assert rows(log, "SELECT count(*) FROM bodies") == [(3,)]
    query = "SELECT id, stream, base, length(data) < 100 FROM packs ORDER BY id"
    assert rows(log, query) == [(1, 1, None, 0), (2, 1, 1, 1)]
    assert [log.body(digest) for digest in digests] == [TEXT, LIKE, TEXT + b"more"]


def test_a_later_append_of_another_handle_finds_the_key_body(log: SQLiteLog) -> None:
    record(log, TEXT)
    other = SQLiteLog(log._path)
    (digest,) = record(other, LIKE)
    assert rows(other, "SELECT base FROM packs ORDER BY id") == [(None,), (1,)]
    assert other.body(digest) == log.body(digest) == LIKE
    other.close()


def test_a_delta_is_never_of_another_delta(log: SQLiteLog) -> None:
    body = TEXT
    for number in range(60):  # each like the one before, the last one unlike the first
        body = body.replace(LINES[number], f"    <other is='{number**5}'/>\n".encode())
        record(log, body)
    chained = "SELECT count(*) FROM packs AS p JOIN packs AS q ON p.base = q.id WHERE q.base"
    assert rows(log, chained) == [(0,)]
    keys, deltas = rows(log, "SELECT sum(base IS NULL), sum(base IS NOT NULL) FROM packs")[0]
    assert isinstance(keys, int)
    assert isinstance(deltas, int)
    assert 1 < keys < 10 < 50 <= deltas
    assert log.body(hashlib.sha256(body).digest()) == body


def test_bodies_of_different_streams_are_not_told_by_each_other(log: SQLiteLog) -> None:
    record(log, TEXT, stream="a")
    record(log, LIKE, stream="b")
    assert rows(log, "SELECT stream, base FROM packs ORDER BY id") == [(1, None), (2, None)]


def test_what_does_not_compress_is_stored_as_it_is(log: SQLiteLog) -> None:
    noise = os.urandom(500)
    record(log, noise)
    assert rows(log, "SELECT encoding, data FROM packs") == [(RAW, noise)]


@pytest.mark.parametrize("dictionary", DICTIONARIES)
@pytest.mark.parametrize("content", [b"", b"x", TEXT, bytes(1 << 20), os.urandom(2000)])
def test_compressing_is_undone_by_expanding(content: bytes, dictionary: int) -> None:
    assert expand(*compress(content, dictionary), len(content), "it") == content


def test_every_flipped_bit_of_a_stored_body_is_found(log: SQLiteLog) -> None:
    digests = record(log, TEXT, LIKE)
    (key, deltas) = rows(log, "SELECT encoding, data FROM packs ORDER BY id")

    def read(which: int, data: bytes) -> bytes:
        name = f"body {digests[which].hex()}"
        if which == 0:
            return verified(digests[0], whole(ZSTD, data, name))
        return verified(digests[1], member(int(str(deltas[0])), data, 0, TEXT, name))

    for which, row in enumerate((key, deltas)):
        data = row[1]
        assert isinstance(data, bytes)
        found: list[str] = []
        for bit in range(8 * len(data)):
            flipped = bytearray(data)
            flipped[bit // 8] ^= 1 << bit % 8
            try:
                # Bits that Zstandard does not use may go unseen; the body is right all the same.
                assert read(which, bytes(flipped)) == (TEXT, LIKE)[which]
            except Damaged as error:
                found.append(str(error))
        assert all(digests[which].hex() in reason for reason in found)
        assert len(found) > 7 * len(data)
        with pytest.raises(Damaged):
            read(which, data[:-1])


@pytest.mark.parametrize(
    ("encoding", "data", "reason"),
    [
        (ZSTD, b"", "decompressed"),
        (ZSTD, b"no frame", "decompressed"),
        (ZSTD, compress(TEXT, BODIES)[1] + b"more", "decompressed"),
        (ZSTD, compress(TEXT + b"more", BODIES)[1], "decompressed"),
        (ZSTD, zstandard.compress(bytes(1 << 26)), "decompressed"),
        (ZSTD, zstandard.ZstdCompressor(write_content_size=False).compress(TEXT), "decompressed"),
        (RAW, TEXT + b"more", "impossible length"),
        (2, TEXT, "unknown encoding 2"),
    ],
)
def test_what_cannot_have_been_stored_is_damaged(encoding: int, data: bytes, reason: str) -> None:
    with pytest.raises(Damaged, match=reason):
        expand(encoding, data, len(TEXT), "it")


@pytest.mark.parametrize("data", ["text", 7, 1.5, None])
def test_what_is_no_longer_made_of_bytes_is_damaged(data: Any) -> None:
    with pytest.raises(Damaged, match="no longer made of bytes"):
        expand(RAW, data, len(TEXT), "it")


def test_a_dictionary_that_this_release_lacks_is_named() -> None:
    samples = [b"sample %d of what no release of this ever had" % n for n in range(2000)]
    dictionary = zstandard.train_dictionary(1024, samples, dict_id=49_999)
    data = zstandard.ZstdCompressor(dict_data=dictionary).compress(TEXT)
    with pytest.raises(Damaged, match="it needs dictionary 49999, which this release"):
        expand(ZSTD, data, len(TEXT), "it")


def test_a_frame_without_a_dictionary_can_be_read() -> None:
    assert expand(ZSTD, zstandard.compress(TEXT), len(TEXT), "it") == TEXT


def delta_pack(*deltas: bytes) -> bytes:
    return b"".join(len(delta).to_bytes(2, "little") + delta for delta in deltas)


@pytest.mark.parametrize(
    ("content", "index", "reason"),
    [
        (delta_pack(b""), 1, "not in its pack"),
        (delta_pack(b"", b"")[:-1], 1, "not in its pack"),
        (b"", 0, "not in its pack"),
        (b"\xff\xff", 0, "not in its pack"),
        (delta_pack(b""), -1, "in no pack"),
        (delta_pack(b""), 64, "in no pack"),
        (delta_pack(b"\x01"), 0, "no delta of its base"),
        (delta_pack(b"\x05\x00\x00"), 0, "no delta of its base"),
    ],
)
def test_what_is_no_member_of_a_pack_is_damaged(content: bytes, index: int, reason: str) -> None:
    assert member(RAW, delta_pack(b"", b"\x00\x01x\x00"), 1, b"base", "it") == b"xbase"
    with pytest.raises(Damaged, match=reason):
        member(RAW, content, index, b"base", "it")


def test_no_delta_grows_beyond_the_limit() -> None:
    base = bytes(1 << 20)
    again = b"\x80\x80\x40\x00\xff\xff\x7f" * 580  # the whole base, and back
    assert len(again) < 4096
    assert 580 * len(base) > MAX_BODY
    with pytest.raises(Damaged, match="no delta"):
        member(RAW, delta_pack(again), 0, base, "it")


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("DELETE FROM packs", "in a pack that is missing"),
        ("DELETE FROM packs WHERE id = 1", "has a base that is missing"),
        ("UPDATE packs SET base = 2 WHERE id = 2", "has a base that is missing"),
        ("UPDATE packs SET base = 9 WHERE id = 2", "has a base that is missing"),
        ("UPDATE packs SET base = NULL WHERE id = 2", "cannot be|another digest"),
        ("UPDATE packs SET encoding = 7 WHERE id = 1", "unknown encoding 7"),
        ("DELETE FROM packs WHERE id = 2", "in no pack"),
    ],
)
def test_a_body_whose_pack_or_base_is_wrong_is_damaged(
    log: SQLiteLog, statement: str, reason: str
) -> None:
    _, digest = record(log, TEXT, LIKE)
    tamper(log, *LOOSE_PACKS, statement)
    with pytest.raises(Damaged, match=f"body {digest.hex()} .*({reason})"):
        log.body(digest)


def test_a_delta_against_another_base_is_damaged(log: SQLiteLog) -> None:
    _, digest = record(log, TEXT, LIKE)
    record(log, TEXT[::-1])
    tamper(log, *LOOSE_PACKS, "UPDATE packs SET base = 3 WHERE id = 2")
    with pytest.raises(Damaged, match=digest.hex()):
        log.body(digest)


def test_a_damaged_key_body_does_not_keep_others_from_being_stored(log: SQLiteLog) -> None:
    (damaged,) = record(log, TEXT)
    tamper(log, *LOOSE_PACKS, "UPDATE packs SET data = x'00'")
    log._writer = BodyWriter()  # as if newly opened
    (digest,) = record(log, LIKE)
    assert log.body(digest) == LIKE
    with pytest.raises(Damaged, match=damaged.hex()):
        log.body(damaged)


def test_a_body_that_no_document_can_have_is_refused() -> None:
    class Long(bytes):
        def __len__(self) -> int:
            return MAX_BODY + 1

    with pytest.raises(ValueError, match="at most"):
        list(packs("a", [(DIGEST, Long())], []))


def test_a_body_too_large_to_be_indexed_is_stored_whole_and_tells_no_other() -> None:
    keys: list[Key] = []
    large = TEXT * 400
    first, second = packs("a", [(DIGEST, large), (bytes(32), large + b"x")], keys)
    assert (first.stream, first.base, second.base, keys) == (None, None, None, [])


def test_packs_of_deltas_stay_small() -> None:
    bodies = [(bytes((n,)), TEXT.replace(b"<disk number='7'", b"<disk n='%d'" % n))
              for n in range(200)]  # fmt: skip
    made = list(packs("a", bodies, []))
    assert [len(pack.digests) for pack in made] == [1, 64, 64, 64, 7]
    assert sum(pack.base is None for pack in made) == 1


EVENTS = [NewEvent(1, 1, b"payload %d" % n, "source") for n in range(30)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET payload = x''",
        "UPDATE events SET payload = x'00'",
        "UPDATE events SET payload = x'' WHERE position = 1",
        "UPDATE events SET payload = x'0101' WHERE position = 1",
        "UPDATE events SET payload = x'000100000000' WHERE position = 1",  # no content
        "UPDATE events SET payload = x'00010300000000000000' WHERE position = 1",  # too much
        "UPDATE events SET payload = x'0001030000000000' WHERE position = 1",  # too little
        "UPDATE events SET payload = x'0001ffffffff000000' WHERE position = 1",
        "UPDATE events SET payload = x'000003000000000000' WHERE position = 1",  # no event
        "UPDATE events SET payload = x'00ff03000000000000' WHERE position = 1",  # too many
        "UPDATE events SET payload = x'050103000000000000' WHERE position = 1",  # encoding 5
        "UPDATE events SET payload = x'81' WHERE position = 1",
        "UPDATE events SET payload = x'80' WHERE position = 2",
        "UPDATE events SET payload = x'ff' WHERE position = 2",
        "UPDATE events SET payload = x'82' WHERE position = 2",
        "UPDATE events SET payload = x'99' WHERE position = 28",
        "UPDATE events SET payload = x'' WHERE position = 30",
        "UPDATE events SET payload = CAST(payload || x'00' AS BLOB) WHERE position = 2",
    ],
)
def test_a_payload_that_is_no_pack_and_in_none_is_damaged(log: SQLiteLog, statement: str) -> None:
    log.append([Append("a", EVENTS)])
    tamper(log, *LOOSE, statement)
    with pytest.raises(Damaged, match="payload of event"):
        list(log.read())


def test_every_flipped_bit_of_a_pack_is_found(log: SQLiteLog) -> None:
    log.append([Append("a", EVENTS[:3])])
    stored = rows(log, "SELECT position, payload FROM events")
    assert log._connection is not None
    tamper(log, *LOOSE)
    for position, data in stored:
        assert isinstance(data, bytes)
        for bit in range(8 * len(data)):
            flipped = bytearray(data)
            flipped[bit // 8] ^= 1 << bit % 8
            update = "UPDATE events SET payload = ? WHERE position = ?"
            log._connection.execute(update, (bytes(flipped), position))
            with pytest.raises(Damaged):
                list(log.read())
        log._connection.execute(update, (data, position))
    assert [event.payload for event in log.read()] == [event.payload for event in EVENTS[:3]]


def test_the_rows_of_a_pack_are_of_one_size(log: SQLiteLog) -> None:
    events = [NewEvent(1, 1, os.urandom(200)) for _ in range(50)]
    log.append([Append("a", events)])
    sizes = [size for (size,) in rows(log, "SELECT length(payload) FROM events")]
    assert max(map(int, map(str, sizes))) - min(map(int, map(str, sizes))) < 16
    assert [event.payload for event in log.read()] == [event.payload for event in events]


def test_a_payload_is_found_wherever_reading_begins(log: SQLiteLog) -> None:
    log.append([Append("a", EVENTS), Append("b", EVENTS)])
    for after in range(60):
        (event,) = log.read(after, limit=1)
        assert (event.payload, event.source) == (b"payload %d" % (after % 30), "source")


def test_an_event_that_names_a_body_that_is_gone_is_damaged(log: SQLiteLog) -> None:
    record(log, TEXT)
    tamper(log, "DROP TRIGGER bodies_no_delete", "DELETE FROM bodies")
    with pytest.raises(Damaged, match="event 1 names body 1, which is missing"):
        list(log.read())


@pytest.mark.parametrize("position", [1, 700, 1000, 1001, 2500])
def test_a_missing_event_is_found_when_the_log_is_read(log: SQLiteLog, position: int) -> None:
    log.append([Append("a", [NewEvent(1, 1, b"event")] * 2499), Append("b", [NewEvent(1, 1, b"")])])
    tamper(log, *LOOSE, f"DELETE FROM events WHERE position = {position}")
    with pytest.raises(Damaged, match=r"missing|ends at position"):
        list(log.read())
    if position < 2500:
        with pytest.raises(Damaged, match="missing"):
            list(log.read(stream="a"))


def test_a_page_of_rubbish_is_damaged_and_the_file_named(tmp_path: Path) -> None:
    path = tmp_path / "s.lineage"
    log = SQLiteLog(path)
    log.append([Append("a", [NewEvent(1, 1, b"event" * 50)] * 200)])
    log.close()
    content = path.read_bytes()
    half = len(content) // 2 // 4096 * 4096
    path.write_bytes(content[:half] + os.urandom(len(content) - half))
    with pytest.raises(Damaged, match=r"s\.lineage"):
        SQLiteLog(path)


def test_an_event_whose_run_is_missing_is_damaged(log: SQLiteLog) -> None:
    for stream in "aba":
        log.append([Append(stream, [NewEvent(1, 1, b"event")] * 2)])
    tamper(log, "DROP TRIGGER runs_no_delete", "DELETE FROM runs WHERE position = 4")
    assert log.event(2).stream == "a"
    with pytest.raises(Damaged, match="the run with event 3 is missing"):
        log.event(3)
    with pytest.raises(Damaged, match="the run that ends at position 4 is missing"):
        list(log.read(stream="b"))
