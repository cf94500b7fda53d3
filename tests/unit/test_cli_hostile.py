"""Hostile names go through every command: nothing acts on a terminal, nothing is lost."""

from __future__ import annotations

import json
import re
import tarfile
import unicodedata
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape, unescape

import pytest
from click.testing import CliRunner, Result

from lineage.cli.group import cli

UUID = "c7a5fdbd-edaf-9455-926a-d65c16db1809"
OTHER = "11111111-2222-3333-4444-555555555555"
NAMES = [
    "a/b",
    "..",
    ".dot",
    "../../etc/passwd",
    "two  blanks ",
    "line\nfeed",
    "lineage: forged\nlineage: error",
    "tab\t",
    "return\r",
    "\u202egnp.exe",
    "a\u009b31mred",
    "\u009d0;title\u009c",
    "next\u0085line",
    "zero\u200dwidth\ufeff",
    "\u2028separator",
    "[/nope]",
    "[link=http://x]y[/link]",
    "$(id)",
    "`id`",
    "'; DROP TABLE events;--",
    "-o",
    "--json",
    "%",
    "%41",
    "*",
    "@{1}",
    "=1+1",
    "0",
    "01",
    "1",
    "name:web",
    "back\\slash\\x1b",
    "<b>&\"'",
    "名前😀",
    "s1 (current)",
    "x" * 300,
    "é" * 200,
]

UNESCAPED = {"&quot;": '"', "&apos;": "'", "&#13;": "\r", "&#xD;": "\r"}

Run = Callable[..., Result]


def text(value: str) -> str:
    """A text that comes through a parser as it is, carriage returns included."""
    return escape(value, {"\r": "&#13;"})


def document(name: str, parent: str | None, at: int, domain: str, uuid: str) -> str:
    above = f"<parent><name>{text(parent)}</name></parent>" if parent else ""
    return (
        f"<domainsnapshot><name>{text(name)}</name><description>{text(name)}</description>"
        f"<state>shutoff</state>{above}<creationTime>{at}</creationTime>"
        f"<domain type='kvm'><name>{text(domain)}</name><uuid>{uuid}</uuid></domain>"
        f"<active>{int(at == 1)}</active></domainsnapshot>"
    )


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `lineage` and looks at all that it says."""
    monkeypatch.setenv("LINEAGE_STORE", str(tmp_path / "store.db"))

    def call(*args: str, exact: bool = False, status: int = 0) -> Result:
        result = CliRunner().invoke(cli, args)
        assert result.exit_code == status, result.output
        if not exact:
            harmless(result.stdout)
        harmless(result.stderr)
        return result

    return call


def harmless(output: str) -> None:
    found = {
        char
        for char in output.replace("\n", "")
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    }
    assert not found


@pytest.fixture
def hostile(run: Run, tmp_path: Path) -> Run:
    """A store in which every name is a snapshot's, its parent's and a domain's."""
    source = tmp_path / "source"
    source.mkdir()
    for number, name in enumerate(NAMES, 1):
        parent = NAMES[number - 2] if number > 1 else "lost\x7f\u202e"
        xml = document(name, parent, number, "web\u009b", UUID)
        (source / f"{number}.xml").write_text(xml, encoding="utf-8", newline="")
        other = f"{OTHER[:-4]}{number:04}"
        alone = document("s", name, number, name, other)
        (source / f"d{number}.xml").write_text(alone, encoding="utf-8", newline="")
    report = json.loads(run("import", "--json", str(source)).stdout)
    assert report["added"] == 2 * len(NAMES)
    return run


def test_import_reports_hostile_file_names_harmlessly(run: Run, tmp_path: Path) -> None:
    for name in (b"esc\x1b[31m.xml", b"line\nfeed.xml", b"\xff.xml", "\u202e.xml".encode()):
        Path(str(tmp_path), name.decode("utf-8", "surrogateescape")).write_text("<a>", "utf-8")
    assert len(run("import", str(tmp_path), status=3).stderr.splitlines()) == 4
    report = json.loads(run("import", "--json", str(tmp_path), status=3).stdout)
    assert len({failure["file"] for failure in report["failures"]}) == 4
    run("import", f"{tmp_path}/no\x1b\nsuch", status=3)
    run("import", "--store", f"{tmp_path}/no\x1b\nsuch/store", str(tmp_path), status=3)
    run("list", "--store", f"{tmp_path}/no\x1b\nsuch", status=5)


