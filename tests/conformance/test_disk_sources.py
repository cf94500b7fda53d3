"""Sources of snapshot disks: libvirt and the canonicalizer refuse the same, for the same reason,
and spell values alike."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from typing import Final
from xml.etree import ElementTree

import pytest

from lineage import canon
from lineage.errors import SnapshotError
from tests.property import source_fragments as parts

from .libvirt_child import LiveLibvirt, Refused

pytestmark = pytest.mark.live

DISKS: Final = 4000
# What libvirt says when it compares the disks with the domain's, once they were read.
ALIGNMENT: Final = "for disk 'vda'"
# What in its messages changes from document to document.
VALUE: Final = re.compile(
    r"(?<!attribute )(?<!element )'[^']*'(?! attribute)|(?<=model )\S*(?= is)|(?<=model=).*"
    r"|(?<=type )\S+$|(?<=>: ).*|0x[0-9a-f]+"
)
# libvirt 9.0 has no word of its own for each of these.
ONE_WORD: Final = frozenset({"disk-readahead-invalid", "disk-timeout-invalid"})


@pytest.fixture(scope="module")
def body(live: LiveLibvirt) -> str:
    """A domain with one disk."""
    uuid = live.call("open")
    text = (
        f"<domain type='test'><name>test</name><uuid>{uuid}</uuid><memory>1024</memory>"
        "<os><type>hvm</type></os><devices><disk type='file'><source file='/disk.img'/>"
        "<target dev='vda' bus='virtio'/></disk></devices></domain>"
    )
    live.call("define_domain", text)
    return text


def snapshot(disk: str, body: str) -> str:
    return (
        "<domainsnapshot><name>s</name><state>disk-snapshot</state><creationTime>7</creationTime>"
        f"<disks>{disk}</disks>{body}</domainsnapshot>"
    )


def ours(xml: str) -> tuple[str | None, str]:
    """The code that refuses the document, or the list of its disks."""
    try:
        text = canon.canonicalize(xml).decode()
    except SnapshotError as error:
        return error.code, ""
    return None, text.partition("  <disks>\n")[2].partition("  </disks>\n")[0]


def libvirts(live: LiveLibvirt, xml: str) -> tuple[str | None, str | None]:
    """What libvirt's parser says against the document, or the disks it prints, if it does."""
    try:
        name = live.call("redefine", xml)
    except Refused as refused:
        if ALIGNMENT in refused.message:
            return None, None
        return f"{refused.domain}/{refused.code} {VALUE.sub('...', refused.message)}", None
    text = str(live.call("xml", name))
    live.call("delete", name)
    assert canon.canonicalize(text).decode() == text
    return None, text.partition("  <disks>\n")[2].partition("  </disks>\n")[0]


def below(text: str) -> list[tuple[str, dict[str, str]]]:
    """The elements of a disk in their order."""
    return [(each.tag, dict(each.attrib)) for each in ElementTree.fromstring(text).iter()]


def holds(ours: str, theirs: str) -> bool:
    """Is all that libvirt prints in ours, in that order and with those values?"""
    found = iter(below(ours))
    return all(
        any(tag == name and said.items() <= have.items() for name, have in found)
        for tag, said in below(theirs)
    )


def test_every_fault_of_a_source_is_refused_by_libvirts_parser(
    live: LiveLibvirt, body: str
) -> None:
    said = defaultdict(set)
    for code, disk in parts.FAULTS:
        message, _ = libvirts(live, snapshot(disk, body))
        assert message, disk
        assert ours(snapshot(disk, body))[0] == code
        said[code].add(message)
    assert len(said) == len({code for code, _ in parts.FAULTS})


@pytest.mark.parametrize(("kind", "attributes", "given", "expected"), parts.RESPELT)
def test_libvirt_spells_the_values_so(
    live: LiveLibvirt, body: str, kind: str, attributes: str, given: str, expected: str
) -> None:
    location = "no" if kind in ("nvme", "vhostuser") else ""
    disk = parts.disk(kind, attributes, given, location)
    if location:
        disk = disk.replace("<source", "<driver type='raw'/><source", 1)
    message, printed = libvirts(live, snapshot(disk, body))
    assert (message, bool(printed)) == (None, True)
    text = re.sub(r">\s+<", "><", printed or "")
    assert f">{expected}</source>" in text.replace("></cipher>", "/>")


# Where we differ on purpose: the disk, whether libvirt's parser takes it, and whether we do.
ON_PURPOSE: Final = (
    # An attribute with a prefix is somebody else's.
    (
        "<disk name='vda' type='network'><source xmlns:q='u' q:protocol='nbd' name='n'/></disk>",
        *(True, "disk-protocol-missing"),
    ),
    (parts.nbd("<host xmlns:q='u' q:transport='x' name='h'/>"), False, None),
    # A later driver counts for nothing.
    ("<disk name='vda'><driver/><driver type='x'/><source file='/a'/></disk>", False, None),
    # Markup in a value is laid out anew, blanks in a container are dropped: neither is judged.
    (parts.cookie("<cookie name='a'><b>c;</b></cookie>"), False, None),
    (parts.image("<seclabel relabel='no'><label><b>x</b></label></seclabel>"), False, None),
    (parts.image("<seclabel relabel='no'><label> </label></seclabel>"), False, None),
    # libvirt 9.0 does not know it, later ones do.
    (parts.image("<encryption format='luks-any'/>"), False, None),
)


@pytest.mark.parametrize(("disk", "taken", "code"), ON_PURPOSE)
def test_sources_that_are_judged_otherwise_on_purpose(
    live: LiveLibvirt, body: str, disk: str, taken: bool, code: str | None
) -> None:
    xml = snapshot(disk, body)
    assert (libvirts(live, xml)[0] is None, ours(xml)[0]) == (taken, code)


def test_libvirt_refuses_a_network_source_that_it_printed_itself(
    live: LiveLibvirt, body: str
) -> None:
    disk = (
        "<disk name='vda' snapshot='no' type='network'><driver type='raw'/>"
        "<source protocol='http' name=''/></disk>"
    )
    name = live.call("redefine", snapshot(disk, body))
    printed = str(live.call("xml", name))
    live.call("delete", name)
    assert "<source protocol='http'/>" in printed
    assert libvirts(live, printed)[0]
    assert ours(printed)[0] == "disk-source-name-missing"
    assert "<source protocol='http' name=''/>" in ours(snapshot(disk, body))[1]


def test_made_up_sources_have_the_same_fate(live: LiveLibvirt, body: str) -> None:
    met: Counter[str] = Counter()
    words = defaultdict(set)
    for seed in range(DISKS):
        xml = snapshot(parts.random_disk(random.Random(seed)), body)
        code, text = ours(xml)
        message, printed = libvirts(live, xml)
        assert (code is None) == (message is None), (xml, code, message)
        met[code or ("accepted" if printed else "not aligned")] += 1
        if code and message:
            words[message].add(code)
        if printed and "<source" in printed:
            assert holds(text, printed), (text, printed)
    assert met["accepted"] + met["not aligned"] > DISKS / 8
    assert met["accepted"] > DISKS / 20
    assert not {code for code, _ in parts.FAULTS} - met.keys()
    shared = {message: codes for message, codes in words.items() if len(codes) > 1}
    assert list(shared.values()) == [ONE_WORD], shared
