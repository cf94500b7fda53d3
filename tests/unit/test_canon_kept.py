"""Nothing is lost: the unknown stays where it stood, and what is dropped is on a short list."""

from __future__ import annotations

import random

import pytest

from benchmarks.generate import documents
from lineage import canon

from .canon_samples import inside

pytestmark = pytest.mark.usefixtures("canonicalizer")


def domain(given: str, attributes: str = "") -> str:
    """What becomes of a domain that holds this, laid out in one line."""
    text = canon.canonicalize(f"<domain{attributes}>{given}</domain>").decode()
    return text.removesuffix("\n").replace("\n  ", "\n").removeprefix(f"<domain{attributes}>\n")


def kept(given: str) -> str:
    """An unknown element of a domain as it is printed."""
    return domain(given).removesuffix("\n</domain>")


PLACES = [
    ("<a/><name>n</name><b/><state>paused</state><c/>", "a name b state c"),
    ("<state>paused</state><b/><name>n</name><a/>", "name a state b"),
    ("<b/><state>paused</state><name>n</name>", "b name state"),
    ("<name>n</name><b/><a/><b/>", "name b a b"),
    ("<state>paused</state><z/><name>n</name><y/><domain/><x/>", "name y state z domain x"),
    ("<name>n</name><z/><name>m</name><y/>", "name z y"),
    ("<disks/><z/><name>n</name>", "name z"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "order"), PLACES)
def test_unknown_elements_of_a_snapshot_stay_behind_their_known_sibling(
    given: str, order: str
) -> None:
    found = [line[1:].split(">")[0].rstrip("/") for line in inside(given) if line[:2] != "  "]
    assert found == order.split()


@pytest.mark.parametrize(
    ("given", "order"),
    [
        ("<a/><name/><b/><uuid/><c/>", "a name b uuid c"),
        ("<uuid/><b/><name/><a/>", "name a uuid b"),
        ("<os/><z/><devices/><y/><name/>", "name os z devices y"),
        ("<z/><devices/><y/><name/><x/><os/>", "z name x os devices y"),
        ("<name/><z/><name/><y/>", "name z name y"),
    ],
)
def test_unknown_elements_of_a_domain_stay_behind_their_known_sibling(
    given: str, order: str
) -> None:
    text = domain(given).replace("<devices>\n</devices>", "<devices/>")
    assert [line[1:-2] for line in text.split("\n")[:-1]] == order.split()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("z='1' name='a' y='2'", "z='1' name='a' y='2'"),
        ("type='file' z='1' name='a' y='2'", "name='a' y='2' type='file' z='1'"),
        ("snapshot='no' z='1' y='2' name='a'", "name='a' snapshot='no' z='1' y='2'"),
        ("xmlns:p='u' p:z='1' name='a'", "xmlns:p='u' p:z='1' name='a'"),
    ],
)
def test_unknown_attributes_of_a_disk_stay_behind_their_known_sibling(
    given: str, expected: str
) -> None:
    for disks in ("disks", "revertDisks"):
        printed = inside(f"<{disks}><disk {given}/></{disks}>")
        assert printed == [f"<{disks}>", f"  <disk {expected}/>", f"</{disks}>"]


def test_unknown_children_of_a_disk_stay_behind_their_known_sibling() -> None:
    disk = "<a/><source file='/s'><q/></source><b>t<i/></b><driver type='raw' z='1'/><c> </c>"
    assert inside(f"<disks><disk name='d'>{disk}</disk></disks>") == [
        *("<disks>", "  <disk name='d' snapshot='external' type='file'>", "    <a/>"),
        *("    <driver type='raw' z='1'/>", "    <c> </c>", "    <source file='/s'>", "      <q/>"),
        *("    </source>", "    <b>t<i/></b>", "  </disk>", "</disks>"),
    ]


def test_unknown_attributes_of_every_field_are_kept() -> None:
    fields = [
        *("<name z='1'>n</name>", "<description z='1'>d</description>"),
        *("<state z='1'>paused</state>", "<creationTime z='1'>1</creationTime>"),
        *("<memory z='1' snapshot='no'/>", "<domain z='1'/>", "<inactiveDomain z='1'/>"),
        "<active>1</active>",
    ]
    text = "<domainsnapshot q='2'>" + "".join(fields) + "</domainsnapshot>"
    printed = canon.canonicalize(text, mode="internal").decode()
    assert printed.startswith("<domainsnapshot q='2'>\n")
    assert [line.strip() for line in printed.split("\n")[1:-2]] == fields


def test_unknown_children_of_parent_and_of_a_deletion_mark_are_kept() -> None:
    assert inside("<parent a='1'><x/><name b='2'>p</name><y/></parent>") == [
        *("<parent a='1'>", "  <x/>", "  <name b='2'>p</name>", "  <y/>", "</parent>")
    ]
    mark = "<snapshotDeleteInProgress a='1'><x/></snapshotDeleteInProgress>"
    printed = inside(f"<disks><disk name='a'>{mark}</disk></disks>")
    assert "".join(line.strip() for line in printed[2:-2]) == mark


