"""Damaged stores: each is made from a good one by SQL or by bytes, see `FIXTURES`.

``python -m tests.damage.fixtures DIRECTORY`` writes them all, to be looked at.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import apsw

from lineage.events import Defined, decode, encode
from lineage.kept import row_of
from lineage.log import Append, NewEvent, SQLiteLog
from lineage.log.frames import BODIES, compress
from lineage.log.runs import (
    RUN_COLUMNS,
    End,
    Run,
    migration_seal,
    request_seal,
    seal_of_end,
    seal_of_run,
)
from lineage.log.schema import OBJECTS
from lineage.past import replay
from lineage.tree import fold
from tests.damage.sample import build

__all__ = ["FIXTURES", "Fixture", "hurt", "make"]

Damage = Callable[[apsw.Connection], Any]


@dataclass(frozen=True)
class Fixture:
    """A way in which a store can be damaged.

    Attributes:
        name: what is wrong.
        codes: of the findings of `check`, no other. None: SQLite reads nothing of the file, and
            `check` is as unable as everybody else.
        damage: does it, by SQL.
        reads: whether reading finds it; else every answer is the one of the undamaged store.
            None: answers are others, and only `check` finds it: who can seal can lie.
        opens: whether the damaged file can be opened.
        appends: done to the store through its own log, in place of `damage`.
        alters: done to the file's bytes, in place of `damage`.
    """

    name: str
    codes: frozenset[str]
    damage: Damage | None = None
    reads: bool | None = True
    opens: bool = field(default=True, kw_only=True)
    appends: Callable[[SQLiteLog], Any] | None = field(default=None, kw_only=True)
    alters: Callable[[bytearray], Any] | None = field(default=None, kw_only=True)


def make(good: Path, path: Path, fixture: Fixture) -> None:
    """Write the damaged store; the file says nothing of how it came to be."""
    content = bytearray(good.read_bytes())
    if fixture.alters is not None:
        fixture.alters(content)
    path.write_bytes(content)
    if fixture.appends is not None:
        log = SQLiteLog(path)
        fixture.appends(log)
        log.close()
    if fixture.damage is not None:
        hurt(path, fixture)


def hurt(path: Path, fixture: Fixture) -> None:
    """Do a damage by SQL, past triggers, constraints and SQLite's own guards."""
    assert fixture.damage is not None
    connection = apsw.Connection(str(path))
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 0)
    connection.pragma("foreign_keys", "off")
    connection.pragma("ignore_check_constraints", "on")
    triggers = [name for name, sql in OBJECTS.items() if sql.startswith("CREATE TRIGGER")]
    for name in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    fixture.damage(connection)
    for name in triggers:
        connection.execute(OBJECTS[name])
    connection.pragma("wal_checkpoint", "truncate")
    connection.close()


def _sql(*statements: str) -> Damage:
    def damage(connection: apsw.Connection) -> None:
        for statement in statements:
            connection.execute(statement)

    return damage


def _run(position: int, **changes: Any) -> Damage:
    """A run that says something else, and bears the seal of it."""

    def damage(connection: apsw.Connection) -> None:
        query = f"SELECT {RUN_COLUMNS} FROM runs WHERE position = ?"
        (*row, _) = connection.execute(query, (position,)).fetchone()  # type: ignore[misc]
        old: Any = Run(*row)
        made = {name: getattr(old, name) for name in Run.__struct_fields__} | changes
        run = Run(**made)
        connection.execute("DELETE FROM runs WHERE position = ?", (position,))
        values = [getattr(run, name) for name in Run.__struct_fields__]
        marks = ", ".join("?" * (len(values) + 1))
        insert = f"INSERT INTO runs ({RUN_COLUMNS}) VALUES ({marks})"
        connection.execute(insert, (*values, seal_of_run(run)))

    return damage


def _stream(number: int, **changes: Any) -> Damage:
    """A stream that ends elsewhere, or is called otherwise, and bears the seal of it."""

    def damage(connection: apsw.Connection) -> None:
        query = "SELECT id, key, position, version FROM streams WHERE id = ?"
        row: Any = connection.execute(query, (number,)).fetchone()
        made = dict(zip(End.__struct_fields__, row, strict=True)) | changes
        update = "UPDATE streams SET key = ?, position = ?, version = ?, seal = ? WHERE id = ?"
        values = made["key"], made["position"], made["version"], seal_of_end(End(**made))
        connection.execute(update, (*values, number))

    return damage


