"""Where the canonicalizer differs from libvirt on purpose: FORMAT.md's list, row by row.

Every row is shown by cases, and every case belongs to a row; `test_oracle.py` knows no others.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from lineage import canon
from lineage.errors import DocumentError

from .libvirt_child import LiveLibvirt

pytestmark = pytest.mark.live

FORMAT: Final = Path(__file__).parents[2] / "FORMAT.md"
ROWS: Final = re.findall(
    r"^\| (?!libvirt \||-)(.+?) \| .+ \| .+ \|$",
    FORMAT.read_text()
    .partition("### Where libvirt would do something else")[2]
    .partition("\n### ")[0],
    re.MULTILINE,
)
REFUSED: Final = "refused"


class Case(NamedTuple):
    """A document, and what is printed for it.

    Attributes:
        row: a piece of the row in FORMAT.md.
        snapshot: fields of the snapshot, more than it needs.
        domain: what the domain holds, more than it needs.
        libvirt: a piece of what libvirt prints, which we do not; or `REFUSED`.
        ours: a piece of what we print, which libvirt does not; or our code of refusal.
        root: start tag and what comes before it.
        domain_tag: the domain's start tag.
    """

    row: str
    snapshot: str = ""
    domain: str = ""
    libvirt: str = ""
    ours: str = ""
    root: str = "<domainsnapshot>"
    domain_tag: str = "<domain type='test'>"
    time: str = "<creationTime>7</creationTime>"

    def xml(self, uuid: str) -> str:
        """The document, of the domain with this UUID."""
        name = self.root.rpartition("<")[2].rstrip(">").split()[0]
        body = (
            f"{self.domain_tag}<name>test</name><uuid>{uuid}</uuid><memory>1024</memory>"
            f"{'' if '<os>' in self.domain else '<os><type>hvm</type></os>'}{self.domain}</domain>"
        )
        fields = f"<name>s</name><state>running</state>{self.time}{self.snapshot}"
        return f"{self.root}{fields}{body}</{name}>"


DISK: Final = "<disks><disk name='vda' {}</disk></disks>"
ONE_DISK: Final = (
    "<devices><disk type='file'><source file='/i'/><target dev='vda' bus='virtio'/></disk>"
    "</devices>"
)
LABELLED: Final = DISK.format(
    "><source file='/a'><seclabel relabel='no'><label>{}</label></seclabel></source>"
)
RNG: Final = "<devices><rng model='virtio'><backend model='random'>/r</backend>{}</rng></devices>"
SERIAL: Final = "<devices><serial type='pty'><target port='0'/>{}</serial></devices>"
ISA: Final = (
    "<devices><controller type='isa' index='0'><address type='isa'{}/></controller></devices>"
)
SHMEM: Final = "<devices><shmem name='s'><model type='ivshmem'/>{}</shmem></devices>"
MODE: Final = (
    "<devices><filesystem type='mount' accessmode='passthrough' fmode='0'><source dir='/a'/>"
    "<target dir='x'/></filesystem></devices>"
)
RAM: Final = "<devices><filesystem type='ram'><source {}/><target dir='/x'/></filesystem></devices>"
NIC: Final = "<devices><interface type='user'>{}</interface></devices>"
CELL: Final = (
    "<cpu><numa><cell id='0' cpus='0' memory='1024' unit='KiB'><cache level='1' "
    "associativity='direct' policy='none'>{}<line value='8' unit='B'/></cache></cell></numa></cpu>"
)
CASES: Final = (
    Case("unknown elements", "<zork a='1'/>", libvirt="", ours="<zork a='1'/>"),
    Case("unknown elements", domain="<zork>x<y/></zork>", ours="<zork>x<y/></zork>"),
    Case("unknown elements", "<memory zork='1'/>", libvirt="<memory s", ours="<memory zork='1' s"),
    Case("unknown elements", domain="<iommu/>", ours="<iommu/>"),
    Case("TAB, LF and CR", "<description>a&#13;b</description>", libvirt="a\rb", ours="a&#13;b"),
    Case("TAB, LF and CR", "<memory file='/a&#10;&#9;'/>", libvirt="/a\n\t'", ours="/a&#10;&#9;'"),
    Case(
        "unescaped",
        domain="<os><type machine='a&lt;b&amp;'>hvm</type></os>",
        libvirt="machine='a<b&'",
        ours="machine='a&lt;b&amp;'",
    ),
    Case(
        "unescaped",
        domain="<os><type>exe</type><init>/i</init><initenv name='a&amp;b'>&lt;</initenv></os>",
        libvirt="<initenv name='a&b'><</initenv>",
        ours="<initenv name='a&amp;b'>&lt;</initenv>",
    ),
    Case(
        "unescaped",
        domain="<devices><graphics type='dbus' address='a&amp;b'/></devices>",
        libvirt="address='a&b'",
        ours="address='a&amp;b'",
    ),
    Case(
        "`creationTime` of 0",
        time="<creationTime>0</creationTime>",
        ours="<creationTime>0</creationTime>",
    ),
    Case("`creationTime` of 0", time="", libvirt=REFUSED, ours="creation-time-missing"),
    Case(
        "neither path nor format",
        DISK.format("snapshot='no' type='network'><source protocol='nbd'/>"),
        ONE_DISK.replace("<disk ", "<disk snapshot='no' "),
        libvirt="<disk name='vda' snapshot='no'/>",
        ours="<source protocol='nbd'/>",
    ),
    Case(
        "with any prefix",
        "<memory xmlns:x='u' x:file='/m'/>",
        libvirt="<memory snapshot='external' file='/m'/>",
        ours="<memory xmlns:x='u' x:file='/m' snapshot='internal'/>",
    ),
    Case(
        "later `<driver>`",
        DISK.format("><driver/><driver type='qcow2'/><source file='/a'/>"),
        ONE_DISK,
        libvirt="type='file'>\n      <driver type='qcow2'/>",
        ours="<driver/>",
    ),
    Case(
        "later `<driver>`",
        DISK.format("><driver/><driver type='x'/><source file='/a'/>"),
        ONE_DISK,
        libvirt=REFUSED,
        ours="<driver/>",
    ),
    Case(
        "through markup",
        DISK.format(
            "type='network'><source protocol='https' name='n'><host name='h'/>"
            "<cookies><cookie name='a'><b>c;</b></cookie></cookies></source>"
        ),
        ONE_DISK,
        libvirt=REFUSED,
        ours="<b>c;</b>",
    ),
    Case(
        "through markup",
        LABELLED.format("<b>x</b>"),
        ONE_DISK,
        libvirt=REFUSED,
        ours="<b>x</b>",
    ),
    Case("through markup", LABELLED.format(" "), ONE_DISK, libvirt=REFUSED, ours="<label/>"),
    Case(
        "through markup",
        DISK.format(
            "><driver type='qcow2'><metadata_cache><max_size unit='bytes'><b>x</b></max_size>"
            "</metadata_cache></driver><source file='/a'/>"
        ),
        ONE_DISK,
        libvirt=REFUSED,
        ours="<b>x</b>",
    ),
    Case(
        "without its empty name",
        DISK.format(
            "snapshot='no' type='network'><driver type='raw'/><source protocol='http' name=''/>"
        ),
        ONE_DISK.replace("<disk ", "<disk snapshot='no' "),
        libvirt="<source protocol='http'/>",
        ours="<source protocol='http' name=''/>",
    ),
    Case(
        "`<domain>` without `type`", domain_tag="<domain>", ours="<memory unit='KiB'>1024</memory>"
    ),
    Case(
        "first of several same-named",
        domain="<title>a</title><title>b</title>",
        ours="<title>b</title>",
    ),
    Case(
        "by value",
        domain=ONE_DISK.replace("vda", "vdb").replace("</devices>", "")
        + ONE_DISK[len("<devices>") :],
        libvirt="<target dev='vda' bus='virtio'/>\n      </disk>\n      <disk",
        ours="<target dev='vdb' bus='virtio'/>\n      </disk>\n      <disk",
    ),
    Case("fills in other defaults", libvirt="<on_crash>destroy</on_crash>", ours=""),
    Case(
        "fills in other defaults",
        domain="<devices><disk type='file'><target dev='hda' bus='ide'/></disk></devices>",
        libvirt="<controller type='ide' index='0'/>",
    ),
    Case(
        "say nothing",
        domain=RNG.format("<address type='pci' domain='0' bus='0' slot='0' function='0'/>"),
        ours="<address type='pci' domain='0x0000' bus='0x00' slot='0x00' function='0x0'/>",
    ),
    Case("say nothing", domain=ISA.format(" iobase='0' irq='0'"), ours="iobase='0x0' irq='0x0'"),
    Case(
        "say nothing",
        domain="<memtune><hard_limit>9007199254740991</hard_limit></memtune>",
        ours="<hard_limit unit='KiB'>9007199254740991</hard_limit>",
    ),
    Case("say nothing", domain=SHMEM.format("<size>0</size>"), ours="<size unit='M'>0</size>"),
    Case("say nothing", domain=MODE, ours="fmode='0000'"),
    Case(
        "say nothing",
        domain="<vcpu current='2'>2</vcpu>",
        libvirt="<vcpu placement='static'>2</vcpu>",
        ours="<vcpu placement='static' current='2'>2</vcpu>",
    ),
    Case(
        "to whole MiB",
        domain=SHMEM.format("<size unit='KiB'>1025</size>"),
        libvirt="<size unit='M'>1</size>",
        ours="<size unit='KiB'>1025</size>",
    ),
    Case(
        "to whole KiB",
        domain=RAM.format("usage='1025' units='b'"),
        libvirt="<source usage='1' units='KiB'/>",
        ours="<source usage='1025' units='b'/>",
    ),
    Case(
        "NUMA cache's size for KiB",
        domain=CELL.format("<size value='8' unit='MiB'/>"),
        libvirt="<size value='8' unit='KiB'/>",
        ours="<size value='8' unit='MiB'/>",
    ),
    Case(
        "clock's adjustment",
        domain="<clock offset='variable' adjustment='x' basis='utc'/>",
        libvirt="adjustment='0'",
        ours="adjustment='x'",
    ),
    Case(
        "behind a MAC address",
        domain=NIC.format("<mac address='52:54:00:00:00:01 x'/>"),
        libvirt="<mac address='52:54:00:00:00:01'/>",
        ours="<mac address='52:54:00:00:00:01 x'/>",
    ),
    Case(
        "for a bad value",
        domain="<iothreads>x</iothreads>",
        libvirt=REFUSED,
        ours="<iothreads>x</iothreads>",
    ),
    Case(
        "for a bad value",
        domain="<maxMemory slots='1' unit='EiB'>16</maxMemory>",
        libvirt=REFUSED,
        ours="<maxMemory slots='1' unit='EiB'>16</maxMemory>",
    ),
    Case(
        "blanks before CDATA", "<description> <!--c-->x</description>", libvirt=">x<", ours="> x<"
    ),
    Case(
        "blanks before CDATA",
        "<description> <![CDATA[x]]></description>",
        libvirt=">x<",
        ours="> x<",
    ),
    Case("blanks before CDATA", "<description> <?p?>x</description>", libvirt=">x<", ours="> x<"),
    Case(
        "up to the first CDATA",
        domain="<os><type>exe</type><init>/i</init><initarg>a<![CDATA[b]]></initarg></os>",
        libvirt="<initarg>a</initarg>",
        ours="<initarg>ab</initarg>",
    ),
    Case(
        "up to the first CDATA",
        domain="<devices><smartcard mode='host-certificates'>"
        "<certificate>a</certificate><certificate>b</certificate><certificate>c</certificate>"
        "<database>/d<![CDATA[e]]></database></smartcard></devices>",
        libvirt="<database>/d</database>",
        ours="<database>/de</database>",
    ),
    Case(
        "encoding declaration",
        root="<?xml version='1.0' encoding='US-ASCII'?><domainsnapshot>",
        libvirt="<name>s</name>",
        ours="encoding-declared",
    ),
    Case(
        "XML 1.1",
        root="<?xml version='1.1'?><domainsnapshot>",
        libvirt="<name>s</name>",
        ours="xml-version",
    ),
    Case("XML 1.1", root="<!DOCTYPE a><domainsnapshot>", libvirt="<name>s</name>", ours="doctype"),
    Case("XML 1.1", "<z:a/>", libvirt="<name>s</name>", ours="namespace-unbound"),
    Case(
        "XML 1.1",
        root="<z:domainsnapshot xmlns:z='urn:z'>",
        libvirt="<name>s</name>",
        ours="not-a-snapshot",
    ),
    Case(
        "labels of a network source",
        DISK.format(
            "snapshot='external' type='network'><source protocol='nbd' name='n'>"
            "<host name='h' port='1'/><seclabel model='dac' relabel='no'/></source>"
        ),
        ONE_DISK,
        ours="<seclabel model='dac' relabel='no'/>",
    ),
    Case(
        "labels of a network source",
        DISK.format(
            "snapshot='external' type='network'><source protocol='https' name='n'>"
            "<host name='h' port='1'/><cookies><cookie name='a'>b</cookie></cookies></source>"
        ),
        ONE_DISK,
        ours="<cookie name='a'>b</cookie>",
    ),
    Case(
        "before CR LF",
        domain="<metadata><a xmlns='u'>\t\r\n</a></metadata>",
        libvirt='<a xmlns="u">\n</a>',
        ours='<a xmlns="u">\t\n</a>',
    ),
)


def row_of(case: Case) -> str:
    """The one row of FORMAT.md to which the case belongs."""
    (row,) = [row for row in ROWS if case.row in row]
    return row


def ours(xml: str) -> str:
    """What the canonicalizer prints, or its code of refusal."""
    try:
        return canon.canonicalize(xml).decode()
    except DocumentError as error:
        return error.code


@pytest.fixture(scope="module")
def uuid(live: LiveLibvirt) -> str:
    """The UUID of the domain in a fresh world."""
    return str(live.call("open"))


def libvirts(live: LiveLibvirt, xml: str) -> str:
    """What libvirt prints, or that it refuses."""
    text = live.printed(xml)
    return REFUSED if text is None else text


def test_every_row_is_shown_by_a_case_and_every_case_has_its_row() -> None:
    assert {row_of(case) for case in CASES} == set(ROWS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.row)
def test_libvirt_differs_as_listed(live: LiveLibvirt, uuid: str, case: Case) -> None:
    xml = case.xml(uuid)
    theirs, mine = libvirts(live, xml), ours(xml)
    assert case.libvirt in theirs, theirs
    assert case.ours in mine, mine
    assert not case.libvirt or case.libvirt not in mine
    assert not case.ours or case.ours not in theirs
    assert case.libvirt or case.ours
