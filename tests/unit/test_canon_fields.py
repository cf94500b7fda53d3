"""A snapshot's own fields: which text they come to, and which of several counts."""

from __future__ import annotations

import pytest

from lineage import canon
from lineage.errors import SnapshotError

from .canon_samples import UUID, inside, lines, refusal, request, snapshot

pytestmark = pytest.mark.usefixtures("canonicalizer")

TEXTS = [
    ("a<b>c</b>d", "acd"),
    ("<b>x</b><c> y</c>", "x y"),
    ("<b>x<c>y<d/></c></b>z", "xyz"),
    ("a<!--c-->b", "ab"),
    ("<?p q?>a<?p?>", "a"),
    ("<![CDATA[<a>&b]]>", "&lt;a&gt;&amp;b"),
    ("<![CDATA[a]]><![CDATA[]]> <![CDATA[b]]>", "a b"),
    ("&#65;&#x42;&lt;&gt;&quot;&apos;&amp;", "AB&lt;&gt;&quot;&apos;&amp;"),
    ("&amp;lt;", "&amp;lt;"),
    (" a b ", " a b "),
    ("\t", "\t"),
    ("\n \n", "\n \n"),
    ("a\r\nb\rc", "a\nb\nc"),
    ("a&#13;&#10;b", "a&#13;\nb"),
    ("é\x7f\u2028\U0001f600", "é\x7f\u2028\U0001f600"),
    ("]]&gt;", "]]&gt;"),
    ("\ufeff", "\ufeff"),
    ("../%2e&#47;", "../%2e/"),
]
EMPTY = ["", "<b/>", "<!-- c -->", "<?p q?>", "<![CDATA[]]>", "<b><c></c></b>"]
TEXT_FIELDS = [("name", "name"), ("description", "description"), ("parent/name", "parent")]


def put(field: str, text: str) -> str:
    """The field with this text."""
    names = field.split("/")
    return "".join(f"<{n}>" for n in names) + text + "".join(f"</{n}>" for n in reversed(names))


@pytest.mark.parametrize(("given", "text"), TEXTS)
def test_the_string_value_of_a_field_is_kept(given: str, text: str) -> None:
    for field in ("name", "description"):
        assert "\n".join(inside(put(field, given))) == put(field, text)
    assert "\n".join(inside(put("parent/name", given))) == (
        f"<parent>\n  <name>{text}</name>\n</parent>"
    )


@pytest.mark.parametrize("nothing", ["", "\n", "\n<!-- c -->\n"])
def test_a_request_that_says_nothing_is_an_empty_element(nothing: str) -> None:
    xml = f"<domainsnapshot>{nothing}</domainsnapshot>\n".encode()
    assert canon.canonicalize(xml, mode="create") == b"<domainsnapshot/>\n"


@pytest.mark.parametrize(("field", "attribute"), TEXT_FIELDS)
@pytest.mark.parametrize("nothing", EMPTY)
def test_an_empty_field_is_no_field(nothing: str, field: str, attribute: str) -> None:
    assert inside(put(field, nothing)) == []
    assert getattr(canon.parse(request(put(field, nothing)), mode="create"), attribute) is None


@pytest.mark.parametrize("nothing", EMPTY)
def test_an_empty_required_field_is_missing(nothing: str) -> None:
    full = snapshot()
    for value, code in (("s", "name"), ("running", "state"), ("1", "creation-time")):
        assert refusal(full.replace(f">{value}<", f">{nothing}<", 1)).code == f"{code}-missing"


def test_the_attributes_of_an_empty_field_go_with_it() -> None:
    assert inside("<description z='1'/><name z='1'/><parent z='1'><name y='2'/><x/></parent>") == []


@pytest.mark.parametrize("field", ["name", "description", "parent/name"])
def test_the_first_of_several_counts_even_if_it_is_empty(field: str) -> None:
    assert inside(put(field, "a") + put(field, "b")) == inside(put(field, "a"))
    assert inside(put(field, "") + put(field, "b")) == []


