"""Odd snapshot documents: libvirt and the canonicalizer accept the same, and print the same
above ``<disks>``."""

from __future__ import annotations

import re

import pytest

from lineage import canon
from lineage.errors import DocumentError

from .libvirt_child import LiveLibvirt

pytestmark = pytest.mark.live

BASE = {
    "name": "<name>s</name>",
    "state": "<state>running</state>",
    "creationTime": "<creationTime>7</creationTime>",
}
TEXTS = [
    *("a<b>c</b>d", "a<!--c-->b", "<?p q?>a", "<![CDATA[<a>&b]]>", "<![CDATA[a]]><![CDATA[b]]>"),
    *(" a b ", "\t", "a\r\nb", "a\nb", "&#65;&lt;&gt;&quot;&apos;&amp;", "é\x7f\u2028", "]]&gt;"),
    *("<b>x<c>y<d/></c></b>z", "\ufeff", "&#10;x", "\U0001f600", "&amp;lt;", "%2e%2e"),
]
EMPTY = ["", "<b/>", "<!-- c -->", "<![CDATA[]]>"]
NOT_XML = ["&#0;", "&#27;", "\x1b", "&#xD800;", "&#65534;", "&e;", "&", "<b>", "]]>", "\ufffe"]
TIMES = [
    *("1", "-1", "+7", "007", " 5", "\t\n5", "&#13;5", "9223372036854775807", "<b>1</b>2"),
    *("-9223372036854775808", "1<!--c-->2", "&#53;", "<![CDATA[5]]>", "", "5 ", "5.5", "1e3"),
    *("0x10", "x", "-", "+", "+-1", "- 1", "9223372036854775808", "-9223372036854775809", "9" * 30),
    *("\u0663", "\u00a05", " "),
]
STATES = [
    *("running", "blocked", "paused", "shutdown", "shutoff", "crashed", "pmsuspended"),
    *("disk-snapshot", "<b>paused</b>", "nostate", "Running", " running", "running ", "", "last"),
]
MEMORIES = [
    *("", "<memory/>", "<memory snapshot='no'/>", "<memory snapshot='internal'/>"),
    *("<memory file='/m'/>", "<memory file='/m' snapshot='external'/>", "<memory file=''/>"),
    *("<memory snapshot='external'/>", "<memory snapshot='no' file='/m'/>", "<memory file='m'/>"),
    *("<memory snapshot='internal' file='/m'/>", "<memory snapshot='no' file=''/>"),
    *("<memory snapshot='manual'/>", "<memory snapshot='default'/>", "<memory snapshot=''/>"),
    *("<memory snapshot='No'/>", "<memory snapshot='no'/><memory snapshot='manual'/>"),
    *("<memory file='/a&lt;b&apos;'/>", "<memory/><memory snapshot='no'/>", "<memory>no</memory>"),
]
ONLINE_AND_OFF = ["running", "crashed", "shutoff", "disk-snapshot"]
REPEATS = [
    *("<name>t</name>", "<state>paused</state>", "<creationTime>8</creationTime>", "<name/>"),
    *("<description>a</description><description>b</description>", "<state>on</state>"),
    *("<description/><description>b</description>", "<parent/><parent/>", "stray text"),
    *("<parent><name/></parent>", "<active>x</active>", "<!-- c -->"),
]
UUID_FORMS = [
    *("{plain}", "{upper}", "{compact}", " {plain}\n", "-{compact}", "{compact}<!--c-->"),
    *("<![CDATA[{compact}]]>", "x", " ", "{{{plain}}}", "{compact}0", "{compact}-", "{short}"),
    *("{split}", "{tab}", "urn:uuid:{plain}"),
]
DISKS = [
    *("<disk name='vda' snapshot='no'/>", "<disk name='vda'/>", "<x name='vda' snapshot='no'/>"),
    *("<disk name='vda'><source file='/a'/></disk>", "<disk name='vda' snapshot='internal'/>"),
    *("<disk name='vda' type='block'><source dev='/d'/></disk>", "<disk snapshot='no'/>"),
    *("<disk name='vda'><source file='a'/></disk>", "<disk name='vda' type='dir'/>"),
    *("<disk name='vda' snapshot='no' type='x'/>", "<disk name='vda' snapshot='no' type=''/>"),
    *("<disk name='vda' snapshot=''/>", "<disk name='vda' snapshot='default'/>"),
    *("<disk name='vda' snapshot=' no'/>", "<disk name='vda' snapshot='no' type='volume'/>"),
    *("<disk name='vda' snapshot='no'><driver type='x'/></disk>", "stray"),
    *("<disk name='vda' snapshot='no'><driver type='none'/></disk>", "<!-- c -->"),
    *("<disk name='vda' snapshot='no'><driver type=''/></disk>", ""),
    "<disk name='vda'><driver type='qcow2'/><source file='/a'/></disk>",
    "<disk name='vda'><source file='/a'/><source file='b'/></disk>",
    "<disk name='vda' type='network'><source protocol='nbd' name='n'/></disk>",
    "<disk name='vda' type='network'><source name='n'/></disk>",
    "<disk name='vda' type='network'><source protocol='x' name='n'/></disk>",
]
SIZES = [
    *(">5", " unit='b'>5", " unit='KiB'>5", " unit='GB'>5", " unit='zb'>5", " unit='Ki'>1"),
    *(">x", ">-1", ">1.5", ">5 ", "> +07", ">", " unit='x'>", " unit='EiB'>15", " unit='EiB'>16"),
]


