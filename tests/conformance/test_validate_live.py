"""The schema takes and refuses what libvirt's VALIDATE does, on documents of every kind."""

from __future__ import annotations

import itertools
from typing import Final

import pytest

from lineage.rules.schema import INSTALLED, validate

from .libvirt_child import LiveLibvirt, Refused
from .stories import UUIDS

pytestmark = pytest.mark.live

UUID: Final = UUIDS[0]
DOMAIN: Final = (
    f"<domain type='test'><name>n</name><uuid>{UUID}</uuid><memory unit='KiB'>1024</memory>"
    "<os><type>hvm</type></os></domain>"
)
INACTIVE: Final = DOMAIN.replace("domain", "inactiveDomain")
HOST: Final = "<host name='h'/>"
SECRET: Final = f"<secret type='passphrase' uuid='{UUID}'/>"
VALIDATE_REFUSES: Final = "Unable to validate doc"
PROTOCOLS: Final = "nbd rbd gluster sheepdog iscsi http https ftp ftps tftp vxhs nfs foo none"
FORMATS: Final = (
    "raw dir bochs cloop dmg iso vpc vdi fat vhd ploop cow qcow qcow2 qed vmdk none luks"
)


def document(inside: str = "", domain: str = DOMAIN, state: str = "shutoff") -> str:
    """A snapshot with something in it."""
    head = "<name>s</name><creationTime>1</creationTime>"
    return f"<domainsnapshot>{head}<state>{state}</state>{inside}{domain}</domainsnapshot>"


def disk(inside: str = "", attributes: str = "name='vda'") -> str:
    """A snapshot with one disk."""
    return document(f"<disks><disk {attributes}>{inside}</disk></disks>")


def source(kind: str, inside: str) -> str:
    """A snapshot with one disk of a type."""
    return disk(inside, f"name='vda' type='{kind}'")


