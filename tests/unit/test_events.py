"""Events as stored: payloads of every layout there ever was, and the way from old to new."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
import pytest

from lineage.errors import Damaged
from lineage.events import (
    SCHEMAS,
    TAGS,
    UPCASTERS,
    Annotated,
    CurrentChanged,
    Defined,
    Deleted,
    EventData,
    Redefined,
    Renamed,
    Undefined,
    decode,
    encode,
)
from lineage.log import Append, MemoryLog, NewEvent
from lineage.model import Disk, Extra, Head, Memory, Node, Secure
from lineage.store import Store

UUID: Final = "0b5c3a52-6d5e-4b0e-8f60-3f1f1d0c9a01"
DOMAIN: Final = f"""<domain type='kvm'>
    <name>mäil</name>
    <uuid>{UUID}</uuid>
    <memory unit='KiB'>1048576</memory>
  </domain>""".encode()
INACTIVE: Final = DOMAIN.replace(b"<domain ", b"<inactiveDomain ").replace(
    b"/domain", b"/inactiveDomain"
)
COOKIE: Final = b"<cookie>\n    <cpu/>\n  </cookie>"
DOCUMENT: Final = b"""<domainsnapshot xmlns:x='urn:x'>
  <name>\xd1\x85 &amp; y</name>
  <description>two
lines</description>
  <state>running</state>
  <parent>
    <name>base</name>
  </parent>
  <creationTime>-5</creationTime>
  <memory snapshot='external' file='/m'/>
  <disks>
    <disk name='vda' snapshot='external' type='network'>
      <snapshotDeleteInProgress/>
      <driver type='qcow2'/>
      <source protocol='nbd' name='&lt;n&gt;'>
        <host name='h' port='1'/>
      </source>
      <mark of='vda'/>
    </disk>
    <disk name='vdb' snapshot='no'/>
  </disks>
  <revertDisks>
    <disk name='vda'/>
  </revertDisks>
  %b
  %b
  %b
  <x:more/>
</domainsnapshot>
""" % (DOMAIN, INACTIVE, COOKIE)
LEAST: Final = b"""<domainsnapshot>
  <name>s</name>
  <state>shutoff</state>
  <creationTime>1</creationTime>
  <memory snapshot='no'/>
