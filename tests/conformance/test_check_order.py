"""Of two faults in one document libvirt reports one, and the canonicalizer reports the same."""

from __future__ import annotations

from itertools import combinations
from typing import Final

import pytest

from lineage import canon
from lineage.errors import SnapshotError

from .libvirt_child import LiveLibvirt, Refused

pytestmark = pytest.mark.live

DISK: Final = "<disks><disk name='vda' {}</disk></disks>"
# The field that is at fault, what it says instead, and our code for it.
FAULTS: Final = (
    ("name", "", "name-missing"),
    ("creationTime", "", "creation-time-missing"),
    ("creationTime", "<creationTime>x</creationTime>", "creation-time-invalid"),
    ("state", "", "state-missing"),
    ("state", "<state>on</state>", "state-invalid"),
    ("domain", "<uuid>x</uuid>", "domain-uuid-invalid"),
    ("inactiveDomain", "<uuid>y</uuid>", "domain-uuid-invalid"),
    ("memory", "<memory snapshot='x'/>", "memory-snapshot-invalid"),
    ("memory", "<memory snapshot='manual'/>", "memory-manual"),
    ("memory", "<memory snapshot='no' file='/m'/>", "memory-file-requires-external"),
    ("memory", "<memory snapshot='external'/>", "memory-external-requires-file"),
    ("memory", "<memory file='m'/>", "memory-file-relative"),
    ("disks", "<disks><disk/></disks>", "disk-name-missing"),
    ("disks", DISK.format("snapshot='x'>"), "disk-snapshot-invalid"),
    ("disks", DISK.format("type='x'>"), "disk-type-invalid"),
    ("disks", DISK.format("type='dir'>"), "disk-type-unsupported"),
    ("disks", DISK.format("type='network'><source/>"), "disk-protocol-missing"),
    ("disks", DISK.format("><source file='a'><auth/></source>"), "disk-auth-username-missing"),
    ("disks", DISK.format("><driver type='x'/>"), "disk-driver-invalid"),
    ("disks", DISK.format("><source file='a'/>"), "disk-path-relative"),
)
# Two faults of one disk, the one that counts first.
OF_ONE_DISK: Final = (
    ("snapshot='x' type='x'>", "disk-snapshot-invalid"),
    ("type='x'><driver type='x'/>", "disk-type-invalid"),
    ("type='dir'><driver type='x'/>", "disk-type-unsupported"),
    ("type='dir'><source><auth/></source>", "disk-type-unsupported"),
    ("type='network'><driver type='x'/><source/>", "disk-protocol-missing"),
    ("><source file='a'><auth/></source><driver type='x'/>", "disk-auth-username-missing"),
    ("><driver type='x'/><source file='a'/>", "disk-driver-invalid"),
    ("snapshot='x'><source file='a'/>", "disk-snapshot-invalid"),
)
Answer = tuple[int, int, str]


@pytest.fixture(scope="module")
def fields(live: LiveLibvirt) -> dict[str, str]:
    """The fields of a document without fault."""
    uuid = live.call("open")
    body = (
        f"<{{0}} type='test'><name>test</name><uuid>{uuid}</uuid><memory>1024</memory>"
        "<os><type>hvm</type></os><devices><disk type='file' snapshot='no'>"
        "<source file='/disk.img'/><target dev='vda' bus='virtio'/></disk></devices></{0}>"
    )
    live.call("define_domain", body.format("domain"))
    return {
        "disks": "",
        "memory": "",
        "inactiveDomain": body.format("inactiveDomain"),
        "domain": body.format("domain"),
        "state": "<state>running</state>",
        "creationTime": "<creationTime>7</creationTime>",
        "name": "<name>s</name>",
    }


def with_faults(fields: dict[str, str], *faults: tuple[str, str, str]) -> str:
    told = dict(fields)
    for field, instead, _ in faults:
        if instead.startswith("<uuid>"):
            before, _, after = told[field].partition("<uuid>")
            told[field] = before + instead + after.partition("</uuid>")[2]
        else:
            told[field] = instead
    return f"<domainsnapshot>{''.join(told.values())}</domainsnapshot>"


def libvirts(live: LiveLibvirt, xml: str) -> Answer:
    with pytest.raises(Refused) as refused:
        live.call("redefine", xml)
    return refused.value.domain, refused.value.code, refused.value.message


def ours(xml: str) -> str:
    with pytest.raises(SnapshotError) as refused:
        canon.canonicalize(xml)
    return refused.value.code


def test_the_document_without_fault_is_accepted(live: LiveLibvirt, fields: dict[str, str]) -> None:
    xml = with_faults(fields)
    assert live.call("redefine", xml) == "s"
    live.call("delete", "s")
    canon.canonicalize(xml)


def test_the_first_of_two_faults_is_the_same(live: LiveLibvirt, fields: dict[str, str]) -> None:
    alone = {fault: libvirts(live, with_faults(fields, fault)) for fault in FAULTS}
    for fault in FAULTS:
        assert ours(with_faults(fields, fault)) == fault[2]
    for pair in combinations(FAULTS, 2):
        if pair[0][0] == pair[1][0]:
            continue  # one field says one thing
        xml = with_faults(fields, *pair)
        reported = [fault for fault in pair if alone[fault] == libvirts(live, xml)]
        assert ours(xml) in {fault[2] for fault in reported}, xml


def test_the_first_of_two_faults_of_a_disk_is_the_same(
    live: LiveLibvirt, fields: dict[str, str]
) -> None:
    alone = {code: libvirts(live, with_faults(fields, (f, x, code))) for f, x, code in FAULTS}
    for disk, code in OF_ONE_DISK:
        xml = with_faults(fields, ("disks", DISK.format(disk), code))
        assert (libvirts(live, xml), ours(xml)) == (alone[code], code)