def _request(connection: apsw.Connection) -> None:
    """An answer that is to come, sealed."""
    key = "call-1"
    query = "SELECT call, version FROM requests WHERE key = ?"
    ((call, version),) = connection.execute(query, (key,)).fetchall()
    seal = request_seal(key, bytes(call), 9999, int(version))  # type: ignore[arg-type]
    update = "UPDATE requests SET position = 9999, seal = ? WHERE key = ?"
    connection.execute(update, (seal, key))


def _orphan(connection: apsw.Connection) -> None:
    body = b"<domain>nobody's</domain>\n"
    (last,) = connection.execute("SELECT max(id) FROM bodies").fetchone()  # type: ignore[misc]
    number = int(str(last)) + 1
    digest = hashlib.sha256(body).digest()
    connection.execute("INSERT INTO bodies (id, digest) VALUES (?, ?)", (number, digest))
    pack = (number, *compress(body, BODIES))
    connection.execute("INSERT INTO packs (id, encoding, data) VALUES (?, ?, ?)", pack)


def _index(name: str, where: str) -> Damage:
    """An index that lacks a row."""

    def damage(connection: apsw.Connection) -> None:
        connection.execute(f"DROP INDEX {name}")
        joint = " AND " if " WHERE " in OBJECTS[name] else " WHERE "
        connection.execute(f"{OBJECTS[name]}{joint}{where}")
        connection.pragma("writable_schema", "on")
        update = "UPDATE sqlite_schema SET sql = ? WHERE name = ?"
        connection.execute(update, (OBJECTS[name], name))
        connection.pragma("writable_schema", "reset")

    return damage


def _migration(connection: apsw.Connection) -> None:
    query = "SELECT release, recorded_at FROM migrations"
    release, at = connection.execute(query).fetchall()[0]
    seal = migration_seal(7, str(release), int(str(at)))
    connection.execute("UPDATE migrations SET format = 7, seal = ?", (seal,))


def _typed(table: str, old: str, new: str, statement: str) -> Damage:
    """A value of another type than its column has: while that is done, the column has it."""

    def damage(connection: apsw.Connection) -> None:
        assert old in OBJECTS[table]
        update = "UPDATE sqlite_schema SET sql = ? WHERE name = ?"
        for sql in (OBJECTS[table].replace(old, new), OBJECTS[table]):
            connection.pragma("writable_schema", "on")
            connection.execute(update, (sql, table))
            connection.pragma("writable_schema", "reset")
            if new in sql:
                connection.execute(statement)

    return damage


def _unknown_event(log: SQLiteLog) -> None:
    log.append([Append("name:newer", [NewEvent(99, 1, b"\x90")])])


def _event(**fields: Any) -> Callable[[SQLiteLog], None]:
    """A definition whose document is not what it says."""

    def appends(log: SQLiteLog) -> None:
        made = next(e for e in log.read() if e.tag == 1)
        data: Any = decode(made.tag, made.schema, made.payload)
        values = {name: getattr(data, name) for name in Defined.__struct_fields__} | fields
        event = Defined(**values)
        log.append([Append("name:wrong", [NewEvent(*encode(event), bodies=event.bodies)])])

    return appends


def _source(connection: apsw.Connection) -> None:
    query = "SELECT position, payload FROM events WHERE instr(payload, 'by hand')"
    position, payload = connection.execute(query).fetchall()[0]
    assert isinstance(payload, bytes)
    changed = payload.replace(b"by hand", b"by hund")
    assert changed != payload
    connection.execute("UPDATE events SET payload = ? WHERE position = ?", (changed, position))


def _other_tree(log: SQLiteLog) -> None:
    """A tree of another domain, kept in one's place with all digests right."""
    one, other = (head.stream for head in log.streams()[:2])
    tree = fold(one, replay(log, other))
    log.put_cached({one: row_of(tree)})


def _truncated(content: bytearray) -> None:
    del content[-4096:]


def _replaced(old: bytes, new: bytes) -> Callable[[bytearray], None]:
    """Other bytes wherever these stand."""

    def alters(content: bytearray) -> None:
        assert old in content
        assert len(old) == len(new)
        content[:] = content.replace(old, new)

    return alters


