"""What every backend promises of `append`."""

from __future__ import annotations

import pytest

from lineage.errors import Conflict
from lineage.log import ANY, EXISTS, Append, EventLog, MemoryLog, NewEvent, StreamHead
from lineage.log.problems import Problem


def entry(stream: str, *payloads: bytes, expect: int = ANY) -> Append:
    return Append(stream, [NewEvent(1, 1, payload) for payload in payloads], expect)


def places(log: EventLog) -> list[tuple[int, str, int, bytes]]:
    return [(e.position, e.stream, e.version, e.payload) for e in log.read()]


def test_a_backend_is_an_event_log(log: EventLog) -> None:
    assert isinstance(log, EventLog)


def test_a_new_log_is_empty(log: EventLog) -> None:
    assert (log.head(), log.version("a"), log.streams(), list(log.read())) == (0, 0, [], [])


def test_an_event_comes_back_as_it_was_given(log: EventLog) -> None:
    payload = bytes(range(256))
    event = NewEvent(tag=7, schema=3, payload=payload, source="archiv \u00e9\U0001f4be\n.tar")
    assert log.append([Append("name:\u5317 \x01", [event])], recorded_at=1234567890123456789) == 1
    (stored,) = log.read()
    assert (stored.tag, stored.schema) == (7, 3)
    assert (stored.payload, stored.source) == (payload, event.source)
    assert (stored.position, stored.stream, stored.version) == (1, "name:\u5317 \x01", 1)
    assert (stored.recorded_at, stored.commit) == (1234567890123456789, 1)


def test_promise_3_positions_are_gapless_across_interleaved_streams(log: EventLog) -> None:
    assert log.append([entry("a", b"1", b"2"), entry("b", b"3"), entry("a", b"4")]) == 4
    assert log.append([entry("c", b"5")]) == 5
    assert log.append([entry("b", b"6"), entry("a", b"7")]) == 7
    assert places(log) == [
        (1, "a", 1, b"1"),
        (2, "a", 2, b"2"),
        (3, "b", 1, b"3"),
        (4, "a", 3, b"4"),
        (5, "c", 1, b"5"),
        (6, "b", 2, b"6"),
        (7, "a", 4, b"7"),
    ]
    assert log.head() == 7
    assert [log.version(stream) for stream in "abcd"] == [4, 2, 1, 0]


def test_promise_3_no_position_is_left_out_or_reused_after_what_was_refused(log: EventLog) -> None:
    taken: list[int] = []
    for number in range(20):
        before = log.head()
        with pytest.raises(Conflict):  # some of it was on its way already
            log.append([entry("b", b"lost", b"lost"), entry("a", b"lost", expect=number + 1)])
        assert log.head() == before
        taken.append(log.append([entry("a", b"%d" % number, expect=number)]))
    assert taken == list(range(1, 21))
    assert [(e.position, e.version, e.commit) for e in log.read()] == [(n, n, n) for n in taken]


def test_streams_come_in_order_of_their_first_event(log: EventLog) -> None:
    log.append([entry("z", b"1"), entry("a", b"2")])
    log.append([entry("m", b"3"), entry("a", b"4")])
    assert log.streams() == [
        StreamHead("z", 1, 1),
        StreamHead("a", 2, 4),
        StreamHead("m", 1, 3),
    ]


def test_stream_keys_are_told_apart_to_the_byte(log: EventLog) -> None:
    keys = ["a", "A", "a ", "", "\u00e9", "e\u0301", "a\x00b"]
    log.append([entry(key, key.encode()) for key in keys])
    assert log.streams() == [StreamHead(key, 1, n) for n, key in enumerate(keys, 1)]
    assert [[e.payload for e in log.read(stream=key)] for key in keys] == [
        [key.encode()] for key in keys
    ]


@pytest.mark.parametrize(("expect", "version"), [(0, 0), (2, 2), (EXISTS, 2), (ANY, 0), (ANY, 2)])
def test_an_expectation_that_holds_lets_the_append_through(
    log: EventLog, expect: int, version: int
) -> None:
    log.append([entry("a", *[b"x"] * version)])
    log.append([entry("a", b"new", expect=expect)])
    assert log.version("a") == version + 1


@pytest.mark.parametrize(
    ("expect", "version"), [(0, 2), (1, 0), (1, 2), (3, 2), (EXISTS, 0), (7, 0)]
)
def test_a_conflict_changes_nothing_and_tells_the_actual_version(
    log: EventLog, expect: int, version: int
) -> None:
    log.append([entry("a", *[b"x"] * version), entry("b", b"y")])
    before = places(log)
    with pytest.raises(Conflict) as caught:
        log.append([entry("a", b"new", expect=expect)], {bytes(32): b"body"})
    assert caught.value.actual == version
    assert places(log) == before
    assert not log.has_body(bytes(32))


def test_a_conflict_in_the_middle_of_a_batch_undoes_all_of_it(log: EventLog) -> None:
    log.append([entry("a", b"1")])
    batch = [entry("new", b"2"), entry("a", b"3"), entry("a", b"4", expect=1), entry("b", b"5")]
    with pytest.raises(Conflict) as caught:
        log.append(batch)
    assert caught.value.actual == 2  # the batch's own second entry had made it 2
    assert places(log) == [(1, "a", 1, b"1")]
    assert log.streams() == [StreamHead("a", 1, 1)]
    assert log.append([entry("new", b"6")]) == 2
    assert places(log)[1:] == [(2, "new", 1, b"6")]