</domainsnapshot>
"""
BARE_DOMAIN: Final = f"<domain>\n    <uuid>{UUID}</uuid>\n  </domain>".encode()
BARE: Final = LEAST.replace(b"</domains", b"  " + BARE_DOMAIN + b"\n</domains")
FOLDER: Final = Path(__file__).parents[1] / "golden" / "events"

HEAD: Final = Head(
    name="х & y",
    description="two\nlines",
    state="running",
    parent="base",
    creation_time=-5,
    memory=Memory("external", "/m"),
    disks=(
        Disk(
            name="vda",
            snapshot="external",
            type="network",
            delete_in_progress=True,
            driver=Node({"type": "qcow2"}),
            source=Node(
                {"protocol": "nbd", "name": "<n>"},
                b"\n        <host name='h' port='1'/>\n      ",
            ),
            extra=(Extra(11, b"\n      <mark of='vda'/>"),),
        ),
        Disk(name="vdb", snapshot="no"),
    ),
    revert_disks=(Disk(name="vda"),),
    extra=(Extra(16, b" xmlns:x='urn:x'"), Extra(11, b"\n  <x:more/>")),
)
LEAST_HEAD: Final = Head(name="s", state="shutoff", creation_time=1, memory=Memory("no"))


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


FULL_FIELDS: Final = {
    "name": HEAD.name,
    "digest": sha256(DOCUMENT),
    "domain": sha256(DOMAIN),
    "inactive_domain": sha256(INACTIVE),
    "cookie": sha256(COOKIE),
    "domain_name": "mäil",
    "secure": Secure.YES,
    "canon": 1,
    "bare": False,
}
LEAST_FIELDS: Final = {
    "name": "s",
    "digest": sha256(LEAST),
    "domain": None,
    "inactive_domain": None,
    "cookie": None,
    "domain_name": None,
    "secure": Secure.UNKNOWN,
    "canon": 1,
    "bare": False,
}
BARE_FIELDS: Final = LEAST_FIELDS | {
    "digest": sha256(BARE),
    "domain": sha256(BARE_DOMAIN),
    "bare": True,
}
# What each file of tests/golden/events, TAG-SCHEMA-NAME.hex, must be read as, by every release.
DEFINITIONS: Final = {
    "1-1-least": (Defined, LEAST_HEAD, LEAST_FIELDS),
    "1-1-full": (Defined, HEAD, FULL_FIELDS),
    "1-1-bare": (Defined, LEAST_HEAD, BARE_FIELDS),
    "2-1-least": (Redefined, LEAST_HEAD, LEAST_FIELDS),
    "2-1-full": (Redefined, HEAD, FULL_FIELDS),
    "2-1-bare": (Redefined, LEAST_HEAD, BARE_FIELDS),
}
OTHERS: Final[dict[str, EventData]] = {
    "3-1-single": Deleted("х"),
    "3-1-children": Deleted("х", "children"),
    "3-1-children-only": Deleted("х", "children-only"),
    "4-1-some": CurrentChanged("х"),
    "4-1-none": CurrentChanged(None),
    "5-1-renamed": Renamed("х", "y"),
    "6-1-undefined": Undefined(),
    "7-1-snapshot": Annotated("х", {"ticket": "ä = 7", "gone": None}),
    "7-1-domain": Annotated(None, {"owner": "х"}),
}


def golden(name: str) -> tuple[int, int, bytes]:
    """Tag, schema and payload of a file."""
    tag, schema, _ = name.split("-", 2)
    return int(tag), int(schema), bytes.fromhex((FOLDER / f"{name}.hex").read_text())


def definition(name: str) -> Defined | Redefined:
    """What a file of a definition is read as."""
    data = decode(*golden(name))
    assert isinstance(data, Defined | Redefined)
    return data


def test_every_layout_there_ever_was_is_kept_as_a_file() -> None:
    names = {path.stem for path in FOLDER.iterdir()}
    assert names == DEFINITIONS.keys() | OTHERS.keys()
    kept = {golden(name)[:2] for name in names}
    assert kept == {(TAGS[kind], s) for kind in TAGS for s in range(1, SCHEMAS[kind] + 1)}


@pytest.mark.parametrize("name", OTHERS)
def test_a_payload_of_any_layout_is_read_as_ever(name: str) -> None:
    assert decode(*golden(name)) == OTHERS[name]


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_definition_of_any_layout_is_read_as_ever(name: str) -> None:
    kind, head, fields = DEFINITIONS[name]
    data = definition(name)
    assert type(data) is kind
    assert {field: getattr(data, field) for field in fields} == fields
    assert msgspec.msgpack.decode(data.head, type=Head) == head
    assert {*fields, "head"} == {*kind.__struct_fields__}


@pytest.mark.parametrize("name", [*DEFINITIONS, *OTHERS])
def test_what_is_written_today_is_what_the_files_of_the_latest_layout_hold(name: str) -> None:
    tag, schema, payload = golden(name)
    data = decode(tag, schema, payload)
    if SCHEMAS[type(data)] == schema:
        assert encode(data) == (tag, schema, payload)


@pytest.mark.parametrize(
    ("name", "document"), [("1-1-full", DOCUMENT), ("1-1-least", LEAST), ("1-1-bare", BARE)]
)
def test_a_definition_of_any_layout_gives_its_document_byte_for_byte(
    name: str, document: bytes
) -> None:
    bodies = {sha256(body): body for body in (DOMAIN, INACTIVE, COOKIE, BARE_DOMAIN)}
    tag, schema, payload = golden(name)
    log = MemoryLog()
    log.append([Append(UUID, [NewEvent(tag, schema, payload)])], bodies)
    with Store.over(log) as store:
        assert store.xml(UUID, definition(name).name) == document


# Upcasters

Upcaster = Callable[[bytes], bytes]


def with_layouts(
    monkeypatch: pytest.MonkeyPatch, latest: int, upcasters: dict[tuple[int, int], Upcaster]
) -> None:
    """As in a release where a deletion's layout is number `latest`."""
    monkeypatch.setitem(SCHEMAS, Deleted, latest)
    for key, upcaster in upcasters.items():
        monkeypatch.setitem(UPCASTERS, key, upcaster)


def adding(field: Any) -> Upcaster:
    """A layout with one field more, which older events take to be this."""
    return lambda payload: msgspec.msgpack.encode([*msgspec.msgpack.decode(payload), field])


def renaming(payload: bytes) -> bytes:
    """A layout that has the name in a list."""
    name, *rest = msgspec.msgpack.decode(payload)
    return msgspec.msgpack.encode([f"{name}!", *rest])


def test_there_is_a_way_from_every_older_layout() -> None:
    wanted = {(TAGS[kind], older) for kind in TAGS for older in range(1, SCHEMAS[kind])}
    assert UPCASTERS.keys() == wanted


