"""The documents beside the code say the same as the code."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path
from typing import Any

import apsw
import click
import pytest

from lineage import bundlefile, events, model
from lineage.canon import _core
from lineage.cli import status
from lineage.cli.group import COMMANDS, cli
from lineage.events import SCHEMAS, TAGS, Defined
from lineage.log.frames import DICTIONARIES
from lineage.log.schema import APPLICATION_ID, FORMAT
from lineage.log.sqlite import SQLiteLog
from lineage.rules.align import MESSAGES
from tests.arch.test_import_table import ALLOWED, HOMES

ROOT = Path(__file__).resolve().parents[2]
NAMED = ("store", "on store", "top", "command")  # parts that are no module's name


def document(name: str) -> str:
    """A document of the project."""
    return (ROOT / name).read_text(encoding="utf-8")


def tables(text: str) -> list[list[list[str]]]:
    """Every table of a text: rows of cells, the heading first, the rule under it left out."""
    found: list[list[list[str]]] = [[]]
    for line in text.splitlines():
        if line.startswith("|"):
            cells = [each.strip() for each in re.split(r"(?<!\\)\|", line)[1:-1]]
            if not all(re.fullmatch("-+", each) for each in cells):
                found[-1].append(cells)
        elif found[-1]:
            found.append([])
    return [each for each in found if each]


def table(name: str, *heading: str) -> list[list[str]]:
    """The rows of the one table of a document whose heading starts so."""
    (rows,) = [t[1:] for t in tables(document(name)) if t[0][: len(heading)] == list(heading)]
    assert rows
    return rows


def after(name: str, start: str) -> list[list[str]]:
    """The rows of the first table behind the place where a document has these words."""
    _, found, rest = document(name).partition(start)
    assert found, start
    return tables(rest)[0][1:]


def plain(cell: str) -> str:
    """A cell without the marks of its markup."""
    return cell.strip("`*").replace("\\", "")


# FORMAT.md


def test_every_error_code_is_listed_with_its_class_and_message() -> None:
    listed = [tuple(map(plain, row)) for row in table("FORMAT.md", "Code", "Class")]
    assert listed == _core.error_table()


def test_every_reason_why_disks_do_not_align_is_listed() -> None:
    listed = [tuple(map(plain, row)) for row in table("FORMAT.md", "Alignment", "Meaning")]
    assert listed == list(MESSAGES.items())


@pytest.mark.parametrize("record", ["Head", "Memory", "Disk", "Node", "Extra"])
def test_every_field_of_a_record_is_listed_in_order(record: str) -> None:
    listed = [(row[0], plain(row[1])) for row in table("FORMAT.md", "#", f"`{record}`")]
    fields = getattr(model, record).__struct_fields__
    assert listed == [(str(number), name) for number, name in enumerate(fields)]


def test_a_snapshot_is_a_head_and_the_three_bodies() -> None:
    bodies = model.Snapshot.__struct_fields__[len(model.Head.__struct_fields__) :]
    assert model.Snapshot.__struct_fields__[: -len(bodies)] == model.Head.__struct_fields__
    sentence = document("FORMAT.md").partition("returns a `Snapshot`")[2].partition("\n\n")[0]
    assert tuple(re.findall("`(.*?)`", sentence)) == bodies


def test_every_event_is_listed_with_its_tag_schema_and_fields() -> None:
    listed = {row[0]: row for row in table("FORMAT.md", "Tag", "Event")}
    assert set(listed) == {str(tag) for tag in TAGS.values()}
    for kind, tag in TAGS.items():
        _, _, schema, fields = listed[str(tag)]
        assert schema == str(SCHEMAS[kind])
        if "Definitions" not in fields:
            assert tuple(re.findall("`([a-z_]+)`: ", fields)) == kind.__struct_fields__


def test_every_field_of_a_definition_is_listed_in_order() -> None:
    rows = after("FORMAT.md", "### Definitions")
    fields = events._Payload.__struct_fields__
    assert {*fields, "name"} == set(Defined.__struct_fields__)
    assert [(row[0], plain(row[1])) for row in rows] == list(
        zip("0123456789", fields, strict=False)
    )


def test_every_table_column_and_trigger_of_a_store_is_listed(tmp_path: Path) -> None:
    SQLiteLog(tmp_path / "store").close()
    connection = apsw.Connection(str(tmp_path / "store"))
    schema = connection.execute("SELECT type, name FROM sqlite_schema WHERE sql > ''").fetchall()
    for _, name in (each for each in schema if each[0] == "table"):
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
        assert [plain(row[0]) for row in after("FORMAT.md", f"**{name}**: ")] == columns
    connection.close()
    triggers = {t for row in table("FORMAT.md", "Trigger") for t in re.findall("`(.*?)`", row[0])}
    assert {name for kind, name in schema if kind == "trigger"} == triggers
    indexes = set(re.findall("The index `(.*?)`", document("FORMAT.md")))
    assert {name for kind, name in schema if kind == "index"} == indexes


def test_every_dictionary_is_listed_with_its_digest() -> None:
    listed = [[plain(cell) for cell in row[:3]] for row in table("FORMAT.md", "Dictionary")][1:]
    folder = ROOT / "lineage" / "log"
    assert listed == [
        [str(number), name, hashlib.sha256((folder / name).read_bytes()).hexdigest()]
        for number, name in DICTIONARIES.items()
    ]
    assert sorted(path.name for path in folder.glob("*.zdict")) == [row[1] for row in listed]


def test_the_marks_of_a_store_are_the_ones_listed() -> None:
    text = document("FORMAT.md")
    assert f"`{APPLICATION_ID:#x}`" in text
    assert f"store file (format **{FORMAT}**)" in text
    assert f"(version **{_core.VERSION}**)" in text


def constants(header: str, first: str) -> dict[str, int]:
    """The numbers of a C enum that begins with this name."""
    body = re.search(rf"enum {{\s*({first}\b[^}}]*)}}", header)
    assert body
    values: dict[str, int] = {}
    for entry in re.sub(r"/\*.*?\*/", "", body[1], flags=re.DOTALL).split(","):
        if name := entry.partition("=")[0].strip():
            given = entry.partition("=")[2].strip()
            values[name] = int(given) if given else len(values)
    return values


def numbers(*cells: str) -> set[int]:
    """The numbers that cells begin with: ``1``, ``1, 2`` or ``1 to 3``."""
    found: set[int] = set()
    for cell in cells:
        first, _, last = cell.partition("(")[0].partition(" to ")
        found |= set(range(int(first), int(last) + 1) if last else map(int, first.split(",")))
    return found


def test_every_place_of_the_core_is_listed() -> None:
    header = document("csrc/head.h")
    fields = list(constants(header, "LX_F_NAME"))[:-1]
    place = constants(header, "LX_P_AFTER")
    rows = table("FORMAT.md", "Field", "children of the root behind it")
    assert len(rows) == len(fields) + 1
    bases = (place["LX_P_AFTER"], place["LX_P_ATTR"], place["LX_P_INSIDE"])
    memory, named, before = (
        place[f"LX_P_{name}"] for name in ("MEMORY_ATTR", "PARENT_NAME_ATTR", "PARENT_BEFORE")
    )
    for number, row in enumerate(rows):
        for base, cell in zip(bases, row[1:], strict=True):
            expected = {base + number}
            if (base, number) == (bases[1], fields.index("LX_F_MEMORY") + 1):
                expected = {memory, memory + 1, memory + 2}
            assert cell == "-" or numbers(cell) == expected, row
    found = [t[1:] for t in tables(document("FORMAT.md")) if t[0] == ["Place", "What"]]
    root, disk = ([row[0] for row in rows] for rows in found)
    assert numbers(*root) == {memory, memory + 1, memory + 2, named, before}
    attributes, children = place["LX_P_DISK_ATTR"], place["LX_P_DISK_AFTER"]
    assert numbers(*disk) == {
        *range(attributes, attributes + 4),
        *range(children, children + 4),
        place["LX_P_PROGRESS_ATTR"],
        place["LX_P_PROGRESS_INSIDE"],
    }


def test_every_limit_of_a_bundle_is_the_one_that_is_enforced() -> None:
    listed = [int(row[1].replace(",", "")) for row in table("FORMAT.md", "Limit", "Bytes")]
    assert listed == [bundlefile.BLOCK, bundlefile.MOST_HEADER, bundlefile.MOST_EVENT]
    (words,) = re.findall(
        r"more than ([0-9,]+), or more than ([0-9,]+) bytes", document("FORMAT.md")
    )
    kept = [bundlefile.KEPT_BODIES, bundlefile.KEPT_BYTES]
    assert [int(number.replace(",", "")) for number in words] == kept
    start = bundlefile.MAGIC.hex(" ")
    assert after("FORMAT.md", "## Bundles")[0][1] == f"`{start}`"


# README.md


def test_every_command_is_in_the_readme() -> None:
    listed = [row[0] for row in table("README.md", "Command", "")]
    assert [plain(each).split()[1] for each in listed] == list(COMMANDS)
    for name in ("record", "bundle"):
        group = cli.get_command(click.Context(cli), name)
        assert isinstance(group, click.Group)
        (said,) = [each for each in listed if each.startswith(f"`lineage {name}")]
        assert set(plain(said).split()[2].split("|")) == set(group.commands)


def test_every_exit_status_is_in_the_readme() -> None:
    listed = {int(row[0]) for row in table("README.md", "Exit status", "")}
    assert listed == {value for value in vars(status).values() if isinstance(value, int)}


# DESIGN.md and CONTRIBUTING.md


def test_every_dependency_has_its_reason() -> None:
    project: dict[str, Any] = tomllib.loads(document("pyproject.toml"))
    wanted = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
    for extra in project["project"]["optional-dependencies"].values():
        wanted += extra
    names = {re.split("[<>=]", need)[0] for need in wanted}
    reasons = {row[0]: row[2] for row in table("DESIGN.md", "Name", "Kind")}
    assert set(reasons) == names
    assert all(reasons.values())


def parts(cell: str) -> frozenset[str]:
    """The parts that a cell of the import table names."""
    for each in (found := re.findall(r"`(.*?)`|\*(.*?)\*", cell)):
        assert (each[1] in NAMED) == bool(each[1])
    return frozenset(code or words for code, words in found)


def test_the_import_table_is_the_one_that_is_enforced() -> None:
    listed = {plain(row[0]): parts(row[1]) for row in table("CONTRIBUTING.md", "Part")}
    assert listed == ALLOWED
    homes = {row[0]: set(parts(row[1])) for row in table("CONTRIBUTING.md", "Library")}
    assert homes == HOMES


def test_every_target_of_make_is_explained() -> None:
    targets = re.findall(r"^\t@echo \"make ([a-z-]+)", document("Makefile"), re.MULTILINE)
    explained = {plain(row[0]) for row in table("CONTRIBUTING.md", "Command")}
    explained |= set(re.findall(r"^ {4}(make [a-z]+)", document("README.md"), re.MULTILINE))
    assert targets
    assert {f"make {target}" for target in targets} <= explained
