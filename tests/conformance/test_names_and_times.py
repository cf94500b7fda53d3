"""The name of a snapshot in every form, and abuse of its creation time: the whole document as
libvirt's test driver prints it, byte for byte."""

from __future__ import annotations

from typing import Final

import pytest

from lineage import canon
from lineage.errors import DocumentError

from .libvirt_child import LiveLibvirt

pytestmark = pytest.mark.live

# What stands in the document, and the name that libvirt takes from it.
NAMES: Final = (
    ("<name>a<b>c</b>d</name>", "acd"),
    ("<name>a<!--c-->b</name>", "ab"),
    ("<name>a<?p q?>b</name>", "ab"),
    ("<name><b/>a<c>b<d>c</d></c></name>", "abc"),
    ("<name><![CDATA[<a>&]]>b</name>", "<a>&b"),
    ("<name> a b </name>", " a b "),
    ("<name>a\r\nb\rc</name>", "a\nb\nc"),
    ("<name>&#97;&lt;&quot;&apos;</name>", "a<\"'"),
    ("<name>a</name><name>b</name>", "a"),
    ("<name z='1'>a</name>", "a"),
    ("<name xmlns='u'>a</name><name>b</name>", "b"),
    ("<name><name>a</name></name><name>b</name>", "a"),
)
BAD_NAMES: Final = (
    *("<name a='1' a='2'>x</name>", "<name/>", "<name></name><name>b</name>", "<name><b/></name>"),
    *("<name><!-- c --></name>", "<name>a<b></name>", "<name>&#0;</name>", ""),
)
TIMES: Final = (
    *(("-1", -1), ("+7", 7), ("007", 7), (" 5", 5), ("\n\t5", 5), ("&#53;", 5), ("<b>1</b>2", 12)),
    *(("9223372036854775807", 2**63 - 1), ("-9223372036854775808", -(2**63))),
)
BAD_TIMES: Final = (
    *(" 5 ", "5.5", "1e3", "0x10", "12345678901234567890", "9223372036854775808", "", " ", "-"),
    *("-9223372036854775809", "\u0661\u0662", "\uff15", "5\u00a0", "+-5", "- 5", "5,0", "1_0"),
)


@pytest.fixture(scope="module")
def body(live: LiveLibvirt) -> str:
    """The domain as libvirt prints it in a snapshot."""
    uuid = live.call("open")
    live.call(
        "define_domain",
        f"<domain type='test'><name>test</name><uuid>{uuid}</uuid><memory>1024</memory>"
        "<os><type>hvm</type></os></domain>",
    )
    text = str(live.call("domain_xml"))
    live.call("redefine", document("<name>first</name>", "5", text))
    printed = str(live.call("xml", "first"))
    live.call("delete", "first")
    inside = printed.partition("  <domain ")[2].partition("  </domain>")[0]
    return f"<domain {inside}</domain>"


def document(name: str, time: str, body: str) -> str:
    return (
        f"<domainsnapshot>{name}<state>running</state><creationTime>{time}</creationTime>{body}"
        "</domainsnapshot>"
    )


def libvirts(live: LiveLibvirt, xml: str) -> bytes | None:
    """What libvirt prints, None if it refuses."""
    text = live.printed(xml)
    return None if text is None else text.encode()


def ours(xml: str) -> bytes | None:
    try:
        return canon.canonicalize(xml)
    except DocumentError:
        return None


@pytest.mark.parametrize(("given", "name"), NAMES)
def test_a_name_in_every_form_is_read_as_libvirt_reads_it(
    live: LiveLibvirt, body: str, given: str, name: str
) -> None:
    xml = document(given, "5", body)
    printed = libvirts(live, xml)
    assert canon.split(xml).name == name
    kept = {" z='1'": "", "  <name xmlns='u'>a</name>\n": ""}  # what libvirt does not know
    text = (ours(xml) or b"").decode()
    for unknown, nothing in kept.items():
        text = text.replace(unknown, nothing, 1)
    assert text.encode() == printed


@pytest.mark.parametrize("given", BAD_NAMES)
def test_a_name_that_is_none_is_refused_by_both(live: LiveLibvirt, body: str, given: str) -> None:
    xml = document(given, "5", body)
    assert (ours(xml), libvirts(live, xml)) == (None, None)


@pytest.mark.parametrize(("given", "seconds"), TIMES)
def test_a_creation_time_is_printed_as_libvirt_prints_it(
    live: LiveLibvirt, body: str, given: str, seconds: int
) -> None:
    xml = document("<name>s</name>", given, body)
    assert canon.split(xml).creation_time == seconds
    assert ours(xml) == libvirts(live, xml)


@pytest.mark.parametrize("given", BAD_TIMES)
def test_a_creation_time_that_is_no_number_is_refused_by_both(
    live: LiveLibvirt, body: str, given: str
) -> None:
    xml = document("<name>s</name>", given, body)
    assert (ours(xml), libvirts(live, xml)) == (None, None)


def test_a_creation_time_of_0_is_accepted_by_both(live: LiveLibvirt, body: str) -> None:
    xml = document("<name>s</name>", "0", body)
    assert libvirts(live, xml)
    assert canon.split(xml).creation_time == 0
