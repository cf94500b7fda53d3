"""parse and format, split and join: a document taken apart and put together again."""

from __future__ import annotations

import msgspec
import pytest

from benchmarks.generate import documents
from lineage import canon
from lineage.errors import SnapshotError, XMLError
from lineage.model import Disk, Domain, Extra, Head, Memory, Node, Snapshot

from .canon_samples import UUID, lines, refusal, request, snapshot

FULL = f"""<domainsnapshot>
  <name>s &amp; t</name>
  <description>two
lines</description>
  <state>running</state>
  <parent>
    <name>p</name>
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
    </disk>
    <disk name='vdb' snapshot='no'/>
  </disks>
  <revertDisks>
    <disk name='vda'/>
  </revertDisks>
  <domain type='kvm'>
    <name>vm</name>
    <uuid>{UUID}</uuid>
  </domain>
  <inactiveDomain type='kvm'>
    <name>other</name>
  </inactiveDomain>
  <cookie>
    <cpu/>
  </cookie>
  <active>1</active>
</domainsnapshot>
""".encode()
PLAIN = FULL.replace(b"  <active>1</active>\n", b"")
DOMAIN = f"<domain type='kvm'>\n    <name>vm</name>\n    <uuid>{UUID}</uuid>\n  </domain>".encode()
INACTIVE = b"<inactiveDomain type='kvm'>\n    <name>other</name>\n  </inactiveDomain>"
COOKIE = b"<cookie>\n    <cpu/>\n  </cookie>"
HEAD = Head(
    name="s & t",
    description="two\nlines",
    state="running",
    parent="p",
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
        ),
        Disk(name="vdb", snapshot="no"),
    ),
    revert_disks=(Disk(name="vda"),),
)


def fields(head: Head) -> dict[str, object]:
    return {name: getattr(head, name) for name in Head.__struct_fields__}


def test_parse_gives_every_field_of_a_snapshot() -> None:
    record = canon.parse(PLAIN)
    assert isinstance(record, Snapshot)
    assert fields(record) == fields(HEAD)
    assert (record.domain, record.inactive_domain, record.cookie) == (DOMAIN, INACTIVE, COOKIE)


def test_parse_reads_active_in_mode_internal_only() -> None:
    given = {mode: canon.parse(FULL, mode=mode) for mode in ("redefine", "create", "internal")}
    assert {mode: getattr(record, "active", "no field") for mode, record in given.items()} == {
        "redefine": None,
        "create": None,
        "internal": 1,
    }


def test_parse_of_an_empty_request_is_a_record_of_nothing() -> None:
    assert canon.parse("<domainsnapshot/>", mode="create") == Snapshot(name=None)


def test_parse_of_a_domain_tells_whose_it_is() -> None:
    xml = f"<domain type='kvm'><uuid>{UUID.upper()}</uuid><name>&lt;vm&gt;</name></domain>"
    record = canon.parse(xml)
    assert record == Domain(name="<vm>", uuid=UUID, type="kvm", xml=canon.canonicalize(xml))
    assert canon.format(record) == canon.canonicalize(xml)


def test_parse_of_a_bare_domain_says_none() -> None:
    assert canon.parse("<domain/>") == Domain(name=None, uuid=None, type=None, xml=b"<domain/>\n")


def test_parse_fills_in_what_canonicalize_fills_in() -> None:
    record = canon.parse(snapshot("<disks><d name='a'><source file='/a'/></d></disks>"))
    assert isinstance(record, Snapshot)
    assert record.memory == Memory("internal")
    assert record.disks is not None
    assert (record.disks[0].snapshot, record.disks[0].type) == ("external", "file")
    assert (record.disks[0].path, record.disks[0].format, record.external) == ("/a", None, True)


