"""`lineage doctor`: findings about domains and archives, and their repair."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from lineage.doctor import CODES
from tests.unit.cli_samples import DB, NOON, Run, run_lineage, snapshot, write_archive

LOST = "its parent 'lost' is not there; redefine it without a parent"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`lineage` with a store of the sample archive, whose `db` has an orphan."""
    monkeypatch.setenv("LINEAGE_STORE", str(tmp_path / "store.db"))
    monkeypatch.chdir(tmp_path)
    run_lineage("import", write_archive(tmp_path / "snapshot"))
    return run_lineage


def test_a_line_says_what_is_wrong_and_what_repairs_it(run: Run) -> None:
    line = f"error  missing-parent  db  only  {LOST} (--repair does that)\n"
    assert run("doctor", "db", status=1).stdout == line
    assert run("doctor", status=1).stdout == line
    assert run("doctor", DB, "web", status=1).stdout == line
    assert run("doctor", "web").stdout == ""


def test_repair_records_it_and_leaves_nothing(run: Run) -> None:
    line = "error  missing-parent  db  only  its parent 'lost' is not there; repaired: redefine it"
    assert run("doctor", "--repair").stdout == f"{line} without a parent\n"
    assert run("doctor").stdout == ""
    assert run("doctor", "--repair").stdout == ""
    (event,) = [
        event
        for event in map(json.loads, run("log", "db", "--json").stdout.splitlines())
        if event["event"] == "redefined"
    ]
    assert (event["name"], event["source"]) == ("only", "lineage doctor")


def test_what_repair_leaves_is_told_behind_what_it_did(run: Run) -> None:
    Path("odd.xml").write_text(snapshot("0", "0", NOON, uuid=DB, domain="db"))
    run("import", "odd.xml")
    lines = run("doctor", "db", "--repair", status=1).stdout.splitlines()
    assert [line.split("  ")[:4] for line in lines] == [
        ["error", "self-parent", "db", "0"],
        ["error", "missing-parent", "db", "only"],
        ["warning", "numeric-name", "db", "0"],
    ]
    assert ["repaired" in line for line in lines] == [True, True, False]


def test_json_has_the_fields_and_codes_that_the_help_names(run: Run) -> None:
    (finding,) = map(json.loads, run("doctor", "--json", status=1).stdout.splitlines())
    assert finding == {
        "severity": "error",
        "code": "missing-parent",
        "domain": DB,
        "domain_name": "db",
        "snapshot": "only",
        "message": "its parent 'lost' is not there",
        "remedy": "redefine it without a parent",
        "repairable": True,
        "repaired": False,
    }
    words = set(run("doctor", "--help").stdout.replace(",", " ").split())
    assert finding.keys() | CODES.keys() <= words


@pytest.mark.parametrize("kind", ["directory", "slash", "tar", "file"])
def test_an_archive_needs_no_store_and_makes_none(
    run: Run, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINEAGE_STORE", "absent.db")
    word = {"directory": "snapshot", "slash": "./snapshot", "tar": "all.tar"}.get(kind, "only.xml")
    with tarfile.open("all.tar", "w") as archive:
        archive.add("snapshot")
    Path("only.xml").write_bytes(Path("snapshot/db/only.xml").read_bytes())
    found = run("doctor", word, status=1).stdout.splitlines()
    assert [line.split("  ")[:4] for line in found] == [["error", "missing-parent", "db", "only"]]
    assert run("doctor", "snapshot/web").stdout == ""
    assert not Path("absent.db").exists()


def test_a_domain_of_the_store_comes_before_a_file_of_its_name(run: Run) -> None:
    write_archive(Path("web"))
    assert run("doctor", "web").stdout == ""
    assert "missing-parent" in run("doctor", "./web", status=1).stdout


def test_an_archive_that_is_broken_in_places_is_looked_at_and_told(run: Run) -> None:
    Path("snapshot/db/bad.xml").write_text("<domainsnapshot><name>x</name>")
    Path("snapshot/web/base.xml").write_text(snapshot("base", active=1))
    found = run("doctor", "./snapshot", status=1).stdout.splitlines()
    assert [line.split("  ")[1] for line in found] == [
        "unreadable",
        "several-current",
        "missing-parent",
    ]
    assert "bad.xml" in found[0]
    assert "byte 30" in found[0]


def test_hostile_names_stay_on_their_line(run: Run) -> None:
    name = "a\u202eb\u009b31m\nerror  cycle  web  x"
    Path("odd.xml").write_text(snapshot(name, name + "?", domain=name), encoding="utf-8")
    for args in (("./odd.xml",), ("./odd.xml", "--json")):
        output = run("doctor", *args, status=1).stdout
        assert all(line.isprintable() for line in output.splitlines())
        assert len(output.splitlines()) == 2


@pytest.mark.parametrize(
    ("args", "status"),
    [
        (("nobody",), 1),
        (("./absent",), 4),
        (("--repair", "./snapshot"), 2),
    ],
)
def test_what_cannot_be_looked_at_is_said_on_stderr(
    run: Run, args: tuple[str, ...], status: int
) -> None:
    result = run("doctor", *args, status=status)
    assert result.stdout == ""
    assert result.stderr


def test_without_a_store_a_word_that_names_nothing_is_no_archive(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINEAGE_STORE", "absent.db")
    assert "there is no store" in run("doctor", "nobody", status=5).stderr
    assert "there is no store" in run("doctor", status=5).stderr