def test_the_first_of_several_counts_for_every_field_that_must_be_there() -> None:
    again = "<name>x</name><state>on</state><creationTime>x</creationTime><active>x</active>"
    assert lines(snapshot("<active>1</active>" + again), "internal") == lines(
        snapshot("<active>1</active>"), "internal"
    )


def test_the_first_name_in_any_parent_is_the_parents() -> None:
    given = "<parent/><parent><name>a</name><name>b</name></parent><parent><name>c</name></parent>"
    assert inside(given) == ["<parent>", "  <name>a</name>", "</parent>"]


@pytest.mark.parametrize("body", ["domain", "inactiveDomain", "cookie"])
def test_the_first_of_several_bodies_counts(body: str) -> None:
    first, second = f"<{body}><a/></{body}>", f"<{body}><uuid>x</uuid></{body}>"
    assert inside(first + second) == [f"<{body}>", "  <a/>", f"</{body}>"]


def test_fields_come_in_libvirts_order() -> None:
    fields = (
        *("<name>s</name>", "<description>d</description>", "<state>running</state>"),
        *("<parent><name>p</name></parent>", "<creationTime>1</creationTime>"),
        *("<memory snapshot='no'/>", "<disks><disk name='a'/></disks>"),
        *("<revertDisks><disk name='a'/></revertDisks>", "<domain><name>n</name></domain>"),
        *("<inactiveDomain><name>n</name></inactiveDomain>", "<cookie><a/></cookie>"),
        "<active>1</active>",
    )
    given = [line.strip() for line in lines(request("".join(reversed(fields))), "internal")]
    assert "".join(given) == "".join(fields)


@pytest.mark.parametrize(
    "state",
    [
        "running",
        "blocked",
        "paused",
        "shutdown",
        "shutoff",
        "crashed",
        "pmsuspended",
        "disk-snapshot",
    ],
)
def test_every_state_of_libvirt_is_read(state: str) -> None:
    assert f"<state>{state}</state>" in lines(snapshot(state=state), "redefine")
    assert f"<state>{state}</state>" in lines(snapshot(state=f"<b>{state}</b>"), "redefine")


@pytest.mark.parametrize("state", ["nostate", "Running", " running", "running\n", "last", "0"])
def test_another_state_is_refused_but_kept_in_a_request(state: str) -> None:
    assert refusal(snapshot(state=state)).code == "state-invalid"
    text = "\n".join(inside(f"<state>{state}</state>"))
    assert text == f"<state>{state}</state>"


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        *[("1", 1), ("-1", -1), ("0", 0), ("-0", 0), ("+7", 7), ("007", 7), ("-007", -7)],
        *[(" 5", 5), ("\t\n 5", 5), ("&#13;5", 5), ("\r\n5", 5), (" +5", 5)],
        *[("9223372036854775807", 2**63 - 1), ("-9223372036854775808", -(2**63))],
        *[("0" * 100 + "5", 5), ("<b>1</b>2", 12), ("1<!--c-->2", 12), ("&#53;", 5)],
        ("<![CDATA[5]]>", 5),
    ],
)
def test_times_that_strtoll_reads_are_written_in_decimal(given: str, seconds: int) -> None:
    xml = snapshot().replace("<creationTime>1<", f"<creationTime>{given}<")
    assert f"<creationTime>{seconds}</creationTime>" in lines(xml, "redefine")
    assert canon.split(xml).creation_time == seconds
    assert f"<creationTime>{seconds}</creationTime>" in lines(xml, "create")


