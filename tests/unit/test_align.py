"""Aligning a snapshot's disks, without libvirt: what the live tests cannot ask it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lineage import canon
from lineage.errors import AlignmentError, SnapshotError
from lineage.model import Disk, Domain, Head, Memory, Snapshot
from lineage.rules.align import MESSAGES, align, default_location, regular_file
from lineage.rules.disks import DomainDisk, domain_disks


def disks_of(xml: str) -> tuple[DomainDisk, ...]:
    """The disks of a domain with these devices."""
    record = canon.parse(f"<domain type='kvm'><name>d</name><devices>{xml}</devices></domain>")
    assert isinstance(record, Domain)
    return domain_disks(record.xml)


VDA = DomainDisk(target="vda", path="/i/a.img")
VDB = DomainDisk(target="vdb", path="/i/b.img")


def test_without_a_domain_there_is_nothing_to_align_with() -> None:
    with pytest.raises(AlignmentError) as caught:
        align([Disk("vda")], None, "internal", "S")
    assert (caught.value.code, caught.value.disk) == ("disks-no-domain", None)


def test_a_refusal_is_a_snapshot_error_that_names_the_disk() -> None:
    with pytest.raises(SnapshotError) as caught:
        align([Disk("vdz")], [VDA], "internal", "S")
    assert isinstance(caught.value, AlignmentError)
    assert (caught.value.code, caught.value.disk) == ("disk-unknown", "vdz")
    assert str(caught.value) == f"{MESSAGES['disk-unknown']} (disk-unknown)"


def test_a_domain_without_disks_has_none_to_align() -> None:
    assert align(None, [], "external", "S") == ()


def test_the_file_system_is_whatever_the_caller_says() -> None:
    asked: list[str] = []

    def regular(path: str) -> bool:
        asked.append(path)
        return path == "/i/a.img"

    (only,) = align([Disk("vda")], [VDA], "external", "S", regular=regular)
    assert only.path == "/i/a.S"
    with pytest.raises(AlignmentError, match="no regular file"):
        align([], [VDA, VDB], "external", "S", regular=regular)
    assert asked == ["/i/a.img", "/i/a.img", "/i/b.img"]


def test_a_regular_file_is_neither_a_directory_nor_missing(tmp_path: Path) -> None:
    image = tmp_path / "i"
    image.touch()
    (tmp_path / "link").symlink_to(image)
    os.mkfifo(tmp_path / "pipe")
    assert regular_file(str(image))
    assert regular_file(str(tmp_path / "link"))
    for other in (tmp_path, tmp_path / "none", tmp_path / "pipe", tmp_path / "i" / "x"):
        assert not regular_file(str(other))
    assert not regular_file("a\0b")
    assert not regular_file("a" * 5000)


@pytest.mark.parametrize(
    ("head", "location"),
    [
        (Head("S", state="shutoff"), "internal"),
        (Head("S", state="running", memory=Memory("internal")), "internal"),
        (Head("S", state="running", memory=Memory("external", "/m")), "external"),
        (Head("S", state="disk-snapshot"), "external"),
        (Head("S", state="shutoff", disks=(Disk("vda", "external"),)), "external"),
        (Head("S", state="shutoff", disks=(Disk("vda", "no"),)), "internal"),
    ],
)
def test_anything_external_makes_external_what_says_nothing(head: Head, location: str) -> None:
    assert default_location(head) == location


def test_a_disk_is_read_from_a_snapshot_as_from_a_document() -> None:
    domain = (
        "<domain type='kvm'><name>d</name><devices><disk type='block' snapshot='manual'>"
        "<source dev='/dev/x'/><target dev='vda' bus='virtio'/></disk></devices></domain>"
    )
    snapshot = canon.parse(f"<domainsnapshot>{domain}</domainsnapshot>", mode="create")
    assert isinstance(snapshot, Snapshot)
    assert snapshot.domain is not None
    (disk,) = domain_disks(snapshot.domain)
    record = canon.parse(domain)
    assert isinstance(record, Domain)
    assert (disk,) == domain_disks(record.xml)
    assert (disk.target, disk.type, disk.path, disk.snapshot) == (
        *("vda", "block", "/dev/x", "manual"),
    )


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("<disk type='file'><source file='/a'/>", "/a"),
        ("<disk type='file'><source dev='/a'/>", None),
        ("<disk type='block'><source dev='/a'/>", "/a"),
        ("<disk type='dir'><source dir='/a'/>", "/a"),
        ("<disk type='network'><source protocol='http' name='a/b'/>", "a/b"),
        ("<disk type='network'><source protocol='rbd' name='pool/a/b'/>", "a/b"),
        ("<disk type='network'><source protocol='gluster' name='vol/a'/>", "a"),
        ("<disk type='volume'><source pool='p' volume='v'/>", None),
        ("<disk type='nvme'><source type='pci' namespace='1'/>", None),
    ],
)
def test_a_path_is_where_the_type_keeps_it(source: str, path: str | None) -> None:
    (disk,) = disks_of(f"{source}<target dev='vda'/></disk>")
    assert disk.path == path


def test_what_is_in_a_backing_store_or_in_metadata_is_no_disks_own() -> None:
    record = canon.parse(
        "<domain type='kvm' xmlns:q='u'><name>d</name><metadata><q:a><![CDATA[\n"
        "  <devices>\n    <disk type='file'>\n      <target dev='vdx'/>\n    </disk>]]></q:a>"
        "</metadata><devices><disk type='file'><backingStore type='block'><source dev='/b'/>"
        "</backingStore><target dev='vda'/></disk></devices></domain>"
    )
    assert isinstance(record, Domain)
    (disk,) = domain_disks(record.xml)
    assert (disk.target, disk.path, disk.empty) == ("vda", None, True)


def test_names_and_values_are_read_as_xml_has_them() -> None:
    (disk,) = disks_of(
        "<disk type='file'><source file='/&lt;a&amp;amp;&#10;&apos;&quot;>é'/>"
        "<target dev='vda'/><\u2c00 a='b>c'/></disk>"
    )
    assert disk.path == "/<a&amp;\n'\">é"
    record = canon.parse(
        "<domain type='kvm'><name>d</name><metadata><q:\U00010400 xmlns:q='u' a='>'>"
        "<?p <devices> ?><!-- <devices><disk> --></q:\U00010400></metadata>"
        "<devices><disk type='file'><target dev='vda'/></disk></devices></domain>"
    )
    assert isinstance(record, Domain)
    assert [disk.target for disk in domain_disks(record.xml)] == ["vda"]


def test_a_body_may_use_a_prefix_that_its_document_declares() -> None:
    snapshot = canon.parse(
        "<domainsnapshot xmlns:q='u'><domain type='kvm'><name>d</name><q:x/><devices><disk>"
        "<target dev='vda'/></disk></devices></domain></domainsnapshot>",
        mode="create",
    )
    assert isinstance(snapshot, Snapshot)
    assert snapshot.domain is not None
    assert [disk.target for disk in domain_disks(snapshot.domain)] == ["vda"]