def test_later_entries_of_a_batch_see_the_earlier_ones(log: EventLog) -> None:
    log.append(
        [
            entry("a", b"1", expect=0),
            entry("a", b"2", b"3", expect=1),
            entry("a", b"4", expect=EXISTS),
            entry("a", b"5", expect=4),
        ]
    )
    assert log.version("a") == 5


def test_an_expectation_that_means_nothing_is_refused(log: EventLog) -> None:
    with pytest.raises(ValueError, match="expect -3"):
        log.append([entry("a", b"1", expect=-3)])
    assert log.head() == 0


def test_an_empty_batch_writes_nothing(log: EventLog) -> None:
    assert log.append([]) == 0
    log.append([entry("a", b"1")])
    assert log.append([], {bytes(32): b"body"}) == 1
    assert log.append([entry("b"), entry("a")]) == 1
    assert (log.head(), log.streams(), log.has_body(bytes(32))) == (
        1,
        [StreamHead("a", 1, 1)],
        False,
    )
    log.append([entry("a", b"2")])
    assert [e.commit for e in log.read()] == [1, 2]


def test_an_entry_without_events_still_holds_its_expectation(log: EventLog) -> None:
    with pytest.raises(Conflict):
        log.append([entry("a", expect=1), entry("b", b"1")])
    assert log.head() == 0


def test_all_events_of_an_append_bear_its_number_and_the_next_one_the_next(log: EventLog) -> None:
    log.append([entry("a", b"1", b"2"), entry("b", b"3")])
    with pytest.raises(Conflict):
        log.append([entry("a", b"lost", expect=0)])
    log.append([entry("b", b"4")])
    assert [e.commit for e in log.read()] == [1, 1, 1, 2]


def test_time_never_goes_back_within_a_stream(log: EventLog) -> None:
    log.append([entry("a", b"1")], recorded_at=500)
    log.append([entry("a", b"2"), entry("b", b"3")], recorded_at=200)
    log.append([entry("a", b"4"), entry("b", b"5")], recorded_at=300)
    log.append([entry("a", b"6"), entry("b", b"7")], recorded_at=900)
    times = {s: [e.recorded_at for e in log.read(stream=s)] for s in ("a", "b")}
    assert times == {"a": [500, 500, 500, 900], "b": [200, 300, 900]}


def test_an_entry_may_say_when_its_events_were_recorded(log: EventLog) -> None:
    batch = [
        Append("a", [NewEvent(1, 1, b"1"), NewEvent(1, 1, b"2")], recorded_at=100),
        Append("b", [NewEvent(1, 1, b"3")]),
        Append("a", [NewEvent(1, 1, b"4")], recorded_at=300),
        Append("a", [NewEvent(1, 1, b"5")], recorded_at=-(1 << 63)),
        Append("c", [NewEvent(1, 1, b"6")], recorded_at=-(1 << 63)),
    ]
    assert log.append(batch, recorded_at=700) == 6
    times = [(e.stream, e.payload, e.recorded_at, e.commit) for e in log.read()]
    assert times == [
        ("a", b"1", 100, 1),
        ("a", b"2", 100, 1),
        ("b", b"3", 700, 1),
        ("a", b"4", 300, 1),
        ("a", b"5", 300, 1),
        ("c", b"6", -(1 << 63), 1),
    ]
    assert [e.payload for e in log.read(stream="a")] == [b"1", b"2", b"4", b"5"]
    assert [log.position_at("a", time) for time in (99, 100, 299, 300)] == [0, 2, 2, 5]
    assert not [found for found in log.verify() if isinstance(found, Problem)]


def test_events_copied_to_another_log_have_the_hashes_they_had(log: EventLog) -> None:
    first = MemoryLog()
    for time, count in ((500, 1), (500, 3), (900, 1100), (1200, 2)):
        first.append([entry("a", *[b"%d" % n for n in range(count)])], recorded_at=time)
        first.append([entry("b", b"between")], recorded_at=time)
    log.append([entry("c", b"there before")])
    copies = [
        Append("a", [NewEvent(e.tag, e.schema, e.payload, e.source)], recorded_at=e.recorded_at)
        for e in first.read(stream="a")
    ]
    log.append(copies[:300])
    log.append(copies[300:])
    assert [e.hash for e in log.read(stream="a")] == [e.hash for e in first.read(stream="a")]


def test_without_a_reading_the_system_clock_is_read(
    log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time_ns", lambda: 77)
    log.append([entry("a", b"1")])
    assert [e.recorded_at for e in log.read()] == [77]


@pytest.mark.parametrize("lone", ["stream", "source"])
def test_text_that_is_not_unicode_is_refused_and_nothing_written(log: EventLog, lone: str) -> None:
    texts = {"stream": "a", "source": "b"} | {lone: "\udcff"}
    bad = Append(texts["stream"], [NewEvent(1, 1, b"2", texts["source"])])
    with pytest.raises(ValueError, match="surrogates"):
        log.append([entry("a", b"1"), bad])
    assert log.head() == 0
    assert log.append([entry("a", b"3")]) == 1


def test_a_closed_log_refuses_every_call_and_may_be_closed_again(log: EventLog) -> None:
    log.append([entry("a", b"1")])
    log.close()
    log.close()
    for call in (
        lambda: log.append([entry("a", b"1")]),
        lambda: list(log.read()),
        log.head,
        log.streams,
        lambda: log.version("a"),
        lambda: log.has_body(bytes(32)),
        lambda: log.body(bytes(32)),
    ):
        with pytest.raises(ValueError, match="closed"):
            call()
