"""Comparing two documents: one change a path, lists by their natural keys."""

from __future__ import annotations

import sys

import pytest

from lineage import canonicalize
from lineage.diff import Change, changes, unified
from tests.unit.store_samples import A


def document(inside: str = "", head: str = "", kind: str = "kvm") -> bytes:
    """A canonical snapshot with this in its domain, and that at its own level."""
    domain = f"<domain type='{kind}'><name>vm</name><uuid>{A}</uuid>{inside}</domain>"
    return canonicalize(
        "<domainsnapshot><name>s</name><state>running</state><creationTime>5</creationTime>"
        f"{head}{domain}</domainsnapshot>"
    )


def devices(*parts: str) -> bytes:
    return document(f"<devices>{''.join(parts)}</devices>")


def disk(target: str, file: str, more: str = "") -> str:
    return f"<disk type='file'><source file='{file}'/><target dev='{target}'/>{more}</disk>"


def told(old: bytes, new: bytes) -> list[tuple[str, str | None, str | None]]:
    return [(each.path, each.old, each.new) for each in changes(old, new)]


def test_an_attribute_is_one_change_with_its_path() -> None:
    old = document("<cpu mode='custom' match='exact' check='partial'><model>qemu64</model></cpu>")
    new = old.replace(b"'partial'", b"'full'")
    assert changes(old, new) == [Change("/domain/cpu/@check", "changed", "partial", "full")]


def test_a_disk_is_found_by_its_target_whatever_stands_before_it() -> None:
    old = devices(disk("vda", "/a"), disk("vdb", "/b"))
    new = devices(disk("sda", "/new"), disk("vda", "/a"), disk("vdb", "/moved"))
    added = "<disk type='file' device='disk'><source file='/new'/><target dev='sda'/></disk>"
    assert told(old, new) == [
        ("/domain/devices/disk[vdb]/source/@file", "/b", "/moved"),
        ("/domain/devices/disk[sda]", None, added),
    ]


LISTS = {
    "interface[52:54:00:00:00:02]": (
        "<interface type='{}'><mac address='52:54:00:00:00:0{}'/></interface>",
        "/@type",
        ("user", "ethernet"),
    ),
    "controller[scsi,2]": ("<controller type='scsi' model='{}' index='{}'/>", "/@model", "ab"),
    "graphics[t2]": ("<graphics keymap='{}' type='t{}'/>", "/@keymap", "ab"),
    "filesystem[/m2]": (
        "<filesystem><source dir='{}'/><target dir='/m{}'/></filesystem>",
        "/source/@dir",
        ("/a", "/b"),
    ),
    "channel[org.2]": (
        "<channel type='unix'><source path='{}'/><target name='org.{}'/></channel>",
        "/source/@path",
        ("/a", "/b"),
    ),
}


@pytest.mark.parametrize("label", LISTS)
def test_devices_are_told_by_what_libvirt_tells_them_by(label: str) -> None:
    form, path, (before, after) = LISTS[label]
    old = devices(form.format(before, 2))
    new = devices(form.format(before, 1), form.format(after, 2))
    first, second = changes(old, new)
    assert (first.path, first.old, first.new) == (f"/domain/devices/{label}{path}", before, after)
    assert (second.kind, second.path) == ("added", f"/domain/devices/{label.replace('2]', '1]')}")


def test_a_snapshots_disks_are_told_by_their_names() -> None:
    form = "<disks><disk name='{}' snapshot='internal'/><disk name='vdz' snapshot='{}'/></disks>"
    old = document(head=form.format("vda", "no"))
    new = document(head=form.format("vdb", "manual"))
    assert told(old, new) == [
        ("/disks/disk[vda]", "<disk name='vda' snapshot='internal'/>", None),
        ("/disks/disk[vdz]/@snapshot", "no", "manual"),
        ("/disks/disk[vdb]", None, "<disk name='vdb' snapshot='internal'/>"),
    ]