def test_tree_list_and_log_are_harmless_and_complete(hostile: Run) -> None:
    assert len(hostile("tree", UUID).stdout.splitlines()) == len(NAMES) + 2
    assert len(hostile("list", UUID).stdout.splitlines()) == len(NAMES) + 1
    assert len(hostile("log", UUID).stdout.splitlines()) == len(NAMES) + 1
    assert len(hostile("list").stdout.splitlines()) == 2 * len(NAMES) + 1
    assert len(hostile("list", "--domains").stdout.splitlines()) == len(NAMES) + 2
    assert len(hostile("tree").stdout.split("\n\n")) == len(NAMES) + 1
    hostile("log")


def test_json_gives_every_name_exactly(hostile: Run) -> None:
    output = hostile("list", UUID, "--json").stdout
    assert output.isascii()
    records = json.loads(output)
    assert [record["name"] for record in records] == NAMES
    assert [record["description"] for record in records] == NAMES
    assert [record["parent"] for record in records[1:]] == NAMES[:-1]
    events = [json.loads(line) for line in hostile("log", UUID, "--json").stdout.splitlines()]
    assert {event["name"] for event in events} == set(NAMES)
    domains = json.loads(hostile("list", "--domains", "--json").stdout)
    assert {record["domain_name"] for record in domains} == {*NAMES, "web\u009b"}


def test_a_snapshot_and_a_domain_are_found_by_any_name(hostile: Run) -> None:
    for name in NAMES:
        shown = hostile("show", "--", UUID, name, exact=True).stdout
        (shown_name,) = re.findall(r"<name>(.*?)</name>", shown.partition("<state>")[0], re.DOTALL)
        assert unescape(shown_name, UNESCAPED) == name
        assert OTHER[:-4] in hostile("tree", "--", name).stdout
        hostile("record", "current", "--", UUID, name)
        hostile("record", "delete", "--", name, "s")


def test_any_name_can_have_a_moment(hostile: Run) -> None:
    head = json.loads(hostile("log", "--json").stdout.splitlines()[-1])["position"]
    shown = {name: hostile("show", "--", UUID, name, exact=True).stdout for name in NAMES}
    drawn = {name: hostile("tree", "--", name).stdout for name in NAMES}
    for name in NAMES:
        hostile("record", "delete", "--", UUID, name)
    for name in NAMES:
        word = f"{name}@{{{head}}}"
        assert hostile("show", "--", UUID, word, exact=True).stdout == shown[name]
        assert hostile("tree", "--", word).stdout == drawn[name]
    for word in ("no\u202e\u009bsuch@{1}", "web@{\u009b31m}", "web\u009b@{\u009b31m}"):
        hostile("tree", word, status=2 if word.startswith("web\u009b") else 1)
        hostile("show", UUID, word, status=1 if word.endswith("1}") else 2)
    assert len(hostile("log", UUID, "--current").stdout.splitlines()) > 1


def test_numeric_names_are_three_snapshots(hostile: Run) -> None:
    shown = {hostile("show", UUID, name, exact=True).stdout_bytes for name in ("0", "1", "01")}
    assert len(shown) == 3


def test_what_is_refused_about_a_hostile_name_is_harmless(hostile: Run) -> None:
    hostile("record", "rename", "--", UUID, "a\u009b31mred", "line\nfeed", status=4)
    hostile("show", UUID, "no\u202e\u009bsuch", status=1)
    hostile("tree", "no\u202e\u009bsuch", status=1)
    hostile("tree", "--at", "no\u202e\u009bsuch", status=2)
    hostile("no\u202e\u009bsuch", status=2)
    hostile("list", "--no\u202e\u009bsuch", status=2)


def test_an_export_stays_in_its_directory_and_comes_back_equal(
    hostile: Run, tmp_path: Path
) -> None:
    out = tmp_path / "deep" / "out"
    out.parent.mkdir()
    hostile("export", "--to", str(out))
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    assert len(list(out.rglob("*.xml"))) == 2 * len(NAMES)
    report = json.loads(hostile("import", "--json", str(out)).stdout)
    assert (report["documents"], report["equal"]) == (2 * len(NAMES), 2 * len(NAMES))


def test_an_exported_tar_has_relative_names_without_controls(hostile: Run, tmp_path: Path) -> None:
    target = tmp_path / "all.tar"
    hostile("export", "--to", str(target))
    with tarfile.open(target) as tar:
        names = [member.name for member in tar if member.isfile()]
    assert len(names) == 2 * len(NAMES)
    for name in names:
        parts = name.split("/")
        assert (parts[0], len(parts)) == ("snapshot", 3)
        assert not any(part.startswith(".") for part in parts)
        assert not any(unicodedata.category(char) == "Cc" for char in name)
