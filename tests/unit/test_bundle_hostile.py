"""What is in a bundle is believed only as far as hashes and limits go."""

from __future__ import annotations

import random
import re
import struct
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import lineage
from lineage import bundle, bundlefile
from lineage.bundlefile import BundleWriter, Span
from lineage.check import Finding
from lineage.definitions import new_event
from lineage.events import CurrentChanged, EventData, decode
from lineage.log import Append, MemoryLog
from lineage.log.base import NewEvent, StoredEvent
from lineage.log.chain import GENESIS, link
from tests.unit.bundle_samples import PREFIX, bundled, content, fill, forged
from tests.unit.store_samples import A, snapshot

U32, U64 = struct.Struct("<I"), struct.Struct("<Q")


@pytest.fixture
def store() -> Iterator[lineage.Store]:
    with lineage.Store.over(MemoryLog()) as opened:
        fill(opened)
        yield opened


@pytest.fixture
def good(store: lineage.Store, tmp_path: Path) -> bytes:
    """The bytes of a bundle."""
    return bundled(tmp_path, store).read_bytes()


def refused(path: Path, data: bytes) -> lineage.LineageError:
    """Why these bytes are refused; a store that is offered them stays as it was."""
    path.write_bytes(data)
    with pytest.raises(lineage.LineageError) as caught:
        bundle.verify(path)
    with lineage.Store.over(MemoryLog()) as empty:
        with pytest.raises(lineage.LineageError):
            bundle.apply(empty, path)
        assert empty.head() == 0
    return caught.value


@pytest.fixture
def small(tmp_path: Path) -> bytes:
    """The bytes of a bundle of two events."""
    with lineage.Store.over(MemoryLog()) as tiny:
        tiny.record(snapshot("one"))
        tiny.set_current(A, "one")
        return bundled(tmp_path, tiny).read_bytes()


def test_a_flipped_bit_in_any_byte_is_refused(small: bytes, tmp_path: Path) -> None:
    for at in range(len(small)):
        flipped = bytearray(small)
        flipped[at] ^= 1 << at % 8
        error = refused(tmp_path / "flipped", bytes(flipped))
        assert isinstance(error, lineage.Damaged | lineage.TooNew), at


def test_a_bundle_that_was_cut_off_is_refused_wherever(small: bytes, tmp_path: Path) -> None:
    for length in range(len(small)):
        assert isinstance(refused(tmp_path / "cut", small[:length]), lineage.Damaged), length


def test_bytes_behind_the_end_are_refused(good: bytes, tmp_path: Path) -> None:
    assert "bytes behind its end" in str(refused(tmp_path / "more", good + b"\0"))
    assert "bytes behind its end" in str(refused(tmp_path / "more", good + good))


def test_what_is_no_bundle_is_named_and_refused(tmp_path: Path) -> None:
    error = refused(tmp_path / "other", b"<domainsnapshot>" * 10)
    assert re.search(r"other: .*no bundle", str(error))


def test_a_bundle_of_a_newer_format_is_refused_as_such(good: bytes, tmp_path: Path) -> None:
    newer = good[:8] + U32.pack(2) + good[12:]
    assert type(refused(tmp_path / "newer", newer)) is lineage.TooNew


def test_the_content_may_lie_in_blocks_of_any_size(good: bytes, tmp_path: Path) -> None:
    (tmp_path / "again").write_bytes(forged(content(good), block=77))
    (tmp_path / "good").write_bytes(good)
    assert bundle.verify(tmp_path / "again") == bundle.verify(tmp_path / "good")


# Who can compute a SHA-256 can write what he likes: the rest of it has to hold, too.


def header(*spans: Span, count: int | None = None) -> bytes:
    data = U32.pack(len(spans) if count is None else count)
    for span in spans:
        key = span.stream.encode()
        data += U32.pack(len(key)) + key + U64.pack(span.after) + span.before
        data += U64.pack(span.version) + span.hash
    return data


def span(**changes: object) -> Span:
    fields = {"stream": A, "after": 0, "before": GENESIS, "version": 1, "hash": bytes(32)}
    return Span(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("inner", "why"),
    [
        (header(), "has no domain"),
        (header(span(), span()), "what cannot be"),
        (header(span(stream="")), "what cannot be"),
        (header(span(stream="name:")), "what cannot be"),
        (header(span(stream=A.upper())), "what cannot be"),
        (header(span(version=0)), "what cannot be"),
        (header(span(version=1 << 63)), "what cannot be"),
        (header(span(after=1, before=b"x" * 32)), "what cannot be"),
        (header(span(after=1, version=2)), "what cannot be"),
        (header(span(before=b"x" * 32)), "what cannot be"),
        (header(span()).replace(A.encode(), b"\xff" * 36), "not UTF-8"),
        (header(span(), count=1 << 31), "ends too early"),
        (U32.pack(1) + U32.pack(0xFFFFFFFF), "longer than it may be"),
        (header(span()), "ends too early"),
        (header(span()) + b"\x07", "unknown kind 7"),
        (header(span()) + b"\x01" + U32.pack(0xFFFFFFFF), "larger than it may be"),
        (header(span()) + struct.pack("<BqIIII", 2, 0, 1, 1, 1 << 30, 5), "larger than it may"),
        (header(span()) + struct.pack("<BqIIII", 2, 0, 4, 9, 0, 1) + b"\x90", "newer schema"),
        (header(span()) + struct.pack("<BqIIII", 2, 0, 99, 1, 0, 1) + b"\x90", "tag 99"),
        (header(span()) + struct.pack("<BqIIII", 2, 0, 6, 1, 0, 1) + b"\x90", "do not lead to"),
    ],
)
def test_a_forged_bundle_that_says_what_cannot_be_is_refused(
    tmp_path: Path, inner: bytes, why: str
) -> None:
    error = refused(tmp_path / "forged", forged(inner))
    assert isinstance(error, lineage.Damaged)
    assert why in str(error)


