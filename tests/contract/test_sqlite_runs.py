"""SQLite only: a row that says where events are and is not what was written is found when read."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

import apsw
import pytest

from lineage.errors import Damaged
from lineage.log import Append, NewEvent, SQLiteLog
from lineage.log.schema import OBJECTS

TABLES = {
    "streams": ("streams_no_delete", "streams_grow"),
    "runs": ("runs_no_delete", "runs_no_update"),
    "events": ("events_no_delete", "events_no_update"),
    "bodies": ("bodies_no_delete", "bodies_no_update"),
}


def two_streams(log: SQLiteLog) -> None:
    for payload in (b"first", b"second", b"third"):
        digest = hashlib.sha256(payload).digest()
        for stream in "ab":
            event = NewEvent(1, 1, b"names " + digest, bodies=(digest,))
            log.append([Append(stream, [event])], {digest: payload})


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM streams WHERE id = 2",
        "UPDATE streams SET key = 'c' WHERE id = 2",
        "UPDATE streams SET position = 4, version = 2 WHERE id = 2",  # its last run forgotten
        "UPDATE streams SET position = 5, version = 3 WHERE id = 2",  # another stream's end
        "DELETE FROM runs WHERE position = 6",
        "DELETE FROM runs WHERE position = 4",
        "UPDATE runs SET previous = 0 WHERE position = 6",
        "UPDATE runs SET previous = 6 WHERE position = 6",
        "UPDATE runs SET previous = 3 WHERE position = 6",
        "UPDATE runs SET stream = 1 WHERE position = 6",
        "UPDATE runs SET version = 4 WHERE position = 6",
        "UPDATE runs SET recorded_at = recorded_at + 1 WHERE position = 6",
        "UPDATE runs SET commit_number = 5 WHERE position = 6",
        "UPDATE runs SET streams = 3 WHERE position = 6",
        "UPDATE runs SET hash = zeroblob(32) WHERE position = 4",
        "UPDATE runs SET seal = 0 WHERE position = 6",
        "DELETE FROM events WHERE position = 6",
        "UPDATE events SET position = 7 WHERE position = 6",
        "UPDATE events SET tag = 2 WHERE position = 4",
        "UPDATE events SET schema = 2 WHERE position = 4",
        "UPDATE bodies SET digest = zeroblob(32) WHERE id = 3",
    ],
)
def test_a_changed_row_is_found_when_its_stream_is_read(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "s.lineage"
    log = SQLiteLog(path)
    two_streams(log)
    expected = {stream: list(log.read(stream=stream)) for stream in "ab"}
    everything = list(log.read())
    table = next(word for word in statement.split() if word in TABLES)
    log.close()
    rewrite(path, table, statement)
    again = SQLiteLog(path)
    with pytest.raises(Damaged):
        list(again.read(stream="b"))
    for read, right in ((lambda: list(again.read()), everything),
                        (lambda: list(again.read(stream="a")), expected["a"])):  # fmt: skip
        with contextlib.suppress(Damaged):
            assert read() == right
    again.close()


def rewrite(path: Path, table: str, statement: str) -> None:
    """Change a table behind the store's back, and guard it again."""
    connection = apsw.Connection(str(path))
    for name in TABLES[table]:
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(statement)
    for name in TABLES[table]:
        connection.execute(OBJECTS[name])
    connection.close()