def test_an_event_of_an_older_layout_is_brought_to_the_latest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_layouts(monkeypatch, 2, {(3, 1): adding("children")})
    assert decode(3, 1, msgspec.msgpack.encode(["s"])) == Deleted("s", "children")
    assert decode(3, 2, msgspec.msgpack.encode(["s"])) == Deleted("s", "single")


def test_an_event_goes_through_every_layout_in_between_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_layouts(monkeypatch, 3, {(3, 1): adding("children"), (3, 2): renaming})
    assert decode(3, 1, msgspec.msgpack.encode(["s"])) == Deleted("s!", "children")
    assert decode(3, 2, msgspec.msgpack.encode(["s"])) == Deleted("s!", "single")
    assert decode(3, 3, msgspec.msgpack.encode(["s"])) == Deleted("s", "single")


def test_the_layouts_of_other_events_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    with_layouts(monkeypatch, 2, {(3, 1): adding("children"), (4, 1): renaming})
    assert decode(4, 1, msgspec.msgpack.encode(["s"])) == CurrentChanged("s")


@pytest.mark.parametrize("missing", [1, 2])
def test_a_layout_without_a_way_to_the_latest_is_damage(
    monkeypatch: pytest.MonkeyPatch, missing: int
) -> None:
    with_layouts(monkeypatch, 3, {(3, 3 - missing): renaming})
    with pytest.raises(Damaged, match=f"tag 3 has no schema {missing}"):
        decode(3, 1, msgspec.msgpack.encode(["s"]))


@pytest.mark.parametrize("schema", [0, -1])
def test_a_layout_that_never_was_is_damage(schema: int) -> None:
    with pytest.raises(Damaged, match=f"tag 3 has no schema {schema}"):
        decode(3, schema, msgspec.msgpack.encode(["s"]))


@pytest.mark.parametrize("kind", TAGS)
def test_a_layout_of_a_newer_release_is_damage(kind: type[Any]) -> None:
    newer = SCHEMAS[kind] + 1
    with pytest.raises(Damaged, match=f"tag {TAGS[kind]} has a newer schema {newer}"):
        decode(TAGS[kind], newer, msgspec.msgpack.encode(["s", "t"]))


@pytest.mark.parametrize("tag", [0, -1, max(TAGS.values()) + 1])
def test_an_event_of_a_newer_release_is_damage(tag: int) -> None:
    with pytest.raises(Damaged, match=f"tag {tag} is unknown"):
        decode(tag, 1, b"\x90")


@pytest.mark.parametrize(
    "payload",
    [b"", b"\xc0", b"\x90", b"\x91\x01", b"\x91\xa1\xff", b"\x92\xa1s", b"\x91" * 100_000],
    ids=["nothing", "nil", "empty", "number", "not UTF-8", "cut off", "deep"],
)
def test_a_payload_of_another_shape_is_damage(
    monkeypatch: pytest.MonkeyPatch, payload: bytes
) -> None:
    """Also where it is the way to the latest layout that finds out."""
    for tag in (TAGS[Defined], TAGS[Deleted], TAGS[Renamed]):
        with pytest.raises(Damaged):
            decode(tag, 1, payload)
    typed = msgspec.msgpack.Decoder(Deleted)
    with_layouts(monkeypatch, 2, {(3, 1): lambda old: msgspec.msgpack.encode(typed.decode(old))})
    with pytest.raises(Damaged, match="tag 3 cannot be read"):
        decode(3, 1, payload)


def test_a_store_gives_events_of_older_layouts_as_the_latest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = MemoryLog()
    log.append([Append(UUID, [NewEvent(*golden("1-1-least")), NewEvent(3, 1, b"\x91\xa1?")])])
    upcasters = {(3, 1): lambda _: msgspec.msgpack.encode(["s"])}
    with_layouts(monkeypatch, 2, upcasters)
    with Store.over(log) as store:
        assert [event.data for event in store.events()][1] == Deleted("s")
        assert list(store.tree(UUID)) == []
        assert list(store.tree(UUID, at=1)) == ["s"]


def test_the_latest_layout_is_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    with_layouts(monkeypatch, 2, {(3, 1): adding("children")})
    assert encode(Deleted("s"))[:2] == (3, 2)


def test_no_tag_is_given_twice_and_every_event_has_one() -> None:
    assert sorted(TAGS.values()) == sorted(set(TAGS.values()))
    assert set(TAGS) == set(SCHEMAS) == set(get_args(EventData))