def test_parse_keeps_the_unknown_as_extra_with_its_place() -> None:
    record = canon.parse(request("<a/><name z='1'>n</name><b>x</b>"), mode="create")
    assert isinstance(record, Snapshot)
    assert record.extra == (
        Extra(0, b"\n  <a/>"),
        Extra(17, b" z='1'"),
        Extra(1, b"\n  <b>x</b>"),
    )


def test_format_is_the_inverse_of_parse() -> None:
    for mode, expected in (("redefine", PLAIN), ("create", PLAIN), ("internal", FULL)):
        assert canon.format(canon.parse(FULL, mode=mode)) == expected
    for document in documents(50, seed=8):
        assert canon.format(canon.parse(document)) == document


def test_format_escapes_what_a_caller_puts_in() -> None:
    record = Snapshot(name="<&>\"'\r", disks=(Disk(name="a\n\tb"),))
    text = canon.format(record)
    assert b"<name>&lt;&amp;&gt;&quot;&apos;&#13;</name>" in text
    assert b"<disk name='a&#10;&#9;b'/>" in text
    assert canon.parse(text, mode="create") == record


@pytest.mark.parametrize("text", ["\x00", "a\x1b", "\ufffe", "\uffff"])
def test_format_refuses_characters_that_xml_has_not(text: str) -> None:
    with pytest.raises(XMLError) as caught:
        canon.format(Snapshot(name=text))
    assert caught.value.code == "char"


def test_split_gives_what_a_store_keeps() -> None:
    parts = canon.split(FULL, mode="internal")
    assert (parts.domain, parts.inactive_domain, parts.cookie) == (DOMAIN, INACTIVE, COOKIE)
    assert (parts.name, parts.creation_time, parts.active) == ("s & t", -5, 1)
    assert (parts.uuid, parts.domain_name) == (UUID, "vm")
    assert parts.xml == PLAIN
    assert msgspec.msgpack.decode(parts.head, type=Head) == HEAD


def test_split_reports_active_in_mode_redefine_but_never_keeps_it() -> None:
    with_active, without = canon.split(FULL), canon.split(PLAIN)
    assert (with_active.active, without.active) == (1, None)
    assert (with_active.xml, with_active.head) == (without.xml, without.head)
    assert canon.split(snapshot("<active>0</active>")).active == 0
    assert canon.split(snapshot("<active>x</active>")).active is None


def test_split_says_none_for_what_is_not_there() -> None:
    parts = canon.split(request(""), mode="create")
    assert (parts.name, parts.creation_time, parts.active) == (None, None, None)
    assert (parts.uuid, parts.domain_name) == (None, None)
    assert (parts.domain, parts.inactive_domain, parts.cookie) == (None, None, None)


@pytest.mark.parametrize(
    "active",
    [
        *(
            "<active>1</active>",
            "<active z='1'>0</active>",
            "<active> 1</active><active>x</active>",
        ),
        "<active q:z='1' xmlns:q='u'>1<b/></active>",
    ],
)
@pytest.mark.parametrize("place", ["first", "between", "last"])
def test_a_snapshot_has_one_head_whatever_active_says_and_wherever(active: str, place: str) -> None:
    parts = ["<a/>", "<cookie/>", "<b/>"]
    without = canon.split(snapshot("".join(parts)))
    parts.insert({"first": 0, "between": 2, "last": 3}[place], active)
    for mode in ("redefine", "internal"):
        found = canon.split(snapshot("".join(parts)), mode=mode)
        assert (found.head, found.xml) == (without.head, without.xml)
    printed = lines(snapshot("".join(parts)), "internal")
    assert printed[-1] in ("<active>0</active>", "<active>1</active>")
    assert printed[:-1] == lines(snapshot("<a/><cookie/><b/>"), "redefine")