def test_what_has_no_key_is_told_by_position_and_found_behind_what_went_away() -> None:
    hosts = ["<hostdev mode='a'/>", "<hostdev mode='b'/>", "<hostdev mode='c'/>"]
    old, new = devices(*hosts), devices(hosts[0], hosts[2])
    assert told(old, new) == [("/domain/devices/hostdev[2]", "<hostdev mode='b'/>", None)]
    changed = devices(hosts[0], "<hostdev mode='x'/>", hosts[2])
    assert told(old, changed) == [("/domain/devices/hostdev[2]/@mode", "b", "x")]


def test_what_lacks_its_key_or_shares_it_is_still_told_apart() -> None:
    bare = "<disk type='block'><source dev='{}'/></disk>"
    old = devices(disk("vda", "/1"), disk("vda", "/2"), bare.format("/3"))
    new = devices(disk("vda", "/1"), disk("vda", "/x"), bare.format("/y"))
    assert [path for path, *_ in told(old, new)] == [
        "/domain/devices/disk[vda][2]/source/@file",
        "/domain/devices/disk[#1]/source/@dev",
    ]


def test_a_key_cannot_pass_for_the_path_behind_it() -> None:
    name = "vda]/source/@file"
    old, new = devices(disk(name, "/1")), devices(disk(name, "/2"))
    assert told(old, new) == [
        ("/domain/devices/disk[vda\\]/source/@file]/source/@file", "/1", "/2")
    ]


def test_text_is_told_at_its_element() -> None:
    old = document(head="<description>one\ntwo</description><parent><name>p</name></parent>")
    new = document(head="<parent><name>q</name></parent>")
    assert changes(old, new) == [
        Change("/description", "removed", "one\ntwo", None),
        Change("/parent/name", "changed", "p", "q"),
    ]


def test_metadata_is_compared_too_with_its_comments() -> None:
    form = "<metadata><a:x xmlns:a='urn:a'{}>{}</a:x></metadata>"
    old = document(form.format(" k='1'", "<!--one--><a:y/>"))
    new = document(form.format(" k='2'", "<!--two--><a:y>t</a:y>"))
    assert told(old, new) == [
        ("/domain/metadata/a:x/@k", "1", "2"),
        ("/domain/metadata/a:x/comment()", "one", "two"),
        ("/domain/metadata/a:x/a:y", None, "t"),
    ]


def test_siblings_in_another_order_are_one_change() -> None:
    disks = [disk(f"vd{letter}", f"/{letter}") for letter in "abcd"]
    old = devices(*disks)
    new = devices(disks[0], disks[2], disks[1], disks[3])
    assert changes(old, new) == [
        Change("/domain/devices", "order", "disk[vdb], disk[vdc]", "disk[vdc], disk[vdb]")
    ]


def test_what_is_only_spelled_differently_is_told_where_it_is() -> None:
    form = "<metadata><a:x xmlns:a='urn:a' {}/></metadata>"
    old, new = document(form.format("p='1' q='2'")), document(form.format("q='2' p='1'"))
    (only,) = changes(old, new)
    assert (only.path, only.kind) == ("/domain/metadata/a:x", "spelling")


SECRETS = """<devices>
  <disk type='network' device='cdrom'><source protocol='https' name='i'><host name='h'/>
    <cookies><cookie name='id'>{0}</cookie></cookies></source><target dev='sda'/></disk>
  <graphics type='vnc' port='1' passwd='{0}'/></devices>"""


def test_a_changed_password_is_told_and_never_shown() -> None:
    old, new = document(SECRETS.format("hunter2&quot;")), document(SECRETS.format("a&gt;b"))
    assert told(old, new) == [
        ("/domain/devices/disk[sda]/source/cookies/cookie[id]", "***", "***"),
        ("/domain/devices/graphics[vnc]/@passwd", "***", "***"),
    ]
    lines = list(unified(old, new, "a", "b"))
    assert [line for line in lines if "***" in line] == [
        "-            <cookie name='id'>***</cookie>",
        "+            <cookie name='id'>***</cookie>",
        "-      <graphics type='vnc' port='1' passwd='***'/>",
        "+      <graphics type='vnc' port='1' passwd='***'/>",
    ]