@pytest.fixture(scope="module")
def body(live: LiveLibvirt) -> str:
    """The XML of a domain with one disk that snapshots leave alone. Its world is fresh."""
    uuid = live.call("open")
    return str(
        live.call(
            "define_domain",
            f"<domain type='test'><name>test</name><uuid>{uuid}</uuid><memory>1024</memory>"
            "<os><type>hvm</type></os><devices><disk type='file' snapshot='no'>"
            "<source file='/disk.img'/><target dev='vda' bus='virtio'/></disk></devices></domain>",
        )
    )


def snapshot(body: str, inside: str = "", **fields: str) -> str:
    """A document that lacks nothing; a field by its name is put in another's stead."""
    told = "".join((BASE | fields).values())
    return f"<domainsnapshot>{told}{inside}{body}</domainsnapshot>"


def above_disks(text: str) -> str:
    """What libvirt decides without looking at the domain."""
    return text.partition("\n  <disks>")[0].partition("\n  <domain ")[0]


def libvirts(live: LiveLibvirt, xml: str) -> str | None:
    """What libvirt prints, None if it refuses."""
    text = live.printed(xml)
    return None if text is None else above_disks(text)


def ours(xml: str) -> str | None:
    """What the canonicalizer prints, None if it refuses."""
    try:
        return above_disks(canon.canonicalize(xml).decode())
    except DocumentError:
        return None


def agree(live: LiveLibvirt, documents: list[str]) -> None:
    """Ask both about each document. Some must be accepted, and some refused."""
    verdicts = set()
    for xml in documents:
        expected = libvirts(live, xml)
        assert ours(xml) == expected, xml
        verdicts.add(expected is None)
    assert verdicts == {True, False}


@pytest.mark.parametrize("field", ["name", "description"])
def test_text(live: LiveLibvirt, body: str, field: str) -> None:
    forms = [f"<{field}>{text}</{field}>" for text in [*TEXTS, *EMPTY, *NOT_XML]]
    agree(live, [snapshot(body, **{field: form}) for form in forms])


def test_parents(live: LiveLibvirt, body: str) -> None:
    live.call("redefine", snapshot(body, name="<name>p</name>"))
    forms = ["p", "<b>p</b>", "<![CDATA[p]]>", "p<!--c-->", "&#112;", "", "<b/>", "&e;", "p<b>"]
    parents = [f"<parent><name>{form}</name></parent>" for form in forms]
    parents += ["<parent/><parent><name>p</name></parent>", "<parent/>", "<parent>p</parent>"]
    parents += ["<parent><name>p</name><name>q</name></parent><parent><name>q</name></parent>"]
    parents += ["<parent><name/></parent><parent><name>q</name></parent>"]
    agree(live, [snapshot(body, parent) for parent in parents])
    live.call("delete", "p")