@pytest.mark.parametrize(
    ("name", "uuid"),
    [
        ("d<b>o</b>m", f"{UUID[:4].upper()}<b>{UUID[4:]}</b>"),
        ("<b>d</b><!-- c -->om", f" <b>{UUID}</b>"),
        ("<b><![CDATA[d]]></b>&#111;m", f"<b>{UUID.replace('-', '')}</b>"),
    ],
)
def test_markup_in_a_domains_name_and_uuid_stays_and_their_text_says_whose_it_is(
    name: str, uuid: str
) -> None:
    body = f"<domain><name>{name}</name><uuid>{uuid}</uuid><name>x</name><uuid>x</uuid></domain>"
    parts = canon.split(snapshot(body))
    assert (parts.domain_name, parts.uuid) == ("dom", UUID)
    kept = (parts.domain or b"").decode()
    assert f"<uuid>{uuid}</uuid>" in kept.replace("<![CDATA[d]]>", "d")
    read = canon.parse(body)
    assert (getattr(read, "name", None), getattr(read, "uuid", None)) == ("dom", UUID)


@pytest.mark.parametrize("uuid", ["<b>x</b>", f"{UUID}<b>0</b>", "<b> </b>"])
def test_a_uuid_with_markup_is_refused_if_its_text_is_none(uuid: str) -> None:
    for body in ("domain", "inactiveDomain"):
        xml = snapshot(f"<{body}><uuid>{uuid}</uuid></{body}>")
        error = refusal(xml)
        assert (error.code, error.offset) == ("domain-uuid-invalid", xml.index("<uuid>"))


def test_split_tells_uuid_and_name_of_domain_and_not_of_inactive_domain() -> None:
    inactive = f"<inactiveDomain type='x'><uuid>{UUID}</uuid><name>n</name></inactiveDomain>"
    parts = canon.split(snapshot(inactive))
    assert (parts.uuid, parts.domain_name) == (None, None)
    parts = canon.split(snapshot(inactive + "<domain type='x'><name>m</name></domain>"))
    assert (parts.uuid, parts.domain_name) == (None, "m")


def test_split_refuses_a_domain() -> None:
    with pytest.raises(SnapshotError) as caught:
        canon.split("<domain type='kvm'/>")
    assert caught.value.code == "not-a-snapshot"


def test_the_attributes_of_parts_cannot_be_set() -> None:
    with pytest.raises(AttributeError):
        canon.split(PLAIN).name = "other"  # type: ignore[misc]


def test_join_is_the_inverse_of_split() -> None:
    for document in (PLAIN, *documents(50, seed=9)):
        parts = canon.split(document)
        bodies = (parts.domain, parts.inactive_domain, parts.cookie)
        assert canon.join(parts.head, *bodies) == document


def test_join_adds_the_active_it_is_told() -> None:
    parts = canon.split(PLAIN)
    assert canon.join(parts.head, DOMAIN, INACTIVE, COOKIE, 1) == FULL
    assert b"<active>0</active>" in canon.join(parts.head, active=0)


def test_join_prints_the_bodies_it_is_given_and_no_other() -> None:
    head = canon.split(PLAIN).head
    assert b"omain" not in canon.join(head).replace(b"domainsnapshot", b"")
    assert INACTIVE in canon.join(head, None, INACTIVE)
    assert COOKIE in canon.join(head, cookie=COOKIE)


@pytest.mark.parametrize("head", [b"", b"\x80", b"\x90", b"\xc0", b"\x9a" + b"\xc0" * 9, b"junk"])
def test_join_refuses_what_is_no_head(head: bytes) -> None:
    with pytest.raises(ValueError, match="not the MessagePack"):
        canon.join(head)


def test_join_refuses_bodies_that_are_not_bytes() -> None:
    with pytest.raises(TypeError):
        canon.join(canon.split(PLAIN).head, "<domain/>")  # type: ignore[arg-type]


def test_no_cut_of_a_head_is_taken_for_a_head() -> None:
    head = canon.split(PLAIN).head
    for length in range(len(head)):
        with pytest.raises(ValueError, match=r"^not (the MessagePack|an XML name)"):
            canon.join(head[:length])