def _schema_format(content: bytearray) -> None:
    """A number in SQLite's header that is 1 to 4."""
    content[47] = 0x84


def _page(number: int) -> Callable[[bytearray], None]:
    """A page of rubbish, counted from 1."""

    def alters(content: bytearray) -> None:
        content[4096 * (number - 1) : 4096 * number] = hashlib.sha256(b"rubbish").digest() * 128

    return alters


def _fixture(name: str, codes: str, damage: Damage | None = None, **more: Any) -> Fixture:
    return Fixture(name, frozenset(codes.split()), damage, **more)


FIXTURES: Final = [
    # events
    _fixture("a payload is another", "bad-digest", _sql(
        "UPDATE events SET payload = x'000103000000000000' WHERE position = 5")),
    _fixture("a payload is empty", "bad-digest", _sql(
        "UPDATE events SET payload = x'' WHERE position = 5")),
    _fixture("a source is another", "broken-chain", _source),
    _fixture("an event is of another kind", "broken-chain", _sql(
        "UPDATE events SET tag = 3 WHERE position = 5")),
    _fixture("an event is missing", "gap", _sql("DELETE FROM events WHERE position = 5")),
    _fixture("the last event is missing", "gap", _sql(
        "DELETE FROM events WHERE position = (SELECT max(position) FROM events)")),
    _fixture("an event is in no run", "gap", _sql(
        "INSERT INTO events SELECT max(position) + 1, 1, 1, x'00' FROM events")),
    _fixture("events have changed places", "bad-digest", _sql(
        "UPDATE events SET position = -1 WHERE position = 4",
        "UPDATE events SET position = 4 WHERE position = 5",
        "UPDATE events SET position = 5 WHERE position = -1")),
    _fixture("an event of a newer release", "unreadable-event", appends=_unknown_event),
    # runs
    _fixture("a run is missing", "broken-chain gap", _sql("DELETE FROM runs WHERE position = 6")),
    _fixture("the last run is missing", "gap", _sql(
        "DELETE FROM runs WHERE position = (SELECT max(position) FROM runs)")),
    _fixture("a run was recorded at another time", "bad-digest", _sql(
        "UPDATE runs SET recorded_at = recorded_at + 1 WHERE position = 6")),
    _fixture("a run was recorded at another time, and sealed so", "broken-chain",
             _run(6, recorded_at=1_700_000_000_000_000_001)),
    _fixture("a run was recorded before the one before", "broken-chain", _run(19, recorded_at=5),
             reads=None),
    _fixture("a run has another hash", "bad-digest broken-chain", _sql(
        "UPDATE runs SET hash = zeroblob(32) WHERE position = 6")),
    _fixture("a run has another hash, and is sealed so", "broken-chain", _run(6, hash=bytes(32))),
    _fixture("a run goes back to another, and is sealed so", "broken-chain",
             _run(19, previous=1)),
    _fixture("a run is of another stream, and is sealed so", "broken-chain",
             _run(6, stream=2)),
    _fixture("a run has more events, and is sealed so", "bad-digest broken-chain gap",
             _run(19, version=14)),
    _fixture("commits have a gap", "gap", _run(7, commit=7), reads=None),
    _fixture("fewer streams are counted", "gap", _run(25, streams=1), reads=None),
    # streams
    _fixture("a stream is called otherwise", "bad-digest", _sql(
        "UPDATE streams SET key = 'name:other' WHERE id = 2")),
    _fixture("a stream is called otherwise, and sealed so", "broken-chain cache-differs",
             _stream(2, key="name:other"), reads=None),
    _fixture("a stream ends earlier", "bad-digest", _sql(
        "UPDATE streams SET position = 6, version = 6 WHERE id = 1")),
    _fixture("a stream ends earlier, and is sealed so", "gap",
             _stream(1, position=6, version=6), reads=None),
    _fixture("the last stream is missing", "gap sqlite", _sql(
        "DELETE FROM streams WHERE id = (SELECT max(id) FROM streams)")),
    _fixture("a stream is missing", "gap sqlite", _sql("DELETE FROM streams WHERE id = 2")),
    # bodies
    _fixture("a body is another", "bad-digest", _sql(
        "UPDATE packs SET data = x'00', encoding = 0 WHERE id = 1")),
    _fixture("a body has another digest", "bad-digest broken-chain", _sql(
        "UPDATE bodies SET digest = zeroblob(32) WHERE id = 1")),
    _fixture("a body is missing", "bad-digest gap sqlite", _sql(
        "DELETE FROM bodies WHERE id = 2")),
    _fixture("a pack is missing", "bad-digest", _sql("DELETE FROM packs WHERE id = 2")),
    _fixture("a base is missing", "bad-digest gap sqlite", _sql("DELETE FROM packs WHERE id = 1")),
    _fixture("a pack has another base", "bad-digest", _sql(
        "UPDATE packs SET base = (SELECT max(id) FROM packs WHERE base IS NULL) WHERE id = 2")),
    _fixture("a key body is said to be of another stream", "bad-digest", _sql(
        "UPDATE packs SET stream = 3 WHERE id = 1", "UPDATE packs SET stream = 3 WHERE base = 1"),
        reads=False),
    _fixture("a pack is said to be of another stream", "bad-digest", _sql(
        "UPDATE packs SET stream = 3 WHERE id = 2"), reads=False),
    _fixture("a body that no event names", "orphan-body", _orphan, reads=False),
    _fixture("a body is not found by its digest", "bad-digest sqlite",
             _index("bodies_digest", "id > 1")),
    _fixture("a key body is not found by its stream", "sqlite", _index("packs_keys", "id > 1"),
             reads=False),
    _fixture("a digest is text", "bad-digest sqlite", _typed(
        "bodies", "digest BLOB NOT NULL", "digest TEXT NOT NULL",
        "UPDATE bodies SET digest = 'no bytes any more' WHERE id = 1")),
    _fixture("a pack is text", "bad-digest sqlite", _typed(
        "packs", "data     BLOB", "data     TEXT",
        "UPDATE packs SET data = 'no bytes any more' WHERE id = 1")),
    # what events say
    _fixture("a document has another digest", "bad-digest", appends=_event(digest=bytes(32))),
    _fixture("a body was never stored", "bad-digest", appends=_event(domain=bytes(32))),
    _fixture("a head is none", "unreadable-event", appends=_event(head=b"\x90")),
    # what lies beside
    _fixture("an answer is another", "bad-digest", _sql(
        "UPDATE requests SET version = version + 1 WHERE key = 'call-1'")),
    _fixture("an answer is missing", "gap", _request, reads=None),
    _fixture("a call is not in its index", "bad-digest sqlite",
             _index("requests_key", "key <> 'call-1'"), reads=False),
    _fixture("a call is not where its key says", "bad-digest", _sql(
        "UPDATE requests SET id = 1 WHERE key = 'call-1'")),
    _fixture("a kept tree is another", "cache-differs", _sql(
        "UPDATE trees SET data = x'00' WHERE stream = (SELECT max(stream) FROM trees)"),
        reads=False),
    _fixture("a kept tree is not that of its events", "cache-differs", appends=_other_tree,
             reads=None),
    # the file
    _fixture("a trigger of somebody else's", "schema", _sql(
        "CREATE TRIGGER helpful AFTER INSERT ON events BEGIN SELECT 1; END"), reads=False),
    _fixture("a trigger does nothing", "schema", opens=False, alters=_replaced(
        b"raise(ABORT, 'events are never", b"ifnull(NULL, 'events are never")),
    _fixture("the format's number and its record differ", "schema", _migration, reads=False),
    _fixture("another release made the file", "bad-digest", _sql(
        "UPDATE migrations SET release = '0.0.9'"), reads=False),
    _fixture("a page is rubbish", "sqlite", alters=_page(5)),
    _fixture("the file is cut off", "", alters=_truncated, opens=False),
    _fixture("the header is of no SQLite", "", opens=False, alters=_schema_format),
    _fixture("the schema is no SQL", "", opens=False, alters=_replaced(
        b"CREATE TABLE events", b"CREATE TABEL events")),
]  # fmt: skip


def main() -> None:
    """Write all of them into a directory."""
    room = Path(sys.argv[1])
    room.mkdir(exist_ok=True)
    good = room / "good.db"
    build(good)
    for fixture in FIXTURES:
        make(good, room / f"{fixture.name}.db", fixture)


if __name__ == "__main__":
    main()