@pytest.mark.parametrize(
    ("given", "printed"),
    [
        ("<zork/>", "<zork/>"),
        ("<zork></zork>", "<zork/>"),
        ("<zork> \n</zork>", "<zork> \n</zork>"),
        ("<zork>x</zork>", "<zork>x</zork>"),
        ("<zork>&#13;&quot;<![CDATA[<]]></zork>", "<zork>&#13;&quot;&lt;</zork>"),
        ("<zork b='1' a='2'/>", "<zork b='1' a='2'/>"),
        ("<zork a='&#10;&#9;&#13;' b='\n\t'/>", "<zork a='&#10;&#9;&#13;' b='  '/>"),
        ("<zork> <b/> <a> <c/> </a> </zork>", "<zork>\n  <b/>\n  <a>\n    <c/>\n  </a>\n</zork>"),
        ("<zork>x<b z='' y=''> <c></c> </b>\n</zork>", "<zork>x<b z='' y=''> <c/> </b>\n</zork>"),
        ("<zork><b/> x</zork>", "<zork><b/> x</zork>"),
        ("<zork><!--c--><b/><?p?>x</zork>", "<zork><b/>x</zork>"),
        ("<p:zork xmlns:p='u' p:a='1'/>", "<p:zork xmlns:p='u' p:a='1'/>"),
        ("<zork xmlns='u'><name>n</name></zork>", "<zork xmlns='u'>\n  <name>n</name>\n</zork>"),
        ("<zork xml:space='default' xml:lang='en'/>", "<zork xml:space='default' xml:lang='en'/>"),
    ],
)
def test_an_unknown_element_is_kept_with_all_it_holds(given: str, printed: str) -> None:
    assert kept(given) == printed
    assert "\n".join(inside(given)) == printed
    disk = "\n".join(inside(f"<disks><disk name='a'>{given}</disk></disks>")[2:-2])
    laid_out = "\n  <" in printed
    assert disk == "    " + (printed.replace("\n", "\n    ") if laid_out else printed)


def test_an_unknown_name_is_told_from_a_known_one_by_its_namespace() -> None:
    other = "<name xmlns='u'>x</name><p:name xmlns:p='u'>y</p:name>"
    assert inside(f"<name>n</name>{other}") == [
        *("<name>n</name>", "<name xmlns='u'>x</name>", "<p:name xmlns:p='u'>y</p:name>")
    ]


def test_elements_of_a_driver_are_kept_with_their_namespace() -> None:
    qemu = " xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'"
    line = "<qemu:commandline><qemu:arg value='-x'/></qemu:commandline>"
    assert domain(line + "<name>n</name>", qemu) == (
        "<name>n</name>\n<qemu:commandline>\n  <qemu:arg value='-x'/>\n</qemu:commandline>\n"
        "</domain>"
    )


@pytest.mark.parametrize(
    "dropped",
    ["<!-- c -->", "<?p i?>", "stray", "&#13;", "<![CDATA[stray]]>", " \r\n\t", "<!---->"],
)
def test_comments_instructions_and_stray_text_are_dropped_between_known_elements(
    dropped: str,
) -> None:
    rng = random.Random(4)
    plain = [d for d in documents(20, seed=6) if b"<metadata" not in d]  # data stands in there
    assert len(plain) > 5
    for document in plain:
        rows = document.decode().split("\n")
        for _ in range(3):
            at = rng.randrange(1, len(rows) - 1)
            changed = "\n".join([*rows[:at], dropped, *rows[at:]])
            assert canon.canonicalize(changed) == document


def test_comments_and_instructions_around_the_root_are_dropped() -> None:
    for document in documents(3, seed=6):
        assert (
            canon.canonicalize(b"<!--a--><?p?>\n" + document + b"<!-- b --><?q r?>\n") == document
        )


@pytest.mark.parametrize(
    ("given", "printed"),
    [
        (
            "<memory unit='KiB'>5<zork>x</zork></memory>",
            "<memory unit='KiB'>\n  <zork>x</zork>\n</memory>",
        ),
        (
            "<cpu><model fallback='allow'>a<b c='1'/></model></cpu>",
            "<cpu>\n  <model fallback='allow'>\n    <b c='1'/>\n  </model>\n</cpu>",
        ),
        ("<title>a<b c='1'/></title>", "<title>a<b c='1'/></title>"),
    ],
)
def test_text_beside_elements_is_stray_where_the_name_can_be_a_containers(
    given: str, printed: str
) -> None:
    assert kept(given) == printed


def test_same_named_siblings_keep_their_order_and_are_all_kept() -> None:
    disks = "".join(f"<disk><target dev='{dev}'/></disk>" for dev in ("vdb", "vda", "vdb"))
    text = domain(f"<name>b</name><devices>{disks}</devices><name>a</name>")
    assert [text.index(f"'{dev}'") for dev in ("vdb", "vda")] == sorted(
        text.index(f"'{dev}'") for dev in ("vdb", "vda")
    )
    assert text.count("'vdb'") == 2
    assert text.startswith("<name>b</name>\n<name>a</name>\n")


def test_nothing_that_another_element_or_a_hypervisor_decides_is_filled_into_a_domain() -> None:
    inside = (
        "<memory unit='KiB'>5</memory>\n<devices>\n  <disk type='file' device='disk'>\n"
        "    <target dev='vda'/>\n  </disk>\n  <controller type='scsi'/>\n"
        "  <interface type='user'/>\n  <graphics type='vnc'/>\n</devices>\n</domain>"
    )
    assert domain(inside.removesuffix("</domain>"), " type='kvm'") == inside