@pytest.mark.parametrize("lost", ["devices", "disk", "source", "cookies", "cookie", "graphics"])
def test_a_password_that_comes_or_goes_with_its_element_is_not_shown(lost: str) -> None:
    whole = SECRETS.format("hunter2")
    start = min(place for end in " >" if (place := whole.find(f"<{lost}{end}")) >= 0)
    close = "/>" if lost == "graphics" else f"</{lost}>"
    end = whole.index(close, start) + len(close)
    old, new = document(whole), document(whole[:start] + whole[end:])
    assert b"hunter2" in old
    for one, other in ((old, new), (new, old)):
        assert changes(one, other)
        assert "hunter2" not in repr(changes(one, other))
        assert "hunter2" not in "".join(unified(one, other, "a", "b"))


def test_masking_leaves_what_is_no_secret() -> None:
    old = document("<devices><graphics type='vnc' port='1'/></devices>")
    new = document("<devices><graphics type='vnc' port='2'/></devices>", "<cookie><x/></cookie>")
    assert "***" not in repr(changes(old, new))


def test_domains_are_compared_as_well_below_a_prefix() -> None:
    form = f"<domain type='kvm'><name>vm</name><uuid>{A}</uuid><vcpu>{{}}</vcpu></domain>"
    old, new = canonicalize(form.format(1)), canonicalize(form.format(2).replace("kvm", "qemu"))
    assert told(old, new) == [("/@type", "kvm", "qemu"), ("/vcpu", "1", "2")]
    assert [c.path for c in changes(old, new, below="/domain")] == ["/domain/@type", "/domain/vcpu"]


def test_different_kinds_of_documents_are_not_compared() -> None:
    with pytest.raises(ValueError, match="<domain> cannot be compared with <domainsnapshot>"):
        changes(canonicalize("<domain type='kvm'/>"), document())


def test_a_difference_is_found_at_any_depth() -> None:
    deep = "<z>" * 250 + "{}" + "</z>" * 250
    old, new = document(deep.format("a")), document(deep.format("b"))
    assert told(old, new) == [("/domain" + "/z" * 250, "a", "b")]


@pytest.mark.parametrize(
    ("around", "form"),
    [("{}", "<y n='{}'/>"), ("<devices>{}</devices>", "<disk><target dev='{}'/></disk>")],
)
def test_the_steps_grow_with_the_documents(around: str, form: str) -> None:
    def steps(count: int) -> int:
        parts = [form.format(n) for n in range(count)]
        old, new = (document(around.format("".join(some))) for some in (parts, parts[1:]))
        taken = 0

        def take(*_: object) -> None:
            nonlocal taken
            taken += 1

        sys.setprofile(take)
        try:
            found = changes(old, new)
        finally:
            sys.setprofile(None)
        assert [change.kind for change in found] == ["removed"]
        return taken

    assert steps(2000) < 2.2 * steps(1000)


def test_the_text_has_the_form_of_diff() -> None:
    old = document("<vcpu>1</vcpu>", "<description>a</description>")
    new = document("<vcpu>2</vcpu>", "<description>a</description>")
    assert list(unified(old, new, "s@{1}", "s@{2}")) == [
        "--- s@{1}",
        "+++ s@{2}",
        "@@ -7,6 +7,6 @@",
        "   <domain type='kvm'>",
        "     <name>vm</name>",
        f"     <uuid>{A}</uuid>",
        "-    <vcpu placement='static'>1</vcpu>",
        "+    <vcpu placement='static'>2</vcpu>",
        "   </domain>",
        " </domainsnapshot>",
    ]
    assert list(unified(old, old, "a", "b")) == []
