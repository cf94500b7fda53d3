"""A request's document and a domain, planned disk by disk."""

from __future__ import annotations

import pytest

import lineage
from lineage.errors import DocumentError, SnapshotError
from lineage.rules.plan import Plan


def disk(target: str, more: str = "", *, says: str = "", form: str = "qcow2") -> str:
    """A disk of the domain."""
    attribute = f" snapshot='{says}'" if says else ""
    return (
        f"<disk type='file'{attribute}><driver name='qemu' type='{form}'/>"
        f"<source file='/i/{target}.img'/><target dev='{target}' bus='virtio'/>{more}</disk>"
    )


def planned(
    disks: str,
    listed: str = "",
    memory: str = "",
    *,
    profile: str = "qemu-9.0",
    state: str | None = None,
    disk_only: bool = False,
    number: str = "",
    name: str = "<name>n</name>",
) -> Plan:
    """The plan of a request; every image is there."""
    return lineage.plan_request(
        f"<domain type='kvm'{number}><name>d</name><devices>{disks}</devices></domain>",
        f"<domainsnapshot>{name}{memory}{listed and f'<disks>{listed}</disks>'}</domainsnapshot>",
        profile=profile,
        state=state,
        disk_only=disk_only,
        regular=lambda path: path.startswith("/i/"),
    )


def test_disks_are_named_in_the_domains_order_with_the_files_made_up() -> None:
    made = planned(disk("vdb") + disk("vda"), "<disk name='/i/vdb.img'/>", disk_only=True)
    assert [(each.name, each.snapshot, each.path) for each in made.disks] == [
        ("vda", "external", "/i/vda.n"),
        ("vdb", "external", "/i/vdb.n"),
    ]
    assert (made.disk, made.result_disk) == (("omit", "omit"), ("external", "external"))


def test_a_file_of_the_requests_own_is_kept() -> None:
    listed = "<disk name='vda'><source file='/o/x'/></disk>"
    made = planned(disk("vda"), listed, profile="qemu-11.3")
    assert [each.path for each in made.disks] == ["/o/x"]
    assert (made.rule, made.unsaid) == ("qemu-11.3, row 5", True)


def test_without_a_name_a_file_is_made_up_with_a_stand_in() -> None:
    made = planned(disk("vda"), disk_only=True, name="")
    assert [each.path for each in made.disks] == ["/i/vda.NAME"]


@pytest.mark.parametrize(("number", "state"), [("", "offline"), (" id='7'", "online")])
def test_a_domain_runs_if_it_has_an_id(number: str, state: str) -> None:
    assert planned(disk("vda"), number=number).state == state
    assert planned(disk("vda"), number=number, state="offline").state == "offline"


def test_what_the_domain_leaves_out_is_in_nobodys_way() -> None:
    cdrom = "<disk device='cdrom'><target dev='hda' bus='ide'/></disk>"
    made = planned(disk("vda") + cdrom + disk("vdb", "<readonly/>"), state="online")
    assert made.rule == "qemu-9.0, row 7"
    assert made.result_disk == ("internal", "no", "no")


@pytest.mark.parametrize(("profile", "verdict"), [("2012", "ok"), ("qemu-9.0", "refused")])
def test_a_disk_to_be_written_that_the_domain_leaves_out_is_in_qemus_way(
    profile: str, verdict: str
) -> None:
    made = planned(disk("vda") + disk("vdb", says="no"), profile=profile)
    assert made.verdict == verdict
    assert made.refused_disk == (None if verdict == "ok" else "vdb")


def test_what_only_the_domain_wants_external_is_not_held_against_the_default() -> None:
    made = planned(disk("vda", says="external"))
    assert (made.rule, made.result_disk, made.unsaid) == ("qemu-9.0, row 5", ("external",), False)
    asked = planned(disk("vda"), "<disk name='vda' snapshot='external'/>")
    assert (asked.reason, asked.refused_disk) == ("every disk internal", "vda")
    newer = planned(disk("vda", says="external"), profile="qemu-11.3")
    assert (newer.verdict, newer.unsaid) == ("ok", False)


def test_an_internal_snapshot_needs_an_image_that_can_hold_it() -> None:
    made = planned(disk("vda") + disk("vdb", form="raw"))
    assert (made.reason, made.refused_disk) == ("internal needs qcow2", "vdb")
    assert planned(disk("vdb", form="raw"), disk_only=True).verdict == "ok"


@pytest.mark.parametrize("profile", ["2012", "qemu-9.0", "qemu-11.3"])
@pytest.mark.parametrize(
    ("listed", "kind", "rule", "name"),
    [
        ("<disk name='vdz'/>", "invalid", "disk-unknown", "vdz"),
        ("<disk name='vda'/><disk name='/i/vda.img'/>", "invalid", "disk-twice", "vda"),
        ("<disk name='a'/><disk name='b'/><disk name='c'/>", "invalid", "disks-too-many", None),
        (
            "<disk name='vda' type='block'><driver type='qcow2'/></disk>",
            *("unsupported", "disk-name-type", "vda"),
        ),
    ],
)
def test_what_does_not_align_is_refused_by_its_code(
    profile: str, listed: str, kind: str, rule: str, name: str | None
) -> None:
    made = planned(disk("vda") + disk("vdb"), listed, profile=profile, disk_only=True)
    assert (made.verdict, made.kind, made.refused_disk) == ("refused", kind, name)
    assert made.rule == f"{profile}, {rule}"


def test_a_name_is_made_up_beside_a_regular_file_only() -> None:
    made = planned(disk("vda").replace("/i/", "/dev/"), disk_only=True)
    assert made.rule == "qemu-9.0, disk-name-not-a-file"


@pytest.mark.parametrize("profile", ["2012", "qemu-9.0"])
def test_memory_is_in_the_way_before_any_disk_is(profile: str) -> None:
    saved = "<memory snapshot='internal'/>"
    made = planned(disk("vda"), "<disk name='vdz'/>", saved, profile=profile)
    assert (made.rule, made.reason) == (f"{profile}, row 6", "no memory to save")


def test_a_domain_without_disks_has_its_memory_only() -> None:
    saved = "<memory snapshot='external' file='/m'/>"
    assert planned("", memory=saved, state="online").mechanism == "migrate"
    assert planned("", state="online").reason == "every disk internal"
    assert planned("").reason == "nothing to snapshot"


def test_a_document_that_cannot_be_read_is_no_plan() -> None:
    with pytest.raises(DocumentError):
        lineage.plan_request("<domain", "<domainsnapshot/>")
    with pytest.raises(SnapshotError) as caught:
        lineage.plan_request("<domain type='kvm'><name>d</name></domain>", "<domain/>")
    assert caught.value.code == "not-a-request"
    with pytest.raises(ValueError, match="is none of"):
        planned("", state="running")
