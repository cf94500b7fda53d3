"""Deltas and packs of payloads: what goes in comes out, and nothing else can be made of bytes."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.log._delta import Base, apply
from lineage.log._packing import Content, deal, gather, pack
from lineage.log.base import NewEvent

LINES = st.sampled_from(
    [b"a\n", b"bb\n", b"\n", b"no end", b"  <memory unit='KiB'>1024</memory>\n", b"  <disk/>\n"]
)
TEXTS = st.lists(st.one_of(LINES, st.binary(max_size=12)), max_size=12).map(b"".join)
BODIES = [hashlib.sha256(bytes((n,))).digest() for n in range(5)]
NUMBERS = {digest: 10**n for n, digest in enumerate(BODIES[:3])}


@given(TEXTS, TEXTS)
def test_a_delta_leads_from_its_base_to_its_target(base: bytes, target: bytes) -> None:
    delta = Base(base).encode(target, 4096)
    assert delta is not None
    assert apply(base, delta, len(target)) == target


@given(TEXTS, TEXTS, st.integers(0, 40))
def test_a_delta_is_no_longer_than_allowed(base: bytes, target: bytes, most: int) -> None:
    whole = Base(base).encode(target, 4096)
    assert whole is not None
    assert Base(base).encode(target, most) == (whole if len(whole) <= most else None)


@given(TEXTS, st.binary(max_size=24), st.integers(0, 200))
def test_any_bytes_are_a_delta_within_the_limit_or_refused(
    base: bytes, delta: bytes, most: int
) -> None:
    try:
        given = apply(base, delta, most)
    except ValueError:
        return
    assert len(given) <= most


@given(TEXTS)
def test_the_empty_delta_is_the_base_itself(base: bytes) -> None:
    assert Base(base).encode(base, 0) == b""
    assert apply(base, b"", len(base)) == base


@pytest.mark.parametrize("most", [-1, 4097])
def test_a_length_that_no_delta_has_is_refused(most: int) -> None:
    with pytest.raises(ValueError, match="at most"):
        Base(b"").encode(b"", most)


@st.composite
def events(draw: st.DrawFn) -> NewEvent:
    """An event with digests in its payload, some of them said to be there, some of bodies."""
    there = draw(st.lists(st.sampled_from(BODIES), max_size=5))
    pieces = draw(st.lists(st.binary(max_size=40), min_size=len(there), max_size=len(there)))
    payload = b"".join(a + b for a, b in zip(pieces, there, strict=True)) + draw(st.binary())
    said = tuple(draw(st.lists(st.sampled_from([*BODIES, b"short"]), max_size=20)))
    cut = draw(st.integers(0, len(said)))
    source = draw(st.sampled_from(["", "a.tar", "ü"]))
    return NewEvent(1, 1, payload, source, said[cut:], said[:cut])


@given(st.lists(events(), min_size=1, max_size=20))
def test_packed_payloads_and_sources_come_back(given: list[NewEvent]) -> None:
    content, kept = pack(given, NUMBERS)
    opened = Content(content, len(given))
    bodies = {NUMBERS[digest]: digest for digest in NUMBERS}
    assert opened.references() <= bodies.keys()
    for index, event in enumerate(given):
        assert opened.payload(index, kept[index], bodies) == event.payload
        assert opened.source(index) == event.source


@given(st.binary(max_size=60), st.integers(-1, 300), st.integers(-1, 3), st.binary(max_size=70))
def test_any_bytes_are_a_pack_or_refused(
    content: bytes, count: int, index: int, kept: bytes
) -> None:
    try:
        opened = Content(content, count)
        numbers = opened.references()
        opened.payload(index, kept, dict.fromkeys(numbers, BODIES[0]))
        opened.source(index)
    except ValueError:
        return
    assert 0 <= index < len(opened) == count


@given(st.lists(events(), min_size=1, max_size=3), st.data())
def test_a_changed_pack_is_refused_or_reads_within_its_bytes(
    given: list[NewEvent], data: st.DataObject
) -> None:
    content, kept = pack(given, NUMBERS)
    changed = bytearray(content)
    changed[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        opened = Content(bytes(changed), len(given))
        named = dict.fromkeys(opened.references(), BODIES[0])
        for index in range(len(given)):
            assert len(opened.payload(index, kept[index], named)) <= len(content) + 32 * 16
    except ValueError:
        pass


def test_a_pack_holds_one_event_at_least_and_255_at_most() -> None:
    for many in ([], [NewEvent(1, 1, b"")] * 256):
        with pytest.raises(ValueError, match="in no pack"):
            pack(many, {})
    content, _ = pack([NewEvent(1, 1, b"")] * 255, {})
    assert len(Content(content, 255)) == 255


KEPT = st.lists(st.binary(max_size=70), min_size=1, max_size=128)


@given(KEPT, st.integers(0, 127), st.binary(max_size=700), st.integers(1, 1 << 60))
def test_a_content_dealt_out_to_rows_is_gathered_again(
    kept: list[bytes], encoding: int, content: bytes, position: int
) -> None:
    given = [NewEvent(n + 1, n + 2, b"") for n in range(len(kept))]
    rows: list[tuple[int, int, int, bytes]] = [(0, 0, 0, b"before")]
    deal(position, given, kept, encoding, content, rows)
    rows.append((0, 0, 0, b"behind"))
    assert [row[:3] for row in rows[1:-1]] == [
        (position + n, n + 1, n + 2) for n in range(len(kept))
    ]
    assert gather(rows, 1) == (encoding, content, kept)
    sizes = [len(row[3]) - len(digests) for row, digests in zip(rows[2:-1], kept[1:], strict=True)]
    assert max(sizes, default=0) - min(sizes, default=0) <= 1


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=6), st.integers(1, 6))
def test_any_rows_are_gathered_or_refused(payloads: list[bytes], count: int) -> None:
    size = sum(map(len, payloads))
    heads = [bytes((1, count)) + size.to_bytes(4, "little"), b"\1\1\xff\xff\xff\xff", b""]
    for head in heads:
        rows = [
            (n, 1, 1, (bytes((128 + n,)) if n else head) + each) for n, each in enumerate(payloads)
        ]
        try:
            encoding, content, kept = gather(rows, 0)
        except ValueError:
            continue
        assert encoding < 128
        assert len(content) + sum(map(len, kept)) <= size + len(head)
        assert len(kept) <= len(payloads)


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=5), st.binary(max_size=90), st.data())
def test_changed_rows_are_gathered_within_their_bytes_or_refused(
    kept: list[bytes], content: bytes, data: st.DataObject
) -> None:
    rows: list[tuple[int, int, int, bytes]] = []
    deal(1, [NewEvent(1, 1, b"")] * len(kept), kept, 1, content, rows)
    index = data.draw(st.integers(0, len(rows) - 1))
    changed = bytearray(rows[index][3])
    if changed:
        changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    rows[index] = (*rows[index][:3], bytes(changed))
    try:
        _, given, digests = gather(rows, 0)
    except ValueError:
        return
    assert len(given) + sum(map(len, digests)) <= sum(len(row[3]) for row in rows)


@pytest.mark.parametrize("payload", [None, "text", 5, bytearray(20)])
@pytest.mark.parametrize("at", [0, 1])
def test_a_row_without_bytes_is_refused(payload: object, at: int) -> None:
    rows: list[tuple[int, int, int, bytes]] = []
    deal(1, [NewEvent(1, 1, b"")] * 2, [b"", b""], 1, b"content", rows)
    rows[at] = (1, 1, 1, payload)  # type: ignore[assignment]
    with pytest.raises(ValueError, match=r"pack|bytes"):
        gather(rows, 0)


def test_no_more_events_than_a_row_can_say_are_dealt_to() -> None:
    given = [NewEvent(1, 1, b"")]
    for events, kept, encoding in (([], [], 1), (given * 129, [b""] * 129, 1), (given, [b""], 128)):
        with pytest.raises(ValueError, match="no pack can be made"):
            deal(1, events, kept, encoding, b"", [])
    with pytest.raises(ValueError, match="no pack can be made"):
        deal(1, given, [], 1, b"", [])