@pytest.mark.parametrize(
    ("block", "why"),
    [
        (b"\x00" + U32.pack(0), "impossible length"),
        (b"\x00" + U32.pack((1 << 20) + 1) + bytes((1 << 20) + 1), "impossible length"),
        (b"\x07" + U32.pack(1) + b"x", "unknown encoding 7"),
        (b"\x01" + U32.pack(4) + b"junk", "cannot be decompressed"),
        (b"\x01" + U32.pack(9) + bytes.fromhex("28b52ffd2000010000"), "empty"),
    ],
)
def test_a_block_that_cannot_be_is_refused(tmp_path: Path, block: bytes, why: str) -> None:
    assert why in str(refused(tmp_path / "forged", PREFIX + block))


def test_a_block_that_would_expand_to_more_than_the_limit_takes_no_memory(tmp_path: Path) -> None:
    bomb = zstandard.ZstdCompressor(level=1).compress(bytes(256 << 20))
    assert len(bomb) < 1 << 20
    data = PREFIX + b"\x01" + U32.pack(len(bomb)) + bomb
    tracemalloc.start()
    try:
        refused(tmp_path / "bomb", data)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_a_length_is_not_believed_before_the_bytes_have_come(tmp_path: Path) -> None:
    inner = header(span()) + b"\x01" + U32.pack(500 << 20) + bytes(1000)
    (tmp_path / "short").write_bytes(forged(inner))
    tracemalloc.start()
    try:
        with pytest.raises(lineage.Damaged, match="ends too early"):
            bundle.verify(tmp_path / "short")
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def forge(events: list[StoredEvent], bodies: Callable[[bytes], bytes], path: Path) -> None:
    """Write a bundle of events of one domain as they are, with hashes that fit."""

    class Bodies:
        body = staticmethod(bodies)

    before, linked = GENESIS, []
    for version, e in enumerate(events, 1):
        before = link(
            before, e.stream, version, e.recorded_at, e.tag, e.schema, e.source, e.payload
        )
        linked.append((e, before))
    file = BytesIO()
    stream = events[0].stream
    writer = BundleWriter(file, [Span(stream, 0, GENESIS, len(events), before)])
    for event, _ in linked:
        writer.add(event, meant(event), Bodies)
    writer.close()
    path.write_bytes(file.getvalue())


