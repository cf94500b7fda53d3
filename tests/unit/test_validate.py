"""``lineage validate``: where a document does not follow the schema, and what was expected."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Final

import pytest
from lxml import etree

from lineage.rules.explain import explain
from lineage.rules.schema import _own, validate
from tests.unit.cli_samples import run_lineage, snapshot

WHOLE: Final = """<domainsnapshot>
  <name>s</name>
  <description>d</description>
  <state>running</state>
  <parent>
    <name>p</name>
  </parent>
  <creationTime>1</creationTime>
  <memory snapshot='external' file='/m'/>
  <disks>
    <disk name='vda' snapshot='external' type='file'>
      <driver type='qcow2'>
        <metadata_cache>
          <max_size unit='bytes'>1</max_size>
        </metadata_cache>
      </driver>
      <source file='/a' index='1'>
        <seclabel model='dac' relabel='no'/>
      </source>
    </disk>
    <disk name='vdb' snapshot='no'/>
    <disk name='/c' snapshot='external' type='network'>
      <source protocol='nbd' name='x' tls='yes'>
        <host name='h' port='1'/>
      </source>
    </disk>
  </disks>
  <revertDisks>
    <disk name='vda'/>
  </revertDisks>
  <domain type='kvm'>
    <name>n</name>
  </domain>
  <inactiveDomain type='kvm'/>
  <cookie>
    <cpu/>
  </cookie>
  <active>1</active>
