"""What every backend promises of `read`."""

from __future__ import annotations

import pytest

from lineage.log import Append, EventLog, NewEvent


def fill(log: EventLog, count: int) -> list[tuple[int, str, int, bytes]]:
    """Append `count` events in uneven turns to three streams; return what must be read."""
    expected = []
    versions = dict.fromkeys("abc", 0)
    batch = []
    for position in range(1, count + 1):
        stream = "aabacb"[position % 6]
        versions[stream] += 1
        payload = str(position).encode()
        batch.append(Append(stream, [NewEvent(1, 1, payload)]))
        expected.append((position, stream, versions[stream], payload))
    log.append(batch)
    return expected


def test_read_yields_every_event_in_order_of_position(log: EventLog) -> None:
    expected = fill(log, 3500)  # more than any backend fetches at once
    assert [(e.position, e.stream, e.version, e.payload) for e in log.read()] == expected


def test_read_of_a_stream_yields_that_stream_alone(log: EventLog) -> None:
    expected = fill(log, 3500)
    for stream in "abc":
        seen = [(e.position, e.stream, e.version, e.payload) for e in log.read(stream=stream)]
        assert seen == [row for row in expected if row[1] == stream]
    assert list(log.read(stream="none")) == []


@pytest.mark.parametrize("stream", [None, "a", "c"])
@pytest.mark.parametrize("after", [0, 1, 5, 6, 7, 39, 40, 41, 1000])
@pytest.mark.parametrize("limit", [None, 0, 1, 3, 1000])
def test_read_honours_after_and_limit(
    log: EventLog, stream: str | None, after: int, limit: int | None
) -> None:
    rows = [row for row in fill(log, 40) if stream in (None, row[1]) and row[0] > after]
    wanted = [row[0] for row in rows][:limit]
    assert [e.position for e in log.read(after, stream=stream, limit=limit)] == wanted


def test_a_limit_beyond_one_fetch_is_exact(log: EventLog) -> None:
    fill(log, 3500)
    assert [e.position for e in log.read(400, limit=2001)] == list(range(401, 2402))


@pytest.mark.parametrize(("after", "limit"), [(-1, None), (0, -1)])
def test_a_negative_range_is_refused(log: EventLog, after: int, limit: int | None) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        log.read(after, limit=limit)


def test_an_iterator_sees_the_log_as_of_the_call(log: EventLog) -> None:
    expected = fill(log, 2500)
    whole, one = log.read(), log.read(stream="a")
    first = next(whole).position
    log.append([Append("a", [NewEvent(1, 1, b"late")])])
    assert [first, *(e.position for e in whole)] == [row[0] for row in expected]
    assert [e.position for e in one] == [row[0] for row in expected if row[1] == "a"]
    assert log.head() == 2501


def test_the_log_can_be_written_while_it_is_read(log: EventLog) -> None:
    fill(log, 10)
    for event in log.read():
        log.append([Append("copy", [NewEvent(1, 1, event.payload)])])
    assert [e.payload for e in log.read(stream="copy")] == [str(n).encode() for n in range(1, 11)]


def test_two_iterators_do_not_disturb_each_other(log: EventLog) -> None:
    expected = fill(log, 2500)
    pairs = list(zip(log.read(), log.read(), strict=True))
    assert [a.position for a, _ in pairs] == [b.position for _, b in pairs]
    assert len(pairs) == len(expected)


def test_position_at_is_the_streams_last_event_recorded_at_or_before_a_time(log: EventLog) -> None:
    event = NewEvent(1, 1, b"")
    for time, stream, count in (
        (500, "a", 1),
        (500, "b", 2),
        (400, "a", 1500),  # raised to 500; more than one run
        (700, "b", 1),
        (900, "a", 1),
        (900, "a", 1),
    ):
        log.append([Append(stream, [event] * count)], recorded_at=time)
    times = (-(2**63), 0, 499, 500, 501, 899, 900, 2**63 - 1)
    assert [log.position_at("a", time) for time in times] == [
        *(0, 0, 0, 1503, 1503, 1503, 1506, 1506)
    ]
    assert [log.position_at("b", time) for time in (499, 500, 699, 700)] == [0, 3, 3, 1504]
    assert log.position_at("none", 2**63 - 1) == 0