@pytest.mark.parametrize(
    "given",
    [
        *(
            "5 ",
            " 5 ",
            "5\n",
            "5.5",
            "1e3",
            "0x10",
            "1,000",
            "x",
            " ",
            "-",
            "+",
            "+-1",
            "--1",
            "- 1",
        ),
        *("9223372036854775808", "-9223372036854775809", "9" * 20, "9" * 400, "1 2"),
        *("\u0663", "\uff15", "\u00a05", "\u22121"),
    ],
)
def test_other_times_are_refused_in_every_mode(given: str) -> None:
    xml = snapshot().replace("<creationTime>1<", f"<creationTime>{given}<")
    for mode in ("redefine", "create", "internal"):
        error = refusal(xml, mode)
        assert (type(error), error.code) == (SnapshotError, "creation-time-invalid")
        assert error.offset == xml.index("<creationTime>")


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("1", 1),
        ("0", 0),
        ("-1", -1),
        (" +07", 7),
        ("2147483647", 2**31 - 1),
        ("-2147483648", -(2**31)),
    ],
)
def test_active_is_a_32_bit_integer(given: str, number: int) -> None:
    xml = snapshot(f"<active>{given}</active>")
    assert lines(xml, "internal")[-1] == f"<active>{number}</active>"
    assert canon.split(xml).active == number


@pytest.mark.parametrize("given", ["", "x", "1 ", "2147483648", "-2147483649", "yes", "1.0"])
def test_another_active_is_refused_in_mode_internal_alone(given: str) -> None:
    xml = snapshot(f"<active>{given}</active>")
    error = refusal(xml, "internal")
    assert (error.code, error.offset) == ("active-missing", xml.index("<active>"))
    for mode in ("redefine", "create"):
        assert "<active>" not in "".join(lines(xml, mode))


COMPACT = UUID.replace("-", "")


@pytest.mark.parametrize(
    "given",
    [
        *(UUID, UUID.upper(), COMPACT, COMPACT.upper(), f" {UUID}\n", f"\t{COMPACT} "),
        *("66-95-eb-01f6a4830479aa97f2502e193f", f"-{COMPACT}", f"--{UUID}"),
        *("66 95 eb01f6a4830479aa97f2502e193f", f"<![CDATA[{COMPACT}]]>", f"{COMPACT}<!--c-->"),
        "&#54;695eb01f6a4830479aa97f2502e193f",
    ],
)
def test_every_spelling_of_a_uuid_that_libvirt_reads_becomes_its_own(given: str) -> None:
    body = f"<domain type='kvm'><uuid>{given}</uuid></domain>"
    assert canon.parse(body).uuid == UUID  # type: ignore[union-attr]
    assert f"<uuid>{UUID}</uuid>" in canon.canonicalize(body).decode()
    assert canon.split(snapshot(body)).uuid == UUID
    assert f"    <uuid>{UUID}</uuid>" not in inside(body)
    assert f"  <uuid>{UUID}</uuid>" in inside(body)


@pytest.mark.parametrize(
    "given",
    [
        *("x", " ", f"{{{UUID}}}", f"urn:uuid:{UUID}", COMPACT[:-1], COMPACT + "0", f"{COMPACT}-"),
        *(COMPACT[:-1] + "g", "6-695eb01f6a4830479aa97f2502e193f", f"{COMPACT[:2]}\t{COMPACT[2:]}"),
    ],
)
def test_another_uuid_is_refused_at_its_element(given: str) -> None:
    for body in ("domain", "inactiveDomain"):
        xml = request(f"<{body}><name>n</name><uuid>{given}</uuid></{body}>")
        error = refusal(xml, "create")
        assert (error.code, error.offset) == ("domain-uuid-invalid", xml.index("<uuid>"))


def test_an_empty_uuid_is_kept_and_none() -> None:
    assert inside("<domain><uuid/></domain>") == ["<domain>", "  <uuid/>", "</domain>"]
    assert canon.split(snapshot("<domain><uuid/></domain>")).uuid is None


def test_only_the_domains_own_first_uuid_is_read() -> None:
    other = "<uuid>X</uuid>"
    assert inside(f"<domain><uuid>{UUID.upper()}</uuid>{other}<a>{other}</a></domain>") == [
        *("<domain>", f"  <uuid>{UUID}</uuid>", "  <uuid>X</uuid>"),
        *("  <a>", "    <uuid>X</uuid>", "  </a>", "</domain>"),
    ]