def test_creation_times(live: LiveLibvirt, body: str) -> None:
    forms = [f"<creationTime>{time}</creationTime>" for time in TIMES]
    agree(live, [snapshot(body, creationTime=form) for form in [*forms, ""]])


def test_states(live: LiveLibvirt, body: str) -> None:
    forms = [f"<state>{state}</state>" for state in STATES]
    agree(live, [snapshot(body, state=form) for form in [*forms, ""]])


@pytest.mark.parametrize("state", ONLINE_AND_OFF)
def test_memory(live: LiveLibvirt, body: str, state: str) -> None:
    said = f"<state>{state}</state>"
    agree(live, [snapshot(body, memory, state=said) for memory in MEMORIES])


def test_repeated_and_stray_things(live: LiveLibvirt, body: str) -> None:
    agree(live, [snapshot(body, each) for each in REPEATS] + [snapshot(body, name="<name/>")])


def test_a_first_field_that_is_empty_hides_the_second(live: LiveLibvirt, body: str) -> None:
    for field, value in BASE.items():
        hidden = snapshot(body, value, **{field: f"<{field}/>"})
        assert (ours(hidden), libvirts(live, hidden)) == (None, None)


def test_uuids(live: LiveLibvirt, body: str) -> None:
    plain = body.partition("<uuid>")[2].partition("</uuid>")[0]
    compact = plain.replace("-", "")
    forms = {
        "plain": plain,
        "upper": plain.upper(),
        "compact": compact,
        "short": compact[:-1],
        "split": f"{compact[:1]}-{compact[1:]}",
        "tab": f"{compact[:2]}\t{compact[2:]}",
    }
    bodies = [body.replace(plain, form.format(**forms)) for form in UUID_FORMS]
    agree(live, [snapshot(each) for each in bodies])


@pytest.mark.parametrize("state", ["running", "shutoff"])
def test_disks(live: LiveLibvirt, body: str, state: str) -> None:
    lists = [f"<disks>{disk}</disks>" for disk in DISKS]
    lists += ["<disks/><disks><disk name='vda' type='x'/></disks>", "<disks/>"]
    said = f"<state>{state}</state>"
    agree(live, [snapshot(body, each, state=said) for each in lists])


def bytes_said(text: str) -> str | None:
    """The size of a metadata cache, if it is said in bytes."""
    found = re.search(r"<max_size unit='bytes'>(\d+)</max_size>", text)
    return found and found[1]


def test_sizes_of_metadata_caches(live: LiveLibvirt, body: str) -> None:
    disk = (
        "<disks><disk name='vda'><driver type='qcow2'><metadata_cache><max_size{}</max_size>"
        "</metadata_cache></driver><source file='/a'/></disk></disks>"
    )
    documents = [snapshot(body, disk.format(size)) for size in SIZES]
    agree(live, documents)
    taken = [xml for xml in documents if ours(xml)]
    for xml in taken:
        printed = live.call("xml", live.call("redefine", xml))
        assert bytes_said(canon.canonicalize(xml).decode()) == bytes_said(printed)
        live.call("delete", "s")


def test_a_time_of_0_is_lost_by_libvirt_and_not_here(live: LiveLibvirt, body: str) -> None:
    xml = snapshot(body, creationTime="<creationTime>0</creationTime>")
    printed, kept = libvirts(live, xml), ours(xml)
    assert printed is not None
    assert kept is not None
    assert kept.replace("  <creationTime>0</creationTime>\n", "") == printed
    lost = snapshot(body, creationTime="")
    assert (libvirts(live, lost), ours(lost)) == (None, None)


def test_a_carriage_return_is_lost_by_libvirt_and_not_here(live: LiveLibvirt, body: str) -> None:
    xml = snapshot(body, "<description>a&#13;b</description>")
    printed, kept = libvirts(live, xml), ours(xml)
    assert printed is not None
    assert kept is not None
    assert kept.replace("&#13;", "\r") == printed