FIELDS: Final = [
    *("", "<foo/>", "text", "<!-- c -->", "<?pi x?>", "<x:foo xmlns:x='urn:x'/>"),
    *("<description/>", "<description>x</description>" * 2, "<description><b/></description>"),
    *("<parent/>", "<parent><name>x</name></parent>", "<parent><name/></parent>"),
    *("<parent x='y'><name>a</name></parent>", "<parent>x</parent>", "<parent><foo/></parent>"),
    *("<parent><name>a</name><name>b</name></parent>", "<parent><name>a</name></parent>" * 2),
    *("<active>0</active>", "<active>1</active>", "<active>2</active>", "<active/>"),
    *("<active> 1</active>", "<active>1</active>" * 2),
    *("<cookie/>", "<cookie>x</cookie>", "<cookie a='b'><c/></cookie>", "<cookie/><cookie/>"),
    *("<cookie><c><d a='b'/>t</c></cookie>", "<cookie><a/><b/></cookie>"),
    *("<disks/>", "<disks> </disks>", "<disks>x</disks>", "<disks a='b'/>", "<disks/><disks/>"),
    "<disks><foo/></disks>",
    *("<memory/>", "<memory snapshot='no'/>", "<memory snapshot='internal'/>"),
    *("<memory snapshot='external'/>", "<memory snapshot='external' file='/a'/>"),
    *("<memory file='/a'/>", "<memory snapshot='no' file='/a'/>", "<memory file='a'/>"),
    *("<memory snapshot='internal' file='/a'/>", "<memory snapshot='manual'/>"),
    *("<memory snapshot='no'> </memory>", "<memory snapshot='no'>x</memory>"),
    *("<memory snapshot='no' x='y'/>", "<memory snapshot='no'><a/></memory>"),
    *("<memory file='/'/>", "<memory file='//'/>", "<memory file='/a b&#10;é'/>"),
]
STATES: Final = (
    *("running", "blocked", "paused", "shutdown", "shutoff", "crashed", "pmsuspended"),
    *("disk-snapshot", "nostate", "", " shutoff", "shutoff "),
)
BODIES: Final = [
    *("", "<domain/>", DOMAIN + DOMAIN, DOMAIN + INACTIVE, DOMAIN + INACTIVE * 2, INACTIVE),
    *(f"<domain><uuid>{u}</uuid></domain>" for u in (UUID, UUID.upper(), UUID.replace("-", ""))),
    *(f"<domain><uuid>{u}</uuid></domain>" for u in ("zz", "", f" {UUID}", UUID[:-1])),
    f"<domain><uuid>{UUID}</uuid><name>x</name></domain>",
    f"{DOMAIN}<inactiveDomain><uuid>{UUID}</uuid></inactiveDomain>",
    f"{DOMAIN}<inactiveDomain/>",
    DOMAIN.replace("<name>n</name>", ""),
    DOMAIN.replace("<os>", "<foo/><os>"),
    DOMAIN.replace("type='test'", "type='foo'"),
    DOMAIN.replace("type='test'", "type='test' foo='x'"),
    DOMAIN.replace("type='test'", "type='test' id='3'"),
    f"<domain type='test'><uuid>{UUID}</uuid></domain>",
    DOMAIN + INACTIVE.replace("<os>", "<foo/><os>"),
]
NAMES: Final = (
    *("vda", "vd", "vdA", "vdaa", "vda1", "xvda", "ubda", "fd0", "zda", "ioemu:hda", "dasda"),
    *("nvme0", "x", "/", "/a", "/a b", "", "a b"),
)
LOCATIONS: Final = ("no", "internal", "external", "manual", "default")
UNITS: Final = (
    *("b", "byte", "bytes", "B", "Byte", "BYTES", "k", "K", "KB", "KiB", "kb", "kib", "KIB"),
    *("M", "Mib", "G", "T", "P", "E", "Z", "Ki"),
)
DISKS: Final = [
    *(
        disk("", f"name='{name}'")
        for name in ["vda", "vd", "vdA", "vdaa", "vda1", "xvda", "ubda", "fd0", "zda", "ioemu:hda"]
    ),
    *(disk("", f"name='vd{char}'") for char in "!-._:0Zz9,+@"),
    disk("", ""),
    disk("", "name='vda' x='y'"),
    *(
        disk("", f"name='vda' snapshot='{s}'")
        for s in ["no", "internal", "external", "manual", "default"]
    ),
    *(
        disk("", f"name='vda' type='{kind}'")
        for kind in ["file", "block", "network", "dir", "volume", "nvme", "vhostuser", "vhostvdpa"]
    ),
    *(disk("", f"name='vda' snapshot='{s}' type='file'") for s in ["no", "internal", "external"]),
    *(
        disk(inside, f"name='vda' snapshot='{says}'")
        for says in ["no", "internal", "manual", "external"]
        for inside in ("<source file='/a'/>", "<driver type='qcow2'/>", "<driver/>", "<source/>")
    ),
    *(disk(f"<driver type='{form}'/>") for form in FORMATS.split()),
    *(
        disk(inside)
        for inside in ("<driver name='q'/>", "<driver x='y'/>", "<driver><a/></driver>")
    ),
    *(disk(inside) for inside in ("<driver/><driver/>", "<source/><source/>", "text", "<target/>")),
    *(
        disk(f"<driver><metadata_cache>{size}</metadata_cache></driver>")
        for size in ("", "<max_size>1</max_size>", "<max_size>x</max_size>", "<foo/>")
    ),
    *(
        disk(
            "<driver><metadata_cache>"
            f"<max_size unit='{unit}'>1</max_size></metadata_cache></driver>"
        )
        for unit in [
            "b",
            "byte",
            "bytes",
            "B",
            "Byte",
            "BYTES",
            "k",
            "K",
            "KB",
            "KiB",
            "kb",
            "kib",
            "KIB",
            "M",
            "Mib",
            "G",
            "T",
            "P",
            "E",
            "Z",
            "Ki",
        ]
    ),
]
INSIDE_OF_SOURCES: Final = [
    *("", "<seclabel relabel='no'/>", f"<encryption format='luks'>{SECRET}</encryption>"),
    *("<encryption format='foo'/>", "<foo/>", "x", "<reservations managed='yes'/>"),
    *("<slices><slice type='storage' offset='1' size='2'/></slices>",),
    "<auth username='x'><secret type='iscsi' usage='y'/></auth>",
    "<seclabel model='dac' relabel='yes'><label>x</label></seclabel>",
]
SOURCES: Final = [
    *(
        source(kind, f"<source {place}>{inside}</source>")
        for kind, place in (("file", "file='/a'"), ("block", "dev='/a'"))
        for inside in INSIDE_OF_SOURCES
    ),
    *(source("file", f"<source file='{path}'/>") for path in ("/", "a", "", "/é", "C:\\x")),
    *(source("file", f"<source file='/a' {a}/>") for a in ("index='3'", "index='x'", "foo='g'")),
    *(source(kind, "<source/>") for kind in ("file", "block", "network")),
    *(source(kind, "<source startupPolicy='optional'/>") for kind in ("file", "block")),
    *(source("block", f"<source {a}/>") for a in ("dev='r'", "file='/a'", "dev='/a' fdgroup='g'")),
    *(
        source("network", f"<source protocol='{protocol}' {name}>{hosts}</source>")
        for protocol in PROTOCOLS.split()
        for name in ("", "name='a'")
        for hosts in ("", HOST, HOST + HOST)
    ),
    *(
        source("network", f"<source protocol='{protocol}' name='a'>{HOST}{inside}</source>")
        for protocol, inside in itertools.product(
            ("nbd", "rbd", "iscsi", "https", "ftps", "nfs"),
            (
                *INSIDE_OF_SOURCES[1:4],
                "<snapshot name='q'/><config file='/c'/>",
                "<initiator><iqn name='iqn.2013'/></initiator>",
                "<cookies><cookie name='a'>b</cookie></cookies>",
                "<readahead size='65536'/><timeout seconds='10'/>",
                "<ssl verify='no'/>",
                "<identity user='u' group='g'/>",
            ),
        )
    ),
    *(
        source("network", f"<source protocol='nbd' {attributes}>{HOST}</source>")
        for attributes in (
            "tls='yes'",
            "tls='yes' tlsHostname='q'",
            "query='q'",
            "index='1'",
            "x='y'",
        )
    ),
    *(
        source("network", f"<source protocol='nbd'><host {attributes}/></source>")
        for attributes in (
            *(
                "name='h' port='1'",
                "name='h' port='x'",
                "name='h' transport='tcp'",
                "transport='tcp'",
            ),
            *("name='h' transport='rdma'", "name='h' transport='foo'", "socket='/s'", ""),
            "name='h' transport='unix' socket='/s'",
        )
    ),
]
HEADS: Final = [
    document().replace(old, new)
    for old, new in (
        ("<name>s</name><creationTime>", "<creationTime>"),
        ("<name>s</name><creationTime>", "<name>s</name><name>t</name><creationTime>"),
        ("<name>s</name><creationTime>", "<name><b/></name><creationTime>"),
        ("<name>s</name><creationTime>", "<name x='1'>s</name><creationTime>"),
        ("<name>s</name><creationTime>", "<name/><creationTime>"),
        ("<creationTime>1<", "<creationTime>x<"),
        ("<creationTime>1<", "<creationTime><"),
        ("<state>shutoff</state>", ""),
        ("<domainsnapshot>", "<domainsnapshot a='b'>"),
        ("<domainsnapshot>", "<domainsnapshot xmlns:q='urn:q'>"),
        ("<domainsnapshot>", "<domainsnapshot xmlns='urn:q'>"),
    )
]
# What newer versions than libvirt 9.0 know.
NEWER: Final = [
    document("<revertDisks/>"),
    document("<revertDisks><disk name='vda'/></revertDisks>"),
    disk("<snapshotDeleteInProgress/>"),
    disk("<snapshotDeleteInProgress/>", "name='vda' snapshot='external'"),
    source("file", "<source file='/a' fdgroup='g'/>"),
    source("file", "<source file='/a'><dataStore type='file'><x/></dataStore></source>"),
    source("network", f"<source protocol='nbd'>{HOST}<reconnect delay='1'/></source>"),
    source("network", f"<source protocol='ssh' name='p'>{HOST}</source>"),
]
ALL: Final = [
    *map(document, FIELDS),
    *(document(domain=body) for body in BODIES),
    *(document(state=state) for state in STATES),
    *HEADS,
    *DISKS,
    *SOURCES,
]