</domainsnapshot>
"""


def told(xml: str) -> list[tuple[int, int, str]]:
    return [(each.line, each.column, str(each)) for each in validate(xml, schemas=None)]


def test_a_whole_document_is_valid_and_so_is_its_skeleton() -> None:
    assert told(WHOLE) == []
    assert told("<domainsnapshot/>") == []
    assert told(snapshot("s")) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "message"),
    [
        (
            "snapshot='no'",
            "snapshot='none'",
            21,
            5,
            "snapshot='none' of <disk> is not allowed;"
            " expected no or internal or manual or external",
        ),
        (
            "<disk name='vdb' snapshot='no'/>",
            "<disk snapshot='no'/>",
            21,
            5,
            "<disk> lacks an attribute; expected attribute name",
        ),
        (
            "<disk name='vdb' snapshot='no'/>",
            "<disk name='vdb' snapshot='no'>é <source/></disk>",
            21,
            38,
            "text in <disk> is not allowed; expected </disk>",
        ),
        (
            "<active>1</active>",
            "<active>2</active>",
            38,
            12,
            "text in <active> is not allowed; expected 0 or 1",
        ),
        (
            "<max_size unit='bytes'>1</max_size>",
            "<foo/>",
            14,
            11,
            "element <foo> is not allowed in <metadata_cache> here;"
            " expected <max_size> or </metadata_cache>",
        ),
        (
            "    <name>p</name>\n",
            "",
            6,
            3,
            "<parent> is not complete; expected <name>",
        ),
        (
            "protocol='nbd'",
            "protocol='foo'",
            23,
            7,
            "protocol='foo' of <source> is not allowed; expected nbd or rbd or gluster or"
            " sheepdog or iscsi or http or https or ftp or tftp or ftps or vxhs or nfs or ssh",
        ),
        (
            " file='/m'",
            " file='m'",
            9,
            3,
            "file='m' of <memory> is not allowed; expected an absolute path",
        ),
        (
            "domainsnapshot>",
            "snapshot>",
            1,
            1,
            "element <snapshot> is not allowed here; expected <domainsnapshot>",
        ),
        ("<cookie>", "<kookie>", 37, 3, "end tag does not match the open element (tag-mismatch)"),
    ],
)
def test_a_problem_has_a_place_and_says_what_was_expected(
    old: str, new: str, line: int, column: int, message: str
) -> None:
    assert old in WHOLE
    assert (line, column, message) in told(WHOLE.replace(old, new))


def test_all_problems_are_told_each_once() -> None:
    wrong = WHOLE.replace("<state>running", "<state>off").replace("'vdb'", "'?'")
    wrong = wrong.replace("<cpu/>", "cpu")
    assert [line for line, _, _ in told(wrong)] == [4, 21, 37]


def test_a_field_that_comes_twice_is_told() -> None:
    assert told("<domainsnapshot><name>a</name><name>b</name></domainsnapshot>")[0][:2] == (1, 31)


def test_no_more_than_a_hundred_problems_are_told() -> None:
    assert len(told(f"<domainsnapshot>{'<foo/>' * 500}</domainsnapshot>")) == 100


def test_hostile_xml_is_refused_as_everywhere() -> None:
    bomb = "<!DOCTYPE a [<!ENTITY b 'c'>]><domainsnapshot><name>&b;</name></domainsnapshot>"
    assert len(told(bomb)) == 1
    assert "doctype" in told(bomb)[0][2]
    assert told("<a>" * 300 + "</a>" * 300) != []
    assert told("")[0][:2] == (1, 1)


def test_the_domain_is_held_against_libvirt_s_schema_where_there_is_one(tmp_path: Path) -> None:
    grammar = (
        "<grammar xmlns='http://relaxng.org/ns/structure/1.0'><start><element name='domain'>"
        "<attribute name='type'/><element name='name'><text/></element></element></start></grammar>"
    )
    (tmp_path / "domain.rng").write_text(grammar)
    assert validate(WHOLE, schemas=tmp_path) == []
    wrong = WHOLE.replace("    <name>n</name>\n", "    <name>n</name>\n   <foo/>\n")
    (problem,) = validate(wrong, schemas=tmp_path)
    assert (problem.line, problem.column) == (33, 4)
    assert "foo" in problem.message
    assert validate(wrong, schemas=tmp_path / "nowhere") == []


def _mutated(rng: random.Random) -> bytes:
    """A document with up to three things changed: names, values, an element more or less."""
    root = etree.fromstring(WHOLE)
    words = [e.tag for e in root.iter()] + ["foo"]
    attributes = [(k, v) for e in root.iter() for k, v in e.attrib.items()]
    for _ in range(rng.randrange(4)):
        element = rng.choice(list(root.iter()))
        parent = element.getparent()
        match rng.randrange(6):
            case 0:
                element.tag = rng.choice(words)
            case 1:
                key, value = rng.choice(attributes)
                element.set(key, value)
            case 2:
                for key in list(element.attrib)[:1]:
                    del element.attrib[key]
            case 3 if parent is not None:
                parent.remove(element)
            case 4:
                element.append(etree.Element(rng.choice(words)))
            case _:
                element.text = rng.choice(("x", "1", " ", "running", None))
    return etree.tostring(root)


@pytest.mark.parametrize("seed", range(8))
def test_what_is_explained_is_what_lxml_refuses(seed: int) -> None:
    rng = random.Random(seed)
    verdicts = set()
    for _ in range(150):
        data = _mutated(rng)
        valid = _own().validate(etree.fromstring(data))
        assert (explain(data) == []) == valid, data
        verdicts.add(valid)
    assert verdicts == {True, False}


def test_the_command_names_file_line_and_column(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.xml", tmp_path / "bad.xml"
    good.write_text(WHOLE)
    bad.write_text(WHOLE.replace("'no'", "'none'"))
    assert run_lineage("validate", good, "--any-domain").stdout == ""
    lines = run_lineage("validate", good, bad, "--any-domain", status=1).stdout.splitlines()
    assert [line.partition(": ")[0] for line in lines] == [f"{bad}:21:5"]
    missing = run_lineage("validate", tmp_path / "none.xml", good, "--any-domain", status=3)
    assert "none.xml" in missing.stderr
    records = json.loads(
        run_lineage("validate", good, bad, "--any-domain", "--json", status=1).stdout
    )
    assert [each["valid"] for each in records] == [True, False]
    (problem,) = records[1]["problems"]
    assert problem["expected"] == ["no", "internal", "manual", "external"]
    assert (problem["line"], problem["column"]) == (21, 5)


def test_standard_input_is_a_file_too() -> None:
    result = run_lineage("validate", "-", "--any-domain", status=1, given=b"<foo/>")
    assert result.stdout.startswith("-:1:1: ")


def test_the_schema_is_part_of_the_package() -> None:
    root = Path(__file__).parents[2]
    assert '"*.rng"' in (root / "pyproject.toml").read_text()