def meant(event: StoredEvent) -> EventData:
    """What an event means; of one that means nothing something without bodies."""
    try:
        return decode(event.tag, event.schema, event.payload)
    except lineage.Damaged:
        return CurrentChanged(None)


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`forge`, with a writer that does not look at what it writes."""

    def write(*arguments: object) -> None:
        def nothing(*_: object) -> Iterator[Finding]:
            yield from ()

        with monkeypatch.context() as patch:
            patch.setattr(bundlefile, "examined", nothing)
            forge(*arguments)  # type: ignore[arg-type]

    return write


def events_of(store: lineage.Store) -> list[StoredEvent]:
    return list(store.log.read(stream=A))


def test_a_document_with_another_digest_than_its_event_says_is_refused(
    store: lineage.Store, tmp_path: Path, unchecked: Callable[..., None]
) -> None:
    first, *_ = events_of(store)
    data = decode(first.tag, first.schema, first.payload)
    digest = data.digest  # type: ignore[union-attr]
    payload = first.payload.replace(digest, bytes(32))
    wrong = [changed(first, payload=payload)]
    unchecked(wrong, store.log.body, tmp_path / "forged")
    error = refused(tmp_path / "forged", (tmp_path / "forged").read_bytes())
    assert "another digest" in str(error)


def test_a_body_that_its_event_does_not_name_or_that_is_missing_is_refused(
    store: lineage.Store, tmp_path: Path
) -> None:
    event = new_event(CurrentChanged("x"), "")
    record = struct.pack("<BqIIII", 2, 0, event.tag, event.schema, 0, len(event.payload))
    body = b"\x01" + U32.pack(3) + b"abc"
    one = header(span()) + body + record + event.payload
    assert "does not name" in str(refused(tmp_path / "forged", forged(one)))
    first, *_ = events_of(store)
    named = struct.pack("<BqIIII", 2, 0, first.tag, first.schema, 0, len(first.payload))
    two = header(span()) + named + first.payload
    assert "is missing" in str(refused(tmp_path / "forged", forged(two)))
    many = header(span()) + b"".join(b"\x01" + U32.pack(1) + bytes([n]) for n in range(4))
    assert "more bodies" in str(refused(tmp_path / "forged", forged(many)))


def test_time_that_goes_back_is_refused(
    store: lineage.Store, tmp_path: Path, unchecked: Callable[..., None]
) -> None:
    event = new_event(CurrentChanged("x"), "")
    back = [stored(event, 200), stored(event, 100)]
    unchecked(back, store.log.body, tmp_path / "forged")
    error = refused(tmp_path / "forged", (tmp_path / "forged").read_bytes())
    assert "was recorded before the one before it" in str(error)


def test_events_from_before_the_last_one_of_the_store_are_refused(
    tmp_path: Path,
) -> None:
    event = new_event(CurrentChanged("x"), "")
    with lineage.Store.over(MemoryLog()) as there:
        there.log.append([Append(A, [event])], recorded_at=500)
        before = there.log.event(1).hash
        after = link(before, A, 2, 100, event.tag, event.schema, "", event.payload)
        record = struct.pack("<BqIIII", 2, 100, event.tag, event.schema, 0, len(event.payload))
        inner = header(span(after=1, before=before, version=2, hash=after))
        (tmp_path / "forged").write_bytes(forged(inner + record + event.payload))
        assert bundle.verify(tmp_path / "forged")
        with pytest.raises(lineage.Conflict, match="from before the store's last one"):
            bundle.apply(there, tmp_path / "forged")
        assert there.head() == 1


def stored(event: NewEvent, at: int) -> StoredEvent:
    return StoredEvent(1, A, 1, at, event.tag, event.schema, event.payload, "", 1, b"")


def changed(event: StoredEvent, **fields: object) -> StoredEvent:
    return replace(event, **fields)


# Whatever it is: an error of ours, or a bundle that leaves a sound store behind.


def answered(path: Path) -> bool:
    """Whether a bundle is taken. What is refused is so with an error of ours."""
    with lineage.Store.over(MemoryLog()) as there:
        try:
            bundle.apply(there, path)
        except lineage.LineageError:
            assert there.head() == 0
            return False
        assert list(there.check()) == []
        for info in there.domains():
            for name in there.tree(info.stream):
                with suppress(lineage.Damaged):  # renamed to what no document can hold
                    there.xml(info.stream, name)
    return True


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The data with a few changes: bytes, numbers, pieces left out, doubled or put elsewhere."""
    new = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at, size = chance.randrange(len(new)), chance.choice((1, 1, 4, 8, 32, 200))
        match chance.randrange(5):
            case 0:
                new[at] ^= 1 << chance.randrange(8)
            case 1:
                new[at : at + size] = chance.randbytes(size)
            case 2:
                new[at : at + 4] = chance.choice((bytes(4), b"\xff" * 4, U32.pack(1 << 20)))
            case 3:
                del new[at : at + size]
            case _:
                to = chance.randrange(len(new))
                new[to:to] = new[at : at + size]
        new = new or bytearray(1)
    return bytes(new)


def test_random_changes_are_refused_and_never_a_surprise(good: bytes, tmp_path: Path) -> None:
    chance, path = random.Random(5), tmp_path / "mutant"
    for _ in range(200):
        path.write_bytes(mutated(good, chance))
        assert not answered(path) or path.read_bytes() == good
    inner = content(good)
    for _ in range(600):
        path.write_bytes(forged(mutated(inner, chance)))
        answered(path)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.randoms(use_true_random=False))
def test_events_forged_with_a_chain_that_fits_are_refused_or_leave_a_sound_store(
    store: lineage.Store, tmp_path: Path, unchecked: Callable[..., None], chance: random.Random
) -> None:
    events = []
    for event in events_of(store):
        fields: dict[str, object] = {}
        if chance.random() < 0.2:
            fields["payload"] = mutated(event.payload, chance)
        if chance.random() < 0.1:
            fields["tag"] = chance.randrange(9)
        if chance.random() < 0.05:
            fields["recorded_at"] = chance.choice((0, (1 << 63) - 1, -(1 << 63)))
        events.append(changed(event, **fields))

    def body(digest: bytes) -> bytes:
        return store.log.body(digest) if store.log.has_body(digest) else b"junk"

    unchecked(events, body, tmp_path / "forged")
    answered(tmp_path / "forged")


def test_a_domain_larger_than_a_bundle_takes_is_refused_when_it_is_written(
    store: lineage.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(bundlefile, "MOST_EVENT", 100)
        with pytest.raises(lineage.LineageError, match="larger than a bundle takes"):
            bundle.create(store, tmp_path / "file")
    monkeypatch.setattr(bundlefile, "MOST_HEADER", 100)
    with pytest.raises(lineage.LineageError, match="more domains than one bundle takes"):
        bundle.create(store, tmp_path / "file")
    assert list(tmp_path.iterdir()) == []