def valid(live: LiveLibvirt, xml: str) -> bool:
    """Whether libvirt's VALIDATE has nothing against it; its parser may have."""
    try:
        live.call("redefine", xml, "VALIDATE")
    except Refused as refused:
        return VALIDATE_REFUSES not in refused.message
    return True


def test_libvirt_and_the_schema_agree_on_every_document(live: LiveLibvirt) -> None:
    live.call("open")
    assert INSTALLED.is_dir(), "libvirt's schemas come with it"
    verdicts = [(xml, valid(live, xml), not validate(xml)) for xml in ALL]
    assert [(xml, theirs) for xml, theirs, ours in verdicts if theirs != ours] == []
    taken = sum(theirs for _, theirs, _ in verdicts)
    assert taken > 100
    assert len(verdicts) - taken > 200


@pytest.mark.parametrize("xml", NEWER)
def test_what_newer_versions_know_is_valid_too(live: LiveLibvirt, xml: str) -> None:
    live.call("open")
    assert validate(xml) == []
    if live.call("version") < 9_001_000:
        assert not valid(live, xml)


def test_what_libvirt_prints_is_valid(live: LiveLibvirt) -> None:
    live.call("open")
    listed = "<disks><disk name='vda' snapshot='external'><source file='/x'/></disk></disks>"
    disks = "<devices><disk><source file='/a'/><target dev='vda'/></disk></devices></domain>"
    uuid = live.call("open")
    owned = DOMAIN.replace(UUID, uuid).replace("</domain>", disks)
    name = live.call(
        "redefine", document(listed, owned + owned.replace("domain", "inactiveDomain"))
    )
    assert validate(live.call("xml", name)) == []
